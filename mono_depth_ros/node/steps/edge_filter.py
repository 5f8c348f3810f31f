"""Pixels at depth edges, where a network answers the mean of both sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mono_depth_ros.geometry.edge_filter import DepthEdges
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.steps.step import Step


class EdgeFilter(Step):
    """Keeps the edges that points.max_edge_jump takes from points and scan, before the limits.

    A side beyond the limits has no depth any more that the other could be compared with. With
    filter_depth_edges pixels at edges become NaN in the depth of all outputs.
    """

    def adjust(self, frame: Frame) -> Frame:
        """The frame with its edges, found when first asked for; as it is where nobody asks."""
        settings = frame.settings
        if not settings.points_max_edge_jump:
            return frame
        edges = DepthEdges(frame.depth_HW, settings.points_max_edge_jump, frame.model_range_m)
        if settings.filter_depth_edges:
            frame.depth_HW[edges.mask_HW] = np.nan
        return replace(frame, edges=edges)
