"""How well missing depth is filled: holes of a sensor, and the space between lidar points.

Known pixels are hidden, filled by every method, and compared with what was hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from mono_depth_ros.metrics import DELTA, factor_apart, interval
from mono_depth_ros.scale.hole_filling import fill_depth, nearest_known, usable
from train.data.samples.lidar import densify, Fill
from train.data.samples.sample import Sample

# A relative error above this share is the depth of another surface.
GROSS = 0.25


@dataclass(frozen=True, kw_only=True)
class FillFrame:
    """What a fill works from: sensor and predicted depth (H, W) in metres, image (H, W, 3)."""

    sensor: np.ndarray
    predicted: np.ndarray
    rgb: np.ndarray


@dataclass(frozen=True, kw_only=True)
class FillError:
    """Errors on hidden pixels: their number, and the share that was filled; of those the rest.

    `gross` is the share of errors above GROSS.
    """

    pixels: int
    filled: float
    abs_rel: float
    delta1: float
    gross: float


# Filled over true depth of the hidden pixels by method, an array (N,) a frame; NaN is not filled.
FillRatios = dict[str, list[np.ndarray]]
# The class (H, W) of every pixel to hide in a frame, from 1 on, and 0 for those that stay.
Hide = Callable[[FillFrame], np.ndarray]


def fill_nearest(frame: FillFrame) -> np.ndarray:
    """Each hole takes the measured depth nearest in the image."""
    _, nearest_HW = nearest_known(frame.sensor, usable(frame.sensor))
    return np.where(np.isnan(frame.sensor), nearest_HW, frame.sensor)


def fill_inpaint(frame: FillFrame, radius_px: float = 5) -> np.ndarray:
    """OpenCV's in-painting after Telea (2004), from the border inwards, without the image."""
    known_HW = usable(frame.sensor)
    # On float images OpenCV rounds to whole numbers, which would be metres; so 16 bits a range.
    step_m = frame.sensor[known_HW].max(initial=1) / np.float32(65535)
    levels_HW = np.where(known_HW, frame.sensor / step_m, 0).astype(np.uint16)
    painted_HW = cv2.inpaint(levels_HW, (~known_HW).astype(np.uint8), radius_px,
                             cv2.INPAINT_TELEA)
    return np.where(np.isnan(frame.sensor), painted_HW * step_m, frame.sensor)


def fill_bilateral(frame: FillFrame, rounds: int = 12) -> np.ndarray:
    """Joint bilateral fill from the border inwards, round after round, guided by the image.

    What is then still unknown takes the nearest, so that all methods are measured on all pixels.
    """
    bold = Fill(least_weight=1e-6, most_spread=np.inf)
    depth_HW = frame.sensor
    for _ in range(rounds):
        if not np.isnan(depth_HW).any():
            break
        depth_HW = densify(depth_HW, frame.rgb, bold)
    return fill_nearest(replace(frame, sensor=depth_HW))


def fill_one_scale(frame: FillFrame) -> np.ndarray:
    """The prediction at one scale for the whole image: the median of sensor over prediction."""
    both_HW = usable(frame.sensor) & usable(frame.predicted)
    scale = np.median(frame.sensor[both_HW] / frame.predicted[both_HW]) if both_HW.any() else 1.0
    return np.where(np.isnan(frame.sensor), frame.predicted * np.float32(scale), frame.sensor)


FITTED = 'network, fitted'
FILLS: dict[str, Callable[[FillFrame], np.ndarray]] = {
    FITTED: lambda frame: fill_depth(frame.sensor, frame.predicted),
    'network, one scale': fill_one_scale,
    'network, as it is': lambda frame: np.where(
        np.isnan(frame.sensor), frame.predicted, frame.sensor),
    'nearest': fill_nearest,
    'in-painted': fill_inpaint,
    'bilateral': fill_bilateral,
}


def compare_fills(frames: Iterable[FillFrame], hide: Hide) -> dict[int, FillRatios]:
    """Of every method in FILLS what it puts in place of measured pixels hidden from it, by class.

    All classes are hidden at once. Raises ValueError where no measured pixel was hidden.
    """
    found: dict[int, FillRatios] = {}
    for frame in frames:
        class_HW = hidden_classes(frame, hide)
        left = without(frame, class_HW > 0)
        filled = {name: fill(left) for name, fill in FILLS.items()}
        for number in np.unique(class_HW[class_HW > 0]).tolist():
            hidden_HW = class_HW == number
            ratios = found.setdefault(number, {name: [] for name in FILLS})
            for name, filled_HW in filled.items():
                ratios[name].append(ratio_of(filled_HW[hidden_HW], frame.sensor[hidden_HW]))
    if not found:
        raise ValueError('no measured pixel to hide: give frames with depth')
    return dict(sorted(found.items()))


