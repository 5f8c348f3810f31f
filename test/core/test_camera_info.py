"""camera_info to a camera: what is read, what contradicts, and what looks wrong."""

from types import SimpleNamespace

import pytest

from mono_depth_ros.message_formats.camera_info import (
    is_rectified,
    read_camera_info,
    rectified_doubt,
)


def info(width=640, height=480, **changes):
    """A CameraInfo of plain Python, as a recording has it; `roi` is (x, y, width, height)."""
    x, y, roi_width, roi_height = changes.pop('roi', (0, 0, 0, 0))
    numbers = {
        'distortion_model': 'plumb_bob', 'd': [0.0] * 5, 'binning_x': 0, 'binning_y': 0,
        'k': [500.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0],
        'p': [400.0, 0.0, 300.0, 0.0, 0.0, 410.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]} | changes
    return SimpleNamespace(width=width, height=height, roi=SimpleNamespace(
        x_offset=x, y_offset=y, width=roi_width, height=roi_height), **numbers)


def k(fx, cx, fy=None, cy=240.0):
    return [fx, 0.0, cx, 0.0, fx if fy is None else fy, cy, 0.0, 0.0, 1.0]


def p(fx, cx=320.0, cy=240.0):
    return [fx, 0.0, cx, 0.0, 0.0, fx, cy, 0.0, 0.0, 0.0, 1.0, 0.0]


def test_raw_image_takes_k_and_d_and_rectified_takes_p():
    message = info(d=[0.1, 0.2, 0.3, 0.4, 0.5])
    raw = read_camera_info(message, 640, 480, False).camera
    assert (raw.fx, raw.fy, raw.cx, raw.cy) == (500, 510, 320, 240)
    assert (raw.distortion_model, raw.distortion) == ('plumb_bob', (0.1, 0.2, 0.3, 0.4, 0.5))
    rectified = read_camera_info(message, 640, 480, True).camera
    assert (rectified.fx, rectified.fy, rectified.cx, rectified.cy) == (400, 410, 300, 230)
    assert rectified.distortion == ()


@pytest.mark.parametrize('model, count, expected', [
    ('plumb_bob', 4, 'plumb_bob'), ('rational_polynomial', 8, 'rational_polynomial'),
    ('equidistant', 4, 'equidistant'), ('fisheye', 4, 'equidistant')])
def test_distortion_models(model, count, expected):
    message = info(distortion_model=model, d=[0.01] * count)
    assert read_camera_info(message, 640, 480, False).camera.distortion_model == expected


def test_distortion_of_zeros_is_a_pinhole_whatever_its_model():
    message = info(distortion_model='of_my_own', d=[0.0, 0.0])
    assert read_camera_info(message, 640, 480, False).camera.distortion == ()


def test_an_equidistant_lens_of_zeros_is_no_pinhole_unless_it_is_rectified():
    message = info(distortion_model='equidistant', d=[0.0] * 4)
    assert not is_rectified('/image_raw', message) and is_rectified('/image_rect', message)
    for rectified, model, fx in ((False, 'equidistant', 500), (True, 'plumb_bob', 400)):
        camera = read_camera_info(message, 640, 480, rectified).camera
        assert (camera.distortion_model, camera.fx) == (model, fx)


def test_region_of_interest_moves_the_principal_point():
    message = info(roi=(100, 50, 200, 300))
    camera = read_camera_info(message, 200, 300, False).camera
    assert (camera.fx, camera.cx, camera.cy) == (500, 220, 190)


def test_binning_by_two_halves_the_camera_about_pixel_centres():
    # cx' = (320 + 0.5) / 2 - 0.5 = 159.75
    camera = read_camera_info(info(binning_x=2, binning_y=2), 320, 240, False).camera
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (250, 255, 159.75, 119.75)


def test_binning_after_region_of_interest():
    message = info(binning_x=2, binning_y=2, roi=(100, 50, 201, 300))  # 201 / 2: a column lost
    camera = read_camera_info(message, 100, 150, False).camera
    assert (camera.fx, camera.cx) == (250, (220 + 0.5) / 2 - 0.5)


