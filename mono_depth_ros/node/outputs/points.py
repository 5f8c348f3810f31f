"""Depth as a point cloud."""

from __future__ import annotations

import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import PointCloud2

from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.outputs.output import Output


class Points(Output):
    """Organised cloud with colours."""

    topic, kind = 'points', PointCloud2

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._cloud = messages.PointCloud()

    def uses_rgb(self) -> bool:
        """While anybody listens: the points are coloured."""
        return self.wanted()

    def message(self, frame: Frame) -> PointCloud2 | None:
        """The sure points, None where the camera's rays are not known.

        What is beyond a range that ends before max_depth clears nothing: costmaps mark what is
        nearer than their own largest distance, and are told that max_depth is beyond that.
        """
        if not frame.camera or frame.rgb_HW3 is None:
            return None
        depth_HW = frame.sure_depth_HW
        if frame.settings.points_clear_at_max and frame.reaches(frame.settings.max_depth):
            depth_HW = np.where(np.isposinf(depth_HW), np.float32(frame.range_m[1]), depth_HW)
        return self._cloud.fill(
            depth_HW, frame.rgb_HW3, frame.camera, frame.settings.points_stride, frame.header)
