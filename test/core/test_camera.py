"""Cameras, rays and points, against numbers worked by hand."""

from dataclasses import replace
import math
import time

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from mono_depth_ros import camera as camera_module
from mono_depth_ros.camera import Camera, missing_rays, points_from_depth, rays
from mono_depth_ros.distortion import canonical, distort, undistort

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


@pytest.mark.parametrize('size, fits', [
    ((640, 480), True), ((320, 240), True), ((1280, 960), True),
    ((427, 320), True), ((641, 480), True), ((639, 480), True),  # 320.25, 480.75, 479.25 rows
    ((642, 480), False), ((638, 480), False), ((640, 481), False), ((640, 479), False),
    ((480, 640), False), ((640, 360), False)])
def test_an_image_of_the_camera_s_shape_fits_to_less_than_a_pixel_of_one_side(size, fits):
    assert VGA.fits(*size) is fits
    upright = Camera(fx=500, fy=400, cx=240, cy=320, width=480, height=640)
    assert upright.fits(*size[::-1]) is fits


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
    x, y = rays(camera).x, rays(camera).y
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


def test_a_mirrored_image_has_its_principal_point_on_the_other_side():
    assert VGA.flipped().cx == 639 - 320 and VGA.flipped().cy == 240
    with pytest.raises(ValueError, match='a distorted camera cannot be mirrored: rectify'):
        WIDE['gopro'].flipped()


def test_the_focal_length_is_the_geometric_mean():
    assert VGA.focal == pytest.approx(math.sqrt(500 * 400))


@pytest.mark.parametrize('change', [
    {'fx': 0}, {'fx': -1}, {'fy': 0}, {'fy': -1}, {'cx': math.nan}, {'width': 0}, {'height': 0},
    {'distortion': (math.inf,) * 5}, {'distortion': (0.1,) * 3},
    {'distortion': (0.1,) * 5, 'distortion_model': 'equidistant'},
    {'distortion': (0.1,) * 4, 'distortion_model': 'none'},
    {'distortion': (0.1,) * 4, 'distortion_model': 'pinhole?'}])
def test_impossible_cameras_are_refused(change):
    numbers = {'fx': 500, 'fy': 500, 'cx': 320, 'cy': 240, 'width': 640, 'height': 480}
    with pytest.raises(ValueError):
        Camera(**{**numbers, **change})


def test_a_camera_that_cannot_be_says_what_is_wrong():
    for change, sentence in (({'fx': -2.0}, 'above 0 pixels, got -2.0 x 400'),
                             ({'height': 0}, 'at least 1 x 1, got 640x0'),
                             ({'cy': math.inf}, 'not finite: Camera')):
        with pytest.raises(ValueError, match=sentence):
            replace(VGA, **change)


@pytest.mark.parametrize('distortion', [(), (-0.2, 0.05, 0.001, -0.002, 0.0)])
def test_points_of_some_rows_are_those_of_the_whole(distortion):
    camera = Camera(fx=50, fy=40, cx=32, cy=24, width=64, height=48, distortion=distortion)
    depth = np.random.default_rng(0).uniform(1, 9, (48, 64)).astype(np.float32)
    depth[21, 7] = np.inf
    whole, rows = points_from_depth(depth, camera), slice(20, 23)
    some = rays(camera).points(depth[rows], rows, np.empty((2, 3, 64), np.float32))
    for plane, expected in zip(some, whole):
        np.testing.assert_array_equal(plane, expected[rows])
        assert plane.dtype == expected.dtype == np.float32
    shapes = ((48, 64), (48, 64)) if distortion else ((1, 64), (48, 1))
    assert (rays(camera).x.shape, rays(camera).y.shape) == shapes


@pytest.mark.parametrize('width, model, step', [
    (1919, 'plumb_bob', 1), (1920, 'plumb_bob', 2), (2900, 'plumb_bob', 3),
    (2900, 'equidistant', 1)])
def test_of_large_images_every_nth_ray_is_exact_and_lines_lie_between(width, model, step):
    """Over the columns of a strip three rows high, and over the rows of one turned."""
    numbers = (-0.2, 0.05, 0.01, -0.02) if model == 'plumb_bob' else (-0.02, 0.005, -0.001, 0.0)
    strip = Camera(fx=800, fy=800, cx=width / 2, cy=1, width=width, height=3, distortion=numbers,
                   distortion_model=model)
    turned = replace(strip, cx=1, cy=width / 2, width=3, height=width)
    for camera in (strip, turned):
        v, u = np.indices((camera.height, camera.width))[:, ::step, ::step]
        x, y = undistort((u - camera.cx) / 800, (v - camera.cy) / 800, model, numbers, 800.0)
        found = rays(camera)
        np.testing.assert_allclose(found.x[::step, ::step], x, atol=1e-5)
        np.testing.assert_allclose(found.y[::step, ::step], y, atol=1e-5)
    if step > 1:
        nodes, behind = rays(strip).x[0, ::step], rays(strip).x[0, 1::step]
        lines = nodes[:-1] + np.diff(nodes) / step
        np.testing.assert_allclose(behind[:len(lines)], lines, atol=1e-6)


