"""Camera bytes to RGB: the pixel layouts of sensor_msgs/image_encodings (no ROS import here)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from mono_depth_ros.message_formats.pictures import decoded, picture_size
from mono_depth_ros.reduction import whole_factor

MAX_PIXELS = 64_000_000
# Bits that sensors put into 16-bit pixels, the lowest ones.
SENSOR_BITS = (10, 12, 14, 16)
# Share of the numbers of an image that may need more bits than are in use: hot or corrupt pixels.
FEW = 0.001
COMPRESSED = ('jpeg', 'jpg', 'png')
# How encodings of numbers begin that are no picture.
MEASUREMENTS = ('32F', '64F', '16S', '32S')
# RGB of (Y, U, V, 1), ITU-R BT.601 with video range.
_FROM_YUV = np.array([[255 / 219, 0, 1.402 * 255 / 224],
                      [255 / 219, -0.344136 * 255 / 224, -0.714136 * 255 / 224],
                      [255 / 219, 1.772 * 255 / 224, 0]])
BT601 = np.column_stack([_FROM_YUV, -_FROM_YUV @ [16, 128, 128]])


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Memory layout of one encoding.

    `to_rgb` takes 8-bit pixels (H, W) or (H, W, channels); of several planes it takes all rows
    of bytes, padding too, and the width. `reduced` takes a factor as well, which divides both
    sides, and gives RGB averaged by it; None where that saves nothing. `channels` are numbers of
    one pixel in a row (of the first plane), `sixteen` those of two bytes. Width and height must
    be multiples of `even_x` and `even_y` (shared colour samples) and at least `smallest`; there
    are `rows_per_2` rows of `step` bytes for every two rows of pixels.
    """

    to_rgb: Callable[..., np.ndarray]
    reduced: Callable[[np.ndarray, int, int], np.ndarray] | None = None
    channels: int = 1
    sixteen: bool = False
    planes: bool = False
    even_x: int = 1
    even_y: int = 1
    smallest: int = 1
    rows_per_2: int = 2

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel in a row of the first plane."""
        return self.channels * (2 if self.sixteen else 1)


class BitDepth:
    """Bits that a stream of 16-bit images uses: the most that any image so far has needed.

    An image needs those within which all its numbers but FEW are. Never fewer again, for an image
    stretched to its own range would make depth flicker.
    """

    def __init__(self) -> None:
        self.bits = SENSOR_BITS[0]

    def scaled(self, pixels: np.ndarray) -> np.ndarray:
        """The 16-bit pixels as uint8, the brightest value of that many bits and above as 255."""
        # To numbers of this machine's byte order, which OpenCV takes for granted.
        pixels = np.ascontiguousarray(pixels, '=u2')
        if pixels.max(initial=0) >= 1 << self.bits:  # counting takes longer
            self.bits = next(bits for bits in SENSOR_BITS if bits >= self.bits and (
                np.count_nonzero(pixels >> bits) <= FEW * pixels.size))
        return cv2.convertScaleAbs(pixels, alpha=255 / ((1 << self.bits) - 1))


def _converted(code: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: cv2.cvtColor(pixels, code)


def _sixteen(layout: Layout) -> Layout:
    return replace(layout, sixteen=True)


def _bayer(code: int) -> Layout:
    return Layout(to_rgb=_converted(code), smallest=3)


def _half_colour(code: int) -> Callable[[np.ndarray, int], np.ndarray]:
    """Of NV12 and NV21: one row of colour for two rows of brightness."""
    def to_rgb(rows_HB: np.ndarray, width: int) -> np.ndarray:
        height = rows_HB.shape[0] * 2 // 3
        chroma_hw2 = rows_HB[height:, :width].reshape(height // 2, width // 2, 2)
        return cv2.cvtColorTwoPlane(rows_HB[:height, :width], chroma_hw2, code)
    return to_rgb


def _reduced_half_colour(u_first: bool) -> Callable[[np.ndarray, int, int], np.ndarray]:
    """Of NV12 and NV21: the planes are averaged and then converted, a quarter of the work."""
    def reduced(rows_HB: np.ndarray, width: int, factor: int) -> np.ndarray:
        height = rows_HB.shape[0] * 2 // 3
        chroma_hw2 = rows_HB[height:, :width].reshape(height // 2, width // 2, 2)
        luma_hw, chroma_hw2 = (
            cv2.resize(plane, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
            for plane in (rows_HB[:height, :width], chroma_hw2))
        u_hw, v_hw = cv2.split(chroma_hw2)[::1 if u_first else -1]
        return cv2.transform(cv2.merge([luma_hw, u_hw, v_hw]), BT601)
    return reduced


def _nv24_to_rgb(rows_HB: np.ndarray, width: int) -> np.ndarray:
    height, step = rows_HB.shape[0] // 3, rows_HB.shape[1]
    chroma_HW2 = rows_HB[height:].reshape(height, 2 * step)[:, :2 * width].reshape(
        height, width, 2)
    yuv_HW3 = np.concatenate([rows_HB[:height, :width, None], chroma_HW2], axis=2)
    return cv2.transform(yuv_HW3, BT601)


_RGB = Layout(to_rgb=lambda pixels: pixels, channels=3)
_BGR = Layout(to_rgb=_converted(cv2.COLOR_BGR2RGB), channels=3)
_RGBA = Layout(to_rgb=lambda pixels: pixels[..., :3], channels=4)
_BGRA = Layout(to_rgb=_converted(cv2.COLOR_BGRA2RGB), channels=4)
_MONO = Layout(to_rgb=_converted(cv2.COLOR_GRAY2RGB))
_UYVY = Layout(to_rgb=_converted(cv2.COLOR_YUV2RGB_UYVY), channels=2, even_x=2)
_YUYV = Layout(to_rgb=_converted(cv2.COLOR_YUV2RGB_YUYV), channels=2, even_x=2)
_NV12 = Layout(to_rgb=_half_colour(cv2.COLOR_YUV2RGB_NV12), reduced=_reduced_half_colour(True),
               planes=True, even_x=2, even_y=2, rows_per_2=3)
# OpenCV names a Bayer pattern by its second row and column: its BG is RGGB in ROS.
_BAYER = {'rggb': _bayer(cv2.COLOR_BayerBG2RGB), 'bggr': _bayer(cv2.COLOR_BayerRG2RGB),
          'gbrg': _bayer(cv2.COLOR_BayerGR2RGB), 'grbg': _bayer(cv2.COLOR_BayerGB2RGB)}

LAYOUTS = {
    'rgb8': _RGB, 'bgr8': _BGR, 'rgba8': _RGBA, 'bgra8': _BGRA, 'mono8': _MONO,
    'rgb16': _sixteen(_RGB), 'bgr16': _sixteen(_BGR), 'rgba16': _sixteen(_RGBA),
    'bgra16': _sixteen(_BGRA), 'mono16': _sixteen(_MONO),
    # What cv_bridge calls an OpenCV image whose encoding nobody gave.
    '8UC1': _MONO, '8UC3': _BGR, '8UC4': _BGRA,
    '16UC1': _sixteen(_MONO), '16UC3': _sixteen(_BGR), '16UC4': _sixteen(_BGRA),
    **{f'bayer_{name}8': layout for name, layout in _BAYER.items()},
    **{f'bayer_{name}16': _sixteen(layout) for name, layout in _BAYER.items()},
    'yuv422': _UYVY, 'uyvy': _UYVY,
    'yuv422_yuy2': _YUYV, 'yuyv': _YUYV,
    'nv12': _NV12, 'nv21': replace(_NV12, to_rgb=_half_colour(cv2.COLOR_YUV2RGB_NV21),
                                   reduced=_reduced_half_colour(False)),
    'nv24': Layout(to_rgb=_nv24_to_rgb, planes=True, rows_per_2=6),
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
        data, *, encoding: str, width: int, height: int, step: int, is_bigendian: bool = False,
        bit_depth: BitDepth | None = None,
        least: tuple[int, int] | None = None) -> np.ndarray:
    """RGB (H, W, 3) uint8 of an image in one of LAYOUTS or COMPRESSED.

    rgb8 and rgba8 come back as a view of `data` (anything with a buffer); the others are new
    memory after one conversion. 16-bit pixels are scaled by the bits that `bit_depth` has seen
    in use, or by those this image uses; YUV is ITU-R BT.601 with video range. `least` is the
    width and height at which the picture is needed: nv12 and nv21 come back reduced by a whole
    factor where that saves time. Raises ValueError where encoding, sizes, `step` (bytes of a
    row) and the number of bytes do not agree.
    """
    check_size(width, height)
    if encoding in COMPRESSED:
        return _decompressed(data, encoding, width, height, bit_depth)
    layout = layout_of(encoding)
    _check_layout(layout, encoding, width, height, step)
    rows_HB = _rows(data, height * layout.rows_per_2 // 2, step)
    if layout.planes:
        factor = whole_factor((width, height), least) if least and layout.reduced else 1
        if layout.reduced and factor > 1 and not (width % factor or height % factor):
            return layout.reduced(rows_HB, width, factor)
        return layout.to_rgb(rows_HB, width)
    pixels = rows_HB[:, :width * layout.pixel_bytes]
    if layout.sixteen:
        # Without the padding: NumPy before 1.23, as Humble has it, views whole memory only.
        pixels = np.ascontiguousarray(pixels).view('>u2' if is_bigendian else '<u2')
    if layout.channels > 1:
        pixels = pixels.reshape(height, width, layout.channels)
    if layout.sixteen:
        pixels = (bit_depth or BitDepth()).scaled(pixels)
    return layout.to_rgb(pixels)


def layout_of(encoding: str) -> Layout:
    """The layout of an encoding in LAYOUTS; ValueError for any other."""
    if encoding not in LAYOUTS:
        raise ValueError(_unknown(encoding))
    return LAYOUTS[encoding]


def is_nearly_black(rgb_HW3: np.ndarray) -> bool:
    """Whether 99 % of an image (H, W, 3) uint8 is below 16 of 255, by every eighth pixel."""
    sample = rgb_HW3[::8, ::8]
    return bool(np.count_nonzero(sample >= 16) < 0.01 * sample.size)


def _unknown(encoding: str) -> str:
    if encoding.startswith(MEASUREMENTS):
        return (f'image encoding {encoding!r} holds measurements such as depth, not a picture: '
                'remap image_raw to the topic of the camera image')
    return (f'unknown image encoding {encoding!r}: let the camera driver publish one of '
            f'{", ".join((*LAYOUTS, *COMPRESSED))}')


def _check_layout(layout: Layout, encoding: str, width: int, height: int, step: int) -> None:
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


def _rows(data, rows: int, step: int) -> np.ndarray:
    raw = np.frombuffer(data, np.uint8) if len(data) else np.empty(0, np.uint8)
    if raw.size < step * rows:
        raise ValueError(
            f'image data has {raw.size} bytes, but {rows} rows of step {step} need '
            f'{step * rows}: the message was cut short')
    return raw[:step * rows].reshape(rows, step)


def _decompressed(
        data, encoding: str, width: int, height: int, bit_depth: BitDepth | None) -> np.ndarray:
    try:
        held = picture_size(data)
        if held != (width, height):
            raise ValueError(f'holds {held[0]}x{held[1]} pixels, but the message says '
                             f'{width}x{height}')
        pixels = decoded(data)
    except ValueError as error:
        raise ValueError(f'an image of encoding {encoding!r}: {error}') from error
    if pixels.dtype == np.uint16:
        pixels = (bit_depth or BitDepth()).scaled(pixels)
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB if pixels.ndim == 2 else cv2.COLOR_BGR2RGB)
