"""Normals of surfaces known in closed form."""

import math

import numpy as np
import pytest

from mono_depth_ros.camera import Camera, rays
from mono_depth_ros.geometry.normals import normals_from_depth

PINHOLE = Camera(fx=300, fy=310, cx=161, cy=118, width=320, height=240)
FISHEYE = Camera(fx=120, fy=120, cx=160, cy=120, width=320, height=240,
                 distortion=(-0.01, 0.005, -0.001, 0.0), distortion_model='equidistant')


def directions(camera):
    x, y = np.broadcast_arrays(rays(camera).x.astype(float), rays(camera).y.astype(float))
    return np.stack([x, y, np.ones_like(x)], -1)


def degrees_apart(a_N3, b_N3):
    return np.degrees(np.arccos(np.clip((a_N3 * b_N3).sum(-1), -1, 1)))


@pytest.mark.parametrize('camera', [PINHOLE, FISHEYE])
@pytest.mark.parametrize('normal', [(0, 0, -1), (0.6, 0, -0.8), (0.1, -0.7, -0.5)])
def test_the_normal_of_a_plane(camera, normal):
    normal = np.array(normal) / np.linalg.norm(normal)
    depth = (-1.5 / (directions(camera) @ normal)).astype(np.float32)
    depth[(depth <= 0) | (depth > 20)] = np.nan
    found = normals_from_depth(depth, camera)
    known = np.isfinite(found[..., 0])
    assert known.mean() > 0.3
    assert degrees_apart(found[known], normal).max() < 2
    np.testing.assert_allclose(np.linalg.norm(found[known], axis=-1), 1, atol=1e-5)


def test_the_normal_of_a_cylinder():
    """Upright, radius 0.4 m, its axis 2 m ahead: normals point from the axis."""
    ray = directions(PINHOLE)
    a, b, c = ray[..., 0] ** 2 + 1, -4.0, 4 - 0.4 ** 2  # |(x z, z - 2)| = 0.4
    with np.errstate(invalid='ignore'):
        depth = ((-b - np.sqrt(b * b - 4 * a * c)) / (2 * a)).astype(np.float32)
    found = normals_from_depth(depth, PINHOLE)
    points = ray * depth[..., None]
    true = np.stack([points[..., 0], 0 * depth, points[..., 2] - 2], -1) / 0.4
    # Towards the rim the surface turns away within one step.
    facing = np.isfinite(found[..., 0]) & ((true * ray).sum(-1) / np.linalg.norm(ray, axis=-1)
                                           < -math.cos(math.radians(75)))
    assert facing.sum() > 10000
    assert degrees_apart(found[facing], true[facing]).max() < 5


def test_unknown_and_infinite_neighbours_have_no_normal_and_the_border_has_one():
    depth = np.full((240, 320), 2.0, np.float32)
    depth[100, 200], depth[50, 60] = np.nan, np.inf
    found = normals_from_depth(depth, PINHOLE)
    assert np.isnan(found[[100, 100, 102, 50], [198, 202, 200, 58]]).all()
    np.testing.assert_allclose(found[[0, 239, 0], [0, 319, 319]], [(0, 0, -1)] * 3, atol=1e-5)


def test_memory_that_is_given_is_filled():
    memory = np.empty((240, 320, 3), np.float32)
    assert normals_from_depth(np.ones((240, 320), np.float32), PINHOLE, memory) is memory