def test_rays_are_shared_and_cannot_be_written():
    for camera in (replace(VGA, cx=321), replace(VGA, cx=321, distortion=(0.1, 0, 0, 0))):
        assert rays(camera).x is rays(camera).x
        for plane in (rays(camera).x, rays(camera).y):
            assert plane.dtype == np.float32
            with pytest.raises(ValueError):
                plane[0, 0] = 1


# Published calibration of TUM-VI's first camera, and numbers like those of an Intel T265, a
# GoPro and a very wide plumb_bob whose polynomial turns back within the image.
WIDE = {
    'tum-vi': Camera(
        fx=190.97847715, fy=190.97330707, cx=254.93170606, cy=256.89744285, width=512, height=512,
        distortion=(0.0034823894, 0.0007150348, -0.0020532361, 0.0002029367),
        distortion_model='equidistant'),
    't265': Camera(
        fx=286, fy=286, cx=419, cy=399, width=848, height=800,
        distortion=(-0.0075, 0.0415, -0.0385, 0.007), distortion_model='equidistant'),
    'gopro': Camera(
        fx=900, fy=900, cx=960, cy=540, width=1920, height=1080,
        distortion=(-0.26, 0.09, 0.0, 0.0, -0.015)),
    'folded': Camera(
        fx=700, fy=700, cx=640, cy=360, width=1280, height=720,
        distortion=(-0.3, 0.0, 0.001, -0.001))}


@pytest.mark.parametrize('name, missing', [
    ('tum-vi', 0.074), ('t265', 0.225), ('gopro', 0.041), ('folded', 0.309)])
def test_a_pixel_without_a_ray_is_nan_and_every_ray_projects_back(name, missing):
    """OpenCV's inverse gives rays for all pixels; those of the rest land elsewhere, mirrored."""
    camera = WIDE[name]
    found = rays(camera)
    assert found.missing == pytest.approx(missing, abs=0.01)
    assert np.array_equal(np.isnan(found.x), np.isnan(found.y))
    for row in range(0, camera.height, 37):
        for column in np.flatnonzero(np.isfinite(found.x[row]))[::41]:
            u, v = distorted(float(found.x[row, column]), float(found.y[row, column]), camera)
            # The rays of large images lie on lines between exact ones (gopro).
            assert (u, v) == pytest.approx((column, row), abs=0.5)
            # Never the mirrored side: a ray points to where its pixel lies.
            assert found.x[row, column] * (column - camera.cx) >= 0
    points = np.stack(points_from_depth(
        np.full((camera.height, camera.width), 3, np.float32), camera), axis=-1)
    assert np.array_equal(np.isnan(points).any(-1), np.isnan(found.x))
    assert np.array_equal(np.isnan(points).all(-1), np.isnan(found.x))
    assert np.nanmax(np.abs(points)) < 400


@pytest.mark.parametrize('distortion', [
    (0.0, 0.0, 0.05, 0.08, 0.0), (-0.1, 0.0, 0.1, 0.1, 0.0), (0.1, 0.0, 0.2, 0.1, 0.0)])
def test_a_ray_that_lands_elsewhere_is_none(distortion):
    """Tangential terms this strong fold the image within the radius where the radial one grows."""
    camera = Camera(fx=300, fy=300, cx=320, cy=240, width=640, height=480, distortion=distortion)
    with np.errstate(over='raise'):  # no guess runs away
        found = rays(camera)
    u_HW, v_HW = distort(found.x.astype(float), found.y.astype(float), 'plumb_bob', distortion)
    rows_HW, columns_HW = np.indices(u_HW.shape)
    off_HW = np.hypot(u_HW * 300 + 320 - columns_HW, v_HW * 300 + 240 - rows_HW)
    assert np.nanmax(off_HW) < 1.01 and found.missing > 0.1


@settings(deadline=None, max_examples=50)
@given(radius=st.floats(0, 1.2), angle=st.floats(0, 6.3), tangential=st.floats(-0.003, 0.003),
       k1=st.floats(-0.3, 0.3), k2=st.floats(-0.1, 0.1), tilt=st.floats(-0.02, 0.02))
