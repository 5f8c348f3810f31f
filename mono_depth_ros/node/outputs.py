"""What the node publishes: each output filled and sent only while somebody listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header

from mono_depth_ros.camera import Camera
from mono_depth_ros.node import messages
from mono_depth_ros.node.parameters import Settings

if TYPE_CHECKING:  # the cameras import this file, and the node before it has torch
    from mono_depth_ros.estimator import DepthEstimate

KINDS = {
    'depth/image': Image, 'depth/image_raw': Image, 'depth/image_color': Image,
    'depth/camera_info': CameraInfo, 'depth/confidence': Image, 'points': PointCloud2}
# How many messages of an output wait for a listener's acknowledgement. Each is larger than the
# default shared memory of Fast DDS; with 1, the next message overwrites one that is still on its
# way: 19 % of 288 clouds and 3 % of the depth images at 15 Hz never came, with 5 one and none.
# A listener that keeps up gets every message at once either way.
UNACKNOWLEDGED = 5


class Outputs:
    """Publishers, RELIABLE, and the message each of them uses again and again."""

    def __init__(self, node: LifecycleNode):
        self._node = node
        self._publishers = {
            topic: node.create_lifecycle_publisher(kind, topic, QoSProfile(depth=UNACKNOWLEDGED))
            for topic, kind in KINDS.items()}
        self._depth, self._millimetres = messages.DepthImage(), messages.DepthMillimetres()
        self._colour, self._points = messages.ColorImage(), messages.PointCloud()
        self._confidence = messages.DepthImage()

    def listened(self) -> bool:
        """Whether anybody subscribes any of the outputs; takes microseconds."""
        return self.listeners() > 0

    def listeners(self) -> int:
        """Number of subscriptions of all outputs together."""
        return sum(p.get_subscription_count() for p in self._publishers.values())

    def publish(
            self, estimate: DepthEstimate, rgb_HW3: np.ndarray, camera: Camera | None,
            range_m: tuple[float, float], settings: Settings, header: Header) -> None:
        """Send the depth of an image; without a camera the points are withheld."""
        depth_HW = estimate.depth
        height, width = depth_HW.shape
        self._send('depth/image', lambda: self._depth.fill(depth_HW, header))
        self._send('depth/image_raw', lambda: self._millimetres.fill(depth_HW, header))
        self._send('depth/image_color', lambda: self._colour.fill(depth_HW, *range_m, header))
        self._send('depth/camera_info',
                   lambda: messages.info_from_camera(camera, header, width, height))
        if estimate.spread:
            self._send('depth/confidence',
                       lambda: self._confidence.fill(np.asarray(estimate.confidence), header))
        if camera:
            self._send('points', lambda: self._points.fill(
                trusted(estimate, settings.points_min_confidence), rgb_HW3, camera,
                settings.points_stride, header))

    def close(self) -> None:
        """Destroy the publishers."""
        for publisher in self._publishers.values():
            self._node.destroy_lifecycle_publisher(publisher)

    def _wanted(self, topic: str) -> bool:
        return self._publishers[topic].get_subscription_count() > 0

    def _send(self, topic: str, filled: Callable) -> None:
        if self._wanted(topic):
            self._publishers[topic].publish(filled())


def trusted(estimate: DepthEstimate, least: float) -> np.ndarray:
    """The depth (H, W), NaN where its confidence is below `least`; whole where none is told."""
    if least <= 0 or estimate.confidence is None:
        return estimate.depth
    return np.where(estimate.confidence < least, np.float32(np.nan), estimate.depth)