def hidden_classes(frame: FillFrame, hide: Hide) -> np.ndarray:
    """The class (H, W) of every measured pixel to hide, 0 for all others."""
    return np.where(usable(frame.sensor), hide(frame), 0)


def without(frame: FillFrame, hidden_HW: np.ndarray) -> FillFrame:
    """The frame whose sensor does not know the hidden pixels (H, W) bool."""
    return replace(frame, sensor=np.where(hidden_HW, np.float32(np.nan), frame.sensor))


def ratio_of(filled_N: np.ndarray, true_N: np.ndarray) -> np.ndarray:
    """Filled over true depth (N,), NaN where nothing was filled in."""
    return np.where(usable(filled_N), filled_N, np.nan) / true_N


def fill_errors(ratios: FillRatios) -> dict[str, FillError]:
    """Errors of every method, pooled over all hidden pixels that were filled."""
    joined = {name: np.concatenate(parts) for name, parts in ratios.items()}
    return {name: _error(ratio_N[np.isfinite(ratio_N)], ratio_N.size)
            for name, ratio_N in joined.items()}


def fill_difference(ratios: FillRatios, method: str, other: str, rng: np.random.Generator,
                    draws: int = 2000) -> tuple[float, float, float]:
    """AbsRel of one method less that of another, and its 95 % interval, paired frame by frame.

    Frames are drawn anew (bootstrap), for the pixels of one resemble each other; only what both
    filled counts.
    """
    sums_F3 = np.array([_paired_sums(ours_N, theirs_N) for ours_N, theirs_N in zip(
        ratios[method], ratios[other])])
    weight_DF = rng.multinomial(len(sums_F3), np.full(len(sums_F3), 1 / len(sums_F3)), draws)
    drawn_D3 = weight_DF @ sums_F3
    drawn_D = (drawn_D3[:, 0] - drawn_D3[:, 1]) / np.maximum(drawn_D3[:, 2], 1)
    ours, theirs, pixels = sums_F3.sum(0)
    return (float((ours - theirs) / max(pixels, 1)), *interval(drawn_D))


def _paired_sums(ours_N: np.ndarray, theirs_N: np.ndarray) -> tuple[float, float, int]:
    both_N = np.isfinite(ours_N) & np.isfinite(theirs_N)
    return (float(np.abs(ours_N[both_N] - 1).sum()), float(np.abs(theirs_N[both_N] - 1).sum()),
            int(both_N.sum()))


def nearest_within(depth_HW: np.ndarray, rgb_HW3: np.ndarray) -> np.ndarray:
    """Each unknown pixel takes the nearest known one within the radius of `densify`."""
    distance_HW, nearest_HW = nearest_known(depth_HW, np.isfinite(depth_HW))
    reached_HW = np.isnan(depth_HW) & (distance_HW <= Fill().radius_px)
    return np.where(reached_HW, nearest_HW, depth_HW)


DENSIFIERS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    'bilateral (train.data.samples.lidar)': densify,
    'nearest in the same radius': nearest_within,
}


def compare_densifiers(samples: Iterable[Sample], hide: float, rng: np.random.Generator
                       ) -> tuple[dict[str, FillError], float, float]:
    """Errors of every method in DENSIFIERS; share of pixels known before and after `densify`.

    Errors are on hidden points that were filled; ValueError where there is no point to hide.
    """
    ratios: dict[str, list[np.ndarray]] = {name: [] for name in DENSIFIERS}
    points, known = 0, []
    for sample in samples:
        known_HW = np.isfinite(sample.depth)
        hidden_HW = known_HW & (rng.random(known_HW.shape) < hide)
        points += int(hidden_HW.sum())
        left_HW = np.where(hidden_HW, np.float32(np.nan), sample.depth)
        for name, fill in DENSIFIERS.items():
            filled_N = fill(left_HW, sample.rgb)[hidden_HW] / sample.depth[hidden_HW]
            ratios[name].append(filled_N[np.isfinite(filled_N)])
        whole_HW = densify(sample.depth, sample.rgb)
        known.append((known_HW.mean(), np.isfinite(whole_HW).mean()))
    if not points:
        raise ValueError('no known point to hide: give frames with sparse depth')
    before, after = np.mean(known, axis=0).tolist()
    errors = {name: _error(np.concatenate(parts), points) for name, parts in ratios.items()}
    return errors, before, after


def _error(ratio_N: np.ndarray, pixels: int) -> FillError:
    """Errors from predicted / true depth of the N filled of so many hidden pixels."""
    if not ratio_N.size:
        return FillError(pixels=pixels, filled=0.0, abs_rel=float('nan'), delta1=float('nan'),
                         gross=float('nan'))
    off_N = np.abs(ratio_N - 1)
    return FillError(pixels=pixels, filled=ratio_N.size / pixels, abs_rel=float(off_N.mean()),
                     delta1=float((factor_apart(ratio_N, 1.0) < DELTA).mean()),
                     gross=float((off_N > GROSS).mean()))