def test_a_resized_image_of_the_same_shape_scales_the_camera():
    camera = read_camera_info(info(1920, 1080), 854, 480, False).camera
    assert (camera.width, camera.height) == (854, 480)
    assert camera.fx == pytest.approx(500 * 854 / 1920)
    assert camera.cy == pytest.approx(240.5 * 480 / 1080 - 0.5)


NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize('changes, rectified, sentence', [
    ({'k': [0.0] * 9, 'p': [0.0] * 12}, False, 'uncalibrated .K and P are zero'),
    ({'k': [0.0] * 9, 'p': [0.0] * 12}, True, 'uncalibrated .K and P are zero'),
    ({'k': k(NAN, 1.0), 'p': p(NAN)}, False, 'K that is not finite'),
    ({'k': k(5.0, INF), 'p': p(0.0)}, False, 'not finite'),
    ({'k': k(-5.0, 1.0), 'p': p(-5.0)}, False, 'above 0'),
    ({'k': k(NAN, 1.0), 'p': p(NAN)}, True, 'P that is not finite')])
def test_without_a_focal_length_camera_info_is_refused(changes, rectified, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_camera_info(info(**changes), 640, 480, rectified)


@pytest.mark.parametrize('changes, sentence', [
    ({'d': [NAN, 0.0, 0.0, 0.0]}, 'not finite'),
    ({'d': [0.1, 0.2, 0.3]}, '3 coefficients'),
    ({'distortion_model': 'division', 'd': [0.1] * 5}, "'division'"),
    ({'width': 0, 'height': 0}, 'camera_info is for 0x0 pixels'),
    ({'width': 480, 'height': 640}, 'for 480x640 pixels but the image has 640x480'),
    ({'width': 640, 'height': 400}, 'another shape'),
    ({'width': 1280, 'height': 480}, 'another shape'),
    ({'roi': (600, 0, 100, 100)}, 'region of interest .* outside its 640x480'),
    ({'k': [0.0] * 9, 'p': p(500.0)}, 'K is zero.*; P has a focal length: .* rectified'),
    ({'k': k(NAN, 1.0), 'p': p(500.0)}, 'K that is not finite.* P has a focal length')])
def test_lens_or_size_that_cannot_be_read_costs_the_points_and_not_the_scale(changes, sentence):
    """The depth keeps fx, fy: the model's reference camera would be wrong by their ratio."""
    reading = read_camera_info(info(**changes), 640, 480, False)
    assert (reading.camera.fx, reading.camera.width, reading.camera.height) == (500, 640, 480)
    with pytest.raises(AssertionError, match=sentence):
        assert reading.no_points == '', reading.no_points


def test_an_image_of_another_mode_of_the_sensor_keeps_the_side_it_shares():
    """1280x720 of a 4:3 sensor read at 640x480: height is whole, 480 / 720 of the pixels."""
    reading = read_camera_info(info(1280, 720, k=k(920.0, 640.0, cy=360.0)), 640, 480, False)
    assert reading.camera.fx == pytest.approx(920 * 480 / 720, rel=0.01)
    assert 'another shape' in reading.no_points


def test_a_region_of_interest_smaller_than_the_image_of_its_shape_does_not_double_the_depth():
    """No image is larger than its region: the region is stale, fx is that of the sensor."""
    reading = read_camera_info(info(roi=(160, 120, 320, 240)), 640, 480, False)
    assert reading.camera.fx == 500
    assert '320x240 at (160, 120)' in reading.no_points and '640x480' in reading.no_points


def test_rectified_images_without_p_have_the_focal_length_of_k():
    reading = read_camera_info(info(p=[0.0] * 12, d=[0.1] * 5), 640, 480, True)
    assert (reading.camera.fx, reading.camera.distortion, reading.no_points) == (500, (), '')


@pytest.mark.parametrize('changes, sentence', [
    ({'k': k(500.0, 0.0)}, 'cx 0 lies far from the middle of 640 pixels'),
    ({'k': k(500.0, 320.0, cy=700.0)}, 'cy 700 lies far'),
    ({'k': k(1000.0, 640.0, cy=480.0)}, 'cx 640 lies far .* another image size or binning'),
    ({'k': k(250.0, 160.0, cy=120.0)}, 'cx 160 lies far'),
    ({'k': k(0.78, 0.5, cy=0.5)}, '0.78 for 640 pixels is a field of view of 179.7 degrees'),
    ({'k': k(3.6, 320.0)}, '3.6 for 640 pixels is a field of view of 178.7 degrees'),
    ({'k': k(7800.0, 320.0)}, 'a field of view of 4.7 degrees'),
    ({'k': k(500.0, 320.0, fy=1000.0)}, 'fx 500 and fy 1000 are far apart')])
def test_an_implausible_calibration_is_used_and_named_with_the_numbers_that_disagree(
        changes, sentence):
    reading = read_camera_info(info(**changes), 640, 480, False)
    assert reading.camera.fx == changes['k'][0] and reading.no_points == ''
    with pytest.raises(AssertionError, match=sentence):
        assert reading.doubts == (), reading.doubts


@pytest.mark.parametrize('camera', [
    info(), info(k=k(518.86, 325.58, 519.47, 253.74)),
    info(640, 480, k=k(610.0, 300.0, cy=265.0)),  # a phone's or RealSense's offset
    info(848, 800, k=k(286.0, 419.0, cy=399.0), distortion_model='equidistant',
         d=[-0.0075, 0.0415, -0.0385, 0.007]),
    info(512, 512, k=k(191.0, 255.0, cy=257.0), distortion_model='fisheye', d=[0.003] * 4),
    info(1920, 1080, k=k(7000.0, 960.0, cy=540.0))])
def test_cameras_that_exist_raise_no_doubt(camera):
    assert read_camera_info(camera, camera.width, camera.height, False).doubts == ()


@pytest.mark.parametrize('topic, d, expected', [
    ('/camera/image_rect', 0.1, True), ('/camera/image_rect_color', 0.1, True),
    ('/left/image_rect/compressed', 0.1, True), ('image_rect', 0.1, True),
    ('/direct_drive/image_raw', 0.1, False), ('/rect/image', 0.1, False),
    ('/camera/image_raw', 0.0, True), ('/camera/image_raw', 0.1, False)])
def test_rectified_by_the_name_s_last_part_or_without_distortion(topic, d, expected):
    assert is_rectified(topic, info(d=[d, 0.0, 0.0, 0.0])) is expected


@pytest.mark.parametrize('topic, parameter, words', [
    ('/a/image_rect_color', False, '/a/image_rect_color is taken as rectified, for its name'),
    ('/a/image_raw/compressed', True, 'for the parameter rectified says so'),
    ('/a/image_rect', True, ''), ('/a/image_raw', False, ''), ('/rect/image', True, ''),
    ('/rect/image', False, '')])
def test_a_name_and_a_parameter_that_disagree_about_rectification(topic, parameter, words):
    doubt = rectified_doubt(topic, parameter, info(d=[0.1, 0.0, 0.0, 0.0]))
    assert words in doubt and bool(words) == bool(doubt)


@pytest.mark.parametrize('topic, changes, doubted', [
    ('/a/image_raw', {}, True), ('/a/image', {}, False), ('/a/image_raw', {'d': [0.1] * 5}, False),
    ('/a/image_raw', {'p': p(503.0), 'k': k(500.0, 320.0)}, False),
    ('/a/image_raw', {'p': p(500.0, cx=330.0), 'k': k(500.0, 320.0)}, True),
    ('/a/image_raw', {'p': [0.0] * 12}, False), ('/a/image_raw', {'k': [0.0] * 9}, False)])
def test_a_raw_image_with_no_distortion_and_two_matrices_is_doubted(topic, changes, doubted):
    doubt = rectified_doubt(topic, False, info(**changes))
    assert bool(doubt) == doubted
    assert not doubted or 'P is used (fx ' in doubt and 'its name says raw and K is anoth' in doubt
