"""Pixels and metres by hand, for every meaning of an output and where edges cut through cells."""

import numpy as np
import pytest

from mono_depth_ros.camera import Camera
from mono_depth_ros.letterbox import fit_letterbox, input_letterbox, to_image_size
from mono_depth_ros.model_card import NetworkSpec, Normalisation
from mono_depth_ros.preprocess import (
    decode_depth,
    depth_of,
    encode_depth,
    encode_image,
    focal_ratio,
    metres_per_output,
)

REFERENCE = Camera(fx=150, fy=160, cx=47.5, cy=31.5, width=96, height=64)
WIDE = Camera(fx=300, fy=200, cx=47.5, cy=31.5, width=96, height=64)


def test_metres_of_an_output_follow_what_its_network_counts():
    assert metres_per_output(WIDE, REFERENCE, 'log_canonical_depth') == focal_ratio(
        WIDE, REFERENCE) == pytest.approx(WIDE.focal / REFERENCE.focal)
    assert metres_per_output(WIDE, REFERENCE, 'canonical_depth') == 2
    assert metres_per_output(WIDE, REFERENCE, 'canonical_inverse_depth') == 2
    assert metres_per_output(WIDE, REFERENCE, 'depth') == 1
    assert metres_per_output(WIDE, REFERENCE, 'inverse_depth') == 1


def test_canonical_depth_goes_by_fx_or_by_the_mean():
    """300 and 200 pixels are 250, of 150 and 160 of the reference camera 155."""
    for output in ('canonical_depth', 'canonical_inverse_depth'):
        assert metres_per_output(WIDE, REFERENCE, output, 'fx') == 2
        assert metres_per_output(WIDE, REFERENCE, output, 'mean') == pytest.approx(250 / 155)
    assert metres_per_output(WIDE, REFERENCE, 'depth', 'mean') == 1


@pytest.mark.parametrize('output, plane, expected', [
    ('log_canonical_depth', [0, np.log(3), np.inf, -np.inf, np.nan], [1, 3, *[np.nan] * 3]),
    ('depth', [0.5, 0, -2, -np.inf, np.nan], [0.5, 1e-9, 1e-9, np.nan, np.nan]),
    ('canonical_depth', [4, np.inf], [4, np.inf]),
    ('inverse_depth', [0.25, 0, -1, np.inf, -np.inf], [4, 1e9, 1e9, 0, np.nan]),
    ('canonical_inverse_depth', [2, np.nan], [0.5, np.nan])])
def test_every_output_is_metres(output, plane, expected):
    depth = depth_of(np.array([plane], np.float32), output)
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth[0], expected, rtol=1e-5)


def test_sky_that_is_infinite_is_beyond_the_range():
    """It lies beside NaN and a number, which stay what they are: REP 117."""
    depth = decode_depth(np.float32([[2, np.inf, -np.inf, np.nan]]), fit_letterbox(4, 1, 4, 1), 1,
                         0.5, 10, 'depth')
    np.testing.assert_allclose(depth, [[2, np.inf, np.nan, np.nan]], rtol=1e-6)
    inverse = decode_depth(np.float32([[0.5, np.inf, -np.inf, np.nan]]),
                           fit_letterbox(4, 1, 4, 1), 1, 0.5, 10, 'inverse_depth')
    np.testing.assert_allclose(inverse, [[2, -np.inf, np.nan, np.nan]], rtol=1e-6)


@pytest.mark.parametrize('output', ['depth', 'canonical_depth', 'inverse_depth'])
def test_a_map_without_a_finite_number_is_unknown_not_free(output):
    plane = np.full((2, 4), np.inf, np.float32)
    assert np.isnan(decode_depth(plane, fit_letterbox(4, 2, 4, 2), 1, 0.5, 10, output)).all()


def test_inverse_depth_is_averaged_as_it_comes():
    """Half-way between 1 / 1 m and 1 / 4 m is 1 / 1.6 m, between 1 and 4 m it is 2.5 m."""
    same = fit_letterbox(3, 1, 2, 1)
    inverse = decode_depth(np.array([[1, 0.25]], np.float32), same, 1, 0.1, 10, 'inverse_depth')
    plain = decode_depth(np.array([[1, 4]], np.float32), same, 1, 0.1, 10, 'depth')
    assert inverse[0, 1] == pytest.approx(1.6) and plain[0, 1] == pytest.approx(2.5)


def test_depth_is_held_to_the_range_before_it_is_averaged():
    """Half-way from 2.5 m to what is nearer than 1 is 1.75, from 1 to farther than 10 is 5.5."""
    same = fit_letterbox(3, 1, 2, 1)
    near = decode_depth(np.array([[0.01, 2.5]], np.float32), same, 1, 1.0, 10.0, 'depth')
    far = decode_depth(np.array([[1, 1000]], np.float32), same, 1, 0.1, 10.0, 'depth')
    np.testing.assert_allclose(near, [[-np.inf, 1.75, 2.5]], rtol=1e-6)
    np.testing.assert_allclose(far, [[1, 5.5, np.inf]], rtol=1e-6)


def test_the_ends_of_the_range_are_in_it():
    same = fit_letterbox(2, 1, 2, 1)
    depth = decode_depth(np.array([[0.5, 4]], np.float32), same, 1, 0.5, 4.0, 'depth')
    np.testing.assert_array_equal(depth, [[0.5, 4]])


