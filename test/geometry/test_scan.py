"""Scans of scenes known in closed form: a floor, walls and posts, seen by tilted cameras."""

from dataclasses import replace
import math

import numpy as np
import pytest

from mono_depth_ros.camera import Camera, rays
from mono_depth_ros.geometry import scan
from mono_depth_ros.geometry.camera_pose import mounted_pose, transform_pose
from mono_depth_ros.geometry.scan import free_is_seen, scan_from_depth, ScanSpec

CAMERA = Camera(fx=280, fy=280, cx=160, cy=120, width=320, height=240)  # 59.5 x 46 degrees
SPEC = ScanSpec(min_height=0.05, max_height=0.5, angle_min=-math.pi / 2, angle_max=math.pi / 2,
                angle_increment=math.radians(1), range_min=0.1, range_max=5.0)
NAN, INF = math.nan, math.inf


def scene_depth(pose, camera=CAMERA, wall_x=8.0, post=None):
    """Depth of a floor, a wall at base x = wall_x, and a box (x, y, half width, top) as a post."""
    x, y = np.broadcast_arrays(rays(camera).x.astype(float), rays(camera).y.astype(float))
    d = np.stack([x, y, np.ones_like(x)], -1) @ np.array(pose.rotation).T
    start = np.array(pose.translation)
    with np.errstate(divide='ignore', invalid='ignore'):
        floor = np.where(d[..., 2] < 0, -start[2] / d[..., 2], INF)
        depth = np.minimum(floor, np.where(d[..., 0] > 0, (wall_x - start[0]) / d[..., 0], INF))
        if post:
            front, side, half, top = post
            z = (front - start[0]) / d[..., 0]
            hit = ((abs(start[1] + z * d[..., 1] - side) < half) & (z > 0)
                   & (start[2] + z * d[..., 2] < top) & (start[2] + z * d[..., 2] > 0))
            depth = np.where(hit & (z < depth), z, depth)
    return depth.astype(np.float32)


def at(ranges_N, degrees):
    return ranges_N[round(degrees) + 90]


@pytest.mark.parametrize('pitch, roll', [(0, 0), (15, 0), (10, 12), (-5, -8)])
def test_a_wall_is_where_it_is_whatever_the_tilt(pitch, roll):
    pose = mounted_pose(0.3, pitch, roll)
    ranges = scan_from_depth(scene_depth(pose, wall_x=2.0), CAMERA, pose, SPEC)
    for degrees in (-20, -7, 0, 11, 20):
        # A bin takes the nearest point of one degree.
        assert at(ranges, degrees) == pytest.approx(
            2 / math.cos(math.radians(abs(degrees) - 0.5)), abs=0.02)


def test_floor_and_what_hangs_high_are_not_in_the_scan():
    pose = mounted_pose(0.3, 10)
    low = scene_depth(pose, post=(1.5, 0.0, 0.2, 0.04))
    tall = scene_depth(pose, post=(1.5, 0.0, 0.2, 0.3))
    assert at(scan_from_depth(low, CAMERA, pose, SPEC), 0) == INF
    assert at(scan_from_depth(tall, CAMERA, pose, SPEC), 0) == pytest.approx(1.5, abs=1e-3)
    assert at(scan_from_depth(tall, CAMERA, pose, SPEC), 15) == INF
    above = replace(SPEC, min_height=0.31)
    assert at(scan_from_depth(tall, CAMERA, pose, above), 0) == INF


def test_a_bin_out_of_view_is_unknown():
    pose = mounted_pose(0.3, 10)
    ranges = scan_from_depth(scene_depth(pose), CAMERA, pose, SPEC)
    for degrees in (-90, -32, 32, 90):
        assert np.isnan(at(ranges, degrees))
    assert all(at(ranges, degrees) == INF for degrees in (-28, 0, 28))


