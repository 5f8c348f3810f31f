"""A process that subscribes to depth and points, as a planner on a robot would.

A file of its own, since it runs as a process: `python -m mono_depth_ros.bench.listener`.
"""

from __future__ import annotations

import sys

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image, PointCloud2


def main() -> int:
    """Subscribe until SIGTERM, then print the number of messages of each topic."""
    rclpy.init()
    node = Node('bench_listener')
    counts = {'depth/image': 0, 'points': 0}

    def count(topic):
        counts[topic] += 1
    # Raw: deserialising at the subscriber is not part of the measurement.
    for topic, kind in (('depth/image', Image), ('points', PointCloud2)):
        node.create_subscription(
            kind, topic, lambda _, topic=topic: count(topic), QoSProfile(depth=1), raw=True)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    node.destroy_node()
    rclpy.try_shutdown()
    print(*(f'{topic} {number}' for topic, number in counts.items()), sep=', ')
    return 0


if __name__ == '__main__':
    sys.exit(main())
