"""Depth as colours: ends, unknown pixels, the logarithmic scale, and its colour bar."""

import numpy as np
import pytest

from mono_depth_ros.colormap import colour_scale, depth_colours, turbo


def levels(depth, *limits, **options):
    """Numbers of the table's rows that were drawn."""
    picture = depth_colours(np.array([depth], np.float32), *limits, **options)
    return [int(np.flatnonzero((turbo()[:, 0] == colour).all(axis=1))[0]) for colour in picture[0]]


@pytest.mark.parametrize('log', [False, True])
def test_ends_take_what_lies_beyond_and_nan_is_black(log):
    drawn = levels([1, 0.5, -np.inf, 9, 20, np.inf, np.nan], 1, 9, log=log)
    assert drawn == [1, 1, 1, 255, 255, 255, 0]
    near, far, unknown = (turbo()[level, 0].astype(int) for level in (1, 255, 0))
    assert near[2] > near[0] and far[0] > far[2] and unknown.sum() == 0


def test_where_limits_leave_nothing_of_a_model_there_are_the_two_ends():
    assert levels([3.9, -np.inf, 4.1, np.inf, np.nan], 4, 4) == [1, 1, 255, 255, 0]


def test_the_middle_is_the_mean_or_the_geometric_mean():
    """Of 1 and 9: 5, or 3."""
    assert levels([5], 1, 9) == levels([3], 1, 9, log=True) == [128]


@pytest.mark.parametrize('log', [False, True])
def test_the_colour_bar_shows_the_colours_of_the_picture(log):
    pytest.importorskip('matplotlib', reason='a robot draws no figures')
    depth = np.linspace(1.02, 8.9, 50, dtype=np.float32)
    picture = depth_colours(depth[None], 1, 9, log=log)[0].astype(int)
    bar = (colour_scale(1, 9, log=log).to_rgba(depth)[:, :3] * 255).round().astype(int)
    assert np.abs(picture - bar).max() <= 8  # rounded to 254 levels or 255 bins


def test_a_reused_picture_is_filled():
    out = np.empty((1, 2, 3), np.uint8)
    assert depth_colours(np.ones((1, 2), np.float32), 1, 9, out=out) is out
