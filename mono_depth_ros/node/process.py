"""Start and end of a node's process: one sentence for a failed start, exit code 0 on signals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
import faulthandler
from functools import wraps
import sys

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from rclpy.utilities import remove_ros_args

from mono_depth_ros.node.interface.parameters import Parameter
from mono_depth_ros.node.stop_signals import StopSignals
from mono_depth_ros.sentences import sentence

# What depth_node needs and rosdep does not install: PyTorch and safetensors.
INSTALL = ('pip install -r requirements/robot.txt in a virtual environment, and activate it where '
           'the node starts (docs/install.md)')
# Errors whose text is a sentence; that of others means little without their kind.
SENTENCES = (ValueError, OSError, RuntimeError, ImportError, ParameterException)
# From the request to end, or a start that failed; the frame in progress is waited for.
ENDS_WITHIN_S = 30.0


def one_line(error: BaseException) -> str:
    """Text of an exception in one line, without positions in C code.

    For a missing module also what to install; for a kind of error nobody expects here its name.
    """
    text = ' '.join(sentence(error).split(', at /')[0].split())
    if isinstance(error, ModuleNotFoundError):
        return f'{text}: {INSTALL}'
    if isinstance(error, SENTENCES) and text:
        return text
    return f'{type(error).__name__}: {text}' if text else type(error).__name__


def run(make_node: Callable, start: Callable, stop: StopSignals, args: list[str] | None = None,
        ends_within_s: float = ENDS_WITHIN_S) -> int:
    """Spin `make_node()` after `start(node)`; returns the exit code: 0 after a signal.

    1 where the arguments or parameters are wrong (one sentence on stderr) or `start` returns
    False. The node has `report(error)`, for what a callback raises, and `stop`, which is called
    before it is destroyed. If that, or what a callback waits for, takes longer than
    `ends_within_s`, the process is ended with code 1 and all stacks on stderr.
    """
    ended: Future = Future()

    def end() -> None:
        _end_within(ends_within_s)
        ended.set_result(None)
    stop.on_request(end)
    node = None
    try:
        # Not rclpy's handlers: they shut the context down under the node's feet.
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        node = make_node()
        if not start(node):
            return 0 if stop else 1
        _spin(node, ended)
    except Exception as error:
        print(f'cannot start: {_of_arguments(error)}', file=sys.stderr)
        return 1
    finally:
        _end_within(ends_within_s)
        if node is not None:
            node.stop()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _end_within(seconds: float) -> None:
    """Have the process ended then; without an open stderr to tell where it stood, not at all."""
    with suppress(Exception):
        faulthandler.dump_traceback_later(seconds, exit=True)


def _spin(node, ended: Future) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while rclpy.ok() and not ended.done():
        try:
            executor.spin_until_future_complete(ended)
        except ExternalShutdownException:
            return
        except Exception as error:  # of one callback: the others are still to be called
            node.report(error)


def answer_arguments(name: str, parameters: Sequence[Parameter], args: list[str]) -> int | None:
    """Exit code where the arguments ask for help or are none of ROS 2, else None: go on."""
    try:
        others = remove_ros_args(args)[1:]
    except Exception:  # rclpy.init says what is wrong with them
        return None
    if not others:
        return None
    if any(word in ('-h', '--help') for word in others):
        print(_usage(name, parameters))
        return 0
    print(f'{name}: unknown argument {others[0]!r}: parameters are given as '
          f'--ros-args -p NAME:=VALUE; {name} --help lists them', file=sys.stderr)
    return 2


def _usage(name: str, parameters: Sequence[Parameter]) -> str:
    rows = [f'  {parameter.name} (default {parameter.default!r})\n      {parameter.description}'
            for parameter in parameters]
    return '\n'.join([
        f'usage: ros2 run mono_depth_ros {name} [--ros-args [-p NAME:=VALUE] [-r FROM:=TO] '
        '[--params-file FILE]]', '', 'parameters:', *rows])


def _of_arguments(error: Exception) -> str:
    text = one_line(error)
    if type(error).__name__ == 'UnknownROSArgsError':  # its text is a list of words
        return (f'unknown ROS arguments {text}: after --ros-args come -p, -r, --params-file, '
                '--log-level and the like')
    return text


def transition(reached: str, undo: str) -> Callable:
    """Decorate a lifecycle step to state `reached`: any error becomes one sentence and FAILURE.

    rclpy itself drops what a transition raises. The node has `state`, `fail(sentence)` and a
    method called `undo`, which releases what the step made.
    """
    def mark(step: Callable) -> Callable:
        @wraps(step)
        def guarded(node, state: LifecycleState) -> TransitionCallbackReturn:
            try:
                step(node, state)
            except BaseException as error:  # a library's SystemExit too
                with suppress(Exception):  # it may fail for the same reason
                    getattr(node, undo)()
                node.fail(f'{step.__name__[3:]} failed: {one_line(error)}')
                return TransitionCallbackReturn.FAILURE
            node.reached(reached)
            return TransitionCallbackReturn.SUCCESS
        return guarded
    return mark
