"""Random views of a sample, with the colours, blur and noise of other cameras.

The photometric part is our own: albumentations 2.0.8 (archived, its successor is AGPL) took 2.2 to
3.2 times as long for the colours of a 320x240 image on one CPU thread and as long for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from mono_depth_ros.checked_json import within
from train.data.samples.geometry import flipped, tilted, warped
from train.data.samples.sample import Sample

# Factors of the focal length between which a view can be read: beyond them it has no pixels.
ZOOMS = (0.1, 10.0)


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

    flip: float = within(0, 1, default=0.5)
    rotation_deg: float = within(0, 180, default=5.0)
    turn: float = within(0, 1, default=0.0)
    turn_deg: float = within(0, 180, default=30.0)
    tilt_deg: float = within(0, 60, default=0.0)
    zoom: tuple[float, float] = within(*ZOOMS, default=(0.9, 1.5))
    close: float = within(0, 1, default=0.0)
    close_zoom: tuple[float, float] = within(*ZOOMS, default=(1.5, 2.5))
    gamma: tuple[float, float] = within(0.01, 100, default=(0.8, 1.25))
    brightness: tuple[float, float] = within(0.01, 100, default=(0.75, 1.33))
    colour: tuple[float, float] = within(0.01, 100, default=(0.9, 1.11))
    hue_deg: float = within(0, 180, default=0.0)
    saturation: tuple[float, float] = within(0, 10, default=(1.0, 1.0))
    blur: float = within(0, 1, default=0.1)
    noise: float = within(0, 1, default=0.0)
    jpeg: float = within(0, 1, default=0.0)
    erase: float = within(0, 1, default=0.0)

    def __post_init__(self):
        for name in ('zoom', 'close_zoom', 'gamma', 'brightness', 'colour', 'saturation'):
            limits = getattr(self, name)
            if not (len(limits) == 2 and all(isinstance(x, float | int) for x in limits)
                    and (0 < limits[0] or name == 'saturation') and limits[0] <= limits[1]):
                raise ValueError(f'augmentation {name} is two numbers above 0, the smaller first, '
                                 f'got {limits}')


@dataclass(frozen=True, kw_only=True)
class ViewChange:
    """What a random view does to a sample, drawn once, applied by the CPU or in batches by a GPU.

    Flipped, turned by `tilt_deg` (pitch, yaw), mapped by the similarity `matrix` (2x3) of that
    `scale`; then the colours and the degradations.
    """

    flip: bool
    tilt_deg: tuple[float, float] | None
    scale: float
    matrix: np.ndarray
    colours: ColourChange
    degradation: Degradation


@dataclass(frozen=True, kw_only=True)
class ColourChange:
    """Colours in 0..1 to the power of `gamma`, times `gains`, mixed by `tint` (3x3) or not."""

    gains: np.ndarray
    gamma: float
    tint: np.ndarray | None


@dataclass(frozen=True, kw_only=True)
class Degradation:
    """Standard deviations of blur (pixels) and noise (levels of 255), JPEG quality; 0 for none.

    `noise` (H, W, 3) has been drawn already; `erased` is top, left, height and width of a
    rectangle and its colour.
    """

    blur: float = 0.0
    noise_level: float = 0.0
    noise: np.ndarray | None = None
    jpeg_quality: int = 0
    erased: tuple[int, int, int, int, np.ndarray] | None = None


def augment(sample: Sample, choice: Augmentation, width: int, height: int,
            rng: np.random.Generator) -> Sample:
    """A random view of `sample` at width x height pixels.

    Zoom 1 shows the whole image as large as fits; what lies outside is grey and unknown.
    """
    size = sample.camera.width, sample.camera.height
    change = draw_change(size, choice, width, height, rng)
    if change.flip:
        sample = flipped(sample)
    if change.tilt_deg:
        sample = tilted(sample, *change.tilt_deg)
    sample = warped(sample, change.matrix, change.scale, width, height)
    rgb_HW3 = degraded(coloured(sample.rgb, change.colours), change.degradation)
    return replace(sample, rgb=rgb_HW3)


def draw_change(size: tuple[int, int], choice: Augmentation, width: int, height: int,
                rng: np.random.Generator) -> ViewChange:
    """A random view of an image of `size` (width, height) at width x height pixels."""
    flip = bool(rng.random() < choice.flip)
    tilt_deg = None
    if choice.tilt_deg:
        pitch, yaw = rng.uniform(-choice.tilt_deg, choice.tilt_deg, 2)
        tilt_deg = (float(pitch), float(yaw))
    zoom = choice.close_zoom if choice.close and rng.random() < choice.close else choice.zoom
    scale = min(width / size[0], height / size[1]) * _ratio(zoom, rng)
    turned = choice.turn and rng.random() < choice.turn
    most_deg = choice.turn_deg if turned else choice.rotation_deg
    angle_deg = rng.uniform(-most_deg, most_deg)
    matrix = _view(size, scale, angle_deg, width, height, rng)
    return ViewChange(flip=flip, tilt_deg=tilt_deg, scale=scale, matrix=matrix,
                      colours=draw_colours(choice, rng),
                      degradation=draw_degradation(choice, width, height, rng))


def _ratio(limits: tuple[float, float], rng: np.random.Generator, size: int | None = None):
    return np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]), size))


def _view(size: tuple[int, int], scale: float, angle_deg: float, width: int, height: int,
          rng: np.random.Generator) -> np.ndarray:
    """2x3 map from image to view: scaled and turned about a random centre that wastes no view."""
    spare_x = abs(size[0] - width / scale) / 2
    spare_y = abs(size[1] - height / scale) / 2
    centre = (size[0] / 2 - 0.5 + rng.uniform(-spare_x, spare_x),
              size[1] / 2 - 0.5 + rng.uniform(-spare_y, spare_y))
    matrix = cv2.getRotationMatrix2D(centre, angle_deg, scale)
    matrix[:, 2] += np.array([width / 2 - 0.5 - centre[0], height / 2 - 0.5 - centre[1]])
    return matrix


def draw_colours(choice: Augmentation, rng: np.random.Generator) -> ColourChange:
    """Random gamma, brightness, colour cast, hue and saturation."""
    gains = _ratio(choice.brightness, rng) * _ratio(choice.colour, rng, 3)
    gamma = _ratio(choice.gamma, rng)
    tint = None
    if choice.hue_deg or choice.saturation != (1.0, 1.0):
        hue = np.radians(rng.uniform(-choice.hue_deg, choice.hue_deg))
        tint = _tint(hue, rng.uniform(*choice.saturation))
    return ColourChange(gains=gains, gamma=gamma, tint=tint)


def coloured(rgb_HW3: np.ndarray, change: ColourChange) -> np.ndarray:
    """The image with other colours."""
    levels = (np.arange(256) / 255) ** change.gamma
    table = np.clip(255 * levels[:, None] * change.gains, 0, 255).astype(np.uint8)
    rgb_HW3 = cv2.LUT(rgb_HW3, table[None])
    return rgb_HW3 if change.tint is None else cv2.transform(rgb_HW3, change.tint)


def _tint(hue: float, saturation: float) -> np.ndarray:
    """3x3 map of colours: turned by `hue` about the grey axis, and that far from it."""
    grey = np.full((3, 3), 1 / 3)
    turn = cv2.Rodrigues(np.full(3, hue / np.sqrt(3)))[0]
    return grey + saturation * (turn - grey)


def draw_degradation(choice: Augmentation, width: int, height: int,
                     rng: np.random.Generator) -> Degradation:
    """Random faults of a poor camera, and a hidden part."""
    blur = rng.uniform(0.4, 1.2) if rng.random() < choice.blur else 0.0
    noise_level, noise, quality, erased = 0.0, None, 0, None
    if choice.noise and rng.random() < choice.noise:
        noise_level = float(np.float32(_ratio((1.0, 12.0), rng)))
        noise = rng.standard_normal((height, width, 3), np.float32)
    if choice.jpeg and rng.random() < choice.jpeg:
        quality = int(rng.integers(25, 90))
    if choice.erase and rng.random() < choice.erase:
        erased = _draw_rectangle(width, height, rng)
    return Degradation(blur=blur, noise_level=noise_level, noise=noise, jpeg_quality=quality,
                       erased=erased)


def _draw_rectangle(width: int, height: int, rng: np.random.Generator):
    """A rectangle, a fifth to a half of each side, and one random colour.

    Its depth has to be predicted from what is around it (random erasing, Zhong et al. 2020).
    """
    tall, wide = (int(rng.uniform(0.2, 0.5) * side) for side in (height, width))
    top, left = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
    return int(top), int(left), tall, wide, rng.integers(0, 256, 3)


def degraded(rgb_HW3: np.ndarray, change: Degradation) -> np.ndarray:
    """The image as from a poor camera: blurred, noisy, with JPEG artefacts, partly hidden."""
    if change.blur:
        rgb_HW3 = cv2.GaussianBlur(rgb_HW3, (0, 0), change.blur)
    if change.noise is not None:
        noise = change.noise * np.float32(change.noise_level)
        rgb_HW3 = np.clip(rgb_HW3 + noise, 0, 255).astype(np.uint8)
    if change.jpeg_quality:
        _, data = cv2.imencode('.jpg', rgb_HW3, (cv2.IMWRITE_JPEG_QUALITY, change.jpeg_quality))
        rgb_HW3 = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    if change.erased:
        top, left, tall, wide, colour = change.erased
        rgb_HW3 = rgb_HW3.copy()
        rgb_HW3[top:top + tall, left:left + wide] = colour
    return rgb_HW3
