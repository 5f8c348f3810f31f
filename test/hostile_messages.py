"""Hypothesis strategies of messages as broken drivers, cut wires and strangers send them."""

from array import array

import cv2
from hypothesis import strategies as st
import numpy as np
from ros_helpers import info_message, picture
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

INT32, UINT32 = st.integers(-2**31, 2**31 - 1), st.integers(0, 2**32 - 1)
BYTES = st.binary(max_size=200)
FLOATS = st.floats(width=64) | st.sampled_from([0.0, 500.0])
ENCODINGS = ['rgb8', 'bgr8', 'mono8', 'mono16', 'nv12', 'nv24', 'yuv422', 'bayer_rggb8', '',
             '32FC1', 'jpeg', 'png', '16UC3', 'bgra8']
FORMATS = ['', 'jpeg', 'png', 'rgb8; jpeg compressed bgr8', 'bgr8; png compressed bgr8',
           'bayer_rggb8; jpeg compressed mono8', 'bayer_x; png', '16UC1; compressedDepth png',
           'mono16; png compressed ', ';;;', 'h264', '32FC1; tiff', '\u00fc; \u00df']


def _files() -> list[bytes]:
    rgb, grey = picture(24, 16), picture(24, 16)[..., 0]
    kinds = [('.jpg', rgb), ('.png', rgb), ('.jpg', grey), ('.png', grey.astype(np.uint16) * 99),
             ('.png', np.dstack([rgb, grey]))]
    return [cv2.imencode(suffix, pixels)[1].tobytes() for suffix, pixels in kinds]


FILES = _files()


@st.composite
def hostile_images(draw) -> Image:
    """Any sizes, steps and stamps; now and then bytes enough for what they say."""
    encoding = draw(st.sampled_from(ENCODINGS))
    width, height, step = (draw(st.integers(0, 9) | UINT32) for _ in range(3))
    data = draw(BYTES | damaged_files()) if width * height > 99 else draw(
        BYTES | st.just(bytes(200)))
    message = Image(encoding=encoding, width=width, height=height, step=step,
                    is_bigendian=draw(st.integers(0, 255)), data=array('B', data))
    return _stamped(draw, message)


@st.composite
def damaged_files(draw) -> bytes:
    """A picture's file: whole, cut short, or with some bytes changed."""
    data = bytearray(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(0, 3))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[:draw(st.just(len(data)) | st.integers(0, len(data)))])


@st.composite
def hostile_compressed(draw) -> CompressedImage:
    """Any format with any bytes, mostly those of a damaged file."""
    message = CompressedImage(
        format=draw(st.sampled_from(FORMATS) | st.text(max_size=20).map(_sendable)),
        data=array('B', draw(damaged_files() | BYTES)))
    return _stamped(draw, message)


@st.composite
def hostile_infos(draw) -> CameraInfo:
    """Any numbers for a small image."""
    info = info_message(draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    info.k = draw(st.lists(FLOATS, min_size=9, max_size=9))
    info.p = draw(st.lists(FLOATS, min_size=12, max_size=12))
    info.d = draw(st.lists(FLOATS, max_size=14))
    info.distortion_model = draw(st.sampled_from(['', 'plumb_bob', 'equidistant', 'odd']))
    info.binning_x, info.roi.width = draw(UINT32), draw(st.integers(0, 9))
    info.header.stamp.sec = draw(INT32)
    return info


def _stamped(draw, message):
    message.header.stamp.sec, message.header.stamp.nanosec = draw(INT32), draw(UINT32)
    message.header.frame_id = draw(st.sampled_from(['', 'eye']))
    return message


def _sendable(text: str) -> str:
    return text.encode('utf-8', 'ignore').decode()
