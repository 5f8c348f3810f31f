"""ROS messages to arrays and back: numbers worked by hand, and round trips."""

from array import array
from dataclasses import replace
import re

import cv2
from diagnostic_msgs.msg import DiagnosticStatus
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from ros_helpers import picture
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from mono_depth_ros.camera import Camera
from mono_depth_ros.message_formats.camera_info import read_camera_info
from mono_depth_ros.message_formats.encodings import BitDepth, is_nearly_black, LAYOUTS
from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.messages import (
    ColorImage,
    DepthImage,
    DepthMillimetres,
    diagnostic_status,
    image_size,
    info_from_camera,
    limit_depth,
    PointCloud,
    rgb_from_image,
)

HEADER = Header(frame_id='eye')
HEADER.stamp.sec, HEADER.stamp.nanosec = 12, 345
CAMERA = Camera(fx=500.0, fy=400.0, cx=1.0, cy=0.5, width=3, height=2)


def image(encoding, width, height, step, data, is_bigendian=0):
    return Image(encoding=encoding, width=width, height=height, step=step,
                 is_bigendian=is_bigendian, data=array('B', bytes(data)))


# --- camera image to RGB -------------------------------------------------------------------

@pytest.mark.parametrize('encoding, data', [
    ('rgb8', [10, 20, 30, 40, 50, 60]),
    ('bgr8', [30, 20, 10, 60, 50, 40]),
    ('rgba8', [10, 20, 30, 255, 40, 50, 60, 0]),
    ('bgra8', [30, 20, 10, 255, 60, 50, 40, 0]),
])
def test_colour_orders(encoding, data):
    rgb_HW3 = rgb_from_image(image(encoding, 2, 1, len(data), data))
    assert rgb_HW3.tolist() == [[[10, 20, 30], [40, 50, 60]]]
    assert rgb_HW3.dtype == np.uint8


def test_mono_goes_into_all_three_channels():
    assert rgb_from_image(image('mono8', 2, 1, 2, [7, 200])).tolist() == [[[7] * 3, [200] * 3]]


@pytest.mark.parametrize('is_bigendian, data', [
    (0, [0x00, 0x00, 0x01, 0x80, 0xFF, 0xFF]), (1, [0x00, 0x00, 0x80, 0x01, 0xFF, 0xFF])])
def test_mono16_is_scaled_over_its_whole_range(is_bigendian, data):
    # 0x8001 = 32769; 32769 / 257 = 127.506 -> 128
    rgb_HW3 = rgb_from_image(image('mono16', 3, 1, 6, data, is_bigendian))
    assert rgb_HW3[0, :, 0].tolist() == [0, 128, 255]


# ITU-R BT.601, video range: Y, U, V of pure red, green and blue.
YUV_RED, YUV_GREEN, YUV_BLUE = (82, 90, 240), (145, 54, 34), (41, 240, 110)


@pytest.mark.parametrize('encoding, order', [
    ('yuv422', 'UYVY'), ('uyvy', 'UYVY'), ('yuv422_yuy2', 'YUYV'), ('yuyv', 'YUYV')])
def test_yuv422_red_then_blue(encoding, order):
    data = []
    for colour in (YUV_RED, YUV_BLUE):
        data += [dict(zip('YUV', colour))[letter] for letter in order]
    rgb_HW3 = rgb_from_image(image(encoding, 4, 1, 8, data))
    expected = [[[255, 0, 0]] * 2 + [[0, 0, 255]] * 2]
    assert np.abs(rgb_HW3.astype(int) - expected).max() <= 2


