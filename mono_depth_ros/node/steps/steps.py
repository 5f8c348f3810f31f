"""All steps of a camera in order; a new one is a file of this folder and an entry in STEPS."""

from __future__ import annotations

from mono_depth_ros.node.steps.depth_range import DepthLimits
from mono_depth_ros.node.steps.edge_filter import EdgeFilter
from mono_depth_ros.node.steps.scale import Scale
from mono_depth_ros.node.steps.smoothing import Smoothing
from mono_depth_ros.node.steps.step import Step
from mono_depth_ros.node.steps.tilt import Tilt

# The limits are last: whatever changed depth, what leaves the node is within them.
STEPS: tuple[type[Step], ...] = (Tilt, Smoothing, Scale, EdgeFilter, DepthLimits)
