"""Holes of a depth sensor filled with a prediction: scale, borders, what stays untouched."""

import cv2
import numpy as np
import pytest

from mono_depth_ros.scale.hole_filling import fill_depth, SMALL_SIGMA

HOLE = (slice(10, 30), slice(15, 45))


def room(height=40, width=60):
    """Depth of a wall at 4 m with a step: a box at 2 m in the middle."""
    depth = np.full((height, width), 4, np.float32)
    depth[15:25, 25:35] = 2
    return depth


def with_hole(depth):
    sensor = depth.copy()
    sensor[HOLE] = np.nan
    return sensor


def test_a_wrong_scale_is_undone_and_the_hidden_box_comes_back():
    filled = fill_depth(with_hole(room()), 0.7 * room())
    np.testing.assert_allclose(filled, room(), rtol=1e-5)


def test_measured_pixels_and_sky_keep_their_bits():
    sensor = with_hole(room())
    sensor[:5] = np.inf
    before = sensor.copy()
    filled = fill_depth(sensor, 3 * room())
    known = ~np.isnan(before)
    np.testing.assert_array_equal(sensor, before)
    np.testing.assert_array_equal(filled[known].view(np.uint32), before[known].view(np.uint32))
    assert np.isfinite(filled[HOLE]).all()


def test_borders_are_seamless_where_the_scale_is_wrong_by_regions():
    """Left of the hole the prediction is half the truth, right of it double."""
    truth = np.full((40, 60), 4, np.float32)
    predicted = truth * np.where(np.arange(60) < 30, 0.5, 2).astype(np.float32)
    predicted[:, 15:45] = 4
    filled = fill_depth(with_hole(truth), predicted)
    # One scale could not do it: the ratio runs from 2 at the left border to 1/2 at the right.
    assert filled[20, 15] == pytest.approx(8, rel=0.1)
    assert filled[20, 44] == pytest.approx(2, rel=0.1)
    assert np.all(np.diff(filled[20, 15:45]) <= 1e-5)


def test_a_flying_pixel_at_the_border_does_not_spread():
    sensor = with_hole(room())
    sensor[20, 14] = 0.5
    filled = fill_depth(sensor, room())
    np.testing.assert_allclose(filled[HOLE], room()[HOLE], rtol=1e-5)
    assert filled[20, 14] == 0.5


def test_unknown_in_both_stays_unknown():
    predicted = room()
    predicted[12, 20] = np.nan
    filled = fill_depth(with_hole(room()), predicted)
    assert np.isnan(filled[12, 20]) and np.isnan(filled).sum() == 1


def test_without_a_measurement_the_prediction_stands():
    np.testing.assert_array_equal(
        fill_depth(np.full((40, 60), np.nan, np.float32), room()), room())


def test_sizes_that_disagree_are_refused():
    with pytest.raises(ValueError, match='must agree'):
        fill_depth(room(), room(20, 20))


@pytest.mark.parametrize('measured', [(slice(20), slice(20)), (slice(300, 301), slice(5, 6))])
def test_a_sensor_that_measures_next_to_nothing_is_filled_as_fast_as_one_that_does(
        monkeypatch, measured):
    """Far from all that is measured the mean is wide: 6 s for an image of 1280x720."""
    work, blur = [], cv2.GaussianBlur

    def counted(image, size, sigma):
        work.append(image.size * sigma)
        return blur(image, size, sigma)
    monkeypatch.setattr(cv2, 'GaussianBlur', counted)
    sensor, predicted = np.full((480, 640), np.nan, np.float32), np.full((480, 640), 2, np.float32)
    sensor[measured] = 2.2
    np.testing.assert_allclose(fill_depth(sensor, predicted), 2.2, rtol=1e-5)
    assert max(work) <= 2 * SMALL_SIGMA * sensor.size
