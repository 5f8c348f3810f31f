"""What the node publishes: each output is filled and sent only while it has subscribers."""

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

if TYPE_CHECKING:  # the cameras import this file, and the node does before it loads torch
    from mono_depth_ros.estimator import DepthEstimate

KINDS = {
    'depth/image': Image, 'depth/image_raw': Image, 'depth/image_color': Image,
    'depth/camera_info': CameraInfo, 'depth/confidence': Image, 'points': PointCloud2}
# Messages of an output that may wait for a subscriber's acknowledgement. Each is larger than the
# default shared memory of Fast DDS; with 1, the next message overwrites one still in transit:
# 19 % of 288 clouds and 3 % of the depth images at 15 Hz were lost, with 5 one and none.
# A subscriber that keeps up gets every message at once either way.
QUEUE_DEPTH = 5


class Outputs:
    """RELIABLE publishers, each with one message that is filled again for every frame."""

    def __init__(self, node: LifecycleNode):
        self._node = node
        self._publishers = {
            topic: node.create_lifecycle_publisher(kind, topic, QoSProfile(depth=QUEUE_DEPTH))
            for topic, kind in KINDS.items()}
        self._depth, self._millimetres = messages.DepthImage(), messages.DepthMillimetres()
        self._colour, self._points = messages.ColorImage(), messages.PointCloud()
        self._confidence = messages.DepthImage()

    def has_subscribers(self) -> bool:
        """Whether any output has a subscriber; takes microseconds."""
        return self.subscription_count() > 0

    def subscription_count(self) -> int:
        """Number of subscriptions to all outputs together."""
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
        if estimate.uncertainty:
            self._send('depth/confidence',
                       lambda: self._confidence.fill(np.asarray(estimate.confidence), header))
        if camera:
            self._send('points', lambda: self._points.fill(
                confident_depth(estimate, settings.points_min_confidence), rgb_HW3, camera,
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


def confident_depth(estimate: DepthEstimate, least: float) -> np.ndarray:
    """Depth (H, W), NaN where confidence is below `least`; unchanged where a model has none."""
    if least <= 0 or estimate.confidence is None:
        return estimate.depth
    return np.where(estimate.confidence < least, np.float32(np.nan), estimate.depth)
