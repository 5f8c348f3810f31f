"""Lidar splat and image-guided fill, on a few pixels worked by hand."""

import numpy as np
import pytest

from train.data.samples.lidar import densify, Fill, splat

# fx = fy = 10, centre (2, 1): the point (x, y, z) falls on column 2 + 10 x/z, row 1 + 10 y/z.
PROJECTION = np.array([[10, 0, 2, 0], [0, 10, 1, 0], [0, 0, 1, 0]], np.float32)


def splatted(*points):
    return splat(np.array(points, np.float32).T, PROJECTION, 3, 5)


def test_depth_is_z_of_the_nearest_point_on_a_pixel():
    depth = splatted((0.5, 0, 5), (1.0, 0, 10), (0, 0.4, 4))
    expected = np.full((3, 5), np.nan, np.float32)
    expected[1, 3], expected[2, 2] = 5, 4  # z = 5, not its range 5.02; 10 m lies behind it
    np.testing.assert_array_equal(depth, expected)


@pytest.mark.parametrize('order', [1, -1])
def test_nearest_wins_in_any_order(order):
    assert splatted(*[(0, 0, 3), (0, 0, 2), (0, 0, 9)][::order])[1, 2] == 2


def test_behind_outside_and_broken_points_are_left_out():
    assert np.isnan(splatted((0, 0, -2), (0, 0, 0), (-3, 0, 10), (3, 0, 10), (0, 1, 2),
                             (np.nan, 0, 1), (np.inf, 0, 1), (0, 0, np.inf))).all()


def test_pixels_reach_half_way_to_their_neighbours():
    """Columns -0.49 and 4.49 are the first and the last; -0.51 and 4.51 are outside."""
    assert splatted((-0.249, 0, 1))[1, 0] == 1 and splatted((0.249, 0, 1))[1, 4] == 1
    assert np.isnan(splatted((-0.251, 0, 1), (0.251, 0, 1))).all()


def grey(height, width, value=100):
    return np.full((height, width, 3), value, np.uint8)


def test_one_measured_pixel_fills_a_disc_and_no_more():
    depth = np.full((21, 21), np.nan, np.float32)
    depth[10, 10] = 7
    filled = densify(depth, grey(21, 21), Fill(radius_px=4))
    rows, columns = np.indices(depth.shape)
    disc = (rows - 10)**2 + (columns - 10)**2 <= 16
    np.testing.assert_allclose(filled[disc], 7, rtol=1e-6)
    assert np.isnan(filled[~disc]).all()


def test_depth_stays_on_its_side_of_a_colour_edge():
    image = grey(9, 12)
    image[:, 6:] = 220
    depth = np.full((9, 12), np.nan, np.float32)
    depth[4, 4], depth[4, 8] = 2, 10
    filled = densify(depth, image, Fill(radius_px=5))
    np.testing.assert_allclose(filled[4, :6], 2, rtol=1e-3)
    np.testing.assert_allclose(filled[4, 6:], 10, rtol=1e-3)


def test_between_two_surfaces_of_one_colour_nothing_is_invented():
    depth = np.full((5, 9), np.nan, np.float32)
    depth[2, 3], depth[2, 5] = 2, 10
    assert np.isnan(densify(depth, grey(5, 9))[2, 4])
    depth[2, 5] = 2.1  # one slanted surface: half way in log depth
    assert densify(depth, grey(5, 9))[2, 4] == pytest.approx(np.sqrt(2 * 2.1), rel=1e-5)


def test_measured_pixels_and_sky_are_untouched():
    rng = np.random.default_rng(0)
    depth = rng.uniform(3, 3.1, (30, 40)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.7] = np.nan
    depth[:8] = np.inf
    before = depth.copy()
    filled = densify(depth, grey(30, 40))
    np.testing.assert_array_equal(depth, before)
    known = ~np.isnan(before)
    np.testing.assert_array_equal(filled[known].view(np.uint32), before[known].view(np.uint32))
    assert np.isfinite(filled[8:]).all() and filled[8:].max() < 3.1001


def test_nothing_measured_nothing_filled():
    assert np.isnan(densify(np.full((6, 6), np.nan, np.float32), grey(6, 6))).all()


def test_sizes_that_disagree_are_refused():
    with pytest.raises(ValueError, match='must agree'):
        densify(np.ones((4, 5), np.float32), grey(5, 4))
