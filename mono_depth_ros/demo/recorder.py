"""The demo's own ROS node: hears everything, writes it to the MCAP and keeps the tally."""

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

from mono_depth_ros.demo.mcap_log import McapLog, stamp_of
from mono_depth_ros.demo.statistics import depth_error, Tally

TOPICS = {
    'image_raw': Image, 'camera_info': CameraInfo, 'depth/image': Image,
    'depth/camera_info': CameraInfo, 'points': PointCloud2, 'ground_truth/depth': Image,
    '/diagnostics': DiagnosticArray,
}
SHOWN = ('image_raw', 'depth/image', 'points')


def type_name(kind: type) -> str:
    """Full name of a message class: 'sensor_msgs/msg/Image'."""
    return f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'


def depth_array(data: bytes) -> np.ndarray:
    """Depth (H, W) float32 metres of a serialised 32FC1 sensor_msgs/Image."""
    message = deserialize_message(data, Image)
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    order = '>f4' if message.is_bigendian else '<f4'
    return rows[:, :4 * message.width].copy().view(order).astype(np.float32, copy=False)


class Recorder:
    """Listens in one namespace from the moment it is made; `complete` tells what came together."""

    def __init__(self, node: Node, log: McapLog):
        self._log, self.tally = log, Tally()
        # What came before the first depth is kept back: only its own image is of use.
        self._early: deque[tuple] | None = deque(maxlen=40)
        self._arrived: dict[int, dict[str, bytes | None]] = {}
        for name, kind in TOPICS.items():
            topic = node.resolve_topic_name(name)
            log.declare(topic, type_name(kind))
            node.create_subscription(
                kind, name, partial(self._receive, name, topic), QoSProfile(depth=20), raw=True)

    def complete(self) -> tuple[list[int], bool]:
        """Stamps in ns, in order, of which all came that can be shown, and whether points did.

        Without a calibrated camera_info there are no points: image and depth are all then.
        """
        with_points = any('points' in came for came in self._arrived.values())
        shown = SHOWN if with_points else SHOWN[:2]
        return sorted(stamp for stamp, came in self._arrived.items()
                      if all(name in came for name in shown)), with_points

    def _receive(self, name: str, topic: str, data: bytes) -> None:
        now_ns, stamp_ns = time.time_ns(), stamp_of(data)
        self._write(name, (topic, data, stamp_ns, now_ns))
        if name == '/diagnostics':
            self._read_counts(data)
        elif name in (*SHOWN, 'ground_truth/depth'):
            self._note(name, stamp_ns, now_ns, data)

    def _write(self, name: str, message: tuple[str, bytes, int, int]) -> None:
        if self._early is None:
            self._log.write(*message)
            return
        self._early.append(message)
        if name == 'depth/image':
            kept, self._early = self._early, None
            for early in kept:
                if early[2] >= message[2]:
                    self._log.write(*early)

    def _note(self, name: str, stamp_ns: int, now_ns: int, data: bytes) -> None:
        came = self._arrived.setdefault(stamp_ns, {})
        came[name] = data if name in ('depth/image', 'ground_truth/depth') else None
        if name == 'image_raw':
            self.tally.images += 1
        elif name == 'depth/image':
            self.tally.depth(stamp_ns, now_ns)
        depth, truth = came.get('depth/image'), came.get('ground_truth/depth')
        if depth and truth:
            if error := depth_error(depth_array(depth), depth_array(truth)):
                self.tally.errors.append(error)
            came.update({'depth/image': None, 'ground_truth/depth': None})
        self._forget()

    def _forget(self) -> None:
        # What waits for its other half keeps megabytes; after the newest 20 it waits in vain.
        for stamp_ns in list(self._arrived)[-40:-20]:
            self._arrived[stamp_ns] = dict.fromkeys(self._arrived[stamp_ns])

    def _read_counts(self, data: bytes) -> None:
        for status in deserialize_message(data, DiagnosticArray).status:
            if status.name.endswith('depth_node: depth'):
                self.tally.counts = {pair.key: pair.value for pair in status.values}
