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
        max_depth = frame.settings.max_depth
        self.warning = '' if frame.reaches(max_depth) else (
            f'max_depth {max_depth:g} m is farther than the {frame.range_m[1]:.3g} m that the '
            f'model reaches at a factor of {frame.scale:.2f}, so that points.clear_at_max clears '
            'nothing: set it below')
        return frame
