"""Start and end of a node's process: one sentence for a failed start, exit code 0 on signals."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
import signal
import sys

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

# What depth_node needs and rosdep does not install: PyTorch and safetensors.
INSTALL = ('pip install -r requirements/robot.txt in a virtual environment, and activate it where '
           'the node starts (docs/install.md)')


def one_line(error: BaseException) -> str:
    """Text of an exception in one line, without positions in C code.

    For a missing module also what to install.
    """
    text = ' '.join(str(error).split(', at /')[0].split()) or type(error).__name__
    return f'{text}: {INSTALL}' if isinstance(error, ModuleNotFoundError) else text


def run(make_node: Callable, start: Callable, args: list[str] | None = None) -> int:
    """Spin `make_node()` after `start(node)`; returns the exit code: 0 after SIGINT or SIGTERM.

    1 where arguments or parameters are wrong (one sentence on stderr) or `start` returns False.
    The node's `stop` is called before it is destroyed.
    """
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        # rclpy's own handlers, which shut the context down, call these. KeyboardInterrupt is not
        # used: one raised while an imported library runs exec() ends Python by SIGINT even where
        # it is caught.
        signal.signal(number, lambda number, frame: signals.append(number))
    try:
        rclpy.init(args=args)
    except RuntimeError as error:
        return _refused(error)
    node = None
    try:
        if signals:  # received before rclpy installed its handlers
            return 0
        node = make_node()
        if not start(node):
            return 1 if rclpy.ok() else 0
        rclpy.spin(node)
    except ExternalShutdownException:
        pass
    except (RuntimeError, ParameterException, ValueError) as error:
        # After a signal rcl raises from whatever call it is in.
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
    """Decorate a lifecycle step to state `reached`: an error becomes one sentence and FAILURE.

    rclpy itself drops what a transition raises. The node has `stop`, `fail` and `state`.
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
