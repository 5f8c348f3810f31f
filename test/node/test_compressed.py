"""Compressed images in, as compressed_image_transport writes them; compressed depth out."""

from array import array
import resource
import struct

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from ros_helpers import picture
from sensor_msgs.msg import CompressedImage

from mono_depth_ros.message_formats.compressed import rgb_from_compressed
from mono_depth_ros.message_formats.compressed_depth import compressed_depth
from mono_depth_ros.message_formats.encodings import BitDepth, rgb_from_bytes
from mono_depth_ros.message_formats.images import depth_from_message
from mono_depth_ros.message_formats.pictures import _jpeg_ends, picture_size
from mono_depth_ros.node.interface.messages import image_size, rgb_from_image

RGB = picture(64, 48)
BGR = RGB[..., ::-1]
GREY = RGB[..., 0]


def file_of(pixels: np.ndarray, suffix: str = '.png') -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


@pytest.mark.parametrize('text', [
    'rgb8; png compressed bgr8', 'bgr8; png compressed bgr8', 'bgra8;png compressed bgr8', 'png',
    'rgb8; png compressed ', '', 'jpeg', 'image/png', 'odd'])
def test_every_form_of_the_format_is_understood(text):
    assert np.array_equal(rgb_from_compressed(file_of(BGR), text), RGB)


def test_a_jpeg_has_its_colours():
    rgb = rgb_from_compressed(file_of(BGR, '.jpg'), 'rgb8; jpeg compressed bgr8')
    assert np.abs(rgb.astype(int) - RGB).mean() < 4


def test_colours_written_in_the_order_of_rgb_come_back_in_it():
    assert np.array_equal(rgb_from_compressed(file_of(RGB), 'rgb8; png compressed rgb8'), RGB)


@pytest.mark.parametrize('text', ['mono8; png compressed mono8', 'mono8; jpeg compressed ', 'png'])
def test_grey_is_the_same_in_all_colours(text):
    assert np.array_equal(rgb_from_compressed(file_of(GREY), text), np.stack([GREY] * 3, -1))


@pytest.mark.parametrize('dtype, factor', [('u1', 1), ('u2', 256)])
def test_a_bayer_pattern_is_demosaiced(dtype, factor):
    mosaic = GREY.astype(dtype) * factor + factor // 2
    bits = 8 * mosaic.itemsize
    rgb = rgb_from_compressed(
        file_of(mosaic), f'bayer_grbg{bits}; png compressed mono{bits}', least=(8, 6))
    plain = rgb_from_bytes(mosaic.tobytes(), encoding=f'bayer_grbg{bits}', width=64, height=48,
                           step=64 * mosaic.itemsize)
    assert rgb.shape == (48, 64, 3) and np.array_equal(rgb, plain)


@pytest.mark.parametrize('pixels', [GREY, RGB])
def test_sixteen_bits_are_scaled_by_those_in_use(pixels):
    sixteen = pixels.astype(np.uint16) * 16
    sixteen[0, :8] = 4095  # of a sensor of 12 bits
    rgb = rgb_from_compressed(file_of(sixteen[..., ::-1] if pixels.ndim == 3 else sixteen),
                              'rgb16; png compressed bgr16')
    exact = np.broadcast_to(sixteen.reshape(48, 64, -1) * (255 / 4095), (48, 64, 3))
    assert np.abs(rgb - exact).max() <= 0.5


def test_transparency_is_left_out():
    bgra = np.dstack([BGR, np.full((48, 64), 7, np.uint8)])
    assert np.array_equal(rgb_from_compressed(file_of(bgra), 'png'), RGB)


@pytest.mark.parametrize('least, size', [
    ((64, 48), (64, 48)), ((33, 20), (64, 48)), ((32, 24), (32, 24)), ((16, 13), (32, 24)),
    ((8, 6), (8, 6)), ((1, 1), (8, 6))])
