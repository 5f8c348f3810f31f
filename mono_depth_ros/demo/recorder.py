"""The demo's own ROS node: receives all topics, writes them to the MCAP, keeps statistics."""

from __future__ import annotations

from collections import deque
from functools import partial
import time

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from mono_depth_ros.demo.mcap_log import McapLog
from mono_depth_ros.demo.statistics import DemoStatistics, errors_in_range
from mono_depth_ros.message_formats.images import raw_depth
from mono_depth_ros.message_formats.stamps import serialised_stamp_ns
from mono_depth_ros.node.interface.stream_part import type_name

TOPICS = {
    'image_raw': Image, 'camera_info': CameraInfo, 'depth/image': Image,
    'depth/image_color': Image, 'depth/camera_info': CameraInfo, 'points': PointCloud2,
    'ground_truth/depth': Image, '/diagnostics': DiagnosticArray,
}
SHOWN = ('image_raw', 'depth/image', 'points')


def depth_array(data: bytes) -> np.ndarray:
    """Depth (H, W) float32 metres of a serialised 32FC1 sensor_msgs/Image."""
    return raw_depth(deserialize_message(data, Image))


class Recorder:
    """Subscribes in one namespace at once; `complete` says which frames arrived whole."""

    def __init__(self, node: Node, log: McapLog):
        self._log, self.statistics = log, DemoStatistics()
        # Messages before the first image with its depth are held back: DDS may find the camera
        # seconds after the node. Of those kept the ones of that image are written.
        self._early: deque[tuple[str, tuple]] | None = deque(maxlen=40)
        self._received: dict[int, dict[str, bytes | None]] = {}
        for name, kind in TOPICS.items():
            topic = node.resolve_topic_name(name)
            log.declare(topic, type_name(kind))
            node.create_subscription(
                kind, name, partial(self._receive, name, topic), QoSProfile(depth=20), raw=True)

    def complete(self) -> tuple[list[int], bool]:
        """Stamps in ns, in order, with every message the panel shows, and whether points came.

        Without a calibrated camera_info there are no points: then image and depth suffice.
        """
        with_points = any('points' in parts for parts in self._received.values())
        shown = SHOWN if with_points else SHOWN[:2]
        return sorted(stamp for stamp, parts in self._received.items()
                      if all(name in parts for name in shown)), with_points

    def _receive(self, name: str, topic: str, data: bytes) -> None:
        now_ns, stamp_ns = time.time_ns(), serialised_stamp_ns(data)
        self._write(name, (topic, data, stamp_ns, now_ns))
        if name == '/diagnostics':
            self._read_diagnostics(data)
        elif name in (*SHOWN, 'ground_truth/depth'):
            self._count(name, stamp_ns, now_ns, data)

    def _write(self, name: str, message: tuple[str, bytes, int, int]) -> None:
        if self._early is None:
            self._log.write(*message)
            return
        self._early.append((name, message))
        if {'image_raw', 'depth/image'} <= {
                other for other, early in self._early if early[2] == message[2]}:
            kept, self._early = self._early, None
            for _, early in kept:
                if early[2] >= message[2]:
                    self._log.write(*early)

    def _count(self, name: str, stamp_ns: int, now_ns: int, data: bytes) -> None:
        parts = self._received.setdefault(stamp_ns, {})
        parts[name] = data if name in ('depth/image', 'ground_truth/depth') else None
        if name == 'depth/image':
            self.statistics.add_depth(stamp_ns, now_ns)
        depth, truth = parts.get('depth/image'), parts.get('ground_truth/depth')
        if depth and truth:
            if error := errors_in_range(depth_array(depth), depth_array(truth)):
                self.statistics.errors.append(error)
            parts.update({'depth/image': None, 'ground_truth/depth': None})
        self._forget()

    def _forget(self) -> None:
        # Depth that waits for its ground truth holds megabytes; after 20 more frames the other
        # message will not come.
        for stamp_ns in list(self._received)[-40:-20]:
            self._received[stamp_ns] = dict.fromkeys(self._received[stamp_ns])

    def _read_diagnostics(self, data: bytes) -> None:
        for status in deserialize_message(data, DiagnosticArray).status:
            if status.name.endswith('depth_node: depth'):
                self.statistics.diagnostics = {pair.key: pair.value for pair in status.values}
