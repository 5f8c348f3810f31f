"""sensor_msgs/CompressedImage to RGB, as compressed_image_transport writes it (no ROS import)."""

from __future__ import annotations

import cv2
import numpy as np

from mono_depth_ros.message_formats.encodings import (
    BitDepth,
    check_size,
    layout_of,
    MEASUREMENTS,
)
from mono_depth_ros.message_formats.pictures import decoded, picture_size, REDUCED


def rgb_from_compressed(
        data, text: str, bit_depth: BitDepth | None = None,
        least: tuple[int, int] | None = None) -> np.ndarray:
    """RGB (h, w, 3) uint8 of the data and the format text of a CompressedImage.

    The text is `ENCODING; CODEC compressed TARGET`, or less: what the file is, its own first
    bytes say. `least` is the width and height at which the picture is needed: it comes back at a
    half, a quarter or an eighth of its size where that is no less. ValueError where it is no
    picture, or not whole.
    """
    encoding, _, codec = (part.strip() for part in text.partition(';'))
    if 'compressedDepth' in codec or encoding.startswith(MEASUREMENTS):
        raise ValueError(f'a compressed image of format {text!r} holds measurements such as '
                         'depth, not a picture: remap image_raw to the topic of the camera image')
    width, height = picture_size(data)
    check_size(width, height)
    bayer = encoding.startswith('bayer_')
    reduce = 1 if bayer or least is None else _reduction((width, height), least)
    pixels = _eight_bits(decoded(data, reduce), bit_depth)
    if pixels.ndim == 2:
        name = f'{encoding.rstrip("0123456789")}8' if bayer else 'mono8'
        return layout_of(name).to_rgb(pixels)
    if codec.partition('compressed')[2].strip().startswith('rgb'):
        return pixels  # written as if it were BGR
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _reduction(size: tuple[int, int], least: tuple[int, int]) -> int:
    return max(reduce for reduce in REDUCED if reduce == 1 or all(
        side >= reduce * needed for side, needed in zip(size, least)))


def _eight_bits(pixels: np.ndarray, bit_depth: BitDepth | None) -> np.ndarray:
    return (bit_depth or BitDepth()).scaled(pixels) if pixels.dtype == np.uint16 else pixels
