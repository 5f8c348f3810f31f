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
        self.warning = _unfit(frame)
        return frame


def _unfit(frame: Frame) -> str:
    """What is wrong with the limits at the present factor on depth, '' where nothing is."""
    settings, (lower_m, upper_m) = frame.settings, frame.range_m
    if lower_m >= upper_m:
        return (f'min_depth {settings.min_depth:g} and max_depth {settings.max_depth:g} m leave '
                f'nothing of the model at a factor of {frame.scale:.2f}')
    if settings.points_clear_at_max and not frame.reaches(settings.max_depth):
        return (f'max_depth {settings.max_depth:g} m is farther than the {upper_m:.3g} m that '
                f'the model reaches at a factor of {frame.scale:.2f}, so that '
                'points.clear_at_max clears nothing: set it below')
    return ''