def test_an_image_of_one_row_or_column_keeps_it():
    box = fit_letterbox(1, 1000, 32, 32)
    assert (box.content_width, box.content_height, box.x, box.y) == (1, 32, 15, 0)
    box = fit_letterbox(1000, 1, 32, 32)
    assert (box.content_width, box.content_height, box.x, box.y) == (32, 1, 0, 15)


def test_a_border_on_one_side_only_is_cut_off():
    """5 of 6 columns are content: pixel u lies at cell (u + 0.5) / 2 - 0.5 of three."""
    box = fit_letterbox(5, 6, 6, 6)
    assert (box.x, box.content_width) == (0, 5)
    seen = to_image_size(np.tile(np.float32([0, 1, 2]), (3, 1)), box)
    np.testing.assert_allclose(seen, np.tile([0, 0.25, 0.75, 1.25, 1.75], (6, 1)), atol=1 / 32)


def test_an_image_is_averaged_over_whole_blocks():
    rgb = np.random.default_rng(0).integers(0, 256, (20, 40, 3), np.uint8)
    image = encode_image(rgb, fit_letterbox(40, 20, 10, 5),
                         Normalisation(mean=(0, 0, 0), std=(1, 1, 1)))
    blocks = rgb.reshape(5, 4, 10, 4, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
    np.testing.assert_allclose(255 * image, blocks, atol=0.51)


@pytest.mark.parametrize('width, height, input_hw, output_hw', [
    (100, 60, (64, 96), (32, 48)),  # content 96x58 from row 3: half a cell
    (60, 100, (96, 64), (24, 16)),  # portrait, a quarter of the input
    (100, 60, (64, 96), (64, 96))])
def test_a_plane_in_both_directions_lands_on_its_own_pixels(width, height, input_hw, output_hw):
    """Cell (r, c) holds 10 c + 1000 r; a pixel reads it where its centre lies in the cells."""
    box = fit_letterbox(width, height, input_hw[1], input_hw[0])
    rows, columns = np.indices(output_hw).astype(np.float32)
    seen = to_image_size(10 * columns + 1000 * rows, box)
    assert seen.shape == (height, width)
    v, u = np.indices((height, width))

    def cells(pixel, size, content, start, input_size, number):
        return ((pixel + 0.5) * content / size + start) * number / input_size - 0.5

    expected = (10 * cells(u, width, box.content_width, box.x, input_hw[1], output_hw[1])
                + 1000 * cells(v, height, box.content_height, box.y, input_hw[0], output_hw[0]))
    inner = (slice(8, -8), slice(8, -8))  # where no cell beyond the map is asked for
    # warpAffine counts in 32nds of a cell.
    np.testing.assert_allclose(seen[inner], expected[inner], atol=1010 / 32)
    assert abs((seen - expected)[inner].mean()) < 4


def test_a_stretched_image_fills_the_input():
    spec = NetworkSpec(name='mobile', input_height=64, input_width=96)
    box = input_letterbox(30, 60, spec, 'stretch')
    assert (box.content_width, box.content_height, box.x, box.y) == (96, 64, 0, 0)
    boxed = input_letterbox(30, 60, spec, 'letterbox')
    assert (boxed.content_width, boxed.content_height, boxed.x, boxed.y) == (32, 64, 32, 0)
    assert (box.width, box.height) == (30, 60) and input_letterbox(30, 60, spec) == boxed
    seen = boxed.camera(Camera(fx=30, fy=60, cx=14.5, cy=29.5, width=30, height=60))
    assert (seen.cx, seen.cy) == pytest.approx((47.5, 31.5))
    camera = box.camera(Camera(fx=30, fy=60, cx=14.5, cy=29.5, width=30, height=60))
    assert (camera.fx, camera.fy) == pytest.approx((96, 64))


def test_the_input_is_float32_with_a_border_of_zero():
    half_grey = Normalisation(mean=(0.0, 0.5, 1.0), std=(1.0, 0.5, 0.25))
    box = fit_letterbox(30, 60, 96, 64)
    image = encode_image(np.full((60, 30, 3), 255, np.uint8), box, half_grey)
    assert image.dtype == np.float32 and image.shape == (3, 64, 96)
    np.testing.assert_allclose(image[:, 20, 40], (1, 1, 0), atol=1e-6)
    assert (image[:, :, :32] == 0).all() and (image[:, :, 64:] == 0).all()


def test_a_border_has_the_colour_that_is_given():
    """51, 102 and 204 of 255 are 0.2, 0.4 and 0.8, normalised as the image is."""
    normalisation = Normalisation(mean=(0.0, 0.5, 0.8), std=(1.0, 0.5, 0.25),
                                  border=(51.0, 102.0, 204.0))
    image = encode_image(np.full((60, 30, 3), 255, np.uint8), fit_letterbox(30, 60, 96, 64),
                         normalisation)
    assert image.dtype == np.float32
    for column in (0, 31, 64, 95):
        np.testing.assert_allclose(image[:, :, column], np.tile([[0.2], [-0.2], [0]], 64),
                                   atol=1e-6)
    np.testing.assert_allclose(image[:, 20, 40], (1, 1, 0.8), atol=1e-6)


def test_depth_for_the_loss_is_float32_and_unknown_is_nan():
    depth = np.array([[2.0, 0.0, np.nan, np.inf, -1.0]])
    log_depth = encode_depth(depth, WIDE, REFERENCE)
    assert log_depth.dtype == np.float32 and np.isnan(log_depth[0, 1:]).all()
    assert log_depth[0, 0] == pytest.approx(np.log(2 * REFERENCE.focal / WIDE.focal), rel=1e-6)
