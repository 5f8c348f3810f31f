"""Camera bytes to RGB: the pixel layouts of sensor_msgs/image_encodings (no ROS import here)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

MAX_PIXELS = 64_000_000


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Memory layout of one encoding.

    `pixel_bytes` counts the bytes of one pixel in a row (of the first plane); width and height
    must be multiples of `even_x` and `even_y` (shared colour samples) and at least `smallest`;
    there are `rows_per_2` rows of `step` bytes for every two rows of pixels.
    """

    to_rgb: Callable[[np.ndarray], np.ndarray]
    pixel_bytes: int
    even_x: int = 1
    even_y: int = 1
    smallest: int = 1
    rows_per_2: int = 2


def _converted(code: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: cv2.cvtColor(pixels, code)


def _bayer(code: int) -> Layout:
    return Layout(to_rgb=_converted(code), pixel_bytes=1, smallest=3)


def _gray16_to_rgb(gray_HW: np.ndarray) -> np.ndarray:
    # 65535 / 257 = 255: the whole 16-bit range, the same for every frame. Stretching each frame
    # to its own range would make the image, and with it the depth, flicker.
    gray8_HW = cv2.convertScaleAbs(np.ascontiguousarray(gray_HW, '=u2'), alpha=1 / 257)
    return cv2.cvtColor(gray8_HW, cv2.COLOR_GRAY2RGB)


def _nv12_to_rgb(planes_HW: np.ndarray) -> np.ndarray:
    height = planes_HW.shape[0] * 2 // 3
    luma_HW = planes_HW[:height]
    chroma_hw2 = planes_HW[height:].reshape(height // 2, luma_HW.shape[1] // 2, 2)
    return cv2.cvtColorTwoPlane(luma_HW, chroma_hw2, cv2.COLOR_YUV2RGB_NV12)


_UYVY = Layout(to_rgb=_converted(cv2.COLOR_YUV2RGB_UYVY), pixel_bytes=2, even_x=2)
_YUYV = Layout(to_rgb=_converted(cv2.COLOR_YUV2RGB_YUYV), pixel_bytes=2, even_x=2)

# OpenCV names a Bayer pattern by its second row and column: its BG is RGGB in ROS.
LAYOUTS = {
    'rgb8': Layout(to_rgb=lambda pixels: pixels, pixel_bytes=3),
    'bgr8': Layout(to_rgb=_converted(cv2.COLOR_BGR2RGB), pixel_bytes=3),
    'rgba8': Layout(to_rgb=lambda pixels: pixels[..., :3], pixel_bytes=4),
    'bgra8': Layout(to_rgb=_converted(cv2.COLOR_BGRA2RGB), pixel_bytes=4),
    'mono8': Layout(to_rgb=_converted(cv2.COLOR_GRAY2RGB), pixel_bytes=1),
    'mono16': Layout(to_rgb=_gray16_to_rgb, pixel_bytes=2),
    'bayer_rggb8': _bayer(cv2.COLOR_BayerBG2RGB),
    'bayer_bggr8': _bayer(cv2.COLOR_BayerRG2RGB),
    'bayer_gbrg8': _bayer(cv2.COLOR_BayerGR2RGB),
    'bayer_grbg8': _bayer(cv2.COLOR_BayerGB2RGB),
    'yuv422': _UYVY, 'uyvy': _UYVY,
    'yuv422_yuy2': _YUYV, 'yuyv': _YUYV,
    'nv12': Layout(to_rgb=_nv12_to_rgb, pixel_bytes=1, even_x=2, even_y=2, rows_per_2=3),
}


def check_size(width: int, height: int) -> None:
    """Raise ValueError for a size of zero or above 64 megapixels."""
    if width < 1 or height < 1:
        raise ValueError(f'image of {width}x{height} pixels is empty: look at the camera driver')
    if width * height > MAX_PIXELS:
        raise ValueError(
            f'image of {width}x{height} pixels is above the limit of {MAX_PIXELS // 10**6} '
            'megapixels: publish a smaller image')


def rgb_from_bytes(
        data, *, encoding: str, width: int, height: int, step: int,
        is_bigendian: bool = False) -> np.ndarray:
    """RGB (H, W, 3) uint8 of an image in one of LAYOUTS, whatever its row length `step` (bytes).

    rgb8 and rgba8 come back as a view of `data` (anything with a buffer); the others are new
    memory after one conversion. mono16 is scaled from 0-65535 to 0-255; YUV is ITU-R BT.601 with
    video range. Raises ValueError where encoding, sizes and the number of bytes do not agree.
    """
    check_size(width, height)
    layout = LAYOUTS.get(encoding)
    if layout is None:
        raise ValueError(f'unknown image encoding {encoding!r}; known: {", ".join(LAYOUTS)}')
    if width % layout.even_x or height % layout.even_y:
        raise ValueError(
            f'{encoding} shares colour between pixels, so its size must be even; '
            f'got {width}x{height}')
    if min(width, height) < layout.smallest:
        raise ValueError(f'{encoding} needs {layout.smallest} pixels a side, got {width}x{height}')
    if step < width * layout.pixel_bytes:
        raise ValueError(
            f'step is {step} bytes but a row of {width} {encoding} pixels has '
            f'{width * layout.pixel_bytes}: the camera driver fills step wrongly')
    rows = height * layout.rows_per_2 // 2
    raw = np.frombuffer(data, np.uint8) if len(data) else np.empty(0, np.uint8)
    if raw.size < step * rows:
        raise ValueError(
            f'image data has {raw.size} bytes, but {rows} rows of step {step} need '
            f'{step * rows}: the message was cut short')
    rows_HB = raw[:step * rows].reshape(rows, step)
    pixels = rows_HB[:, :width * layout.pixel_bytes]
    if encoding == 'mono16':
        pixels = pixels.view('>u2' if is_bigendian else '<u2')
    elif layout.pixel_bytes > 1:
        pixels = pixels.reshape(rows, width, layout.pixel_bytes)
    return layout.to_rgb(pixels)
