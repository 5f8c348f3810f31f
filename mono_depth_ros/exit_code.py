"""How a command ends: done, with one sentence why not, or by Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
import os
import sys

from mono_depth_ros.sentences import sentence


def exit_code(name: str, work: Callable[[], int | None], stopped: str = 'stopped') -> int:
    """Do the work of a command; its exit code for the shell.

    That is what `work` returns (None: 0), 1 after one sentence that begins with `name` where a
    user's mistake raises ImportError, OSError or ValueError, 130 after Ctrl-C and `stopped`, and 1
    where the reader has closed the pipe, as `head` does.
    """
    try:
        code = work() or 0
        sys.stdout.flush()
    except BrokenPipeError:  # the rest of the output is not needed, nor a traceback at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(f'\n{stopped}', file=sys.stderr)
        return 130
    except (ImportError, OSError, ValueError) as error:
        print(f'{name}: {sentence(error)}', file=sys.stderr)
        return 1
    return code
