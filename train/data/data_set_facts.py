"""Facts of public data sets that their files do not hold: terms of use, valid image window."""

from __future__ import annotations

from dataclasses import dataclass
import re

import numpy as np

# Top, bottom, left, right as shares of rows and columns.
Window = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class DataSetFacts:
    """Terms of use as a model's card repeats them; depth outside `window` is masked."""

    title: str
    terms: str
    window: Window | None = None


NO_FACTS = DataSetFacts(title='', terms='terms not recorded')
# Removing the lens left a white frame: rows 7..473 of 480 and columns 7..631 of 640 are picture.
NYU = DataSetFacts(title='NYU-Depth-v2',
                   terms='NYU-Depth-v2 (Silberman et al. 2012), research use',
                   window=(7 / 480, 474 / 480, 7 / 640, 632 / 640))
KITTI = DataSetFacts(
    title='KITTI', terms='KITTI (Geiger et al. 2013; depth: Uhrig et al. 2017), CC BY-NC-SA 3.0')
GTA = DataSetFacts(title='the simulated driving of ROB 599',
                   terms='simulated driving (GTA V), data of the course ROB 599, research use')
BY_NAME = {'nyu': NYU, 'kitti': KITTI, 'gta': GTA}


def facts_called(name: str) -> DataSetFacts:
    """The facts of the data set that a NAME of the command line says: `nyu`, `nyu_raw`, `nyu2`.

    How files lie does not say whose they are, so without such a name nothing is assumed.
    """
    first = re.match(r'[a-z]*', name.lower())
    return BY_NAME.get(first[0] if first else '', NO_FACTS)


def name_of(facts: DataSetFacts) -> str:
    """The NAME that says those facts."""
    return next(name for name, known in BY_NAME.items() if known is facts)


def masked_outside(depth_HW: np.ndarray, window: Window) -> np.ndarray:
    """Copy of `depth_HW` with NaN outside a window given as shares of rows and columns."""
    height, width = depth_HW.shape
    top, bottom = np.ceil(window[0] * height), np.floor(window[1] * height)
    left, right = np.ceil(window[2] * width), np.floor(window[3] * width)
    inside = np.zeros(depth_HW.shape, bool)
    inside[int(top):int(bottom), int(left):int(right)] = True
    return np.where(inside, depth_HW, np.float32(np.nan))
