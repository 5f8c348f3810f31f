"""The limits of depth."""

from __future__ import annotations

from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.steps.step import Step


class DepthLimits(Step):
    """Marks depth out of range as infinite (REP 117)."""

    def adjust(self, frame: Frame) -> Frame:
        """The frame with its depth limited in place."""
        messages.limit_depth(frame.depth_HW, *frame.range_m)
        return frame
