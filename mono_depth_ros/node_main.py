"""Start and end of a node's process: one sentence for a wrong start, a quiet end by signal."""

from __future__ import annotations

from collections.abc import Callable
import signal
import sys

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException


def one_line(error: BaseException) -> str:
    """What an exception says, in one line, without where in the C code it was said."""
    return ' '.join(str(error).split(', at /')[0].split()) or type(error).__name__


def run(make_node: Callable, start: Callable, args: list[str] | None = None) -> int:
    """Spin `make_node()` after `start(node)`; returns the exit code: 0 after SIGINT or SIGTERM.

    1 where arguments or parameters are wrong (one sentence on stderr) or `start` returns False.
    The node's `stop` is called before it is destroyed.
    """
    node = None
    try:
        rclpy.init(args=args)
        node = make_node()
        if not start(node):
            return 1 if rclpy.ok() else 0
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (RuntimeError, ParameterException, ValueError) as error:
        if node is not None and rclpy.ok():
            raise
        if node is None:
            print(f'cannot start: {one_line(error)}', file=sys.stderr)
            return 1
        # else RCL complains of being used while a signal shuts it down
    finally:
        _end(node)
    return 0


def _end(node) -> None:
    # Launch and terminal both send a SIGINT; the second one must not cut the end short.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if node is not None:
        node.stop()
        node.destroy_node()
    rclpy.try_shutdown()
