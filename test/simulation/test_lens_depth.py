"""Depth through a wide lens is as good as that of a pinhole that sees the same room."""

import cv2
import numpy as np
import pytest

from mono_depth_ros.camera import Camera, rays
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.geometry.lens_view import lens_view
from mono_depth_ros.simulation.rendering.renderer import camera_with_fov, Renderer
from mono_depth_ros.simulation.worlds import build_world

LENSES = {
    'fisheye': Camera(
        fx=140, fy=140, cx=159.5, cy=119.5, width=320, height=240,
        distortion=(-0.01, 0.005, -0.002, 0.0), distortion_model='equidistant'),
    'wide plumb_bob': Camera(
        fx=170, fy=170, cx=159.5, cy=119.5, width=320, height=240,
        distortion=(-0.26, 0.08, 0.0005, -0.0003, -0.01))}
WIDE = camera_with_fov(900, 900, 130)


@pytest.fixture(scope='module')
def frames():
    """Six wide pinhole pictures (rgb, depth) of two rooms."""
    found = []
    for seed in (100, 101):
        world = build_world('room', np.random.default_rng(seed))
        with Renderer(world, WIDE) as renderer:
            found += [renderer.render(world.pose(t * world.path.period_s))
                      for t in (0.0, 0.33, 0.67)]
    return found


def seen(camera, rgb_HW3, depth_HW):
    """What another camera at the same place sees; 0 and NaN where the picture has nothing."""
    x, y = np.broadcast_arrays(rays(camera).x, rays(camera).y)
    at = [np.nan_to_num(plane * WIDE.fx + WIDE.cx, nan=-9).astype(np.float32) for plane in (x, y)]
    blurred = cv2.GaussianBlur(rgb_HW3, (0, 0), 0.7)
    return (cv2.remap(blurred, *at, cv2.INTER_LINEAR),
            cv2.remap(depth_HW, *at, cv2.INTER_NEAREST, borderValue=np.nan))


def abs_rel(estimator, camera, frames):
    errors = []
    for frame in frames:
        rgb, truth = seen(camera, *frame)
        depth = estimator.estimate(rgb, camera).clipped
        known = np.isfinite(depth) & np.isfinite(truth) & (truth > 0.3) & (truth < 10)
        errors.append(np.mean(np.abs(depth[known] / truth[known] - 1)))
    return np.mean(errors)


@pytest.mark.thorough
@pytest.mark.parametrize('name', LENSES)
def test_depth_through_a_lens_is_as_good_as_through_a_pinhole(name, frames):
    estimator, lens = DepthEstimator.load('indoor'), LENSES[name]
    error = abs_rel(estimator, lens, frames)
    assert error < 1.15 * abs_rel(estimator, lens_view(lens).camera, frames)
