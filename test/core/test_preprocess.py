"""Pixels to network numbers and back."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from mono_depth_ros.camera import Camera
from mono_depth_ros.letterbox import fit_letterbox, to_image_size
from mono_depth_ros.model_card import Normalisation
from mono_depth_ros.preprocess import (
    decode_depth,
    encode_depth,
    encode_image,
    focal_ratio,
    normalise,
)

NORMALISATION = Normalisation(mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 1.0))
REFERENCE = Camera(fx=200, fy=200, cx=128, cy=96, width=256, height=192)


def test_vga_fills_a_4_to_3_input():
    letterbox = fit_letterbox(640, 480, 256, 192)
    assert (letterbox.content_width, letterbox.content_height, letterbox.x, letterbox.y) == (
        256, 192, 0, 0)


def test_wide_and_tall_images_keep_their_shape():
    wide = fit_letterbox(1280, 720, 256, 192)
    assert (wide.content_width, wide.content_height, wide.x, wide.y) == (256, 144, 0, 24)
    tall = fit_letterbox(480, 640, 256, 192)
    assert (tall.content_width, tall.content_height, tall.x, tall.y) == (144, 192, 56, 0)


def test_normalise_by_hand():
    rgb = np.array([[[255, 0, 51]]], np.uint8)
    np.testing.assert_allclose(normalise(rgb, NORMALISATION).ravel(), (1, -1, 0.2), atol=1e-6)


@pytest.mark.parametrize('width, height', [(640, 480), (1920, 1080), (957, 526), (300, 200)])
def test_shrinking_averages_and_keeps_places(width, height):
    """Fine stripes become their mean, not one of their colours; a ramp stays where it is."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, ::2, 0] = 200
    rgb[..., 1] = np.rint(np.linspace(0, 250, width))
    letterbox = fit_letterbox(width, height, 256, 192)
    image = encode_image(rgb, letterbox, Normalisation(mean=(0, 0, 0), std=(1, 1, 1))) * 255
    middle = image[:, 96, 8:-8]
    assert np.abs(middle[0] - 100).mean() < (40 if width > 512 else 80)
    columns = (np.arange(8, 248) + 0.5) * width / 256 - 0.5
    np.testing.assert_allclose(middle[1], 250 * columns / (width - 1), atol=1.5)


def test_border_is_zero_and_content_in_place():
    rgb = np.full((480, 640, 3), 255, np.uint8)
    image = encode_image(rgb, fit_letterbox(640, 480, 256, 256), NORMALISATION)
    assert image.shape == (3, 256, 256)
    assert (image[:, :32] == 0).all() and (image[:, 224:] == 0).all()
    np.testing.assert_allclose(image[0, 32:224], 1)


def test_camera_follows_its_image_into_the_input():
    camera = Camera(fx=1000, fy=1000, cx=639.5, cy=359.5, width=1280, height=720)
    seen = fit_letterbox(1280, 720, 256, 192).camera(camera)
    assert (seen.fx, seen.width, seen.height) == (200, 256, 192)
    assert (seen.cx, seen.cy) == pytest.approx((127.5, 95.5))


def test_encode_depth_knows_only_finite_positive_metres():
    depth = np.array([[1, np.nan, np.inf, 0, -1, 2]], np.float32)
    log_depth = encode_depth(depth, REFERENCE, REFERENCE)
    np.testing.assert_allclose(
        log_depth, [[0, np.nan, np.nan, np.nan, np.nan, np.log(2)]], atol=1e-6)


def test_doubled_focal_length_halves_canonical_depth():
    camera = Camera(fx=400, fy=400, cx=128, cy=96, width=256, height=192)
    log_depth = encode_depth(np.array([[3.0]], np.float32), camera, REFERENCE)
    assert log_depth[0, 0] == pytest.approx(np.log(1.5))


@settings(deadline=None, max_examples=40)
@given(metres=st.floats(0.4, 9), focal=st.floats(50, 2000), width=st.integers(8, 900),
       height=st.integers(8, 900))
