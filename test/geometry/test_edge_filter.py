"""Which pixels are at depth edges: steps, blurred as networks blur them, and planes."""

import numpy as np
import pytest

from mono_depth_ros.geometry.edge_filter import DepthEdges


def edges(depth_HW, max_jump, **range_m):
    return DepthEdges(depth_HW, max_jump, **range_m).mask_HW


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


def test_a_floor_beyond_the_range_has_no_edge_at_its_end():
    v = np.arange(480)[:, None] - 100
    depth = np.broadcast_to(0.3 * 500 / np.maximum(v, 1), (480, 640)).astype(np.float32).copy()
    depth[depth < 0.5], depth[depth > 10] = -np.inf, np.inf
    assert np.isinf(depth).mean() > 0.4
    assert not edges(depth, 0.02, range_m=(0.5, 10.0)).any()


def test_unknown_depth_has_no_edge():
    depth = np.full((480, 640), 2.0, np.float32)
    depth[:, 300:] = np.nan
    assert not edges(depth, 0.05).any()
    depth[200:] = np.nan
    assert not edges(depth, 0.05).any()


@pytest.mark.parametrize('near, range_m, found', [
    (2.0, (0.0, np.inf), True), (2.0, (0.3, 10.0), True), (8.0, (0.3, 10.0), True),
    (9.5, (0.3, 10.0), False), (9.5, (0.3, np.inf), True)])
def test_depth_beyond_the_range_is_an_edge_where_it_jumps_wherever_it_is(near, range_m, found):
    depth = step_depth(near, 12.0)
    depth[depth > 10] = np.inf
    edge = edges(depth, 0.1, range_m=range_m)
    assert edge.any() == found
    if near == 2:
        assert edge[(depth > 2.2) & np.isfinite(depth)].all()


def test_depth_nearer_than_the_range_is_an_edge():
    depth = step_depth(0.2, 3.0)
    depth[depth < 0.5] = -np.inf
    assert edges(depth, 0.1, range_m=(0.5, 10.0))[(depth > 0.6) & (depth < 2.9)].mean() > 0.9


def test_edges_are_those_of_depth_as_it_was():
    depth = step_depth()
    found, kept = edges(depth, 0.05), DepthEdges(depth, 0.05)
    depth[:] = np.nan
    assert found.any() and np.array_equal(kept.mask_HW, found)


def test_an_image_of_any_size_and_depth_that_stays_as_it_is():
    for shape in ((1, 1), (3, 5), (480, 640), (1080, 1919)):
        depth = np.full(shape, 1.5, np.float32)
        assert edges(depth, 0.1).shape == shape and (depth == 1.5).all()
