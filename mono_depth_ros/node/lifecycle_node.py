"""Lifecycle node: camera image in, metric depth image and point cloud out."""

from __future__ import annotations

import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image

from mono_depth_ros.camera import Camera
from mono_depth_ros.node import messages
from mono_depth_ros.node.diagnostics import (
    FrameStatistics,
    stale_input,
    STALE_S,
    status_summary,
    Timing,
)
from mono_depth_ros.node.latest_frame import LatestFrameWorker
from mono_depth_ros.node.outputs import Outputs
from mono_depth_ros.node.parameters import Settings
from mono_depth_ros.node.process import one_line, run, transition
from mono_depth_ros.node.ros_parameters import declare_parameters, on_set, unknown_parameters
from mono_depth_ros.node.subscription import MatchedSubscription

NO_INFO = 'no camera_info yet'


class DepthNode(LifecycleNode):
    """Turns `image_raw` and `camera_info` into depth and points; only the latest image waits.

    The executor thread only receives; one worker thread estimates and publishes.
    """

    def __init__(self, **kwargs):
        super().__init__('depth_node', **kwargs)
        self.settings = declare_parameters(self)
        for sentence in unknown_parameters(self):
            self.get_logger().warning(sentence)
        # Set from configure to cleanup, else None.
        self._estimator: Any = None
        self._outputs: Any = None
        # Set from activate to deactivate, else None.
        self._worker: Any = None
        self._image_input: Any = None
        self._info_input: Any = None
        self._info: CameraInfo | None = None
        self._camera_error = NO_INFO
        self._active_s = self._unpublished_s = time.monotonic()
        self._statistics, self.state = FrameStatistics(), 'unconfigured'
        self.add_on_set_parameters_callback(
            on_set(self, self._apply, lambda: self._estimator is not None))
        # Steady: with use_sim_time and no /clock a timer of ROS time would never fire.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._diagnostics = self.create_publisher(
            DiagnosticArray, '/diagnostics', QoSProfile(depth=1))
        self.create_timer(1.0, self._report, clock=steady)
        self.create_timer(0.2, self._match_publishers, clock=steady)

    @transition('inactive')
    def on_configure(self, state: LifecycleState) -> None:
        """Load the model and warm it up, so that the first frame is as fast as the tenth."""
        from mono_depth_ros.estimator import DepthEstimator  # torch takes seconds to import

        self._still_wanted()
        settings = self.settings
        estimator = DepthEstimator.load(
            settings.model_file, settings.device, settings.precision)
        _suited_range(settings, estimator)
        self._still_wanted()
        estimator.warm_up()
        self._still_wanted()
        self._outputs = Outputs(self)
        self._estimator = estimator
        self._statistics.last_error = ''
        self.get_logger().info(
            f'model {estimator.card.name} ({estimator.model_path}) on {estimator.device} in '
            f'{estimator.precision}')

    @transition('active')
    def on_activate(self, state: LifecycleState) -> None:
        """Subscribe and start the worker."""
        self._active_s = self._unpublished_s = time.monotonic()
        self._worker = LatestFrameWorker(self._serve)
        reliability = self.settings.input_qos
        self._info_input = MatchedSubscription(
            self, CameraInfo, 'camera_info', self._on_info, reliability)
        self._image_input = MatchedSubscription(
            self, Image, 'image_raw', self._on_image, reliability)
        super().on_activate(state)

    @transition('inactive')
    def on_deactivate(self, state: LifecycleState) -> None:
        """Stop receiving and finish the frame in progress."""
        self.stop()
        super().on_deactivate(state)

    @transition('unconfigured')
    def on_cleanup(self, state: LifecycleState) -> None:
        """Forget the model and the camera."""
        self.stop()
        if self._outputs:
            self._outputs.close()
        self._outputs = self._estimator = self._info = None
        self._camera_error, self._statistics.last_error = NO_INFO, ''

    @transition('finalized')
    def on_shutdown(self, state: LifecycleState) -> None:
        """Release everything, in any state."""
        self.on_cleanup(state)

    def stop(self) -> None:
        """Stop receiving and wait for the worker; allowed at any time."""
        for source in (self._image_input, self._info_input):
            if source:
                source.close()
        self._image_input = self._info_input = None
        if self._worker:
            self._statistics.count('dropped', self._worker.close())
            self._worker = None

    def fail(self, sentence: str) -> None:
        """Log an error and keep it for the diagnostics, unless the process is ending."""
        if self.context.ok():
            self._statistics.error(sentence, time.monotonic())
            self.get_logger().error(sentence)

    def _still_wanted(self) -> None:
        if not self.context.ok():  # a signal came between the slow steps of the start
            raise RuntimeError('the process is ending')

    def _apply(self, settings: Settings) -> None:
        if self._estimator:
            _suited_range(settings, self._estimator)
        self.settings = settings

    def _on_info(self, info: CameraInfo) -> None:
        self._info = info

    def _on_image(self, image: Image) -> None:
        if self._worker is None:
            return
        now_s = time.monotonic()
        self._statistics.received(now_s)
        if self._outputs.has_subscribers():
            self._statistics.count('dropped', self._worker.put((image, now_s)))
        else:
            self._statistics.count('unused')

    def _serve(self, arrival: tuple[Image, float]) -> None:
        image, arrived_s = arrival
        try:
            network_ms = self._process(image)
        except Exception as error:  # one image must not stop the images after it
            if not self.context.ok():
                return
            sentence = f'image refused: {one_line(error)}'
            self._statistics.count('refused')
            self._statistics.error(sentence, time.monotonic())
            self.get_logger().warning(sentence, throttle_duration_sec=5.0)
            return
        now_s = time.monotonic()
        age_ns = self.get_clock().now().nanoseconds - Time.from_msg(image.header.stamp).nanoseconds
        self._statistics.processed(Timing(
            done_s=now_s, network_ms=network_ms, total_ms=(now_s - arrived_s) * 1e3,
            age_ms=age_ns / 1e6))

    def _process(self, image: Image) -> float:
        rgb_HW3 = messages.rgb_from_image(image)
        camera = self._camera(image.width, image.height)
        estimate = self._estimator.estimate(rgb_HW3, camera)
        settings = self.settings  # read once: it may be replaced while this frame is processed
        range_m = _suited_range(settings, self._estimator)
        depth_HW = estimate.depth
        if settings.depth_scale != 1:
            depth_HW *= settings.depth_scale
        messages.limit_depth(depth_HW, *range_m)
        self._outputs.publish(estimate, rgb_HW3, camera, range_m, settings, image.header)
        return estimate.network_ms

    def _camera(self, width: int, height: int) -> Camera | None:
        problem, camera, info = NO_INFO, None, self._info
        if info:
            try:
                camera = messages.camera_from_info(info, width, height, self.settings.rectified)
                problem = ''
            except ValueError as error:
                problem = one_line(error)
        if problem:
            problem += "; depth is for the model's reference camera, points are withheld"
        if problem and time.monotonic() - self._active_s > STALE_S:
            self.get_logger().warning(problem, throttle_duration_sec=30.0)
        self._camera_error = problem
        return camera

    def _match_publishers(self) -> None:
        for source in (self._image_input, self._info_input):
            if source:
                source.match(self.settings.input_qos)

    def _report(self) -> None:
        now_s = time.monotonic()
        stale = self._stale_input(now_s) if self.state == 'active' else ''
        level, summary = status_summary(
            self.state, stale, self._camera_error, self._statistics, now_s)
        if stale and now_s - self._active_s > STALE_S:
            self.get_logger().warning(stale, throttle_duration_sec=30.0)
        name = self.get_fully_qualified_name().lstrip('/') + ': depth'
        self._diagnostics.publish(messages.diagnostic_array(
            level, name, summary, self._values(now_s), self.get_clock().now().to_msg()))

    def _stale_input(self, now_s: float) -> str:
        publishers = self._image_input.publishers()
        if publishers == 0:
            self._unpublished_s = now_s
        quiet_s = now_s - max(self._unpublished_s, self._statistics.received_s)
        return stale_input(publishers, self._image_input.topic, quiet_s)

    def _values(self, now_s: float) -> dict[str, str]:
        estimator, source = self._estimator, self._image_input
        return {
            'state': self.state,
            'device': estimator.device if estimator else 'none',
            'precision': estimator.precision if estimator else 'none',
            'model': estimator.card.name if estimator else 'none',
            'model sha256': estimator.model_sha256 if estimator else 'none',
            'input qos': source.reliability if source else 'none',
            'camera': self._camera_error or 'camera_info',
        } | self._statistics.values(now_s)


def _suited_range(settings: Settings, estimator) -> tuple[float, float]:
    """Nearest and farthest depth (m) to publish; ValueError where the model cannot give them."""
    card = estimator.card
    if settings.points_min_confidence and not estimator.has_confidence:
        raise ValueError(f'points.min_confidence {settings.points_min_confidence:g} needs a model '
                         f'that tells its confidence; {card.name} does not')
    return settings.depth_range(card.min_depth_m, card.max_depth_m)


def start(node: DepthNode) -> bool:
    """Configure and activate where parameter autostart asks for it; False where that fails."""
    return not node.settings.autostart or all(
        step() == TransitionCallbackReturn.SUCCESS
        for step in (node.trigger_configure, node.trigger_activate))


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; the process's exit code."""
    return run(DepthNode, start, args)
