"""How well missing depth is filled: holes of a sensor, and the space between lidar points.

Known pixels are hidden, filled by every method, and compared with what was hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from mono_depth_ros.metrics import DELTA, factor_apart
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


FILLS: dict[str, Callable[[FillFrame], np.ndarray]] = {
    'network, fitted': lambda frame: fill_depth(frame.sensor, frame.predicted),
    'network, as it is': lambda frame: np.where(
        np.isnan(frame.sensor), frame.predicted, frame.sensor),
    'nearest': fill_nearest,
    'in-painted': fill_inpaint,
    'bilateral': fill_bilateral,
}


def compare_fills(frames: Iterable[FillFrame], rng: np.random.Generator, holes: int = 4,
                  size: float = 0.2) -> dict[str, FillError]:
    """Errors of every method in FILLS on measured pixels that were hidden from it.

    In each frame `holes` ellipses, up to `size` of the image's height across, are hidden; errors
    are pooled over all hidden pixels that were filled. Raises ValueError without any.
    """
    errors: dict[str, list[np.ndarray]] = {name: [] for name in FILLS}
    pixels = 0
    for frame in frames:
        hidden_HW = hidden_region(frame.sensor.shape, rng, holes, size) & usable(frame.sensor)
        pixels += int(hidden_HW.sum())
        left_HW = np.where(hidden_HW, np.float32(np.nan), frame.sensor)
        left = FillFrame(sensor=left_HW, predicted=frame.predicted, rgb=frame.rgb)
        for name, fill in FILLS.items():
            filled_N = fill(left)[hidden_HW]
            known_N = usable(filled_N)
            errors[name].append(filled_N[known_N] / frame.sensor[hidden_HW][known_N])
    if not pixels:
        raise ValueError('no measured pixel to hide: give frames with depth')
    return {name: _error(np.concatenate(parts), pixels) for name, parts in errors.items()}


def hidden_region(shape: tuple[int, ...], rng: np.random.Generator, holes: int,
                  size: float) -> np.ndarray:
    """Mask (H, W) of `holes` ellipses, half to all of `size` times the height across."""
    mask_HW = np.zeros(shape[:2], np.uint8)
    for _ in range(holes):
        centre = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
        axes = tuple(max(1, round(shape[0] * size * a / 2)) for a in rng.uniform(0.5, 1, 2))
        cv2.ellipse(mask_HW, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return mask_HW > 0


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
