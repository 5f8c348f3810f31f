"""The node behind rerun_view: what depth_node and its camera publish, to a RerunScene."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Float32

from mono_depth_ros.message_formats.camera_info import read_camera_info
from mono_depth_ros.message_formats.images import raw_depth, rgb_from_message
from mono_depth_ros.message_formats.points import cloud_arrays
from mono_depth_ros.message_formats.stamps import stamp_ns
from mono_depth_ros.node.interface.parameters import Parameter
from mono_depth_ros.node.interface.stream_part import Input
from mono_depth_ros.node.process import answer_arguments, one_line, run
from mono_depth_ros.node.ros_parameters import descriptor_of, unknown_parameters
from mono_depth_ros.node.stop_signals import StopSignals
from mono_depth_ros.node.subscription import MatchedSubscription
from mono_depth_ros.tools.rerun_view.scene import RerunScene

PARAMETERS = (
    Parameter(name='save', default='', pattern='.*', settable='start',
              description='Path of an .rrd file to write instead of opening a window.'),)


class ViewNode(Node):
    """Subscribes in its namespace and shows whatever comes; stamps are those of the messages."""

    def __init__(self) -> None:
        super().__init__('rerun_view')
        save: str = self.declare_parameter('save', '', descriptor_of(PARAMETERS[0])
                                           ).value or ''
        for sentence in unknown_parameters(self, PARAMETERS):
            self.get_logger().warning(sentence)
        self._scene = RerunScene(save)
        self._latest_ns = 0
        self._inputs = [
            MatchedSubscription(self, Input(topic=topic, kind=kind, callback=partial(
                self._guarded, shown)), '', 'auto') for topic, kind, shown in (
                    ('image_raw', Image, self._image), ('depth/image', Image, self._depth),
                    ('depth/camera_info', CameraInfo, self._camera),
                    ('points', PointCloud2, self._points),
                    ('depth/scale', Float32, self._scale),
                    ('/diagnostics', DiagnosticArray, self._diagnostics))]
        self.create_timer(0.2, self._match, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.get_logger().info(f'writing {save}' if save else 'the window of Rerun opens')

    def report(self, error: BaseException) -> None:
        """Log what a callback raised."""
        self.get_logger().error(one_line(error), throttle_duration_sec=5.0)

    def stop(self) -> None:
        """Write what is pending; called once the node no longer spins."""
        self._scene.close()

    def _guarded(self, show: Callable, message: Any) -> None:
        """Show a message; one that cannot be shown is logged, and the next one served."""
        try:
            if hasattr(message, 'header'):
                self._latest_ns = stamp_ns(message.header.stamp)
            self._scene.at(self._latest_ns)
            show(message)
        except ValueError as error:
            self.report(error)

    def _match(self) -> None:
        for source in self._inputs:
            source.match('auto')

    def _image(self, message: Image) -> None:
        self._scene.image(rgb_from_message(message))

    def _depth(self, message: Image) -> None:
        age_ns = self.get_clock().now().nanoseconds - stamp_ns(message.header.stamp)
        self._scene.plot('timing/age of depth', age_ns / 1e6)
        self._scene.depth(raw_depth(message))

    def _camera(self, info: CameraInfo) -> None:
        if info.k[0] > 0:
            self._scene.camera(read_camera_info(
                info, info.width, info.height, rectified=False).camera)

    def _points(self, cloud: PointCloud2) -> None:
        self._scene.cloud(*cloud_arrays(cloud))

    def _scale(self, message: Float32) -> None:
        self._scene.plot('scale/factor', message.data)

    def _diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            shown = namespace_of(status.name) == self.get_namespace()
            for pair in status.values if shown else ():
                if pair.key.endswith('p50 (ms)') and pair.value.replace('.', '', 1).isdigit():
                    self._scene.plot(f'timing/{pair.key.removesuffix(" (ms)")}',
                                     float(pair.value))


def namespace_of(status: str) -> str:
    """Namespace of the camera that a status is of by its name, '' where it is no depth_node's."""
    node, _, camera = status.partition(': ')
    namespace, _, name = f'/{node}'.rpartition('/')
    if 'depth_node' not in name:
        return ''
    return f'{namespace}/{camera}' if camera != 'depth' else namespace or '/'


def main(args: list[str], stop: StopSignals) -> int:
    """Run the view until a signal; the exit code: 0, or 1 after one sentence."""
    code = answer_arguments('rerun_view', PARAMETERS, args)
    # What is still to be written to a slow disk may take its time.
    return code if code is not None else run(
        ViewNode, lambda node: True, stop, args, ends_within_s=600.0)
