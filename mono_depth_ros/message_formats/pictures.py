"""JPEG and PNG files in memory: their size, and their pixels as OpenCV has them (no ROS)."""

from __future__ import annotations

from collections.abc import Iterator
import struct

import cv2
import numpy as np

JPEG, PNG = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
JPEG_END = b'\xff\xd9'
# Markers that begin a frame and hold its size: all of C0 to CF that are no tables.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SCAN = 0xDA
DAMAGED = 'the {} bytes of a picture cannot be decoded: the message was cut short, or damaged'
REDUCED = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
           8: cv2.IMREAD_REDUCED_COLOR_8}


def picture_size(data) -> tuple[int, int]:
    """Width and height in pixels of a JPEG or PNG, read from its header.

    ValueError where it is neither, or cut short.
    """
    start = bytes(data[:32])
    if start.startswith(PNG) and len(start) >= 24:
        return struct.unpack('>II', start[16:24])  # type: ignore[return-value]
    if start.startswith(JPEG):
        return _jpeg_size(data)
    raise ValueError(f'the {len(data)} bytes of a picture are neither JPEG nor PNG: let the '
                     'camera driver publish one of them')


def is_grey_16(data) -> bool:
    """Whether a file is a PNG of one channel of 16 bits, as of depth, by its header."""
    return is_16(data) and bytes(data[25:26]) == bytes([0])


def is_16(data) -> bool:
    """Whether a file is a PNG of 16 bits a channel, by its header."""
    start = bytes(data[:26])
    return start.startswith(PNG) and start[24:25] == bytes([16])


def decoded(data, reduce: int = 1) -> np.ndarray:
    """Pixels of a JPEG or PNG as they lie in the file: BGR (H, W, 3), grey (H, W), 8 or 16 bits.

    `reduce` 2, 4 or 8 gives that fraction of the size, rounded up, as BGR of 8 bits; of a JPEG
    less is decoded for it. A PNG of 16 bits comes whole: OpenCV would keep the upper 8, and of
    the 10 or 12 in use nearly none. Transparency is left out. ValueError where data are not whole.
    """
    raw = np.frombuffer(data, np.uint8)
    _check_chunks(raw)
    flags = cv2.IMREAD_UNCHANGED if reduce == 1 or is_16(data) else (
        # As it lies in the file: camera_info is for those pixels, not for a turned picture.
        REDUCED[reduce] | cv2.IMREAD_IGNORE_ORIENTATION)
    try:
        pixels = cv2.imdecode(raw, flags)
    except cv2.error:
        pixels = None
    # OpenCV 4 fills the missing end of a JPEG with grey.
    if pixels is None or (bytes(raw[:3]) == JPEG and not _jpeg_ends(raw.tobytes())):
        raise ValueError(DAMAGED.format(raw.size))
    return pixels[..., :3] if pixels.ndim == 3 else pixels


def _check_chunks(raw: np.ndarray) -> None:
    """ValueError where a PNG's chunks go on beyond its end.

    OpenCV makes room for a chunk before it reads it: 2 GB, in seconds, for a wrong length.
    """
    position = len(PNG) if raw[:len(PNG)].tobytes() == PNG else raw.size
    while position + 8 <= raw.size:
        length, kind = struct.unpack('>I4s', raw[position:position + 8].tobytes())
        position += 12 + length
        if position > raw.size:
            raise ValueError(DAMAGED.format(raw.size))
        if kind == b'IEND':
            break


def _jpeg_ends(data: bytes) -> bool:
    """Whether the end follows the pixels: a thumbnail before them has an end of its own."""
    read = 2
    for _, position in _jpeg_segments(data):  # up to the pixels, to stray bytes or to a cut
        read = position + 2 + int.from_bytes(data[position + 2:position + 4], 'big')
    return data.find(JPEG_END, read) >= 0


def _jpeg_segments(data) -> Iterator[tuple[int, int]]:
    """Marker and position of every segment of a JPEG, up to that in which its pixels begin."""
    position = 2
    while position + 9 <= len(data):
        start = bytes(data[position:position + 4])
        if start[0] != 0xFF:
            break
        if start[1] == 0xFF:  # a fill byte
            position += 1
            continue
        yield start[1], position
        if start[1] == SCAN:
            break
        position += 2 + struct.unpack('>H', start[2:4])[0]


def _jpeg_size(data) -> tuple[int, int]:
    for marker, position in _jpeg_segments(data):
        if marker in FRAMES:
            height, width = struct.unpack('>HH', bytes(data[position + 5:position + 9]))
            return width, height
    raise ValueError(f'the {len(data)} bytes of a JPEG have no size: the message was cut short, '
                     'or damaged')
