"""How much smoothing calms depth of a still scene, and whether it lags where something moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.scale.smoothing import Smoother
from train.evaluation.measurement import Predictor

# Noise of a camera: of its brightness as a whole, of its pixels where dark, and by their light.
EXPOSURE, DARK, SHOT = 0.004, 2.0, 0.06
JPEG_QUALITY = 90
# The first images of a sequence fill the past.
FIRST, LAGS = 4, 4


@dataclass(frozen=True, kw_only=True)
class Steadiness:
    """Mean absolute log change of depth from image to image, by itself and smoothed.

    `lag` (LAGS,) is the mean absolute log difference of smoothed depth from that of the same
    image, of the one before, and so on: the smallest tells how far it lags.
    """

    raw: float
    smoothed: float
    lag: tuple[float, ...]


def steadiness(images: Sequence[np.ndarray], camera: Camera, rate_hz: float, weight: float,
               predictor: Predictor) -> Steadiness:
    """Of images (H, W, 3) that follow each other, with a weight of the past."""
    smoother = Smoother()
    raw = [predictor.estimate(rgb, camera).depth for rgb in images]
    smoothed = [smoother.smooth(depth.copy(), rgb, number / rate_hz, weight)
                for number, (depth, rgb) in enumerate(zip(raw, images))]
    numbers = range(FIRST, len(raw))
    return Steadiness(
        raw=_mean(_change(raw[n], raw[n - 1]) for n in numbers),
        smoothed=_mean(_change(smoothed[n], smoothed[n - 1]) for n in numbers),
        lag=tuple(_mean(_change(smoothed[n], raw[n - lag]) for n in numbers)
                  for lag in range(LAGS)))


def with_camera_noise(rgb_HW3: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image as a camera would send it once more: other noise and exposure, then JPEG."""
    light = rgb_HW3 * np.float32(1 + rng.normal(0, EXPOSURE))
    noise = rng.normal(0, 1, light.shape) * np.sqrt(DARK + SHOT * light)
    bgr = cv2.cvtColor(np.clip(light + noise, 0, 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
    jpeg = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return cv2.cvtColor(np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB)


def _change(depth_HW: np.ndarray, other_HW: np.ndarray) -> float:
    with np.errstate(divide='ignore', invalid='ignore'):
        change_HW = np.abs(np.log(depth_HW) - np.log(other_HW))
    return float(np.mean(change_HW[np.isfinite(change_HW)]))


def _mean(values) -> float:
    return float(np.mean(list(values)))