def test_distortion_is_opencv_s_and_its_inverse_undoes_it(
        radius, angle, tangential, k1, k2, tilt):
    coefficients = (k1, k2, tangential, -tangential, 0.01, 0.1, 0.02, 0.003, tangential,
                    -tangential, tangential, 0.001, tilt, -tilt)
    x, y = np.array([radius * math.cos(angle)]), np.array([radius * math.sin(angle)])
    there = distort(x, y, 'rational_polynomial', coefficients)
    theirs, _ = cv2.projectPoints(np.array([[x[0], y[0], 1.0]]), np.zeros(3), np.zeros(3),
                                  np.eye(3), np.array(coefficients))
    if np.isnan(there[0][0]):  # beyond the radius where the polynomial turns back
        return
    np.testing.assert_allclose(np.ravel(there), np.ravel(theirs), atol=1e-12)
    if np.isnan(distort(1.4 * x, 1.4 * y, 'rational_polynomial', coefficients)[0][0]):
        return  # just within it thousands of rays land on one pixel
    back = undistort(*there, 'rational_polynomial', coefficients, 1000.0)
    again = distort(*back, 'rational_polynomial', coefficients)
    np.testing.assert_allclose(np.ravel(again), np.ravel(theirs), atol=1e-5)


@pytest.mark.parametrize('model, numbers', [
    ('plumb_bob', (-0.2, 0.05, 0, 0, 0.01)), ('plumb_bob', (0, 0, 0.01, 0)),
    ('plumb_bob', (0, 0, 0, 0.01)), ('rational_polynomial', (0.1, 0, 0, 0, 0, 0.3, 0.2, 0.1)),
    *[('rational_polynomial', (0,) * i + (0.01,) + (0,) * (11 - i)) for i in range(8, 12)],
    ('rational_polynomial', (0,) * 12 + (0.02, 0.05)),
    ('equidistant', (0.1, -0.02, 0.01, 0.005))])
def test_each_term_of_a_distortion_is_opencv_s_and_is_undone(model, numbers):
    x, y = np.array([0.0, 0.5, -0.3, 0.2]), np.array([0.0, 0.1, 0.4, -0.6])
    points, zero = np.stack([x, y, np.ones(4)], axis=-1)[None], np.zeros(3)
    project = cv2.fisheye.projectPoints if model == 'equidistant' else cv2.projectPoints
    theirs = project(points, zero, zero, np.eye(3), np.array(numbers, float))[0].reshape(4, 2).T
    with np.errstate(all='raise'):
        there = distort(x, y, model, numbers)
        back = undistort(*there, model, numbers, 1000.0)
    np.testing.assert_allclose(there, theirs, atol=1e-12)
    np.testing.assert_allclose(back, (x, y), atol=2e-5)
    assert np.abs(theirs - (x, y)).max() > 1e-3


def test_an_unknown_distortion_names_the_known_ones():
    with pytest.raises(ValueError) as raised:
        canonical('odd', (0.1, 0.2))
    assert str(raised.value) == (
        "2 coefficients of distortion model 'odd'; known: plumb_bob (4 or 5), "
        'rational_polynomial (8 or 12 or 14), equidistant (4)')


def test_the_last_ray_before_a_lens_turns_back_is_found():
    """A first guess that lies beyond the last radius, by the prism terms, may still come back."""
    coefficients = (-0.28125, 0, 0, 0, 0.01, 0.1, 0.02, 0.003, 0, 0, 0, 0.001, 0, 0)
    there = distort(np.array([1.01953125]), np.zeros(1), 'rational_polynomial', coefficients)
    x, y = undistort(*there, 'rational_polynomial', coefficients, 1000.0)
    assert x[0] == pytest.approx(1.0195, abs=0.01) and y[0] == pytest.approx(0, abs=1e-4)


def test_the_inverse_goes_on_until_y_is_right_too():
    """On the axis x is right at once, and only y moves by the terms of tangential distortion."""
    coefficients = (-0.1, 0.0, 0.05, 0.0, 0.0)
    there = distort(np.zeros(1), np.array([0.5]), 'plumb_bob', coefficients)
    _, y = undistort(*there, 'plumb_bob', coefficients, 1000.0)
    assert y[0] == pytest.approx(0.5, abs=2e-5)


