"""One run of the demo: start camera and depth_node, record what they publish, stop them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import os
from pathlib import Path
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from mono_depth_ros.demo.mcap_log import McapLog
from mono_depth_ros.demo.options import Options
from mono_depth_ros.demo.processes import Child, NAMESPACE, ros_environment
from mono_depth_ros.demo.recorder import Recorder
from mono_depth_ros.demo.statistics import DemoStatistics
from mono_depth_ros.node.stop_signals import StopSignals
from mono_depth_ros.progress import progress

FIRST_DEPTH_S = 120.0
COMPLETE_S = 3.0
SPIN_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Result:
    """Recording, statistics and error ('' for none) of a run."""

    recording: Path
    statistics: DemoStatistics
    complete_ns: list[int]
    with_points: bool
    error: str


def record(options: Options, stop: StopSignals) -> Result:
    """Run camera and node for the given time and record; both are stopped in every case."""
    logs = options.out / 'logs'
    logs.mkdir(parents=True, exist_ok=True)
    environment = ros_environment(logs)
    os.environ.update(environment)
    recording = options.out / 'demo.mcap'
    children = [_depth_node(options, logs, environment)]
    if options.view:
        children.append(_view(options, logs, environment))
    start_camera = partial(_camera, options, logs, environment)
    if options.world_is_simulated:
        children.append(start_camera())  # it takes as long to start as the node
    log = McapLog(recording)
    try:
        with _Listener(log) as listener:
            error = _listen(listener, children, start_camera, options.seconds, stop)
    finally:
        for child in children:
            child.stop()
        log.close()
    recorder = listener.recorder
    complete_ns, with_points = recorder.complete()
    return Result(recording=recording, statistics=recorder.statistics, complete_ns=complete_ns,
                  with_points=with_points, error=error)


def _depth_node(options: Options, logs: Path, environment: dict[str, str]) -> Child:
    # A quarter of the points keeps the file small; a robot's default is all of them.
    parameters = {'model_file': options.model, 'device': options.device, 'points.stride': 2}
    return Child('depth_node', ('mono_depth_ros.depth_node',), parameters, logs / 'depth_node.log',
                 environment)


def _camera(options: Options, logs: Path, environment: dict[str, str]) -> Child:
    executable, parameters = options.camera()
    return Child('camera', executable, parameters, logs / 'camera.log', environment)


def _view(options: Options, logs: Path, environment: dict[str, str]) -> Child:
    file = view_file(options)
    return Child('rerun_view', ('mono_depth_ros.tools.rerun_view',),
                 {'save': str(file)} if file else {}, logs / 'rerun_view.log', environment)


def view_file(options: Options) -> Path | None:
    """Where --view writes on a machine without a display, None for a window."""
    if os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY'):
        return None
    return options.out / 'demo.rrd'


class _Listener:
    """The demo's node and its executor."""

    def __init__(self, log: McapLog):
        self._log = log

    def __enter__(self) -> _Listener:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node('recorder', namespace=NAMESPACE)
        self.recorder = Recorder(self._node, self._log)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        return self

    def __exit__(self, *exception) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown()

    def spin(self, until_s: float) -> None:
        """Process messages until that monotonic time."""
        while time.monotonic() < until_s:
            # Always the same time: with another one rclpy looks from its first subscription on
            # again, and under load never comes to the last.
            self._executor.spin_once(timeout_sec=SPIN_S)


def _listen(listener: _Listener, children: list[Child], start_camera: Callable[[], Child],
            seconds: float, stop: StopSignals) -> str:
    """Record until the time is over, a stop is requested or a process ends; the error or ''.

    Files are played only once the node is active, so that none of their frames is missed.
    """
    show = progress()
    statistics = listener.recorder.statistics
    start_s = time.monotonic()
    first_s = None
    while not stop:
        listener.spin(time.monotonic() + 0.25)
        now_s = time.monotonic()
        has_camera = any(child.name == 'camera' for child in children)
        if not has_camera and statistics.diagnostics.get('state') == 'active':
            children.append(start_camera())
        if first_s is None and statistics.arrivals_ns:
            first_s = now_s
        if first_s is None:
            show(f'waiting for the first depth image, {now_s - start_s:.0f} s')
        else:
            show(f'{now_s - first_s:3.0f} s: {statistics.line()}')
        ended = next((child for child in children if child.exit_code() is not None), None)
        if ended:
            return _ended(ended, first_s is not None)
        if first_s is None and now_s - start_s > FIRST_DEPTH_S:
            return _no_depth(children)
        if first_s is not None and now_s - first_s >= seconds:
            break
    if stop and first_s is None:
        return 'stopped before the first depth image arrived.'
    _await_complete_frame(listener)
    return ''


def _await_complete_frame(listener: _Listener) -> None:
    """Right after the first depth, other messages of its frame may still be in transit."""
    until_s = time.monotonic() + COMPLETE_S
    while not listener.recorder.complete()[0] and time.monotonic() < until_s:
        listener.spin(time.monotonic() + 0.1)


def _ended(child: Child, had_depth: bool) -> str:
    code = child.exit_code()
    when = 'while recording' if had_depth else 'before any depth arrived'
    return (f'{child.name} ended with code {code} {when}. Its last lines ({child.log}):\n'
            f'{child.last_lines()}')


def _no_depth(children: list[Child]) -> str:
    tails = '\n'.join(f'{child.name} ({child.log}):\n{child.last_lines()}' for child in children)
    return f'no depth arrived within {FIRST_DEPTH_S:.0f} s. The last lines of\n{tails}'
