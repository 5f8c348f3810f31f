"""Fills the holes of a depth sensor with a network's depth, and measures how well.

The paper lets its network repair what the Kinect could not measure. The prediction is brought to
the sensor's scale around each hole, in log depth, where a wrong scale is a constant; not by
one scale for the whole image, for networks err by regions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from train.data.samples.lidar import densify, Fill

# Width of the mean carried into a hole, as a share of the distance from its border.
SMOOTHNESS = 0.5


def fill_depth(sensor_depth: np.ndarray, predicted_depth: np.ndarray) -> np.ndarray:
    """The sensor's depth with each NaN replaced by the prediction, fitted to what is around it.

    Both (H, W) float32 metres. The prediction is scaled by what the sensor says of it at the
    border (median of 3x3 log ratios), carried into the hole the smoother the farther in, so
    there is no seam and no trust in the prediction's own scale. Finite and infinite pixels of
    the sensor keep their bits; a pixel unknown in both stays NaN. Without a pixel known in both
    the prediction is taken as it is. Raises ValueError where the two differ in size.
    """
    if sensor_depth.shape != predicted_depth.shape:
        raise ValueError(f'sensor {sensor_depth.shape} and predicted depth '
                         f'{predicted_depth.shape} (rows, columns) must agree')
    filled_HW = sensor_depth.copy()
    hole_HW = np.isnan(sensor_depth) & _usable(predicted_depth)
    log_ratio_HW = aligned_log_ratio(sensor_depth, predicted_depth)
    filled_HW[hole_HW] = predicted_depth[hole_HW] * np.exp(log_ratio_HW[hole_HW])
    return filled_HW


def aligned_log_ratio(sensor_HW: np.ndarray, predicted_HW: np.ndarray) -> np.ndarray:
    """log(sensor / prediction) where both are known, carried to all pixels; (H, W) float32."""
    both_HW = _usable(sensor_HW) & _usable(predicted_HW)
    if not both_HW.any():
        return np.zeros(sensor_HW.shape, np.float32)
    ratio_HW = np.zeros(sensor_HW.shape, np.float32)
    ratio_HW[both_HW] = np.log(sensor_HW[both_HW]) - np.log(predicted_HW[both_HW])
    return carried(ratio_HW, both_HW)


def carried(values_HW: np.ndarray, known_HW: np.ndarray) -> np.ndarray:
    """Values (H, W) float32 carried from known pixels (H, W) bool into the others.

    An unknown pixel takes a Gaussian mean, as wide as half its distance from the nearest known
    one, of the nearest known values around it: beside the border that of the border.
    """
    distance_HW, nearest_HW = nearest_known(values_HW, known_HW)
    # A lone flying pixel at the border would own a strip of the hole; the median outvotes it.
    nearest_HW = cv2.medianBlur(nearest_HW, 3)
    level_HW = np.log2(np.maximum(SMOOTHNESS * distance_HW, 0.5)) + 1  # 0: none; k: sigma 2^(k-1)
    carried_HW, finer_HW = nearest_HW.copy(), nearest_HW
    for level in range(1, int(np.ceil(level_HW.max())) + 1):
        blurred_HW = cv2.GaussianBlur(nearest_HW, (0, 0), 2.0 ** (level - 1))
        carried_HW += np.clip(level_HW - (level - 1), 0, 1) * (blurred_HW - finer_HW)
        finer_HW = blurred_HW
    return carried_HW


def nearest_known(values_HW: np.ndarray, known_HW: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance in pixels from the nearest known pixel (H, W bool), and the value there; (H, W)."""
    distance_HW, label_HW = cv2.distanceTransformWithLabels(
        (~known_HW).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    value_of_label = np.zeros(label_HW.max() + 1, np.float32)
    value_of_label[label_HW[known_HW]] = values_HW[known_HW]
    return distance_HW, value_of_label[label_HW]


def _usable(depth_HW: np.ndarray) -> np.ndarray:
    return np.isfinite(depth_HW) & (depth_HW > 0)


@dataclass(frozen=True, kw_only=True)
class FillFrame:
    """What a fill works from: sensor and predicted depth (H, W) in metres, image (H, W, 3)."""

    sensor: np.ndarray
    predicted: np.ndarray
    rgb: np.ndarray


@dataclass(frozen=True, kw_only=True)
class FillError:
    """Errors on hidden pixels: their number, the share that was filled, AbsRel and delta1."""

    pixels: int
    filled: float
    abs_rel: float
    delta1: float


def fill_nearest(frame: FillFrame) -> np.ndarray:
    """Each hole takes the measured depth nearest in the image."""
    _, nearest_HW = nearest_known(frame.sensor, _usable(frame.sensor))
    return np.where(np.isnan(frame.sensor), nearest_HW, frame.sensor)


def fill_inpaint(frame: FillFrame, radius_px: float = 5) -> np.ndarray:
    """OpenCV's in-painting after Telea (2004), from the border inwards, without the image."""
    known_HW = _usable(frame.sensor)
    # On float images OpenCV rounds to whole numbers, which would be metres; so 16 bits a range.
    step_m = frame.sensor[known_HW].max(initial=1) / np.float32(65535)
    levels_HW = np.where(known_HW, frame.sensor / step_m, 0).astype(np.uint16)
    painted_HW = cv2.inpaint(levels_HW, (~known_HW).astype(np.uint8), radius_px,
                             cv2.INPAINT_TELEA)
    return np.where(np.isnan(frame.sensor), painted_HW * step_m, frame.sensor)


def fill_bilateral(frame: FillFrame, rounds: int = 12) -> np.ndarray:
    """Joint bilateral fill from the border inwards, round after round, guided by the image.

    What is then still unknown takes the nearest, so that all ways are measured on all pixels.
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
    """Errors of every way in FILLS on measured pixels that were hidden from it.

    In each frame `holes` ellipses, up to `size` of the image's height across, are hidden; errors
    are pooled over all hidden pixels that were filled. Raises ValueError without any.
    """
    errors: dict[str, list[np.ndarray]] = {name: [] for name in FILLS}
    pixels = 0
    for frame in frames:
        hidden_HW = hidden_region(frame.sensor.shape, rng, holes, size) & _usable(frame.sensor)
        pixels += int(hidden_HW.sum())
        left_HW = np.where(hidden_HW, np.float32(np.nan), frame.sensor)
        left = FillFrame(sensor=left_HW, predicted=frame.predicted, rgb=frame.rgb)
        for name, fill in FILLS.items():
            filled_N = fill(left)[hidden_HW]
            known_N = _usable(filled_N)
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


def _error(ratio_N: np.ndarray, pixels: int) -> FillError:
    off_N = np.maximum(ratio_N, 1 / ratio_N)
    return FillError(pixels=pixels, filled=ratio_N.size / pixels,
                     abs_rel=float(np.abs(ratio_N - 1).mean()) if ratio_N.size else float('nan'),
                     delta1=float((off_N < 1.25).mean()) if ratio_N.size else float('nan'))
