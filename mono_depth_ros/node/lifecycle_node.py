"""Lifecycle node: camera image in, metric depth image and point cloud out."""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image

from mono_depth_ros.message_formats.stamps import stamp_ns
from mono_depth_ros.node import messages
from mono_depth_ros.node.diagnostics import (
    Findings,
    FrameStatistics,
    stale_input,
    STALE_S,
    status_summary,
    Timing,
    worker_error,
)
from mono_depth_ros.node.frame_processor import FrameProcessor, NOTHING_LOADED
from mono_depth_ros.node.latest_frame import LatestFrameWorker
from mono_depth_ros.node.outputs import Outputs
from mono_depth_ros.node.parameters import PARAMETERS, Settings
from mono_depth_ros.node.process import answer_arguments, one_line, run, transition
from mono_depth_ros.node.ros_parameters import (
    declare_parameters,
    in_declared_type,
    on_set,
    unknown_parameters,
)
from mono_depth_ros.node.stop_signals import StopSignals
from mono_depth_ros.node.subscription import MatchedSubscription


class DepthNode(LifecycleNode):
    """Turns `image_raw` and `camera_info` into depth and points; only the latest image waits.

    The executor thread only receives; one worker thread estimates and publishes. `stopping` says
    whether the process is to end, so that a slow start need not be waited for.
    """

    def __init__(self, stopping: Callable[[], bool] = lambda: False, **kwargs):
        super().__init__('depth_node', **kwargs)
        self._stopping = stopping
        self.settings = declare_parameters(self)
        for sentence in unknown_parameters(self):
            self.get_logger().warning(sentence)
        self._processor: Any = None  # set from configure to cleanup, else None
        # Set from activate to deactivate, else None.
        self._worker: Any = None
        self._image_input: Any = None
        self._info_input: Any = None
        self._active_s = self._unpublished_s = time.monotonic()
        self._statistics, self.state, self._failure = FrameStatistics(), 'unconfigured', ''
        self.add_on_set_parameters_callback(
            on_set(self, self._apply, lambda: self._processor is not None))
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
        settings = self.settings
        estimator = DepthEstimator.load(
            settings.model_file, settings.device, settings.precision, settings.backend)
        self._still_wanted()
        estimator.warm_up()
        self._still_wanted()
        self._processor = FrameProcessor(
            estimator, Outputs(self), self.resolve_topic_name('image_raw'),
            self.resolve_topic_name('camera_info'))
        self._processor.range_m(settings)
        self._statistics.forget_errors()
        self.get_logger().info(
            f'model {estimator.card.name} ({estimator.model_path}) by {estimator.backend} on '
            f'{estimator.device} in {estimator.precision} ({estimator.backend_reason}); terms of '
            f'its weights: {estimator.card.weights_licence}')

    @transition('active', undo='stop')
    def on_activate(self, state: LifecycleState) -> None:
        """Subscribe and start the worker."""
        self._active_s = self._unpublished_s = time.monotonic()
        self._worker = LatestFrameWorker(self._serve, self._refuse)
        reliability = self.settings.input_qos
        self._info_input = MatchedSubscription(
            self, CameraInfo, 'camera_info', self._processor.add_info, reliability)
        self._image_input = MatchedSubscription(
            self, Image, 'image_raw', self._on_image, reliability)
        super().on_activate(state)

    @transition('inactive', undo='stop')
    def on_deactivate(self, state: LifecycleState) -> None:
        """Stop receiving and finish the frame in progress."""
        self.stop()
        super().on_deactivate(state)

    @transition('unconfigured', undo='release')
    def on_cleanup(self, state: LifecycleState) -> None:
        """Forget the model and the camera."""
        self.release()
        self._statistics.forget_errors()

    @transition('finalized', undo='release')
    def on_shutdown(self, state: LifecycleState) -> None:
        """Release everything, in any state."""
        self.release()

    def release(self) -> None:
        """Stop, and free model and publishers; allowed at any time."""
        self.stop()
        processor, self._processor = self._processor, None
        if processor:
            processor.outputs.close()

    def stop(self) -> None:
        """Stop receiving and wait for the worker; allowed at any time."""
        for source in (self._image_input, self._info_input):
            if source:
                source.close()
        self._image_input = self._info_input = None
        if self._worker:
            self._statistics.count('dropped', self._worker.close())
            self._worker = None

    def reached(self, state: str) -> None:
        """Note a lifecycle step that succeeded."""
        self.state, self._failure = state, ''

    def fail(self, sentence: str) -> None:
        """Log a lifecycle step that failed, and keep it for the diagnostics."""
        if not self._stopping():
            self._failure = sentence
            self._statistics.error(sentence, time.monotonic())
            self.get_logger().error(sentence)

    def report(self, error: BaseException) -> None:
        """Log what a callback raised, and keep it for the diagnostics."""
        sentence = f'internal error: {one_line(error)}'
        self._statistics.error(sentence, time.monotonic())
        self.get_logger().error(sentence, throttle_duration_sec=5.0)

    def set_parameters(self, parameter_list):
        """Set one by one; a whole number given for a parameter with decimals becomes a double."""
        return super().set_parameters(in_declared_type(parameter_list))

    def set_parameters_atomically(self, parameter_list):
        """Set all or none, as `set_parameters`; the services of ROS 2 call this one."""
        return super().set_parameters_atomically(in_declared_type(parameter_list))

    def _still_wanted(self) -> None:
        if self._stopping():  # a signal came between the slow steps of the start
            raise RuntimeError('the process is ending')

    def _apply(self, settings: Settings) -> None:
        if self._processor:
            self._processor.range_m(settings)
        self.settings = settings

    def _on_image(self, image: Image) -> None:
        if self._worker is None:
            return
        now_s = time.monotonic()
        self._statistics.received(now_s)
        try:
            if self._processor.outputs.has_subscribers():
                self._statistics.count('dropped', self._worker.put((image, now_s)))
            else:
                self._statistics.count('unused')
        except Exception as error:
            self._refuse(error)

    def _serve(self, arrival: tuple[Image, float]) -> None:
        image, arrived_s = arrival
        network_ms = self._processor.process(image, self.settings)
        now_s = time.monotonic()
        age_ns = self.get_clock().now().nanoseconds - stamp_ns(image.header.stamp)
        self._statistics.processed(Timing(
            done_s=now_s, network_ms=network_ms, total_ms=(now_s - arrived_s) * 1e3,
            age_ms=age_ns / 1e6))

    def _refuse(self, error: BaseException) -> None:
        sentence = f'image refused: {one_line(error)}'
        self._statistics.refused(sentence, time.monotonic())
        self.get_logger().warning(sentence, throttle_duration_sec=5.0)

    def _match_publishers(self) -> None:
        for source in (self._image_input, self._info_input):
            if source:
                source.match(self.settings.input_qos)

    def _report(self) -> None:
        now_s = time.monotonic()
        findings = self._findings(now_s)
        level, summary = status_summary(self.state, findings, self._statistics, now_s)
        present = findings.worker or findings.stale or findings.camera or findings.image
        if present and now_s - self._active_s > STALE_S:
            self.get_logger().warning(present, throttle_duration_sec=30.0)
        name = self.get_fully_qualified_name().lstrip('/') + ': depth'
        self._diagnostics.publish(messages.diagnostic_array(
            level, name, summary, self._values(now_s), self.get_clock().now().to_msg()))

    def _findings(self, now_s: float) -> Findings:
        if not (self._worker and self._image_input):
            return Findings(lifecycle=self._failure)
        return Findings(
            lifecycle=self._failure, stale=self._stale_input(now_s),
            worker=worker_error(self._worker.alive, self._worker.busy_s()),
            camera=self._info_input.wrong_type() or self._processor.camera_warning,
            image=self._processor.image_warning)

    def _stale_input(self, now_s: float) -> str:
        source = self._image_input
        publishers = source.publishers()
        if publishers == 0:
            self._unpublished_s = now_s
        quiet_s = now_s - max(self._unpublished_s, self._statistics.received_s)
        return source.wrong_type() or stale_input(publishers, source.topic, quiet_s)

    def _values(self, now_s: float) -> dict[str, str]:
        source, processor = self._image_input, self._processor
        return {
            'state': self.state,
            'input qos': source.reliability if source else 'none',
        } | (processor.values() if processor else NOTHING_LOADED) | self._statistics.values(now_s)


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
