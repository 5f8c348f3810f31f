"""Depth at edges: a network answers the mean of both sides there, a surface that is not there."""

from __future__ import annotations

import cv2
import numpy as np

# Depth is looked at on a grid of about this many cells on the longer side, which is what networks
# put out, and compared with what lies REACH cells to both sides.
CELLS, REACH = 160, 2
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def edges(depth_HW: np.ndarray, max_jump: float) -> np.ndarray:
    """Whether a pixel (H, W) bool is at an edge, where depth jumps by more than `max_jump`.

    The jump is relative: how far inverse depth, which is linear on every plane, is from the mean
    of its neighbours in a row or a column. A plane has none, however flat it is seen; a step from
    z to 1.1 z has 0.1. Unknown and infinite depth and the border have none.
    """
    step = max(1, round(max(depth_HW.shape) / CELLS))
    depth_hw = depth_HW[step // 2::step, step // 2::step]
    inverse_hw = 1 / np.where(np.isfinite(depth_hw), depth_hw, np.float32(np.nan))
    jump_hw = np.maximum(_bend(inverse_hw), _bend(inverse_hw.T).T)
    edge_hw = cv2.dilate((jump_hw > max_jump * inverse_hw).astype(np.uint8), CROSS)
    height, width = depth_HW.shape
    return cv2.resize(edge_hw, (width, height), interpolation=cv2.INTER_NEAREST).view(bool)


def _bend(inverse_hw: np.ndarray) -> np.ndarray:
    """Sum of the neighbours left and right less twice the middle, 0 at the border and for NaN."""
    bend_hw = np.zeros_like(inverse_hw)
    if inverse_hw.shape[1] > 2 * REACH:
        middle = slice(REACH, -REACH)
        np.abs(inverse_hw[:, 2 * REACH:] + inverse_hw[:, :-2 * REACH] - 2 * inverse_hw[:, middle],
               out=bend_hw[:, middle])
    return np.nan_to_num(bend_hw, copy=False)
