"""Publishers that restart with another quality of service, listeners and their twins."""

from __future__ import annotations

from dataclasses import dataclass
import time

import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from mono_depth_ros.demo.processes import Child, NAMESPACE
from mono_depth_ros.node.interface.messages import info_from_camera
from mono_depth_ros.soak.camera import CAMERA, image_message

PUBLISHED = [(ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE),
             (ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.VOLATILE),
             (ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)]
HEARD = [('depth/image', Image, ReliabilityPolicy.RELIABLE),
         ('depth/image', Image, ReliabilityPolicy.BEST_EFFORT),
         ('points', PointCloud2, ReliabilityPolicy.RELIABLE),
         ('depth/image_raw', Image, ReliabilityPolicy.RELIABLE)]
ROUND_S, PERIOD_S = 20.0, 0.05


@dataclass(frozen=True, kw_only=True)
class Churned:
    """Whether depth came in every round, and what was measured."""

    holds: bool
    sentence: str


def churn(node: Child, rounds: int, start_s: float) -> Churned:
    """Restart the camera and what listens so often; rclpy is initialised, `node` on its way up."""
    message = image_message()
    waits_s: list[float] = []
    for number in range(rounds):
        wait_s = _round(number, message, start_s if number == 0 else ROUND_S)
        if wait_s is None:
            return Churned(holds=False, sentence=(
                f'round {number}: no depth in time:\n{node.last_lines()}'))
        waits_s.append(wait_s)
        if node.exit_code() is not None:
            return Churned(holds=False, sentence=f'the node ended:\n{node.last_lines()}')
    slowest = max(waits_s[1:], default=0.0)
    return Churned(holds=True, sentence=(
        f'{rounds} cameras and listeners came and went: depth in every round, in the median '
        f'{sorted(waits_s)[len(waits_s) // 2]:.2f} s after the camera started, at most '
        f'{slowest:.2f} s'))


def _round(number: int, message: Image, patience_s: float) -> float | None:
    """A camera, a listener and a twin of the listener live until depth came; after how long."""
    reliability, durability = PUBLISHED[number % len(PUBLISHED)]
    camera = Node('churn_camera', namespace=NAMESPACE)
    images = camera.create_publisher(Image, 'image_raw', QoSProfile(
        depth=1, reliability=reliability, durability=durability))
    # Every other round the node is followed by one of the same name and namespace.
    names = ['churn_listener'] * (1 + number % 2)
    listeners = [Node(name, namespace=NAMESPACE) for name in names]
    topic, kind, wanted = HEARD[number % len(HEARD)]
    came: list[float] = []
    for listener in listeners:
        listener.create_subscription(
            kind, topic, lambda _: came.append(time.monotonic()),
            QoSProfile(depth=1, reliability=wanted), raw=True)
    infos = camera.create_publisher(CameraInfo, 'camera_info', QoSProfile(depth=1))
    started_s = time.monotonic()
    try:
        while not came and time.monotonic() - started_s < patience_s:
            message.header.stamp = camera.get_clock().now().to_msg()
            infos.publish(info_from_camera(
                CAMERA, message.header, CAMERA.width, CAMERA.height))
            images.publish(message)
            for spun in (camera, *listeners):
                rclpy.spin_once(spun, timeout_sec=PERIOD_S / 3)
    finally:
        for ended in (camera, *listeners):
            ended.destroy_node()
    return came[0] - started_s if came else None
