"""Image messages, recorded or received, to arrays: by their fields alone, without ROS.

The package rosbags-image does not serve: it knows neither row padding, compressedDepth nor YUV.
"""

from __future__ import annotations

import struct

import numpy as np

from mono_depth_ros.message_formats.compressed import rgb_from_compressed
from mono_depth_ros.message_formats.encodings import check_size, rgb_from_bytes
from mono_depth_ros.message_formats.pictures import decoded, is_grey_16, picture_size, PNG

# Depth encodings: type of a number and what it counts, in metres (REP 118).
DEPTH_ENCODINGS = {'32FC1': ('f4', 1.0), '16UC1': ('u2', 0.001), 'mono16': ('u2', 0.001)}
# compressed_depth_image_transport puts an int32 and two float32 before the picture.
QUANTISATION = struct.Struct('<iff')


def is_compressed(message) -> bool:
    """Whether it is a sensor_msgs/CompressedImage rather than an Image."""
    return hasattr(message, 'format')


def is_depth(message, topic: str) -> bool:
    """Whether an Image or CompressedImage holds depth; a 16-bit picture does by its topic."""
    if is_compressed(message):
        named = any(word in message.format for word in ('compressedDepth', '16UC1', '32FC1'))
        return named or ('depth' in topic and is_grey_16(message.data))
    return message.encoding in ('32FC1', '16UC1') or (
        message.encoding == 'mono16' and 'depth' in topic)


def rgb_from_message(message) -> np.ndarray:
    """RGB (H, W, 3) uint8 of an Image or CompressedImage; ValueError where it is neither."""
    if not is_compressed(message):
        return rgb_from_bytes(
            message.data, encoding=message.encoding, width=message.width, height=message.height,
            step=message.step, is_bigendian=bool(message.is_bigendian))
    return rgb_from_compressed(message.data, message.format)


def depth_from_message(message, keep_too_near: bool = False) -> np.ndarray:
    """Depth (H, W) float32 metres: NaN unknown, +inf nothing in range (REP 117, REP 118).

    What is too near to be measured (-inf) is unknown too, unless it is to be kept.

    Image 32FC1 (m) and 16UC1 (mm); CompressedImage of a 16-bit PNG (mm) with or without the
    header of compressedDepth, and 32FC1 as compressedDepth quantises it. Else ValueError.
    """
    depth_HW = _compressed_depth(message) if is_compressed(message) else raw_depth(message)
    unknown_HW = ~(depth_HW > 0)
    if keep_too_near:
        unknown_HW &= ~np.isneginf(depth_HW)
    depth_HW[unknown_HW] = np.nan
    return depth_HW


def raw_depth(message) -> np.ndarray:
    """Depth (H, W) float32 metres of an Image of DEPTH_ENCODINGS, each number as it stands.

    What is unknown may be 0 or NaN there, out of range infinite. Raises ValueError where the
    encoding is another, or sizes, step and data disagree.
    """
    check_size(message.width, message.height)
    if message.encoding not in DEPTH_ENCODINGS:
        raise ValueError(f'depth of encoding {message.encoding!r} is not supported: expected '
                         f'{", ".join(DEPTH_ENCODINGS)}')
    kind, unit_m = DEPTH_ENCODINGS[message.encoding]
    dtype = np.dtype(('>' if message.is_bigendian else '<') + kind)
    row = message.width * dtype.itemsize
    if message.step < row or len(message.data) < message.step * message.height:
        raise ValueError(
            f'depth of {message.width}x{message.height} {message.encoding} pixels needs steps of '
            f'{row} bytes or more, got step {message.step} and {len(message.data)} bytes in all')
    rows_HB = np.frombuffer(message.data, np.uint8)[:message.step * message.height]
    pixels = np.ascontiguousarray(rows_HB.reshape(message.height, -1)[:, :row]).view(dtype)
    return pixels.astype(np.float32) * np.float32(unit_m)


def _compressed_depth(message) -> np.ndarray:
    data = np.asarray(message.data, np.uint8)
    start = bytes(data[:QUANTISATION.size + len(PNG)]).find(PNG)
    if start not in (0, QUANTISATION.size):
        raise ValueError(f'compressed depth of format {message.format!r} is not supported: '
                         'expected a PNG (not RVL or JPEG)')
    check_size(*picture_size(data[start:]))
    pixels_HW = decoded(data[start:])
    if pixels_HW.dtype != np.uint16 or pixels_HW.ndim != 2:
        raise ValueError(f'compressed depth of format {message.format!r} holds {pixels_HW.shape} '
                         f'{pixels_HW.dtype}: expected one channel of uint16')
    if start and message.format.startswith('32FC1'):
        _, scale, offset = QUANTISATION.unpack(bytes(data[:start]))
        with np.errstate(divide='ignore'):
            depth_HW = np.float32(scale) / (pixels_HW.astype(np.float32) - np.float32(offset))
        depth_HW[pixels_HW == 0] = np.nan
        return depth_HW
    return pixels_HW.astype(np.float32) * np.float32(0.001)
