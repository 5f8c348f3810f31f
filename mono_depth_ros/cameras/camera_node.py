"""Base of the camera nodes: parameters, publishers, messages, timer and shutdown."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rcl_interfaces.msg import SetParametersResult
import rclpy
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from mono_depth_ros.cameras.calibration import Calibration
from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.parameters import checked_value, Parameter
from mono_depth_ros.node.outputs.output import QUEUE_DEPTH
from mono_depth_ros.node.process import answer_arguments, one_line, run
from mono_depth_ros.node.ros_parameters import descriptor_of, unknown_parameters
from mono_depth_ros.node.stop_signals import StopSignals

FRAME_ID = Parameter(
    name='frame_id', default='camera_optical_frame', settable='start',
    description='Frame of all messages: the optical frame of the camera (z forward).')
RELIABILITY = Parameter(
    name='reliability', default='reliable', pattern='reliable|best_effort', settable='start',
    description='Reliability of the publishers: reliable or best_effort.')


# The slowest rate but 0, in Hz: of far slower ones the period is no time that a timer takes.
LEAST_RATE_HZ = 0.001


def valid(parameter: Parameter, value: Any) -> Any:
    """As `checked_value`; between a rate of 0 and LEAST_RATE_HZ, ValueError, too."""
    value = checked_value(parameter, value)
    if parameter.name == 'rate_hz' and 0 < value < LEAST_RATE_HZ:
        raise ValueError(f'parameter rate_hz must be 0, or {LEAST_RATE_HZ:g} to '
                         f'{parameter.most:g}, got {value}')
    return value


class CameraNode(Node):
    """A node that publishes `image_raw` and `camera_info` at the rate of a timer.

    A subclass defines what is published: `open`, `serve` and `close`.
    """

    def __init__(self, name: str, parameters: tuple[Parameter, ...], **kwargs):
        super().__init__(name, **kwargs)
        self._table = {parameter.name: parameter for parameter in parameters}
        self.values = {name: self._declared(parameter)
                       for name, parameter in self._table.items()}
        for sentence in unknown_parameters(self, parameters):
            self.get_logger().warning(sentence)
        self.failed, self._opened = False, False
        self._timer: Timer | None = None
        reliable = self.values['reliability'] == 'reliable'
        self.qos = QoSProfile(
            depth=QUEUE_DEPTH if reliable else 1, reliability=ReliabilityPolicy.RELIABLE
            if reliable else ReliabilityPolicy.BEST_EFFORT)
        self.images = self.create_publisher(Image, 'image_raw', self.qos)
        self.infos = self.create_publisher(CameraInfo, 'camera_info', self.qos)
        self.add_on_set_parameters_callback(self._on_set)

    def start(self) -> bool:
        """Open the source and start the timer; False, the reason logged, where that fails."""
        try:
            rate_hz = self.open()
            self._opened = True
        except (ValueError, OSError) as error:
            self.fail(one_line(error))
            return False
        self.pace(rate_hz)
        return True

    def pace(self, rate_hz: float) -> None:
        """Serve `rate_hz` times a second from now on."""
        timer = self.create_timer(1 / rate_hz, self._tick)
        if self._timer:
            self.destroy_timer(self._timer)
        self._timer = timer

    def header(self) -> Header:
        """Header of a frame with the present time."""
        return Header(stamp=self.get_clock().now().to_msg(), frame_id=self.values['frame_id'])

    def publish(
            self, rgb_HW3: np.ndarray, calibration: Calibration | None, header: Header) -> None:
        """Send a picture and, before it, its camera_info (uncalibrated where None)."""
        height, width = rgb_HW3.shape[:2]
        self.publish_info(calibration, header, width, height)
        self.images.publish(Image(
            header=header, encoding='rgb8', width=width, height=height, step=3 * width,
            data=array('B', np.ascontiguousarray(rgb_HW3).tobytes())))

    def publish_info(self, calibration: Calibration | None, header: Header, width: int = 0,
                     height: int = 0) -> None:
        """Send the camera_info alone; the size is needed only where nothing is calibrated."""
        if calibration:
            width, height = calibration.camera.width, calibration.camera.height
        self.infos.publish(info_message(calibration, header, width, height))

    def fail(self, sentence: str) -> None:
        """Log why the node cannot continue and end the process with exit code 1."""
        if self.context.ok():
            self.get_logger().fatal(sentence)
            self.failed = True
            self.end()

    def report(self, error: BaseException) -> None:
        """Log what a callback raised and end the process with exit code 1."""
        self.fail(f'internal error: {one_line(error)}')

    def end(self) -> None:
        """End the process once reliable subscribers have received what was published."""
        for publisher in (self.images, self.infos):
            publisher.wait_for_all_acked(Duration(seconds=1))
        rclpy.try_shutdown(context=self.context)

    def stop(self) -> None:
        """Release the source; called once the node no longer spins."""
        if self._opened:
            self._opened = False
            self.close()

    def _tick(self) -> None:
        try:
            self.serve()
        except (ValueError, OSError) as error:
            self.fail(one_line(error))

    def _declared(self, parameter: Parameter) -> Any:
        descriptor = descriptor_of(parameter)
        if parameter.name == 'source':
            descriptor.dynamic_typing = True  # the number of a webcam may come as an integer
        value: Any = self.declare_parameter(parameter.name, parameter.default, descriptor).value
        return valid(parameter, str(value) if parameter.name == 'source' else value)

    def _on_set(self, changes) -> SetParametersResult:
        """Apply a new rate; the descriptors make all other parameters read-only."""
        try:
            new = {change.name: valid(self._table[change.name], change.value)
                   for change in changes if change.name in self._table}
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self.values.update(new)
        if 'rate_hz' in new and self._timer:
            self.pace(new['rate_hz'] or self.own_rate())
        return SetParametersResult(successful=True)

    def open(self) -> float:
        """Open the source and return its rate in Hz; ValueError or OSError with one sentence."""
        raise NotImplementedError

    def serve(self) -> None:
        """Publish one frame; ValueError or OSError end the process with their sentence."""
        raise NotImplementedError

    def close(self) -> None:
        """Release the source."""
        raise NotImplementedError

    def own_rate(self) -> float:
        """Rate in Hz for a `rate_hz` of 0, where that is allowed."""
        raise NotImplementedError


def info_message(
        calibration: Calibration | None, header: Header, width: int, height: int) -> CameraInfo:
    """CameraInfo of a calibration, with R and P for rectification where it has them."""
    camera = calibration.camera if calibration else None
    info = messages.info_from_camera(camera, header, width, height)
    if calibration and calibration.no_points:  # whoever can read it may
        info.distortion_model, info.d = calibration.unread[0], list(calibration.unread[1])
    if calibration and calibration.projection:
        info.r, info.p = list(calibration.rectification), list(calibration.projection)
    return info


def run_camera(
        name: str, make_node: Callable[[], CameraNode], parameters: Sequence[Parameter],
        args: list[str], stop: StopSignals) -> int:
    """Run a camera until a signal or its end; the exit code: 0, or 1 after an error."""
    made = []

    def make() -> CameraNode:
        made.append(make_node())
        return made[-1]
    code = answer_arguments(name, parameters, args)
    if code is None:
        code = run(make, CameraNode.start, stop, args)
    return code or int(any(node.failed for node in made))
