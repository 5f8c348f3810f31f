"""The undistorted view of a lens, against OpenCV and scenes known in closed form."""

from dataclasses import replace
import math

import cv2
import numpy as np
import pytest

from mono_depth_ros.camera import Camera, points_from_depth, rays
from mono_depth_ros.geometry.lens_view import lens_view, view_camera

LENSES = {
    'equidistant': Camera(  # published calibration of TUM-VI's first camera
        fx=190.97847715, fy=190.97330707, cx=254.93170606, cy=256.89744285, width=512, height=512,
        distortion=(0.0034823894, 0.0007150348, -0.0020532361, 0.0002029367),
        distortion_model='equidistant'),
    'plumb_bob': Camera(
        fx=340, fy=342, cx=325.5, cy=236.5, width=640, height=480,
        distortion=(-0.26, 0.08, 0.0005, -0.0003, -0.01)),
    'rational': Camera(
        fx=450, fy=450, cx=630, cy=362, width=1280, height=720,
        distortion=(0.5, 0.1, 0.001, 0.001, 0.01, 0.95, 0.4, 0.03),
        distortion_model='rational_polynomial')}


def plane_depth(camera, normal=(0.2, -0.3, -1.0), distance_m=2.0):
    """Depth (H, W) of the plane normal . p = -distance for every pixel's ray."""
    x, y = np.broadcast_arrays(rays(camera).x.astype(float), rays(camera).y.astype(float))
    return (-distance_m / (normal[0] * x + normal[1] * y + normal[2])).astype(np.float32)


def opencv_pixels(points_N3, camera):
    """Where OpenCV projects points of the optical frame."""
    k = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    d, zero = np.array(camera.distortion), np.zeros(3)
    points = points_N3.astype(float).reshape(-1, 1, 3)
    project = (cv2.fisheye.projectPoints if camera.distortion_model == 'equidistant'
               else cv2.projectPoints)
    return project(points, zero, zero, k, d)[0].reshape(-1, 2)


@pytest.mark.parametrize('name', LENSES)
def test_depth_of_the_view_is_that_of_the_same_ray(name):
    """Points of raw pixels lie within 1e-3 of their distance of where OpenCV projects them."""
    camera = LENSES[name]
    view = lens_view(camera)
    depth = view.to_image(plane_depth(view.camera))
    known = np.isfinite(depth)
    np.testing.assert_allclose(depth[known], plane_depth(camera)[known], rtol=1e-3)
    points = np.stack(points_from_depth(depth, camera), axis=-1)[known][::97]
    v, u = np.argwhere(known)[::97].T
    off_px = np.hypot(*(opencv_pixels(points, camera) - np.stack([u, v], 1)).T)
    # A pixel is 1 / focal of the distance along the axis.
    assert off_px.max() / camera.focal < 1e-3


@pytest.mark.parametrize('name', LENSES)
def test_the_view_shows_what_its_rays_see(name):
    """A picture whose colour is a function of the ray, drawn raw and as the view."""
    camera = LENSES[name]
    view = lens_view(camera)

    def drawn(of):
        x, y = np.broadcast_arrays(rays(of).x, rays(of).y)
        waves = [np.sin(4 * x), np.cos(3 * y), np.sin(3 * (x + y))]
        return np.nan_to_num(127.5 + 120 * np.stack(waves, -1), nan=0).astype(np.uint8)

    shown, expected = view.image(drawn(camera)), drawn(view.camera)
    assert shown.shape == (view.camera.height, view.camera.width, 3)
    off = np.abs(shown.astype(int) - expected).max(-1)
    # Beyond the corners of the image the view has nothing to show.
    assert np.percentile(off, 70) <= 4


def test_the_field_of_view_is_kept_up_to_the_limit():
    # 50 degrees from the axis on either side, whatever lies beyond.
    wide = view_camera(LENSES['equidistant'])
    assert math.degrees(math.atan2(wide.width / 2, wide.fx)) == pytest.approx(50, abs=0.3)
    # fx 600, 640 pixels, no distortion to speak of along the axes: all of it is kept.
    mild = Camera(fx=600, fy=600, cx=319.5, cy=239.5, width=640, height=480,
                  distortion=(-0.2, 0, 0, 0))
    assert lens_view(mild).reached > 0.98
    assert mild.width / mild.fx < view_camera(mild).width / view_camera(mild).fx


