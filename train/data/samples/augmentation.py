"""Random views of a sample, with the colours, blur and noise of other cameras.

The photometric part is our own: albumentations 2.0.8 (archived, its successor is AGPL) took 2.2 to
3.2 times as long for the colours of a 320x240 image on one CPU thread and as long for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from train.data.samples.geometry import fit_scale, flipped, tilted, warped
from train.data.samples.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Ranges of the random changes; ratios are drawn evenly in their logarithm.

    `rotation_deg` turns the camera about its optical axis, `tilt_deg` up or down and sideways;
    `turn` says how often (0 to 1) it is up to `turn_deg` about the axis instead.
    `flip`, `blur`, `noise`, `jpeg` and `erase` (a rectangle hidden, its depth still asked for) say
    how often a view has it (0 to 1), `close` how often it is zoomed by `close_zoom` instead of
    `zoom`. `hue_deg` turns all colours about grey;
    `saturation` is drawn evenly, 0 is a grey image.
    """

    flip: float = 0.5
    rotation_deg: float = 5.0
    turn: float = 0.0
    turn_deg: float = 30.0
    tilt_deg: float = 0.0
    zoom: tuple[float, float] = (0.9, 1.5)
    close: float = 0.0
    close_zoom: tuple[float, float] = (1.5, 2.5)
    gamma: tuple[float, float] = (0.8, 1.25)
    brightness: tuple[float, float] = (0.75, 1.33)
    colour: tuple[float, float] = (0.9, 1.11)
    hue_deg: float = 0.0
    saturation: tuple[float, float] = (1.0, 1.0)
    blur: float = 0.1
    noise: float = 0.0
    jpeg: float = 0.0
    erase: float = 0.0

    def __post_init__(self):
        for name in ('zoom', 'close_zoom', 'gamma', 'brightness', 'colour', 'saturation'):
            limits = getattr(self, name)
            if not (len(limits) == 2 and all(isinstance(x, float | int) for x in limits)
                    and (0 < limits[0] or name == 'saturation') and limits[0] <= limits[1]):
                raise ValueError(f'augmentation {name} is two numbers above 0, the smaller first, '
                                 f'got {limits}')


def augment(sample: Sample, choice: Augmentation, width: int, height: int,
            rng: np.random.Generator) -> Sample:
    """A random view of `sample` at width x height pixels.

    Zoom 1 shows the whole image as large as fits; what lies outside is grey and unknown.
    """
    if rng.random() < choice.flip:
        sample = flipped(sample)
    if choice.tilt_deg:
        sample = tilted(sample, *rng.uniform(-choice.tilt_deg, choice.tilt_deg, 2))
    zoom = choice.close_zoom if choice.close and rng.random() < choice.close else choice.zoom
    scale = fit_scale(sample.camera, width, height) * _ratio(zoom, rng)
    turned = choice.turn and rng.random() < choice.turn
    most_deg = choice.turn_deg if turned else choice.rotation_deg
    angle_deg = rng.uniform(-most_deg, most_deg)
    matrix = _view(sample.camera, scale, angle_deg, width, height, rng)
    sample = warped(sample, matrix, scale, width, height)
    return replace(sample, rgb=degraded(coloured(sample.rgb, choice, rng), choice, rng))


def _ratio(limits: tuple[float, float], rng: np.random.Generator, size: int | None = None):
    return np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]), size))


def _view(camera: Camera, scale: float, angle_deg: float, width: int, height: int,
          rng: np.random.Generator) -> np.ndarray:
    """2x3 map from image to view: scaled and turned about a random centre that wastes no view."""
    spare_x = abs(camera.width - width / scale) / 2
    spare_y = abs(camera.height - height / scale) / 2
    centre = (camera.width / 2 - 0.5 + rng.uniform(-spare_x, spare_x),
              camera.height / 2 - 0.5 + rng.uniform(-spare_y, spare_y))
    matrix = cv2.getRotationMatrix2D(centre, angle_deg, scale)
    matrix[:, 2] += np.array([width / 2 - 0.5 - centre[0], height / 2 - 0.5 - centre[1]])
    return matrix


def coloured(rgb_HW3: np.ndarray, choice: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """The image with random gamma, brightness, colour cast, hue and saturation."""
    gains = _ratio(choice.brightness, rng) * _ratio(choice.colour, rng, 3)
    levels = (np.arange(256) / 255) ** _ratio(choice.gamma, rng)
    table = np.clip(255 * levels[:, None] * gains, 0, 255).astype(np.uint8)
    rgb_HW3 = cv2.LUT(rgb_HW3, table[None])
    if not choice.hue_deg and choice.saturation == (1.0, 1.0):
        return rgb_HW3
    hue = np.radians(rng.uniform(-choice.hue_deg, choice.hue_deg))
    return cv2.transform(rgb_HW3, _tint(hue, rng.uniform(*choice.saturation)))


def _tint(hue: float, saturation: float) -> np.ndarray:
    """3x3 map of colours: turned by `hue` about the grey axis, and that far from it."""
    grey = np.full((3, 3), 1 / 3)
    turn = cv2.Rodrigues(np.full(3, hue / np.sqrt(3)))[0]
    return grey + saturation * (turn - grey)


def degraded(rgb_HW3: np.ndarray, choice: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """The image as from a poor camera: blurred, noisy, with JPEG artefacts, partly hidden."""
    if rng.random() < choice.blur:
        rgb_HW3 = cv2.GaussianBlur(rgb_HW3, (0, 0), rng.uniform(0.4, 1.2))
    if choice.noise and rng.random() < choice.noise:
        spread = np.float32(_ratio((1.0, 12.0), rng))
        noise = rng.standard_normal(rgb_HW3.shape, np.float32) * spread
        rgb_HW3 = np.clip(rgb_HW3 + noise, 0, 255).astype(np.uint8)
    if choice.jpeg and rng.random() < choice.jpeg:
        _, data = cv2.imencode('.jpg', rgb_HW3, (cv2.IMWRITE_JPEG_QUALITY,
                                                 int(rng.integers(25, 90))))
        rgb_HW3 = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    if choice.erase and rng.random() < choice.erase:
        rgb_HW3 = erased(rgb_HW3, rng)
    return rgb_HW3


def erased(rgb_HW3: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image with one rectangle, a fifth to a half of each side, in one random colour.

    Its depth has to be predicted from what is around it (random erasing, Zhong et al. 2020).
    """
    height, width = rgb_HW3.shape[:2]
    tall, wide = (int(rng.uniform(0.2, 0.5) * side) for side in (height, width))
    top, left = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
    rgb_HW3 = rgb_HW3.copy()
    rgb_HW3[top:top + tall, left:left + wide] = rng.integers(0, 256, 3)
    return rgb_HW3