def test_unknown_pixels_are_neither_free_nor_hide_what_is_seen():
    pose = mounted_pose(0.3, 10)
    depth = scene_depth(pose, post=(1.5, 0.0, 0.1, 0.4))
    depth[:, 200:] = NAN  # to the right, from -8 degrees on
    ranges = scan_from_depth(depth, CAMERA, pose, SPEC)
    assert np.isnan(at(ranges, -15)) and at(ranges, 15) == INF
    assert at(ranges, 0) == pytest.approx(1.5, abs=1e-3)
    depth[:] = NAN
    depth[150, 160] = 1.0  # one sure point, 0.3 m - 0.28 m ... below: a point of the band
    one = scan_from_depth(depth, CAMERA, mounted_pose(0.3), SPEC)
    assert at(one, 0) == pytest.approx(1.0, abs=0.01) and np.isnan(np.delete(one, 90)).all()


def limited(depth_HW, nearest_m, farthest_m):
    """The depth with what is out of range as infinite."""
    return np.where(depth_HW < nearest_m, np.float32(-INF),
                    np.where(depth_HW > farthest_m, np.float32(INF), depth_HW))


def test_beyond_the_depth_range_is_free():
    far = np.full((240, 320), INF, np.float32)
    for range_m in ((0.0, INF), (0.3, 5.0)):
        assert at(scan_from_depth(far, CAMERA, mounted_pose(0.3), SPEC, range_m), 5) == INF
    assert np.isposinf(far).all()  # what is given is not written to


@pytest.mark.parametrize('height, pitch, ahead', [
    (0.3, 10, 0.2), (1.5, 25, 0.0), (0.4, 0, -0.4), (1.2, 35, 0.0)])
@pytest.mark.parametrize('range_max', [2.5, 3.0, 3.6])
def test_free_is_what_depth_of_a_range_sees_from_the_base(height, pitch, ahead, range_max):
    """A wall before range_max is not free, though beyond the range along the optical axis."""
    pose = replace(mounted_pose(height, pitch), translation=(ahead, 0.0, height))
    spec = replace(SPEC, range_max=range_max)
    for wall_x in np.arange(2.05, 3.6, 0.2):
        depth = limited(scene_depth(pose, wall_x=wall_x), 0.3, 3.0)
        ranges = scan_from_depth(depth, CAMERA, pose, spec, (0.3, 3.0))
        for degrees in range(-25, 26):
            if at(ranges, degrees) == INF:
                assert wall_x / math.cos(math.radians(abs(degrees) + 0.5)) > range_max - 0.01


def test_free_is_not_seen_where_depth_ends_before_the_range_in_most_directions():
    high, behind = mounted_pose(1.5, 25), replace(mounted_pose(0.4), translation=(-0.4, 0.0, 0.4))
    three = replace(SPEC, range_max=3.0)
    assert free_is_seen(CAMERA, mounted_pose(0.4), three, 3.0)
    assert not free_is_seen(CAMERA, high, three, 3.0) and free_is_seen(CAMERA, high, three, 3.3)
    assert not free_is_seen(CAMERA, behind, three, 3.0)
    assert free_is_seen(CAMERA, behind, three, 3.4)
    open_space = np.full((240, 320), INF, np.float32)
    for farthest_m, expected in ((3.3, NAN), (3.41, INF)):
        ranges = scan_from_depth(open_space, CAMERA, behind, three, (0.3, farthest_m))
        np.testing.assert_equal(at(ranges, 0), expected)


@pytest.mark.parametrize('nearest_m, wall_x', [(0.3, 0.15), (0.5, 0.15), (1.0, 0.2), (1.0, 0.6)])
def test_what_is_nearer_than_the_range_is_as_near_as_can_be_told(nearest_m, wall_x):
    """Whatever min_depth is: the nearest that the model tells is 0.3 m."""
    pose = mounted_pose(0.3)
    depth = limited(scene_depth(pose, wall_x=wall_x), nearest_m, 10.0)
    ranges = scan_from_depth(depth, CAMERA, pose, SPEC, (nearest_m, 10.0), 0.3)
    assert at(ranges, 5) == pytest.approx(0.3 / math.cos(math.radians(5)), abs=0.01)
    for range_min, expected in ((0.29, 0.3), (0.4, -INF)):
        assert at(scan_from_depth(depth, CAMERA, pose, replace(SPEC, range_min=range_min),
                                  (nearest_m, 10.0), 0.3), 0) == pytest.approx(expected, abs=1e-3)