def test_depth_comes_back_at_any_image_size_and_focal_length(metres, focal, width, height):
    camera = Camera(fx=focal, fy=focal, cx=width / 2, cy=height / 2, width=width, height=height)
    letterbox = fit_letterbox(width, height, 256, 192)
    seen = letterbox.camera(camera)
    log_depth = encode_depth(np.full((96, 128), metres, np.float32), seen, REFERENCE)
    back = decode_depth(log_depth, letterbox, focal_ratio(seen, REFERENCE), 0.3, 10)
    assert back.shape == (height, width)
    np.testing.assert_allclose(back, metres, rtol=1e-4)


@pytest.mark.parametrize('width, height', [(640, 480), (1280, 720), (480, 640), (256, 192)])
def test_a_ramp_lands_on_its_own_pixels(width, height):
    """A network output that grows evenly along the input comes back as the same ramp."""
    letterbox = fit_letterbox(width, height, 256, 192)
    input_x = (np.arange(128) + 0.5) * 2 - 0.5
    ramp_hw = np.tile(2 + input_x / 256, (96, 1)).astype(np.float32)
    depth = decode_depth(np.log(ramp_hw), letterbox, 1.0, 0.3, 10)
    image_x = np.arange(width)
    scale = letterbox.content_width / width
    expected = 2 + ((image_x + 0.5) * scale - 0.5 + letterbox.x) / 256
    inside = slice(width // 10, -width // 10)
    # warpAffine rounds positions to 1/32 of a cell: 1/32 * 2/256 metres here.
    np.testing.assert_allclose(depth[height // 2, inside], expected[inside], atol=3e-4)


def test_a_border_of_whole_cells_is_cut_off():
    """640x480 in 288x224 has 4 rows of border above and below: 2 cells of the map each."""
    letterbox = fit_letterbox(640, 480, 288, 224)
    map_hw = np.full((112, 144), 2.0, np.float32)
    map_hw[:2] = map_hw[-2:] = 9.0
    np.testing.assert_array_equal(to_image_size(map_hw, letterbox), np.full((480, 640), 2.0))
    ramp_hw = np.tile(np.arange(112, dtype=np.float32)[:, None], (1, 144))
    rows = (np.arange(480) + 0.5) * 216 / 480 / 2 - 0.5 + 2
    np.testing.assert_allclose(to_image_size(ramp_hw, letterbox)[2:-2, 320], rows[2:-2], atol=0.02)


@pytest.mark.parametrize('width, height', [(256, 192), (640, 480), (1000, 333), (333, 1000)])
def test_nearer_than_the_range_is_minus_and_farther_plus_infinite(width, height):
    """Left third nearer, middle within, right third farther; unknown stays unknown."""
    log_depth = np.full((96, 128), np.log(100), np.float32)
    log_depth[:, :43], log_depth[:, 43:85] = np.log(1e-3), np.log(2)
    depth = decode_depth(log_depth, fit_letterbox(width, height, 256, 192), 1.0, 0.3, 10)
    row, columns = depth[height // 2], np.arange(width) * 128 // width
    if width >= height:  # else the borders of the letterbox hold the outer thirds
        assert np.isneginf(row[columns < 41]).all() and np.isposinf(row[columns > 86]).all()
    assert row[width // 2] == pytest.approx(2) and not np.isnan(depth).any()
    between = row[np.isfinite(row)]
    assert between.min() > 0.3 and between.max() < 10
    log_depth[:] = np.nan
    assert np.isnan(decode_depth(log_depth, fit_letterbox(256, 192, 256, 192), 1.0, 0.3, 10)).all()


def test_a_log_depth_that_is_infinite_is_unknown_not_beyond_the_range():
    log_depth = np.full((96, 128), np.inf, np.float32)
    log_depth[:, 64:] = -np.inf
    depth = decode_depth(log_depth, fit_letterbox(256, 192, 256, 192), 1.0, 0.3, 10)
    assert np.isnan(depth).all()
