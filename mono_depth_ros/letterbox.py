"""Where an image of any shape lies in the network's input, and its output in the image."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
import math

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.model_card import NetworkSpec


@dataclass(frozen=True, kw_only=True)
class Letterbox:
    """Where an image lies in the network input: resized to content size, put at (x, y).

    Sizes in pixels. What the content does not cover is border (model_card.Normalisation).
    """

    width: int
    height: int
    content_width: int
    content_height: int
    x: int
    y: int
    input_width: int
    input_height: int

    def camera(self, camera: Camera) -> Camera:
        """The image's camera as the network input sees it."""
        content = camera.resized(self.content_width, self.content_height)
        return content.cropped(-self.x, -self.y, self.input_width, self.input_height)


def fit_letterbox(width: int, height: int, input_width: int, input_height: int) -> Letterbox:
    """The letterbox that keeps the whole image and its aspect ratio, centred."""
    scale = min(input_width / width, input_height / height)
    content_width = max(1, round(width * scale))
    content_height = max(1, round(height * scale))
    return Letterbox(
        width=width, height=height, content_width=content_width, content_height=content_height,
        x=(input_width - content_width) // 2, y=(input_height - content_height) // 2,
        input_width=input_width, input_height=input_height)


def input_letterbox(
        width: int, height: int, spec: NetworkSpec, resize: str = 'letterbox') -> Letterbox:
    """How an image of this size lies in the input of the network; the input fits it best.

    `resize` is one of model_card.RESIZES: 'stretch' fills the input whatever the aspect ratio.
    """
    input_width, input_height = input_size(width, height, spec)
    if resize == 'letterbox':
        return fit_letterbox(width, height, input_width, input_height)
    return Letterbox(
        width=width, height=height, content_width=input_width, content_height=input_height,
        x=0, y=0, input_width=input_width, input_height=input_height)


@lru_cache(maxsize=128)
def input_size(width: int, height: int, spec: NetworkSpec) -> tuple[int, int]:
    """Width and height of the network's input for an image of this size.

    With `aspect_ratios` the multiples of `size_multiple` nearest in shape and number of pixels, a
    shape beyond the limits as the nearest limit; else the one size it has.
    """
    if not spec.aspect_ratios:
        return spec.input_width, spec.input_height
    lowest, highest = spec.aspect_ratios
    shape = min(max(width / height, lowest), highest)
    pixels = spec.input_width * spec.input_height
    step, most = spec.size_multiple, spec.longest_side // spec.size_multiple

    def misfit(size: tuple[int, int]) -> float:
        return (abs(math.log(size[0] * size[1] / pixels))
                + 2 * abs(math.log(size[0] / size[1] / shape)))

    # Shape counts twice: the best height of a width is next to the one of the very shape.
    return min(((step * columns, step * min(max(rows, 1), most))
                for columns in range(1, most + 1)
                for rows in (int(columns / shape), int(columns / shape) + 1)), key=misfit)


def to_image_size(map_hw: np.ndarray, letterbox: Letterbox) -> np.ndarray:
    """A network output (h, w) float32 at the image's size (H, W), bilinear, without the border."""
    content_hw = _whole_cells(map_hw, letterbox)
    if content_hw is not None:
        # The same result in a seventh of the time of warpAffine.
        return cv2.resize(content_hw, (letterbox.width, letterbox.height))
    return cv2.warpAffine(
        map_hw, _output_from_image(letterbox, map_hw.shape), (letterbox.width, letterbox.height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)


def content_of(map_hw: np.ndarray, letterbox: Letterbox) -> np.ndarray:
    """View of the part of a map under the content, with the cells that its edges cut through."""
    rows, columns = (slice(math.floor(first), math.ceil(end))
                     for first, end in _content_ends(map_hw, letterbox))
    return map_hw[rows, columns]


def _whole_cells(map_hw: np.ndarray, letterbox: Letterbox) -> np.ndarray | None:
    """View of the part of a map under the content; None where its edges cut through cells."""
    cut = any(end.denominator > 1 for ends in _content_ends(map_hw, letterbox) for end in ends)
    return None if cut else content_of(map_hw, letterbox)


def _content_ends(map_hw: np.ndarray, letterbox: Letterbox) -> list[tuple[Fraction, Fraction]]:
    """Where the content begins and ends in a map, in cells: of its rows, of its columns."""
    return [(Fraction(start * cells, input_size), Fraction((start + size) * cells, input_size))
            for start, size, input_size, cells in (
                (letterbox.y, letterbox.content_height, letterbox.input_height, map_hw.shape[0]),
                (letterbox.x, letterbox.content_width, letterbox.input_width, map_hw.shape[1]))]


def _output_from_image(letterbox: Letterbox, output_hw: tuple[int, ...]) -> np.ndarray:
    """The 2x3 affine map from image pixel to network output cell (pixel centres are integers)."""
    steps = (
        (letterbox.content_width / letterbox.width, letterbox.x,
         output_hw[1] / letterbox.input_width),
        (letterbox.content_height / letterbox.height, letterbox.y,
         output_hw[0] / letterbox.input_height))
    matrix = np.zeros((2, 3))
    for axis, (scale, start, shrink) in enumerate(steps):
        matrix[axis, axis] = scale * shrink
        matrix[axis, 2] = (0.5 * scale + start) * shrink - 0.5
    return matrix
