"""The floor's factor: planes drawn by hand, tables, walls, tilts, and where there is no floor."""

import math

import numpy as np
import pytest

from mono_depth_ros.camera import Camera, rays
from mono_depth_ros.geometry.camera_pose import mounted_pose
from mono_depth_ros.scale.floor import find_floor

CAMERA = Camera(fx=300, fy=300, cx=159.5, cy=119.5, width=320, height=240)


def surface(pose, height_m, far_m=6.0, slope=0.0):
    """Depth (H, W) of a level surface `height_m` below the camera, and of a wall at `far_m`.

    `slope` is the rise of the surface in metres a metre forward.
    """
    seen = rays(CAMERA)
    x, y = np.broadcast_arrays(seen.x, seen.y)
    down = -np.array(pose.up)
    below = x * down[0] + y * down[1] + down[2]
    forward = np.array(pose.rotation)[0]
    ahead = x * forward[0] + y * forward[1] + forward[2]
    with np.errstate(divide='ignore'):
        depth = height_m / (below + slope * ahead)
    depth[(depth <= 0) | (depth > far_m)] = far_m
    return depth.astype(np.float32)


def found(pose, depth, height_m, nearest_m=0.0):
    return find_floor(depth, CAMERA, np.array(pose.up), height_m, nearest_m)


@pytest.mark.parametrize('height_m, pitch, roll', [
    (0.16, 0, 0), (0.3, 10, 3), (0.7, 25, -8), (1.5, 35, 20), (1.2, 60, 0), (0.7, 20, 180),
    (0.7, 20, 90), (0.7, 20, -90), (0.7, 20, 170)])
@pytest.mark.parametrize('shown_times', [0.6, 1.0, 1.9])
def test_the_floor_gives_the_factor_at_any_height_and_tilt(height_m, pitch, roll, shown_times):
    pose = mounted_pose(height_m, pitch, roll)
    finding = found(pose, surface(pose, height_m, 4.0) * np.float32(shown_times), height_m)
    assert finding.factor == pytest.approx(1 / shown_times, rel=0.03), finding.reason


def test_a_table_over_the_floor_does_not_count_while_the_floor_is_seen():
    """The near half is a top 0.4 m below the camera, beyond its edge the floor, 1.1 m below."""
    pose = mounted_pose(1.1, 20)
    depth, top = surface(pose, 1.1, 8.0), surface(pose, 0.4, 8.0)
    finding = found(pose, np.where(np.arange(240)[:, None] > 150, top, depth), 1.1)
    assert finding.factor is None or finding.factor == pytest.approx(1, rel=0.03)


@pytest.mark.parametrize('roll', [0, 90, 180, -90])
def test_a_surface_that_does_not_reach_the_lowest_edge_is_no_floor(roll):
    """Nearest to the camera is a box; the level surface beyond it is large."""
    pose = mounted_pose(0.7, 20, roll)
    depth = surface(pose, 0.7)
    finding = found(pose, np.where(depth < 1.2, np.float32(0.5), depth), 0.7)
    assert finding.factor is None and finding.reason in (
        'the level surface does not reach the bottom of the image',
        'the level surface is small'), finding


@pytest.mark.parametrize('pitch', [0, 30])
def test_a_wall_is_no_floor(pitch):
    pose = mounted_pose(1.0, pitch)
    ahead = np.full((240, 320), 2, np.float32)
    finding = found(pose, ahead, 1.0)
    assert finding.factor is None and finding.reason


def test_a_camera_that_looks_up_sees_no_floor():
    pose = mounted_pose(1.0, -40)
    finding = found(pose, surface(pose, 1.0), 1.0)
    assert (finding.factor, finding.reason) == (None, 'too little is seen below the horizon')


def test_a_steep_slope_is_no_floor():
    pose = mounted_pose(0.5, 20)
    finding = found(pose, surface(pose, 0.5, slope=math.tan(math.radians(20))), 0.5)
    assert finding.factor is None
    assert finding.reason in ('the surface is not level', 'nothing level is seen',
                              'something lies lower than the level surface')


def test_a_small_level_surface_is_not_believed():
    """A rug's worth of floor: all but the middle of the lowest rows is a box at 0.3 m."""
    pose = mounted_pose(0.5)
    depth = surface(pose, 0.5)
    depth[:, :240] = 0.3
    assert found(pose, depth, 0.5).reason in (
        'the level surface is small', 'the level surface does not reach the bottom of the image',
        'something lies lower than the level surface')


def test_nearer_than_the_model_knows_does_not_count():
    """Below 0.45 m of true depth the network shows 0.3 m whatever is there."""
    pose = mounted_pose(0.12)
    depth = surface(pose, 0.12, 3.0) * np.float32(1.5)
    depth[depth < 0.5] = 0.9
    assert found(pose, depth, 0.12, nearest_m=0.3).factor == pytest.approx(1 / 1.5, rel=0.03)


def test_unknown_depth_is_left_out():
    pose = mounted_pose(0.5, 15)
    depth = surface(pose, 0.5)
    depth[200:] = -np.inf
    depth[:, :40] = np.nan
    assert found(pose, depth, 0.5).factor == pytest.approx(1, rel=0.03)
    assert found(pose, np.full_like(depth, np.nan), 0.5).factor is None
