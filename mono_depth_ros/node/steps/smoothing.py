"""Depth smoothed over time where nothing moves."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode

from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.steps.step import Step
from mono_depth_ros.scale.smoothing import Smoother


class Smoothing(Step):
    """Smooths depth by the parameter smoothing; 0 costs nothing and forgets the past."""

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._smoother, self._on = Smoother(), False

    def uses_rgb(self) -> bool:
        """Pixels of every image after the first, to see what moves."""
        return self._on

    def adjust(self, frame: Frame) -> Frame:
        """The frame with its depth smoothed in place."""
        weight = frame.settings.smoothing
        self._on = weight > 0
        if self._on and frame.rgb_HW3 is not None:
            self._smoother.smooth(frame.depth_HW, frame.rgb_HW3, frame.time_s, weight)
        return frame
