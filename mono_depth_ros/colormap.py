"""Depth as colours, the same for the topic, the demo, reports and figures."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable


def depth_colours(depth_HW: np.ndarray, near_m: float, far_m: float, *, log: bool = False,
                  out: np.ndarray | None = None) -> np.ndarray:
    """Turbo colours (H, W, 3) uint8 RGB of depth in metres: `near_m` blue, `far_m` red.

    Depth beyond the two takes the colour of that end, NaN is black. With `log` the scale is
    logarithmic (`near_m` above 0), else linear. `out` is filled where given.
    """
    if log:
        depth_HW = np.log(np.maximum(depth_HW, np.float32(near_m)))
        near_m, far_m = float(np.log(near_m)), float(np.log(far_m))
    # The two are one where limits leave nothing of a model.
    level_HW = (depth_HW - np.float32(near_m)) * np.float32(254 / max(far_m - near_m, 1e-6))
    np.clip(level_HW + 1, 1, 255, out=level_HW)
    np.fmax(level_HW, 0, out=level_HW)  # fmax of a number and NaN is the number
    return cv2.applyColorMap(np.rint(level_HW).astype(np.uint8), turbo(), dst=out)


@lru_cache(maxsize=1)
def turbo() -> np.ndarray:
    """The colour table (256, 1, 3) uint8 RGB; level 0 is unknown depth and black."""
    ramp = np.arange(256, dtype=np.uint8).reshape(256, 1)
    table = cv2.cvtColor(cv2.applyColorMap(ramp, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    table[0] = 0
    return table


def colour_scale(near_m: float, far_m: float, *, log: bool = False) -> ScalarMappable:
    """Argument of `Figure.colorbar` for pictures by `depth_colours`; needs matplotlib."""
    from matplotlib import cm, colors  # here, because a robot need not have matplotlib

    norm = (colors.LogNorm if log else colors.Normalize)(near_m, far_m)
    return cm.ScalarMappable(norm, colors.ListedColormap(turbo()[1:, 0] / 255))