@pytest.mark.parametrize('name, numbers, expected', [
    ('plumb_bob', (0.1, 0.2, 0.3, 0.4, 0.5, 0, 0, 0), ('plumb_bob', 5)),  # Orbbec
    ('rational_polynomial', (0.1, 0.2, 0.3, 0.4, 0.5), ('plumb_bob', 5)),  # OAK, Tango
    ('rational_polynomial', (0.1,) * 8 + (0,) * 2, ('rational_polynomial', 8)),
    ('rational_polynomial', (0.1,) * 8 + (0,) * 4, ('rational_polynomial', 12)),
    ('plumb_bob', (0.1,) * 8, ('rational_polynomial', 8)),
    ('plumb_bob', (0.1, 0.2, 0, 0, 0), ('plumb_bob', 5)),
    ('PLUMB_BOB', (0.1,) * 5, ('plumb_bob', 5)),
    ('Plumb Bob', (0.1,) * 4, ('plumb_bob', 4)),
    ('plumb-bob', (0.1,) * 4, ('plumb_bob', 4)),
    ('radtan', (0.1,) * 4, ('plumb_bob', 4)),
    ('', (0.1,) * 5, ('plumb_bob', 5)),
    ('KANNALA_BRANDT', (0.1,) * 4, ('equidistant', 4)),
    ('kannala_brandt', (0.1, 0.1, 0.1, 0.1, 0), ('equidistant', 4)),
    ('Fisheye', (0.1, 0.1, 0, 0), ('equidistant', 4)),
    ('whatever', (0.0,) * 3, ('plumb_bob', 0)),
    ('rational_polynomial', (0.0,) * 8, ('plumb_bob', 0)),
    ('fisheye', (0.0,) * 4, ('equidistant', 4)), ('equidistant', (), ('plumb_bob', 0))])
def test_a_distortion_model_under_another_name_or_with_trailing_zeros(name, numbers, expected):
    model, coefficients = canonical(name, numbers)
    assert (model, len(coefficients)) == expected
    assert coefficients == numbers[:len(coefficients)]


def test_an_ideal_fisheye_has_angles_in_proportion_to_the_radius():
    """1 rad off the axis at one focal length from the middle: x/z is tan 1, not 1."""
    camera = Camera(fx=100, fy=100, cx=100, cy=100, width=201, height=201,
                    distortion=(0.0,) * 4, distortion_model='equidistant')
    assert rays(camera).x[100, 200] == pytest.approx(np.tan(1), rel=1e-4)


def test_missing_rays_are_the_share_of_a_sample_of_at_most_128_pixels_a_side():
    assert missing_rays(VGA) == 0
    for camera in (WIDE['t265'], WIDE['folded'], WIDE['folded'].resized(96, 54)):
        assert missing_rays(camera) == pytest.approx(rays(camera).missing, abs=0.01)
    tall = WIDE['folded'].resized(2, 1280)
    assert missing_rays(tall) == rays(tall.resized(1, 128)).missing
    line = WIDE['folded'].resized(1280, 2)
    assert missing_rays(line) == rays(line.resized(128, 1)).missing


def test_rays_kept_are_bounded_in_bytes(monkeypatch):
    """Not in entries: of a 4K camera with distortion each is 66 MB."""
    monkeypatch.setattr(rays, 'limit_bytes', 3 * 8 * 100 * 80)
    cameras = [Camera(fx=80 + i, fy=80, cx=50, cy=40, width=100, height=80,
                      distortion=(0.1, 0, 0, 0)) for i in range(5)]
    kept = [rays(camera) for camera in cameras]
    assert [rays(camera) is there for camera, there in zip(cameras[2:], kept[2:])] == [True] * 3
    assert rays(cameras[0]) is not kept[0]


@pytest.mark.thorough
@pytest.mark.parametrize('model, distortion, focal', [
    ('plumb_bob', (-0.28, 0.07, 0.0002, 0.00002, 0.0), 3072.0),
    ('plumb_bob', (-0.4, 0.2, 0.001, -0.001, -0.05), 2304.0),  # to the limit of the lens
    ('rational_polynomial', (0.5, 0.1, 0.001, 0.001, 0.01, 0.85, 0.3, 0.03), 2304.0),
    ('equidistant', (-0.02, 0.005, -0.001, 0.0002), 1344.0)])
def test_rays_of_a_4k_image_are_right_and_do_not_hold_up_a_frame(model, distortion, focal):
    camera = Camera(fx=focal, fy=focal, cx=1920.3, cy=1081.6, width=3840, height=2160,
                    distortion_model=model, distortion=distortion)
    start_s = time.process_time()
    seen = camera_module._undistorted(camera)
    assert time.process_time() - start_s < 1.5  # once 5 s, of which the worker served no frame
    x, y = distort(seen.x[::7, ::5].astype(float), seen.y[::7, ::5].astype(float), model,
                   camera.distortion)
    u, v = np.arange(0, 3840, 5), np.arange(0, 2160, 7)[:, None]
    off_px = np.hypot(x * focal + camera.cx - u, y * focal + camera.cy - v)
    assert np.nanpercentile(off_px, 99) < 0.03 and np.nanmax(off_px) < 1
    assert np.isnan(off_px).mean() < 0.05