@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_decoded_at_no_more_than_needed(least, size, suffix):
    data = file_of(BGR, suffix)
    rgb = rgb_from_compressed(data, '', least=least)
    assert rgb.shape[1::-1] == size and picture_size(data) == (64, 48)
    area = cv2.resize(RGB, size, interpolation=cv2.INTER_AREA)
    assert np.abs(rgb.astype(int) - area).mean() < 5


@pytest.mark.parametrize('pixels', [GREY, BGR])
def test_sixteen_bits_are_as_bright_at_less_than_their_size(pixels):
    """OpenCV's reduced decoding keeps the upper byte: of 4000 in 4095 it left 15 of 255."""
    twelve = np.full_like(pixels, 1, np.uint16) * 4000
    rgb = rgb_from_compressed(file_of(twelve), 'mono16; png compressed ', least=(8, 6))
    assert np.all(rgb == 249)  # 4000 * 255 / 4095


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
@pytest.mark.parametrize('part', [0.0, 0.02, 0.5, 0.99])
def test_what_was_cut_short_is_refused(suffix, part):
    data = file_of(BGR, suffix)
    with pytest.raises(ValueError, match='bytes of a'):
        rgb_from_compressed(data[:int(part * len(data))], 'jpeg')


@pytest.mark.parametrize('text, sentence', [
    ('16UC1; compressedDepth png', 'holds measurements'), ('32FC1; tiff', 'holds measurements'),
    ('h264', 'neither JPEG nor PNG'), ('bayer_odd8; png compressed mono8', 'unknown')])
def test_what_is_no_picture_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        rgb_from_compressed(b'\0\0\0\1' * 9 if text == 'h264' else file_of(GREY), text)


def test_a_file_that_says_it_is_huge_is_refused_before_memory_is_taken():
    data = bytearray(file_of(BGR))
    data[16:24] = struct.pack('>II', 100000, 100000)
    with pytest.raises(ValueError, match='64 megapixels'):
        rgb_from_compressed(bytes(data), 'png')


@pytest.mark.parametrize('length', [1 << 15, 1 << 31, (1 << 32) - 1])
@pytest.mark.parametrize('read', [
    lambda data: rgb_from_compressed(data, 'png'),
    lambda data: depth_from_message(CompressedImage(
        format='16UC1; compressedDepth png', data=array('B', bytes(12) + data)))])
def test_a_part_that_says_it_is_huge_takes_no_memory(read, length):
    """OpenCV would take as much as the part says before it sees that the file ends."""
    data = bytearray(file_of(GREY.astype(np.uint16)))
    data[33:37] = struct.pack('>I', length)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match='cut short, or damaged'):
        read(bytes(data))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 100_000


def test_depth_that_says_it_is_huge_is_refused_before_memory_is_taken():
    data = bytearray(file_of(GREY.astype(np.uint16)))
    data[16:24] = struct.pack('>II', 100000, 100000)
    with pytest.raises(ValueError, match='64 megapixels'):
        depth_from_message(CompressedImage(format='16UC1; png', data=array('B', data)))


