"""Depth at edges: a network answers the mean of both sides there, a surface that is not there."""

from __future__ import annotations

from functools import cached_property
import math

import cv2
import numpy as np

# Depth is looked at on a grid of about this many cells on the longer side, which is what networks
# put out, and compared with what lies REACH cells to both sides.
CELLS, REACH = 160, 2
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


class DepthEdges:
    """Where depth (H, W) in metres jumps by more than `max_jump`; found when first asked for.

    The jump is relative: how far inverse depth, which is linear on every plane, is from the mean
    of its neighbours in a row or a column. A plane has none, however flat it is seen; a step from
    z to 1.1 z has 0.1. Infinite depth is somewhere beyond `range_m` (nearest, farthest), and an
    edge only where it jumps wherever that is: by default +inf is infinitely far. Unknown depth
    and the border have none. The depth may be changed afterwards.
    """

    def __init__(self, depth_HW: np.ndarray, max_jump: float,
                 range_m: tuple[float, float] = (0.0, math.inf)):
        self._height, self._width = depth_HW.shape
        step = max(1, round(max(depth_HW.shape) / CELLS))
        self._depth_hw = depth_HW[step // 2::step, step // 2::step].copy()
        self._max_jump, self._range_m = max_jump, range_m

    @cached_property
    def mask_HW(self) -> np.ndarray:
        """Whether a pixel (H, W) bool is at an edge."""
        least_hw, most_hw = _inverse_bounds(self._depth_hw, *self._range_m)
        edge_hw = (_jumps(least_hw, most_hw, self._max_jump)
                   | _jumps(least_hw.T, most_hw.T, self._max_jump).T)
        edge_hw = cv2.dilate(edge_hw.view(np.uint8), CROSS)
        return cv2.resize(edge_hw, (self._width, self._height),
                          interpolation=cv2.INTER_NEAREST).view(bool)


def _inverse_bounds(
        depth_hw: np.ndarray, nearest_m: float, farthest_m: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Least and most inverse depth (h, w) that each cell may have, NaN where it is not known."""
    known_hw = np.where(depth_hw > 0, depth_hw, np.float32(np.nan))
    least_hw = 1 / known_hw  # 0 for +inf
    most_hw = least_hw.copy()
    most_hw[np.isposinf(depth_hw)] = 1 / farthest_m if farthest_m > 0 else np.inf
    if nearest_m > 0:
        nearer_hw = np.isneginf(depth_hw)
        least_hw[nearer_hw], most_hw[nearer_hw] = 1 / nearest_m, np.inf
    return least_hw, most_hw


def _jumps(least_hw: np.ndarray, most_hw: np.ndarray, max_jump: float) -> np.ndarray:
    """Where the neighbours left and right less twice the middle exceed its share, at the least."""
    jump_hw = np.zeros(least_hw.shape, bool)
    if least_hw.shape[1] > 2 * REACH:
        left, middle, right = slice(-2 * REACH), slice(REACH, -REACH), slice(2 * REACH, None)
        over_hw = least_hw[:, left] + least_hw[:, right] - 2 * most_hw[:, middle]
        under_hw = 2 * least_hw[:, middle] - most_hw[:, left] - most_hw[:, right]
        # NaN, of what is not known, is no more than anything.
        jump_hw[:, middle] = np.maximum(over_hw, under_hw) > max_jump * most_hw[:, middle]
        # What leads from a jump to beyond the range may bend nowhere: it belongs to the jump.
        beyond_hw, near_hw = least_hw < most_hw, jump_hw.copy()
        jump_hw[:, middle] |= ((near_hw[:, left] & beyond_hw[:, right])
                               | (near_hw[:, right] & beyond_hw[:, left]))
    return jump_hw