def test_nv12_green_above_red_with_padded_rows():
    # Two by four pixels, three bytes of padding: four rows of Y, then two rows of (U, V).
    pad = [99] * 3
    luma = [[YUV_GREEN[0]] * 2 + pad] * 2 + [[YUV_RED[0]] * 2 + pad] * 2
    chroma = [[*YUV_GREEN[1:]] + pad, [*YUV_RED[1:]] + pad]
    rgb_HW3 = rgb_from_image(image('nv12', 2, 4, 5, sum(luma + chroma, [])))
    assert np.abs(rgb_HW3[:2].astype(int) - [0, 255, 0]).max() <= 2
    assert np.abs(rgb_HW3[2:].astype(int) - [255, 0, 0]).max() <= 2


def _yuv(rgb_HW3):
    """Y, U, V (H, W) of ITU-R BT.601 with video range, written from the standard."""
    r, g, b = (rgb_HW3[..., i] / 255 for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    u, v = (b - y) / 1.772, (r - y) / 1.402
    return [np.rint(x).astype(np.uint8) for x in (16 + 219 * y, 128 + 224 * u, 128 + 224 * v)]


def _encoded(encoding, rgb_HW3, is_bigendian):
    """Rows of bytes of a picture of 2 x 2 blocks of one colour, in `encoding`."""
    height, width = rgb_HW3.shape[:2]
    encoding = ALIASES.get(encoding, encoding)
    if encoding.endswith('16'):
        values = _encoded(f'{encoding[:-2]}8', rgb_HW3, False).astype(np.uint16) * 257
        return np.ascontiguousarray(values, '>u2' if is_bigendian else '<u2').view(np.uint8)
    if encoding in ('rgb8', 'bgr8', 'rgba8', 'bgra8'):
        channels = {'r': rgb_HW3[..., 0], 'g': rgb_HW3[..., 1], 'b': rgb_HW3[..., 2],
                    'a': np.full((height, width), 77, np.uint8)}
        pixels = np.stack([channels[letter] for letter in encoding[:-1]], axis=-1)
        return pixels.reshape(height, -1)
    if encoding == 'mono8':
        return rgb_HW3[..., 1]
    if encoding.startswith('bayer'):
        mosaic = np.empty((height, width), np.uint8)
        for i, letter in enumerate(encoding[6:10]):
            mosaic[i // 2::2, i % 2::2] = rgb_HW3[i // 2::2, i % 2::2, 'rgb'.index(letter)]
        return mosaic
    y, u, v = _yuv(rgb_HW3)
    if encoding in ('nv12', 'nv21'):
        pair = (u, v) if encoding == 'nv12' else (v, u)
        chroma = np.stack([plane[::2, ::2] for plane in pair], axis=-1).reshape(height // 2, -1)
        return np.concatenate([y, chroma])
    pairs = {'u': u[:, ::2], 'y': y[:, ::2], 'v': v[:, ::2], 'Y': y[:, 1::2]}
    order = 'uyvY' if encoding in ('yuv422', 'uyvy') else 'yuYv'
    return np.stack([pairs[letter] for letter in order], axis=-1).reshape(height, -1)


@pytest.mark.parametrize('encoding', ['nv12', 'nv21'])
@pytest.mark.parametrize('size, least, factor', [
    ((320, 240), (128, 96), 2), ((640, 360), (128, 72), 5), ((960, 540), (128, 72), 6),
    ((240, 100), (239, 90), 1), ((998, 602), (100, 60), 1)])  # no factor above 4 divides 998
def test_half_colour_comes_reduced_as_its_rgb_would_be(encoding, size, least, factor):
    rgb_HW3 = picture(*size)
    rgb_HW3[size[1] // 2:, :size[0] // 2] = 255 - rgb_HW3[size[1] // 2:, :size[0] // 2]
    rows = np.pad(_encoded(encoding, rgb_HW3, False), ((0, 0), (0, 6)), constant_values=200)
    message = image(encoding, *size, rows.shape[1], rows.tobytes())
    whole = rgb_from_image(message)
    found = rgb_from_image(message, least=least)
    smaller = size[0] // factor, size[1] // factor
    expected = cv2.resize(whole, smaller, interpolation=cv2.INTER_AREA)
    assert found.shape == expected.shape
    assert np.quantile(cv2.absdiff(found, expected), 0.999) <= 2


ALIASES = {'8UC1': 'mono8', '8UC3': 'bgr8', '8UC4': 'bgra8', '16UC1': 'mono16', '16UC3': 'bgr16',
           '16UC4': 'bgra16'}


@settings(max_examples=300, deadline=None)
@given(encoding=st.sampled_from(sorted(set(LAYOUTS) - {'nv24'})), blocks=st.tuples(
    st.integers(2, 6), st.integers(2, 6)), padding=st.integers(0, 9), is_bigendian=st.booleans(),
    seed=st.integers(0, 2**32 - 1))
def test_round_trip_of_every_encoding(encoding, blocks, padding, is_bigendian, seed):
    rng = np.random.default_rng(seed)
    blocks_hw3 = rng.integers(0, 256, (*blocks, 3), dtype=np.uint8)
    if encoding.startswith('bayer'):  # only one colour has an exact answer
        blocks_hw3[:] = blocks_hw3[0, 0]
    rgb_HW3 = blocks_hw3.repeat(2, axis=0).repeat(2, axis=1)
    if ALIASES.get(encoding, encoding).startswith('mono'):
        rgb_HW3[:] = rgb_HW3[..., 1:2]
    rows = _encoded(encoding, rgb_HW3, is_bigendian)
    noise = rng.integers(0, 256, (len(rows), padding), dtype=np.uint8)
    padded = np.concatenate([rows, noise], axis=1)
    message = image(encoding, rgb_HW3.shape[1], rgb_HW3.shape[0], padded.shape[1],
                    padded.tobytes(), int(is_bigendian))
    stream = BitDepth()
    stream.bits = 16
    result = rgb_from_image(message, stream)
    exact = not encoding.startswith(('yuv', 'yuyv', 'uyvy', 'nv'))
    assert result.shape == rgb_HW3.shape
    assert np.abs(result.astype(int) - rgb_HW3).max() <= (0 if exact else 3)


@pytest.mark.parametrize('padding', [0, 3])
def test_nv24_has_a_colour_for_every_pixel(padding):
    """Rows of Y, then rows twice as long of U and V in turn; here 3 x 2 pixels."""
    rgb_HW3 = np.random.default_rng(3).integers(0, 256, (2, 3, 3), np.uint8)
    y, u, v = _yuv(rgb_HW3)
    luma = np.pad(y, ((0, 0), (0, padding)))
    chroma = np.pad(np.stack([u, v], axis=-1).reshape(2, 6), ((0, 0), (0, 2 * padding)))
    data = luma.tobytes() + chroma.tobytes()
    result = rgb_from_image(image('nv24', 3, 2, 3 + padding, data))
    assert np.abs(result.astype(int) - rgb_HW3).max() <= 3


@pytest.mark.parametrize('bits', [10, 12, 14, 16])
def test_sixteen_bit_images_of_sensors_with_fewer_bits_are_not_nearly_black(bits):
    """A quarter, a half and the whole of what the sensor can say become 64, 128, 255."""
    full = (1 << bits) - 1
    values = np.array([full // 4, full // 2, full], '<u2')
    for encoding in ('mono16', '16UC1'):
        rgb_HW3 = rgb_from_image(image(encoding, 3, 1, 6, values.tobytes()))
        assert np.abs(rgb_HW3[0, :, 0].astype(int) - [64, 128, 255]).max() <= 1


@pytest.mark.parametrize('encoding, channels', [('mono16', 1), ('16UC1', 1), ('rgb16', 3)])
def test_padded_rows_of_16_bits_are_read_by_the_numpy_of_humble(monkeypatch, encoding, channels):
    """Ubuntu 22.04 has NumPy 1.21; here a stand-in refuses what that does."""
    class Old(np.ndarray):
        def view(self, kind):
            if kind is not Old and not self.flags.c_contiguous and (
                    np.dtype(kind).itemsize != self.itemsize):
                raise ValueError('the array must be C-contiguous')
            return super().view(kind)
    whole = np.frombuffer
    monkeypatch.setattr(np, 'frombuffer', lambda *given: whole(*given).view(Old))
    data = ([255, 3] * 2 * channels + [7, 7, 7]) * 2  # 1023, the brightest of 10 bits
    result = rgb_from_image(image(encoding, 2, 2, 4 * channels + 3, data))
    assert result.shape == (2, 2, 3) and (result == 255).all()


def test_the_range_of_a_stream_only_grows():
    stream, dark = BitDepth(), image('mono16', 1, 1, 2, np.array([512], '<u2').tobytes())
    bright = image('mono16', 1, 1, 2, np.array([4095], '<u2').tobytes())
    seen = [int(rgb_from_image(message, stream)[0, 0, 0]) for message in (dark, bright, dark)]
    assert seen == [128, 255, 32]  # 512 of 1023, 4095 of 4095, 512 of 4095


def test_a_few_corrupt_pixels_darken_no_stream():
    stream, pixels = BitDepth(), np.full((40, 50), 1023, np.uint16)
    pixels[0, :2] = 65535  # of 2000, one in a thousand
    assert (stream.scaled(pixels) == 255).all() and stream.bits == 10
    pixels[0, 2] = 4095
    assert stream.scaled(pixels)[0, :3].tolist() == [255] * 3 and stream.bits == 12
    assert stream.scaled(np.full((4, 5), 1023, np.uint16))[0, 0] == 64  # 1023 of 4095


def test_nearly_black_by_hand():
    rgb_HW3 = np.full((80, 80, 3), 15, np.uint8)
    assert is_nearly_black(rgb_HW3)
    rgb_HW3[:16] = 16  # two of the ten rows that are looked at
    assert not is_nearly_black(rgb_HW3)
    assert not is_nearly_black(np.full((1, 1, 3), 200, np.uint8))


@pytest.mark.parametrize('encoding', ['jpeg', 'png'])
def test_a_compressed_picture_in_an_image_message_is_read(encoding):
    rgb_HW3 = np.zeros((16, 24, 3), np.uint8)
    rgb_HW3[:] = (200, 40, 90)
    data = cv2.imencode(f'.{encoding}', rgb_HW3[..., ::-1])[1].tobytes()
    result = rgb_from_image(image(encoding, 24, 16, 0, data))
    assert result.shape == (16, 24, 3) and np.abs(result.astype(int) - rgb_HW3).max() <= 3
    with pytest.raises(ValueError, match='holds 24x16 pixels, but the message says 16x24'):
        rgb_from_image(image(encoding, 16, 24, 0, data))
    with pytest.raises(ValueError, match='bytes of a'):
        rgb_from_image(image(encoding, 24, 16, 0, data[:20]))
    with pytest.raises(ValueError, match='bytes of a'):
        rgb_from_image(image(encoding, 24, 16, 0, b''))


@pytest.mark.parametrize('encoding', ['rgb8', 'rgba8'])
def test_rgb_is_a_view_of_the_message(encoding):
    message = image(encoding, 2, 2, 10, range(20))
    assert np.shares_memory(rgb_from_image(message), np.frombuffer(message.data, np.uint8))


@pytest.mark.parametrize('size', [(3, 3), (4, 3), (5, 4)])
@pytest.mark.parametrize('encoding', [name for name in LAYOUTS if re.match('bayer_.*8', name)])
def test_small_and_odd_bayer_images_are_not_black(encoding, size):
    width, height = size
    assert (rgb_from_image(image(encoding, *size, width, [9] * width * height)) == 9).all()


def test_the_size_of_an_image_is_that_it_says():
    assert image_size(image('rgb8', 3, 2, 9, [])) == (3, 2)
    with pytest.raises(ValueError, match='3x0 pixels is empty'):
        image_size(image('rgb8', 3, 0, 9, []))
    with pytest.raises(ValueError, match='limit of 64 megapixels'):
        image_size(image('rgb8', 8001, 8000, 24003, []))


@pytest.mark.parametrize('message, sentence', [
    (image('rgb8', 2, 2, 6, [0] * 11), 'data has 11 bytes.*need 12'),
    (image('rgb8', 2, 2, 6, []), 'data has 0 bytes'),
    (image('rgb8', 0, 2, 6, [0] * 12), '0x2 pixels is empty'),
    (image('rgb8', 2, 0, 6, [0] * 12), '2x0 pixels is empty'),
    (image('rgb8', 2, 2, 5, [0] * 12), 'step is 5 bytes.*has 6'),
    (image('rgb8', 2, 2, 0, [0] * 12), 'step is 0 bytes'),
    (image('nv12', 2, 2, 2, [0] * 5), 'data has 5 bytes.*need 6'),
    (image('yuv422', 3, 2, 6, [0] * 12), 'even; got 3x2'),
    (image('nv12', 2, 3, 2, [0] * 12), 'even; got 2x3'),
    (image('bayer_rggb8', 2, 2, 2, [0] * 4), 'needs 3 pixels a side'),
    (image('rgb8', 10000, 10000, 30000, []), 'limit of 64 megapixels'),
    (image('rgb8', 4294967295, 4294967295, 4294967295, [0]), 'limit of 64 megapixels'),
])
def test_what_does_not_fit_is_refused(message, sentence):
    with pytest.raises(ValueError, match=sentence):
        rgb_from_image(message)


@pytest.mark.parametrize('encoding', ['', 'jpeg2000', 'RGB8', 'h264'])
def test_unknown_encoding_lists_the_known_ones(encoding):
    with pytest.raises(ValueError, match='let the camera driver publish one of rgb8.*bayer_rggb8'):
        rgb_from_image(image(encoding, 2, 2, 8, [0] * 16))


@pytest.mark.parametrize('encoding', ['32FC1', '64FC1', '16SC1'])
def test_depth_in_place_of_a_picture_is_named(encoding):
    with pytest.raises(ValueError, match='holds measurements such as depth, not a picture: remap'):
        rgb_from_image(image(encoding, 2, 2, 8, [0] * 16))


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', 'bgra8', 'mono8', 'bayer_grbg8', 'yuv422'])
def test_agrees_with_cv_bridge(encoding):
    cv_bridge = pytest.importorskip('cv_bridge')
    rng = np.random.default_rng(4)
    layout = LAYOUTS[encoding]
    data = rng.integers(0, 256, 8 * 8 * layout.pixel_bytes, dtype=np.uint8)
    message = image(encoding, 8, 8, 8 * layout.pixel_bytes, data.tobytes())
    theirs = cv_bridge.CvBridge().imgmsg_to_cv2(message, 'rgb8')
    assert np.array_equal(theirs, rgb_from_image(message))


# --- camera_info -------------------------------------------------------------------------

@settings(max_examples=100, deadline=None)
@given(fx=st.floats(1, 1e4), fy=st.floats(1, 1e4), cx=st.floats(-1e3, 1e4),
       cy=st.floats(-1e3, 1e4), width=st.integers(1, 5000), height=st.integers(1, 5000),
       model=st.sampled_from([('plumb_bob', 5), ('rational_polynomial', 8), ('equidistant', 4)]),
       distorted=st.booleans())
def test_camera_to_info_and_back(fx, fy, cx, cy, width, height, model, distorted):
    name, count = model if distorted else ('plumb_bob', 0)
    camera = Camera(fx=fx, fy=fy, cx=cx, cy=cy, width=width, height=height,
                    distortion_model=name,
                    distortion=(0.25,) * count)
    message = info_from_camera(camera, HEADER, width, height)
    assert read_camera_info(message, width, height, False).camera == camera
    assert message.header == HEADER
    assert list(message.p[:3]) == list(message.k[:3])


def test_info_without_a_camera_is_uncalibrated_but_has_the_size():
    message = info_from_camera(None, HEADER, 64, 48)
    assert (message.width, message.height, message.header) == (64, 48, HEADER)
    assert not any([*message.k, *message.p, *message.d]) and len(message.d) == 5
    assert message.distortion_model == 'plumb_bob'
    assert list(message.r) == [1, 0, 0, 0, 1, 0, 0, 0, 1]


def test_info_of_a_camera_by_hand():
    message = info_from_camera(CAMERA, HEADER, 3, 2)
    assert list(message.k) == [500, 0, 1, 0, 400, 0.5, 0, 0, 1]
    assert list(message.p) == [500, 0, 1, 0, 0, 400, 0.5, 0, 0, 0, 1, 0]
    assert list(message.r) == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert message.distortion_model == 'plumb_bob' and list(message.d) == [0] * 5
    fisheye = replace(CAMERA, distortion=(0.1, 0.2, 0.3, 0.4), distortion_model='equidistant')
    message = info_from_camera(fisheye, HEADER, 3, 2)
    assert message.distortion_model == 'equidistant' and list(message.d) == [0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize('level', ['OK', 'WARN', 'ERROR'])
def test_a_status_by_hand(level):
    status = diagnostic_status(level, 'eye', 'late', {'rate (Hz)': '3.0', 'age (ms)': '9'})
    assert status.level == getattr(DiagnosticStatus, level)
    assert (status.name, status.hardware_id, status.message) == ('eye', 'eye', 'late')
    assert [(pair.key, pair.value) for pair in status.values] == [
        ('rate (Hz)', '3.0'), ('age (ms)', '9')]


# --- depth to messages ---------------------------------------------------------------------

DEPTH = np.array([[1.0, 2.5, np.nan], [np.inf, -np.inf, 65.536]], np.float32)


def test_limit_depth_marks_both_sides():
    depth_HW = limit_depth(np.array([[0.1, 0.5, 3.0, 9.0, np.nan]], np.float32), 0.5, 3.0)
    assert np.array_equal(depth_HW, [[-np.inf, 0.5, 3.0, np.inf, np.nan]], equal_nan=True)


@pytest.mark.parametrize('values', [[0.5, 1.0, 3.0], [0.5, np.nan, 3.0], [np.nan, np.nan], []])
def test_limit_depth_leaves_what_is_within(values):
    with np.errstate(all='raise'):
        depth_HW = limit_depth(np.array([values], np.float32), 0.5, 3.0)
    assert np.array_equal(depth_HW, np.array([values], np.float32), equal_nan=True)


@pytest.mark.parametrize('values, expected', [
    ([np.nan, 1.0, 4.0], [np.nan, 1.0, np.inf]), ([1.0, 4.0], [1.0, np.inf]),
    ([0.1, 1.0], [-np.inf, 1.0]), ([0.5, 3.0, 0.1], [0.5, 3.0, -np.inf])])
def test_limit_depth_sees_one_side_too(values, expected):
    depth_HW = limit_depth(np.array([values], np.float32), 0.5, 3.0)
    assert np.array_equal(depth_HW, [expected], equal_nan=True)


def test_depth_image_keeps_every_value():
    message = DepthImage().fill(DEPTH, HEADER)
    assert (message.encoding, message.step, message.is_bigendian) == ('32FC1', 12, 0)
    assert (message.width, message.height, message.header) == (3, 2, HEADER)
    assert bytes(message.data) == DEPTH.astype('<f4').tobytes()


def test_millimetres_are_rounded_and_zero_where_unknown():
    with np.errstate(all='raise'):  # what NaN is as an integer differs between processors
        message = DepthMillimetres().fill(
            np.array([[1.0, 2.5004, np.nan], [np.inf, -np.inf, 70.0], [65.535, 0.0004, 1.0007]],
                     np.float32), HEADER)
    values = np.frombuffer(message.data, '<u2').reshape(3, 3).tolist()
    assert values == [[1000, 2500, 0], [0, 0, 0], [65535, 0, 1001]]
    assert (message.encoding, message.step) == ('16UC1', 6)


def test_colours_run_from_blue_to_red_and_unknown_is_black():
    with np.errstate(all='raise'):
        message = ColorImage().fill(
            np.array([[1.0, 3.0, 5.0, -np.inf, np.inf, np.nan]], np.float32), 1.0, 5.0, HEADER)
    near, middle, far, below, beyond, unknown = np.frombuffer(
        message.data, np.uint8).reshape(6, 3).astype(int).tolist()
    assert (message.encoding, message.step) == ('rgb8', 18)
    assert near == below and far == beyond and unknown == [0, 0, 0]
    assert near[2] > near[0] and far[0] > far[2]          # turbo: dark blue to dark red
    assert middle[1] > 200 and middle[1] > max(middle[0], middle[2])  # green between


def _points(message):
    kinds = np.dtype([('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('rgb', '<u4')])
    return np.frombuffer(message.data, kinds).reshape(message.height, message.width)


def test_cloud_by_hand():
    rgb_HW3 = np.zeros((2, 3, 3), np.uint8)
    rgb_HW3[0, 1] = (0x12, 0x34, 0x56)
    message = PointCloud().fill(DEPTH, rgb_HW3, CAMERA, 1, HEADER)
    points = _points(message)
    # Pixel (u 1, v 0) at 2.5 m: x = (1 - 1) / 500 * 2.5, y = (0 - 0.5) / 400 * 2.5 = -1/320
    assert points[0, 1].tolist() == pytest.approx((0.0, -0.003125, 2.5, 0x123456))
    assert points[0, 0]['x'] == np.float32(-0.002)
    for name in 'xyz':
        assert np.isnan(points[name]).tolist() == [[False, False, True], [True, True, False]]


@pytest.mark.parametrize('width, height', [(640, 150), (50_000, 2)])
def test_cloud_of_several_bands_is_that_of_one(width, height, monkeypatch):
    """Whole bands, a smaller last one, and rows longer than a band."""
    camera = Camera(fx=500, fy=510, cx=width / 3, cy=70, width=width, height=height)
    rng = np.random.default_rng(0)
    depth_HW = rng.uniform(1, 9, (height, width)).astype(np.float32)
    rgb_HW3 = rng.integers(0, 255, (height, width, 3), np.uint8)
    assert width * height > messages.BAND_PIXELS
    cloud = bytes(PointCloud().fill(depth_HW, rgb_HW3, camera, 1, Header()).data)
    monkeypatch.setattr(messages, 'BAND_PIXELS', width * height)
    assert bytes(PointCloud().fill(depth_HW, rgb_HW3, camera, 1, Header()).data) == cloud


def test_cloud_layout():
    message = PointCloud().fill(DEPTH, np.zeros((2, 3, 3), np.uint8), CAMERA, 1, HEADER)
    assert [(f.name, f.offset, f.datatype, f.count) for f in message.fields] == [
        ('x', 0, 7, 1), ('y', 4, 7, 1), ('z', 8, 7, 1), ('rgb', 12, 7, 1)]
    assert (message.width, message.height, message.point_step, message.row_step) == (3, 2, 16, 48)
    assert (message.is_dense, message.is_bigendian, message.header) == (False, False, HEADER)
    assert len(message.data) == 96


def test_white_points_are_not_nan_when_read_as_float():
    rgb_HW3 = np.full((2, 3, 3), 255, np.uint8)
    message = PointCloud().fill(DEPTH, rgb_HW3, CAMERA, 1, HEADER)
    assert not np.isnan(_points(message)['rgb'].copy().view('<f4')).any()


@settings(max_examples=60, deadline=None)
@given(width=st.integers(1, 17), height=st.integers(1, 17), stride=st.integers(1, 6),
       distortion=st.sampled_from([(), (0.1, -0.05, 0.001, 0.002, 0.01)]))
def test_strided_cloud_is_every_nth_point_of_the_whole_one(width, height, stride, distortion):
    camera = Camera(fx=30.0, fy=31.0, cx=8.2, cy=7.7, width=width, height=height,
                    distortion=distortion)
    rng = np.random.default_rng(width * 1000 + height)
    depth_HW = rng.uniform(0.5, 9, (height, width)).astype(np.float32)
    rgb_HW3 = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    whole = _points(PointCloud().fill(depth_HW, rgb_HW3, camera, 1, HEADER))
    some = _points(PointCloud().fill(depth_HW, rgb_HW3, camera, stride, HEADER))
    expected = whole[::stride, ::stride]
    assert some.shape == expected.shape
    assert np.array_equal(some['rgb'], expected['rgb'])
    for name in 'xyz':
        assert np.allclose(some[name], expected[name], rtol=1e-4, atol=1e-5)


def test_cloud_colours_from_a_view_of_rgba():
    message = image('rgba8', 3, 2, 13, range(26))
    points = _points(PointCloud().fill(DEPTH, rgb_from_image(message), CAMERA, 1, HEADER))
    assert points['rgb'][1, 2] == (21 << 16) + (22 << 8) + 23  # 13 + 2 * 4 = 21


FILLS = {
    'depth': lambda out, depth: out.fill(depth, HEADER),
    'millimetres': lambda out, depth: out.fill(depth, HEADER),
    'colour': lambda out, depth: out.fill(depth, 0.5, 10.0, HEADER),
    'cloud': lambda out, depth: out.fill(
        depth, np.zeros((*depth.shape, 3), np.uint8),
        Camera(fx=9.0, fy=9.0, cx=1.0, cy=1.0, width=depth.shape[1], height=depth.shape[0]),
        1, HEADER),
}


@pytest.mark.parametrize('name, kind', [
    ('depth', DepthImage), ('millimetres', DepthMillimetres), ('colour', ColorImage),
    ('cloud', PointCloud)])
def test_message_and_memory_are_reused_until_the_size_changes(name, kind):
    out, fill = kind(), FILLS[name]
    first = fill(out, np.full((4, 6), 2.0, np.float32))
    memory, bytes_of_first = first.data, bytes(first.data)
    second = fill(out, np.full((4, 6), 3.0, np.float32))
    assert second is first and second.data is memory
    assert bytes(second.data) != bytes_of_first
    kept = bytes(first.data)
    other = fill(out, np.full((6, 4), 3.0, np.float32))
    assert other is not first and (other.width, other.height) == (4, 6)
    assert bytes(first.data) == kept


def test_cloud_agrees_with_sensor_msgs_py():
    point_cloud2 = pytest.importorskip('sensor_msgs_py.point_cloud2')
    message = PointCloud().fill(DEPTH, np.zeros((2, 3, 3), np.uint8), CAMERA, 1, HEADER)
    theirs = point_cloud2.read_points(message, field_names=('x', 'y', 'z'), skip_nans=True)
    assert sorted(theirs['z'].tolist()) == [1.0, 2.5, pytest.approx(65.536)]


@pytest.mark.parametrize('name, kind', [
    ('depth', DepthImage), ('millimetres', DepthMillimetres), ('colour', ColorImage),
    ('cloud', PointCloud)])
def test_filled_messages_survive_serialisation(name, kind):
    from rclpy.serialization import deserialize_message, serialize_message
    message = FILLS[name](kind(), np.full((4, 6), 2.0, np.float32))
    assert deserialize_message(serialize_message(message), type(message)) == message
