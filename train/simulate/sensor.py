"""What a camera does to an image: exposure, white balance, blur, vignetting, noise, JPEG."""

from __future__ import annotations

from dataclasses import dataclass
import math

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.simulation.scene.world import Air


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """The sensor of one frame: `level` the mean brightness its exposure aims at (0..255), `white`
    the gains of R, G, B, `blur_px` and `blur_angle` length and direction of its motion blur,
    `defocus_px` a standard deviation, `noise` that of a mid-grey pixel (0..255), `jpeg` the
    quality of the file.
    """

    level: float
    white: tuple[float, float, float]
    contrast: float
    vignette: float
    blur_px: float
    blur_angle: float
    defocus_px: float
    noise: float
    jpeg: int


def random_sensor(rng: np.random.Generator, width: int) -> Sensor:
    """A sensor at random; its blurs are for images `width` pixels wide."""
    warm, green = rng.normal(0, 0.07), rng.normal(0, 0.02)
    scale = width / 320
    return Sensor(
        level=float(np.clip(rng.normal(112, 24), 50, 175)),
        white=(math.exp(warm), math.exp(green), math.exp(-warm)),
        contrast=rng.uniform(0.8, 1.25), vignette=rng.uniform(0, 0.35) * (rng.random() < 0.7),
        blur_px=rng.exponential(2.2) * scale * (rng.random() < 0.35),
        blur_angle=rng.uniform(0, math.pi),
        defocus_px=rng.uniform(0.3, 0.9) * scale * (rng.random() < 0.25),
        noise=float(np.exp(rng.uniform(np.log(0.7), np.log(9.0)))),
        jpeg=int(rng.integers(60, 97)))


def exposed(rgb_HW3: np.ndarray, sensor: Sensor, camera: Camera,
            rng: np.random.Generator) -> np.ndarray:
    """The image (H, W, 3) uint8 as that sensor records it; `rng` draws the noise."""
    image = _blurred(rgb_HW3, sensor).astype(np.float32)
    gain = float(np.clip(sensor.level / max(float(image.mean()), 1.0), 0.4, 3.0))
    image *= _vignetting(sensor, camera)[..., None] * (gain * np.asarray(sensor.white, np.float32))
    image = (image - 110) * np.float32(sensor.contrast) + 110
    # Shot noise grows with the root of brightness; a dark pixel keeps the readout noise.
    sigma_HW = np.sqrt(np.clip(image[..., 1], 0, 255) / 110 + 0.25) * np.float32(sensor.noise)
    image += rng.standard_normal(image.shape, np.float32) * sigma_HW[..., None]
    return np.clip(image, 0, 255).astype(np.uint8)


def hazed(rgb_HW3: np.ndarray, depth_HW: np.ndarray, air: Air) -> np.ndarray:
    """The image (H, W, 3) uint8 seen through that air, given its depth (H, W) in metres."""
    transmission_HW1 = np.exp(-np.float32(air.per_m) * np.minimum(depth_HW, 1e4))[..., None]
    haze = np.asarray(air.colour, np.float32)
    return (rgb_HW3 * transmission_HW1 + haze * (1 - transmission_HW1)).astype(np.uint8)


def _blurred(rgb_HW3: np.ndarray, sensor: Sensor) -> np.ndarray:
    if sensor.defocus_px > 0:
        rgb_HW3 = cv2.GaussianBlur(rgb_HW3, (0, 0), sensor.defocus_px)
    return rgb_HW3 if sensor.blur_px < 1 else cv2.filter2D(rgb_HW3, -1, _streak(sensor))


def _streak(sensor: Sensor) -> np.ndarray:
    """Kernel of motion blur along a line of `blur_px` pixels."""
    reach = min(math.ceil(sensor.blur_px / 2), 15)
    kernel = np.zeros((2 * reach + 1,) * 2, np.float32)
    for along in np.linspace(-0.5, 0.5, 8 * reach + 1) * min(sensor.blur_px, 2 * reach):
        x, y = along * math.cos(sensor.blur_angle), along * math.sin(sensor.blur_angle)
        kernel[reach + round(y), reach + round(x)] += 1
    return kernel / kernel.sum()


def _vignetting(sensor: Sensor, camera: Camera) -> np.ndarray:
    x = (np.arange(camera.width, dtype=np.float32) - camera.cx) / camera.width * 2
    y = (np.arange(camera.height, dtype=np.float32) - camera.cy) / camera.width * 2
    return 1 - np.float32(sensor.vignette) * (x[None] ** 2 + y[:, None] ** 2) / 1.5625