def test_pixels_beyond_the_view_are_nan_and_counted():
    camera = LENSES['equidistant']
    view = lens_view(camera)
    depth = view.to_image(np.ones((view.camera.height, view.camera.width), np.float32))
    assert np.isfinite(depth).mean() == pytest.approx(view.reached)
    x, y = rays(camera).x, rays(camera).y
    within = np.maximum(np.abs(x), np.abs(y)) < math.tan(math.radians(50))
    assert (np.isfinite(depth) != within).mean() < 0.01


def test_infinite_depth_does_not_spread_nor_turn_into_nan():
    view = lens_view(LENSES['plumb_bob'])
    depth = np.full((view.camera.height, view.camera.width), 2.0, np.float32)
    depth[:, view.camera.width // 2:] = np.inf
    raw = view.to_image(depth)
    assert set(np.unique(raw[~view.outside])) == {2.0, np.inf}
    finite = np.isfinite(raw[240])
    assert np.flatnonzero(finite).max() - np.isfinite(raw[240]).argmax() + 1 == finite.sum()
    assert abs(np.flatnonzero(finite).max() - 325.5) < 12  # the middle column of the view


@pytest.mark.parametrize('distortion, seen', [
    ((), False), ((0.001, 0, 0, 0), False), ((-0.02, 0.01, 1e-4, 1e-4), False),
    ((-0.3, 0.1, 0, 0), True), ((0.2, 0, 0, 0), True)])
def test_a_lens_with_negligible_distortion_has_no_view(distortion, seen):
    camera = Camera(fx=500, fy=500, cx=320, cy=240, width=640, height=480, distortion=distortion)
    assert (lens_view(camera) is not None) == seen


@pytest.mark.thorough
def test_a_large_image_is_averaged_before_it_is_undistorted():
    large = LENSES['plumb_bob'].resized(2560, 1920)
    view = lens_view(large)
    assert max(view.camera.width, view.camera.height) == 640
    checkers = np.indices((1920, 2560)).sum(0)[..., None].repeat(3, -1) % 2 * 200
    shown = view.image(checkers.astype(np.uint8))
    assert np.abs(shown[100:-100, 100:-100].astype(int) - 100).max() <= 1
    assert view.to_image(np.ones((view.camera.height, 640), np.float32)).shape == (1920, 2560)


@pytest.mark.parametrize('size', [(320, 240), (160, 120)])
def test_a_reduced_image_gives_the_same_view(size):
    view = lens_view(LENSES['plumb_bob'])
    rows, columns = np.indices((480, 640)) // 4
    ramp = np.stack([rows, columns, rows + columns], -1).astype(np.uint8)
    reduced = cv2.resize(ramp, size, interpolation=cv2.INTER_AREA)
    off = np.abs(view.image(reduced).astype(int) - view.image(ramp))
    assert np.percentile(off, 99) <= 3


def test_a_view_is_made_once_for_a_camera():
    camera = LENSES['plumb_bob']
    assert lens_view(camera) is lens_view(replace(camera))


@pytest.mark.parametrize('region', [(520, 520, 120, 120), (500, 200, 140, 240)])
def test_a_region_beyond_what_a_network_is_shown_is_refused(region):
    """Of a fisheye of 180 degrees, each at its edge."""
    whole = Camera(fx=200, fy=200, cx=319.5, cy=319.5, width=640, height=640,
                   distortion=(0.0, 0.0, 0.0, 0.0), distortion_model='equidistant')
    with pytest.raises(ValueError, match='outside the 100 degrees around the axis of its lens'):
        lens_view(whole.cropped(*region))
    assert lens_view(whole.cropped(200, 200, 240, 240)).reached > 0.9


@pytest.mark.parametrize('width, height', [(4000, 3), (3, 4000), (1300, 1)])
def test_a_strip_has_a_view(width, height):
    """Of an image shrunk by its longer side nothing was left of the shorter one."""
    camera = Camera(fx=1500, fy=1500, cx=(width - 1) / 2, cy=(height - 1) / 2, width=width,
                    height=height, distortion=(-0.3, 0.1, 0.0, 0.0, 0.0))
    view = lens_view(camera)
    assert view.image(np.full((height, width, 3), 9, np.uint8)).max() == 9
    depth = np.full((view.camera.height, view.camera.width), 2, np.float32)
    assert np.nanmedian(view.to_image(depth)) == 2
