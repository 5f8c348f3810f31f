"""Pixels at depth edges, where a network answers the mean of both sides."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.geometry.edge_filter import edges
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.steps.step import Step


class EdgeFilter(Step):
    """Makes pixels at edges NaN in the depth of all outputs, where filter_depth_edges asks so."""

    def adjust(self, frame: Frame) -> Frame:
        """The frame without the pixels that points.max_edge_jump takes from points."""
        settings = frame.settings
        if settings.filter_depth_edges and settings.points_max_edge_jump:
            frame.depth_HW[edges(frame.depth_HW, settings.points_max_edge_jump)] = np.nan
        return frame