def test_a_floor_nearer_than_the_range_is_no_obstacle():
    pose = mounted_pose(0.3, 10)
    depth = limited(scene_depth(pose), 1.5, 10.0)
    assert np.isneginf(depth).mean() > 0.2
    ranges = scan_from_depth(depth, CAMERA, pose, SPEC, (1.5, 10.0), 0.3)
    assert not np.isfinite(ranges).any() and at(ranges, 0) == INF


def test_what_is_nearer_than_the_range_is_not_free():
    near = np.full((240, 320), -INF, np.float32)
    ranges = scan_from_depth(near, CAMERA, mounted_pose(0.3), SPEC, (6.0, 10.0), 0.3)
    assert at(ranges, 0) == pytest.approx(0.3, abs=1e-3) and not np.isposinf(ranges).any()


def test_free_is_only_what_is_seen_up_to_the_largest_range():
    """Pitched down by 40 degrees the upper edge of the image meets the floor at 1 m."""
    pose = mounted_pose(0.3, 40)
    depth = scene_depth(pose)
    assert np.isnan(scan_from_depth(depth, CAMERA, pose, SPEC)).all()
    assert not free_is_seen(CAMERA, pose, SPEC, INF)
    short = replace(SPEC, range_max=0.6)
    assert free_is_seen(CAMERA, pose, short, INF)
    assert at(scan_from_depth(depth, CAMERA, pose, short), 0) == INF


def test_ranges_are_from_the_origin_of_the_base_frame():
    """The camera 0.4 m ahead of and 0.5 m left of it, looking to the left."""
    half = math.sqrt(0.5)
    # Optical frame of a camera yawed by 90 degrees: z along y of the base.
    pose = transform_pose((0.4, 0.5, 0.3), (-half, 0.0, 0.0, half))
    np.testing.assert_allclose(pose.in_base(np.array([0, 0, 1.0])), (0.4, 1.5, 0.3), atol=1e-12)
    depth = np.full((240, 320), 2.0, np.float32)  # a wall at y = 2.5
    ranges = scan_from_depth(depth, CAMERA, pose, replace(SPEC, angle_max=math.pi))
    assert at(ranges, 90) == pytest.approx(2.5, abs=1e-3)
    assert at(ranges, 80) == pytest.approx(2.5 / math.sin(math.radians(80.5)), abs=0.02)


def test_a_largest_range_that_follows_the_scale_makes_no_rays_anew(monkeypatch):
    made, make, pose = [], scan._directions._make, mounted_pose(0.317, 10)
    monkeypatch.setattr(scan._directions, '_make', lambda key: made.append(key) or make(key))
    depth = scene_depth(pose)
    for range_max in (5.0, 4.9, 4.8):
        spec = replace(SPEC, range_max=range_max)
        assert free_is_seen(CAMERA, pose, spec, INF)
        assert at(scan_from_depth(depth, CAMERA, pose, spec), 0) == INF
    assert len(made) == 1


@pytest.mark.parametrize('range_max', [0.5, 1.2, 3.0])
@pytest.mark.parametrize('at_x, height', [(0.0, 0.3), (0.5, 0.3), (-0.4, 1.4), (0.2, 0.02)])
def test_pixels_that_look_between_the_heights_are_found_among_few(
        monkeypatch, at_x, height, range_max):
    pose = replace(mounted_pose(height, 5, 10), translation=(at_x, 0.1, height))
    spec = replace(SPEC, range_max=range_max)
    few = scan._far.__wrapped__(CAMERA, pose, spec)
    monkeypatch.setattr(scan, '_may_be_between', lambda slope_N, *_: np.arange(slope_N.size))
    every = scan._far.__wrapped__(CAMERA, pose, spec)
    for array in ('pixel', 'depth', 'bin'):
        assert np.array_equal(getattr(few, array), getattr(every, array))
    assert every.pixel.size > 100 or range_max == 0.5


def test_number_of_bins():
    assert SPEC.bins == 181
    assert replace(SPEC, angle_min=0.0, angle_max=0.25, angle_increment=0.1).bins == 3


@pytest.mark.parametrize('change, text', [
    ({'min_height': 0.5}, 'min_height'), ({'range_min': 5.0}, 'range_min'),
    ({'angle_max': -2.0}, 'angle_min')])
def test_limits_that_leave_nothing_are_refused(change, text):
    with pytest.raises(ValueError, match=text):
        replace(SPEC, **change)
