"""Which pixels are at depth edges: steps, blurred as networks blur them, and planes."""

import numpy as np
import pytest

from mono_depth_ros.geometry.edge_filter import edges


def step_depth(near=2.0, far=3.0, blur_px=16, shape=(480, 640)):
    """From near to far over `blur_px` pixels around the middle column."""
    across = np.clip((np.arange(shape[1]) - shape[1] / 2) / blur_px + 0.5, 0, 1)
    return np.broadcast_to(near + (far - near) * across, shape).astype(np.float32).copy()


@pytest.mark.parametrize('turned', [False, True])
def test_the_pixels_between_both_sides_of_a_step(turned):
    depth = step_depth()
    flying = (depth > 2.1) & (depth < 2.9)
    if turned:
        depth, flying = (np.ascontiguousarray(array.T) for array in (depth, flying))
    found = edges(depth, 0.05)
    assert found[flying].mean() > 0.9
    # Nothing farther from the edge than 16 pixels, four cells of the grid.
    wide = step_depth(blur_px=16 + 2 * 16)
    away = (wide <= 2.0) | (wide >= 3.0)
    assert not found[away.T if turned else away].any()


@pytest.mark.parametrize('jump, found', [(0.1, False), (0.4, True)])
def test_the_jump_is_relative(jump, found):
    for near in (0.5, 1.0, 5.0):
        depth = step_depth(near, near * (1 + jump), blur_px=1)
        assert edges(depth, 0.2).any() == found


def test_a_floor_up_to_the_horizon_has_no_edge():
    """Depth of row v below the horizon is h f / v: between rows near it 20 % and more apart."""
    v = np.arange(480)[:, None] - 100
    depth = np.broadcast_to(np.where(v > 3, 0.3 * 500 / np.maximum(v, 1), np.nan), (480, 640))
    assert not edges(depth.astype(np.float32), 0.02).any()


def test_unknown_and_infinite_depth_have_no_edge():
    depth = np.full((480, 640), 2.0, np.float32)
    depth[:, 300:] = np.nan
    assert not edges(depth, 0.05).any()
    depth[:100], depth[200:] = -np.inf, np.inf
    assert not edges(depth, 0.05).any()


def test_an_image_of_any_size_and_depth_that_stays_as_it_is():
    for shape in ((1, 1), (3, 5), (480, 640), (1080, 1919)):
        depth = np.full(shape, 1.5, np.float32)
        assert edges(depth, 0.1).shape == shape and (depth == 1.5).all()
