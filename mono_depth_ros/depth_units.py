"""Depth as whole numbers, as REP 118 and depth files store it."""

from __future__ import annotations

import numpy as np


def depth_to_uint16(depth_HW: np.ndarray, unit_m: float = 0.001, beyond: int = 0,
                    out: np.ndarray | None = None) -> np.ndarray:
    """Depth (H, W) in metres as uint16 steps of `unit_m`, rounded; NaN, -inf and negative are 0.

    More than 65535 steps, +inf too, become `beyond`. `out` is filled where given.
    """
    steps_HW = np.rint(depth_HW * depth_HW.dtype.type(1 / unit_m))
    np.fmax(steps_HW, 0, out=steps_HW)  # fmax of a number and NaN is the number
    np.copyto(steps_HW, beyond, where=steps_HW > 65535)
    if out is None:
        out = np.empty(depth_HW.shape, np.uint16)
    np.copyto(out, steps_HW, casting='unsafe')
    return out
