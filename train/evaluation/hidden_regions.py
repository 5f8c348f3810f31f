"""Which measured pixels a comparison of fills hides: ellipses, or the holes of a real sensor."""

from __future__ import annotations

import cv2
import numpy as np

from train.data.data_sets import DataSet
from train.data.readable_samples import read_sample
from train.data.samples.data_notes import note
from train.data.samples.sample import Sample

# Limits between small, medium and large holes of a sensor: how far their middle is from the
# nearest measured pixel, as a share of the image height.
REACHES = (0.01, 0.04)
REACH_NAMES = ('holes up to 1 % deep', '1 to 4 % deep', 'above 4 % deep')


def ellipses(shape: tuple[int, ...], rng: np.random.Generator, holes: int,
             size: float) -> np.ndarray:
    """Mask (H, W) uint8, 1 within `holes` ellipses, half to all of `size` times the height across.
    """
    mask_HW = np.zeros(shape[:2], np.uint8)
    for _ in range(holes):
        centre = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
        axes = tuple(max(1, round(shape[0] * size * a / 2)) for a in rng.uniform(0.5, 1, 2))
        cv2.ellipse(mask_HW, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return mask_HW


def sensor_holes(depth_HW: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Where a sensor measured nothing (H, W), at the size of `shape`, as classes by depth of hole.

    1, 2 and 3 are those of REACH_NAMES, 0 what was measured.
    """
    unknown_HW = cv2.resize(np.isnan(depth_HW).astype(np.uint8), (shape[1], shape[0]),
                            interpolation=cv2.INTER_NEAREST_EXACT)
    count, label_HW = cv2.connectedComponents(unknown_HW)
    distance_HW = cv2.distanceTransform(unknown_HW, cv2.DIST_L2, 5)
    reach_N = np.zeros(count)
    np.maximum.at(reach_N, label_HW.ravel(), distance_HW.ravel())
    class_N = 1 + np.digitize(reach_N / shape[0], REACHES, right=True)
    class_N[0] = 0
    return class_N[label_HW].astype(np.uint8)


def other_frame(frames: DataSet, own: int | None, rng: np.random.Generator) -> Sample:
    """One of the frames at random, not that of the number `own`; ValueError without another.

    A note tells of one that cannot be read, for which another is drawn.
    """
    numbers = [number for number in range(len(frames)) if number != own]
    while numbers:
        chosen = int(rng.choice(numbers))
        if not isinstance(sample := read_sample(frames, chosen), str):
            return sample
        note(f'{sample}: its holes are not hidden')
        numbers.remove(chosen)
    raise ValueError('the holes of other frames are hidden: give a data set of several that can '
                     'be read')