def test_a_jpeg_cut_short_is_refused_though_its_thumbnail_ends():
    """OpenCV 4 fills what is missing with grey."""
    whole = file_of(BGR, '.jpg')
    thumbnail = file_of(BGR[:8, :8], '.jpg')
    segment = b'\xff\xe1' + struct.pack('>H', len(thumbnail) + 2) + thumbnail
    data = whole[:2] + segment + whole[2:]
    assert _jpeg_ends(data) and not _jpeg_ends(data[:len(data) * 3 // 4])
    assert picture_size(data) == (64, 48)
    rgb_from_compressed(data, 'jpeg')
    start = whole.index(b'\xff\xc4')  # tables: a stray byte before them is skipped by decoders
    assert _jpeg_ends(whole[:start] + b'\x00' + whole[start:])
    with pytest.raises(ValueError, match='cut short, or damaged'):
        rgb_from_compressed(data[:len(data) * 3 // 4], 'jpeg')


def test_the_message_is_read_as_its_data():
    message = CompressedImage(format='jpeg', data=array('B', file_of(BGR)))
    assert image_size(message) == (64, 48)
    assert np.array_equal(rgb_from_image(message), RGB)


def test_a_message_is_read_at_what_is_needed_and_with_the_bits_of_its_stream():
    message = CompressedImage(format='png', data=array('B', file_of(BGR)))
    assert rgb_from_image(message, least=(30, 20)).shape == (24, 32, 3)
    stream = BitDepth()
    seen = [int(rgb_from_image(CompressedImage(format='mono16; png compressed ', data=array(
        'B', file_of(np.full((2, 2), value, np.uint16)))), stream)[0, 0, 0])
            for value in (512, 4095, 512)]
    assert seen == [128, 255, 32]  # 512 of 1023, 4095 of 4095, 512 of 4095


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_files_give_a_picture_of_the_right_size_or_a_sentence(data):
    whole = bytearray(file_of(BGR, data.draw(st.sampled_from(['.jpg', '.png']))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    whole = bytes(whole[:data.draw(st.integers(0, len(whole)))])
    try:
        size = picture_size(whole)
        rgb = rgb_from_compressed(whole, data.draw(st.sampled_from(['', 'bayer_rggb8; png'])))
    except ValueError as error:
        assert len(str(error)) > 20 and '\n' not in str(error)
    else:
        assert rgb.shape == (*size[::-1], 3) and rgb.dtype == np.uint8


def read_by_the_plugin(data: bytes) -> np.ndarray:
    """Depth (H, W) as compressed_depth_image_transport decodes it."""
    kind, a, b = struct.unpack('<iff', data[:12])
    assert kind == 0
    numbers = cv2.imdecode(np.frombuffer(data[12:], np.uint8), cv2.IMREAD_UNCHANGED)
    assert numbers.dtype == np.uint16 and numbers.ndim == 2
    with np.errstate(divide='ignore'):
        depth = np.float32(a) / (numbers.astype(np.float32) - np.float32(b))
    return np.where(numbers == 0, np.float32(np.nan), depth)


@pytest.mark.parametrize('nearest, farthest', [
    (0.3, 10.0), (0.1, 80.0), (1.0, 150.0), (0.05, 5.0)])
def test_the_plugin_reads_the_depth_that_was_sent(nearest, farthest):
    depth = np.geomspace(nearest, farthest, 999, dtype=np.float32).reshape(27, 37)
    read = read_by_the_plugin(compressed_depth(depth, nearest, farthest))
    # Half a step of inverse depth.
    step_at_1_m = max(1 / 10100, (1 / nearest - 1 / farthest) / 65534)
    assert (np.abs(read - depth) <= 0.51 * depth ** 2 * step_at_1_m + 1e-6 * depth).all()


def test_a_nearest_depth_of_nothing_is_a_centimetre():
    depth = np.float32([[0.0, 0.005, 0.5, 8.0]])
    read = read_by_the_plugin(compressed_depth(depth, 0.0, 10.0))
    assert np.isnan(read[0, :2]).all()
    np.testing.assert_allclose(read[0, 2:], depth[0, 2:], rtol=0.01)


def test_what_is_not_finite_or_out_of_range_is_unknown_to_the_plugin():
    depth = np.float32([[np.nan, np.inf, -np.inf, 0, -1, 0.2, 11, 5]])
    read = read_by_the_plugin(compressed_depth(depth, 0.3, 10.0))
    assert np.isnan(read[0, :7]).all() and abs(read[0, 7] - 5) < 0.002


def test_where_limits_leave_nothing_of_a_model_every_number_is_unknown_to_the_plugin():
    """Nearest and farthest are one then; the output failed with a division by zero."""
    depth = np.float32([[np.nan, np.inf, -np.inf, 3.9, 4.1]])
    assert np.isnan(read_by_the_plugin(compressed_depth(depth, 4.0, 4.0))).all()
