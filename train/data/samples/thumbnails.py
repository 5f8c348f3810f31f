"""Samples made small, and their depth in colours: for contact sheet, report and figures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from mono_depth_ros.colormap import depth_colours
from train.data.samples.sample import Sample


def small(sample: Sample, width: int) -> Sample:
    """The sample `width` pixels wide, in its own aspect ratio; see `small_depth`."""
    size = (width, max(1, round(width * sample.camera.height / sample.camera.width)))
    return Sample(rgb=cv2.resize(sample.rgb, size, interpolation=cv2.INTER_AREA),
                  depth=small_depth(sample.depth, *size), camera=sample.camera.resized(*size),
                  name=sample.name)


def small_depth(depth_HW: np.ndarray, width: int, height: int) -> np.ndarray:
    """Depth at width x height: the mean of what is known below each pixel.

    So single points stay visible. NaN where nothing is known, +inf where more than half is sky.
    """
    known_HW = np.isfinite(depth_HW)
    share_hw = _averaged(known_HW, width, height)
    sum_hw = _averaged(np.where(known_HW, depth_HW, np.float32(0)), width, height)
    depth_hw = np.full(share_hw.shape, np.nan, np.float32)
    np.divide(sum_hw, share_hw, out=depth_hw, where=share_hw > 0)
    depth_hw[_averaged(np.isposinf(depth_HW), width, height) > 0.5] = np.inf
    return depth_hw


def _averaged(image_HW: np.ndarray, width: int, height: int) -> np.ndarray:
    return cv2.resize(image_HW.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)


def depth_limits(depths: Sequence[np.ndarray]) -> tuple[float, float]:
    """Metres (nearest, farthest) of a common colour scale: the known depths but 1 % at each end.

    1 and 2 where nothing is known.
    """
    known_N = np.concatenate([depth[np.isfinite(depth) & (depth > 0)] for depth in depths])
    near_m, far_m = np.percentile(known_N, (1, 99)) if known_N.size else (1.0, 2.0)
    return float(near_m), max(float(far_m), 1.01 * float(near_m))


def depth_picture(depth_HW: np.ndarray, near_m: float, far_m: float) -> np.ndarray:
    """Colours (H, W, 3) uint8 RGB on a log scale, blue near to red far; black unknown, white sky.

    On a log scale equal colour steps are equal relative errors, which is what AbsRel counts.
    """
    picture = depth_colours(np.where(depth_HW > 0, depth_HW, np.float32(np.nan)), near_m, far_m,
                            log=True)
    picture[np.isposinf(depth_HW)] = 255
    return picture
