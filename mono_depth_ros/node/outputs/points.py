"""Depth as a point cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import PointCloud2

from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.outputs.output import Output

if TYPE_CHECKING:  # torch takes seconds to import
    from mono_depth_ros.estimator import DepthEstimate


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
        """The confident points, None where the camera's rays are not known."""
        if not frame.camera or frame.rgb_HW3 is None:
            return None
        return self._cloud.fill(
            confident_depth(frame.depth_HW, frame.estimate, frame.settings.points_min_confidence),
            frame.rgb_HW3, frame.camera, frame.settings.points_stride, frame.header)


def confident_depth(
        depth_HW: np.ndarray, estimate: DepthEstimate, least: float) -> np.ndarray:
    """Depth (H, W), NaN where confidence is below `least`; unchanged where a model has none."""
    confidence_HW = estimate.confidence if least > 0 else None
    if confidence_HW is None:
        return depth_HW
    return np.where(confidence_HW < least, np.float32(np.nan), depth_HW)
