"""Cameras, rays and points, against numbers worked by hand."""

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from mono_depth_ros.camera import Camera, points_from_depth, rays

VGA = Camera(fx=500, fy=400, cx=320, cy=240, width=640, height=480)


def project(point, camera):
    return (point[0] / point[2] * camera.fx + camera.cx,
            point[1] / point[2] * camera.fy + camera.cy)


def test_half_size_moves_the_principal_point_by_pixel_centres():
    half = VGA.resized(320, 240)
    assert (half.fx, half.fy) == (250, 200)
    assert (half.cx, half.cy) == (159.75, 119.75)


@given(width=st.integers(1, 2000), height=st.integers(1, 2000))
def test_resizing_there_and_back_is_the_same_camera(width, height):
    back = VGA.resized(width, height).resized(640, 480)
    for name in ('fx', 'fy', 'cx', 'cy'):
        assert math.isclose(getattr(back, name), getattr(VGA, name), rel_tol=1e-9, abs_tol=1e-6)


def test_crop_shifts_only_the_principal_point():
    window = VGA.cropped(100, 50, 200, 100)
    assert (window.fx, window.cx, window.cy) == (500, 220, 190)
    assert (window.width, window.height) == (200, 100)


def test_flip_mirrors_a_projected_point():
    x, y = project((0.5, 0.2, 2.0), VGA)
    mirrored_x, mirrored_y = project((-0.5, 0.2, 2.0), VGA.flipped())
    assert mirrored_x == pytest.approx(639 - x)
    assert mirrored_y == y


def test_points_lie_where_they_project():
    depth = np.full((480, 640), 2.0, np.float32)
    points = np.stack(points_from_depth(depth, VGA), axis=-1)
    np.testing.assert_allclose(points[240, 320], (0, 0, 2))
    np.testing.assert_allclose(points[240, 420], (0.4, 0, 2), rtol=1e-6)
    np.testing.assert_allclose(points[40, 320], (0, -1.0, 2), rtol=1e-6)


def test_unknown_and_infinite_depth_have_no_point():
    depth = np.full((480, 640), 1.0, np.float32)
    depth[0, 0], depth[0, 1], depth[0, 2] = np.nan, np.inf, -np.inf
    points = np.stack(points_from_depth(depth, VGA), axis=-1)
    assert np.isnan(points[0, :3]).all()
    assert np.isfinite(points[1:]).all()


def test_depth_of_another_size_is_refused():
    with pytest.raises(ValueError, match='10x20.*640x480'):
        points_from_depth(np.ones((20, 10), np.float32), VGA)


@pytest.mark.parametrize('model, distortion', [
    ('plumb_bob', (-0.2, 0.05, 0.001, -0.002, 0.0)),
    ('rational_polynomial', (-0.2, 0.05, 0.001, -0.002, 0.01, 0.1, 0.02, 0.003)),
    ('equidistant', (-0.02, 0.005, -0.001, 0.0002))])
def test_rays_undo_the_distortion(model, distortion):
    camera = Camera(fx=500, fy=500, cx=320, cy=240, width=640, height=480,
                    distortion=distortion, distortion_model=model)
    x, y = rays(camera)
    for row, column in ((240, 320), (100, 500), (400, 60)):
        u, v = distorted(x[row, column], y[row, column], camera)
        assert (u, v) == pytest.approx((column, row), abs=0.02)


def distorted(x, y, camera):
    """The equations as written in the CameraInfo definition and OpenCV's documentation."""
    k = (*camera.distortion, 0, 0, 0, 0)
    r2 = x * x + y * y
    if camera.distortion_model == 'equidistant':
        r = math.sqrt(r2)
        t = math.atan(r)
        s = t * (1 + k[0] * t**2 + k[1] * t**4 + k[2] * t**6 + k[3] * t**8) / r if r else 1
        return x * s * camera.fx + camera.cx, y * s * camera.fy + camera.cy
    radial = (1 + k[0] * r2 + k[1] * r2**2 + k[4] * r2**3) / (
        1 + k[5] * r2 + k[6] * r2**2 + k[7] * r2**3)
    u = x * radial + 2 * k[2] * x * y + k[3] * (r2 + 2 * x * x)
    v = y * radial + k[2] * (r2 + 2 * y * y) + 2 * k[3] * x * y
    return u * camera.fx + camera.cx, v * camera.fy + camera.cy


@pytest.mark.parametrize('change', [
    {'fx': 0}, {'fy': -1}, {'cx': math.nan}, {'width': 0},
    {'distortion': (math.inf,) * 5}, {'distortion': (0.1,) * 3},
    {'distortion': (0.1,) * 5, 'distortion_model': 'equidistant'},
    {'distortion': (0.1,) * 4, 'distortion_model': 'pinhole?'}])
def test_impossible_cameras_are_refused(change):
    numbers = {'fx': 500, 'fy': 500, 'cx': 320, 'cy': 240, 'width': 640, 'height': 480}
    with pytest.raises(ValueError):
        Camera(**{**numbers, **change})


def test_rays_are_shared_and_cannot_be_written():
    assert rays(VGA)[0] is rays(VGA)[0]
    with pytest.raises(ValueError):
        rays(VGA)[0][0, 0] = 1
