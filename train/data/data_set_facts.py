"""Facts of public data sets that their files do not hold: terms of use, valid image window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Top, bottom, left, right as shares of rows and columns.
Window = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class DataSetFacts:
    """Terms of use as a model's card repeats them; depth outside `window` is masked."""

    terms: str
    window: Window | None = None


NO_FACTS = DataSetFacts(terms='terms not recorded')
# Removing the lens left a white frame: rows 7..473 of 480 and columns 7..631 of 640 are picture.
NYU = DataSetFacts(terms='NYU-Depth-v2 (Silberman et al. 2012), research use',
                   window=(7 / 480, 474 / 480, 7 / 640, 632 / 640))
KITTI = DataSetFacts(terms='KITTI (Geiger et al. 2013; depth: Uhrig et al. 2017), CC BY-NC-SA 3.0')
GTA = DataSetFacts(terms='simulated driving (GTA V), data of the course ROB 599, research use')
# A folder of pictures does not say which data set it is; there the NAME of NAME=DIR does.
BY_NAME = {'nyu': NYU}


def masked_outside(depth_HW: np.ndarray, window: Window) -> np.ndarray:
    """Copy of `depth_HW` with NaN outside a window given as shares of rows and columns."""
    height, width = depth_HW.shape
    top, bottom = np.ceil(window[0] * height), np.floor(window[1] * height)
    left, right = np.ceil(window[2] * width), np.floor(window[3] * width)
    inside = np.zeros(depth_HW.shape, bool)
    inside[int(top):int(bottom), int(left):int(right)] = True
    return np.where(inside, depth_HW, np.float32(np.nan))
