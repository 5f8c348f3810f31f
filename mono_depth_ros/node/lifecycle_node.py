"""Lifecycle node: camera images in, metric depth images and point clouds out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile
from std_msgs.msg import Header

from mono_depth_ros.node import ros_parameters
from mono_depth_ros.node.camera_stream import Arrival, CameraStream
from mono_depth_ros.node.diagnostics import (
    model_values,
    Problems,
    STALE_S,
    status_summary,
    worker_error,
)
from mono_depth_ros.node.frame_processor import range_m
from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.parameters import PARAMETERS, Settings
from mono_depth_ros.node.latest_frame import LatestFrameWorker
from mono_depth_ros.node.process import answer_arguments, one_line, run, transition
from mono_depth_ros.node.rounds import serve
from mono_depth_ros.node.stop_signals import StopSignals
from mono_depth_ros.node.subscription import refuse_own_outputs


class DepthNode(LifecycleNode):
    """Turns the images of one camera, or of several, into depth and points with one model.

    The executor thread only receives; one worker thread estimates and publishes. `stopping` says
    whether the process is to end, so that a slow start need not be waited for.
    """

    def __init__(self, stopping: Callable[[], bool] = lambda: False, **kwargs):
        super().__init__('depth_node', **kwargs)
        self._stopping = stopping
        settings = ros_parameters.declare_parameters(self)
        for sentence in ros_parameters.unknown_parameters(self):
            self.get_logger().warning(sentence)
        self.settings, self.streams = settings[''], self._streams_of(settings)
        self._estimator: Any = None  # set from configure to cleanup, else None
        self._worker: Any = None  # set from activate to deactivate, else None
        self._active_s = time.monotonic()
        self.state, self._failure = 'unconfigured', ''
        self.add_on_set_parameters_callback(ros_parameters.on_set(
            self, self._present, self._apply, lambda: self._estimator is not None))
        # Steady: with use_sim_time and no /clock a timer of ROS time would never fire.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._diagnostics = self.create_publisher(
            DiagnosticArray, '/diagnostics', QoSProfile(depth=1))
        self.create_timer(1.0, self._report, clock=steady)
        self.create_timer(0.2, self._match_publishers, clock=steady)

    @transition('inactive', undo='release')
    def on_configure(self, state: LifecycleState) -> None:
        """Load the model and warm it up, so that the first frame is as fast as the tenth."""
        from mono_depth_ros.estimator import DepthEstimator  # torch takes seconds to import

        self._still_wanted()
        ros_parameters.declare_for_cameras(self, self.settings.cameras)
        settings = self.settings
        estimator = DepthEstimator.load(
            settings.model_file, settings.device, settings.precision, settings.backend,
            settings.on_device_error)
        self._still_wanted()
        estimator.warm_up()
        self._still_wanted()
        self._estimator = estimator
        for stream in self.streams:
            stream.configure(estimator)
        refuse_own_outputs([stream.topics() for stream in self.streams])
        self.get_logger().info(
            f'model {estimator.card.name} ({estimator.model_path}) by {estimator.backend} on '
            f'{estimator.device} in {estimator.precision} ({estimator.backend_reason}); terms of '
            f'its weights: {estimator.card.weights_licence}')

    @transition('active', undo='stop')
    def on_activate(self, state: LifecycleState) -> None:
        """Subscribe and start the worker."""
        self._active_s = time.monotonic()
        self._worker = LatestFrameWorker(
            self._serve, self.report, lambda: self._estimator.together)
        for stream in self.streams:
            stream.activate(self._worker)
        super().on_activate(state)

    @transition('inactive', undo='stop')
    def on_deactivate(self, state: LifecycleState) -> None:
        """Stop receiving and finish the frame in progress."""
        self.stop()
        super().on_deactivate(state)

    @transition('unconfigured', undo='release')
    def on_cleanup(self, state: LifecycleState) -> None:
        """Forget the model and the cameras."""
        self.release()

    @transition('finalized', undo='release')
    def on_shutdown(self, state: LifecycleState) -> None:
        """Release everything, in any state."""
        self.release()

    def release(self) -> None:
        """Stop, and free model and publishers; allowed at any time."""
        self.stop()
        for stream in self.streams:
            stream.cleanup()
        self._estimator = None

    def stop(self) -> None:
        """Stop receiving and wait for the worker; allowed at any time."""
        for stream in self.streams:
            stream.stop()
        worker, self._worker = self._worker, None
        for stream in worker.close() if worker else ():
            stream.statistics.count('dropped')
        for stream in self.streams:
            stream.idle()

    def reached(self, state: str) -> None:
        """Note a lifecycle step that succeeded."""
        self.state, self._failure = state, ''

    def fail(self, sentence: str) -> None:
        """Log a lifecycle step that failed, and keep it for the diagnostics."""
        if not self._stopping():
            self._failure = sentence
            self._note(sentence)
            self.get_logger().error(sentence)

    def report(self, error: BaseException) -> None:
        """Log what a callback raised, and keep it for the diagnostics."""
        sentence = f'internal error: {one_line(error)}'
        self._note(sentence)
        self.get_logger().error(sentence, throttle_duration_sec=5.0)

    def set_parameters(self, parameter_list):
        """Set one by one; a whole number given for a parameter with decimals becomes a double."""
        return super().set_parameters(ros_parameters.in_declared_type(parameter_list))

    def set_parameters_atomically(self, parameter_list):
        """Set all or none, as `set_parameters`; the services of ROS 2 call this one."""
        refused = ros_parameters.unknown_refused(self, parameter_list)
        return refused or super().set_parameters_atomically(
            ros_parameters.in_declared_type(parameter_list))

    def _LifecycleNodeMixin__change_state(self, transition_id):
        """Answer FAILURE where a transition is not possible now.

        rclpy up to Jazzy raises there, and who asked waits for an answer for ever; later ones
        catch it themselves, in this method of theirs.
        """
        try:
            return super()._LifecycleNodeMixin__change_state(  # type: ignore[misc]
                transition_id)
        except Exception as error:
            self.get_logger().error(f'no such transition while {self.state}: {one_line(error)}')
            return TransitionCallbackReturn.FAILURE

    def _streams_of(self, settings: dict[str, Settings]) -> list[CameraStream]:
        return [CameraStream(self, name, settings[name]) for name in settings[''].cameras or ('',)]

    def _note(self, sentence: str) -> None:
        for stream in self.streams:
            stream.statistics.error(sentence, time.monotonic())

    def _still_wanted(self) -> None:
        if self._stopping():  # a signal came between the slow steps of the start
            raise RuntimeError('the process is ending')

    def _present(self) -> dict[str, Settings]:
        return {stream.name: stream.settings for stream in self.streams} | {'': self.settings}

    def _apply(self, settings: dict[str, Settings]) -> None:
        if settings[''].cameras != self.settings.cameras:  # only while unconfigured
            self.streams = self._streams_of(settings)
        if self._estimator:
            for stream in self.streams:
                range_m(self._estimator, settings[stream.name])
        self.settings = settings['']
        for stream in self.streams:
            stream.settings = settings[stream.name]

    def _serve(self, arrivals: list[Arrival]) -> None:
        known = self._estimator.device_error
        serve(self._estimator, arrivals, self.get_logger())
        if self._estimator.device_error != known:
            self.get_logger().error(self._estimator.device_error)

    def _match_publishers(self) -> None:
        for stream in self.streams:
            stream.match_publishers()

    def _report(self) -> None:
        now_s = time.monotonic()
        self._diagnostics.publish(DiagnosticArray(
            header=Header(stamp=self.get_clock().now().to_msg()),
            status=[self._status(stream, now_s) for stream in self.streams]))

    def _status(self, stream: CameraStream, now_s: float) -> DiagnosticStatus:
        problems = self.problems(stream, now_s)
        level, summary = status_summary(self.state, problems, stream.statistics, now_s)
        if problems.present and now_s - self._active_s > STALE_S:
            stream.logger.warning(stream.told(problems.present), throttle_duration_sec=30.0)
        name = f'{self.get_fully_qualified_name().lstrip("/")}: {stream.name or "depth"}'
        values = {'state': self.state} | model_values(self._estimator) | stream.values(now_s)
        return messages.diagnostic_status(level, name, summary, values)

    def problems(self, stream: CameraStream, now_s: float) -> Problems:
        """What is wrong at present with a camera, or with the node that serves it."""
        worker = self._worker
        return replace(
            stream.problems(now_s), lifecycle=self._failure,
            worker=worker_error(worker.alive, worker.busy_s()) if worker else '')


def start(node: DepthNode) -> bool:
    """Configure and activate where parameter autostart asks for it; False where that fails."""
    return not node.settings.autostart or all(
        step() == TransitionCallbackReturn.SUCCESS
        for step in (node.trigger_configure, node.trigger_activate))


def main(args: list[str], stop: StopSignals) -> int:
    """Run the node until a signal comes; the exit code of the process."""
    code = answer_arguments('depth_node', PARAMETERS, args)
    return code if code is not None else run(
        lambda: DepthNode(stopping=lambda: bool(stop)), start, stop, args)
