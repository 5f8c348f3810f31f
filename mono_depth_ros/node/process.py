"""Start and end of a node's process: one sentence for a wrong start, a quiet end by signal."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
import signal
import sys

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

# Of what rosdep does not bring, depth_node imports PyTorch and safetensors only.
INSTALL = ('pip install -r requirements/robot.txt in a virtual environment, and activate it where '
           'the node starts (docs/install.md)')


def one_line(error: BaseException) -> str:
    """What an exception says, in one line, without where in the C code it was said.

    Of a module that is not there also what to do.
    """
    text = ' '.join(str(error).split(', at /')[0].split()) or type(error).__name__
    return f'{text}: {INSTALL}' if isinstance(error, ModuleNotFoundError) else text


def run(make_node: Callable, start: Callable, args: list[str] | None = None) -> int:
    """Spin `make_node()` after `start(node)`; returns the exit code: 0 after SIGINT or SIGTERM.

    1 where arguments or parameters are wrong (one sentence on stderr) or `start` returns False.
    The node's `stop` is called before it is destroyed.
    """
    asked_to_end: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        # rclpy's own handlers, which shut the context down, call these. A KeyboardInterrupt would
        # be no help: caught or not, one that comes while a library being imported runs exec()
        # makes Python end by SIGINT after all.
        signal.signal(number, lambda number, frame: asked_to_end.append(number))
    try:
        rclpy.init(args=args)
    except RuntimeError as error:
        return _refused(error)
    node = None
    try:
        if asked_to_end:  # before rclpy listened
            return 0
        node = make_node()
        if not start(node):
            return 1 if rclpy.ok() else 0
        rclpy.spin(node)
    except ExternalShutdownException:
        pass
    except (RuntimeError, ParameterException, ValueError) as error:
        # After a signal RCL complains, wherever it is just then, of what it can no longer do.
        if rclpy.ok():
            if node is not None:
                raise
            return _refused(error)
    finally:
        if node is not None:
            node.stop()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def transition(reached: str) -> Callable:
    """Mark a lifecycle step to state `reached`: its errors become one sentence and FAILURE.

    rclpy itself swallows what a transition raises. The node has `stop`, `fail` and `state`.
    """
    def mark(step: Callable) -> Callable:
        @wraps(step)
        def guarded(node, state: LifecycleState) -> TransitionCallbackReturn:
            try:
                step(node, state)
            except (ValueError, OSError, ImportError, RuntimeError, MemoryError) as error:
                node.stop()
                node.fail(f'{step.__name__[3:]} failed: {one_line(error)}')
                return TransitionCallbackReturn.FAILURE
            node.state = reached
            return TransitionCallbackReturn.SUCCESS
        return guarded
    return mark


def _refused(error: Exception) -> int:
    print(f'cannot start: {one_line(error)}', file=sys.stderr)
    return 1
