"""One image on its way from the network to the outputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
import time
from typing import TYPE_CHECKING

import numpy as np
from std_msgs.msg import Header

from mono_depth_ros.camera import Camera
from mono_depth_ros.geometry.edge_filter import DepthEdges
from mono_depth_ros.message_formats.stamps import stamp_ns
from mono_depth_ros.node.interface.parameters import scaled_range, Settings

# A limit of the model times a factor may miss a round number by less than this share.
ROUNDING = 1e-6

if TYPE_CHECKING:  # torch takes seconds to import
    from mono_depth_ros.estimator import DepthEstimate


@dataclass(frozen=True, kw_only=True)
class Frame:
    """An image with its depth: steps return a changed one, outputs publish it.

    `depth_HW` is float32 metres along the optical axis, NaN unknown, infinite out of `range_m`
    (REP 117), in memory that belongs to this frame: a step may write into it. `estimate` is what
    the network said, with its confidence. `camera` has the rays of the pixels, None where they
    are not known and points are withheld. `settings` are those of this camera, `header` is that
    of the image. `scale` is what the network's depth was multiplied by, `offset_m` what was added
    to it then. `edges` are those of depth before its limits, None where they are not asked for.
    `up_3` is the unit vector of the optical frame that points up by an IMU, None where that is
    left to the camera's pose.
    """

    depth_HW: np.ndarray
    estimate: DepthEstimate
    rgb_HW3: np.ndarray | None
    camera: Camera | None
    range_m: tuple[float, float]
    settings: Settings
    header: Header
    scale: float = 1.0
    offset_m: float = 0.0
    edges: DepthEdges | None = None
    up_3: np.ndarray | None = None

    @property
    def time_s(self) -> float:
        """Stamp of the image in seconds; where a driver leaves it at zero, that of a clock."""
        return stamp_ns(self.header.stamp) / 1e9 or time.monotonic()

    @property
    def model_range_m(self) -> tuple[float, float]:
        """Nearest and farthest metres that the model tells, scaled and shifted as its depth."""
        return scaled_range(self.estimate.range_m, self.scale, self.offset_m)

    def reaches(self, metres: float) -> bool:
        """Whether depth goes as far as that, and what is +inf is beyond it."""
        return self.range_m[1] >= metres * (1 - ROUNDING)

    @cached_property
    def sure_depth_HW(self) -> np.ndarray:
        """The depth (H, W) that points are made of: NaN where it is unsure or at an edge."""
        depth_HW = confident_depth(
            self.depth_HW, self.estimate, self.settings.points_min_confidence)
        if self.edges is None:
            return depth_HW
        return np.where(self.edges.mask_HW, np.float32(np.nan), depth_HW)


def confident_depth(
        depth_HW: np.ndarray, estimate: DepthEstimate, least: float) -> np.ndarray:
    """Depth (H, W), NaN where confidence is below `least`; unchanged where a model has none."""
    confidence_HW = estimate.confidence if least > 0 else None
    if confidence_HW is None:
        return depth_HW
    return np.where(confidence_HW < least, np.float32(np.nan), depth_HW)
