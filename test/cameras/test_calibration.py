"""Calibration files: ROS YAML, the text of ros2 topic echo, camera.json."""

from pathlib import Path

import pytest

from mono_depth_ros.cameras.calibration import files_of_calibration, load_calibration

EXAMPLE = Path(__file__).parents[2] / 'config' / 'camera_info_example.yaml'
# As ros2 topic echo prints it: an Orbbec camera, whose plumb_bob has 8 numbers.
ECHO = '''header:
  stamp:
    sec: 12
    nanosec: 345
  frame_id: camera_color_optical_frame
height: 480
width: 640
distortion_model: plumb_bob
d:
- 0.1
- -0.05
- 0.001
- -0.002
- 0.01
- 0.0
- 0.0
- 0.0
k:
- 500.0
- 0.0
- 320.0
- 0.0
- 510.0
- 240.0
- 0.0
- 0.0
- 1.0
r: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
p: [400.0, 0.0, 300.0, -40.0, 0.0, 410.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]
binning_x: 0
binning_y: 0
roi:
  x_offset: 0
  y_offset: 0
  height: 0
  width: 0
  do_rectify: false
---
'''


def test_a_calibration_is_found_in_the_folder_before_its_parent(tmp_path):
    folder = tmp_path / 'a'
    folder.mkdir()
    assert list(files_of_calibration(folder)) == []
    (tmp_path / 'camera.json').write_text('{}')
    (folder / 'ost.yaml').write_text('')
    (folder / 'camera.yaml').write_text('')
    assert list(files_of_calibration(folder)) == [file.resolve() for file in (
        folder / 'camera.yaml', folder / 'ost.yaml', tmp_path / 'camera.json')]


def test_fisheye_is_the_equidistant_model(tmp_path):
    file = tmp_path / 'a.yaml'
    file.write_text(EXAMPLE.read_text().replace('plumb_bob', 'fisheye').replace(
        '[0.02, -0.05, 0.0005, -0.0003, 0.0]', '[0.01, 0.02, 0.03, 0.04]'))
    camera = load_calibration(file).camera
    assert camera.distortion_model == 'equidistant'
    assert camera.distortion == (0.01, 0.02, 0.03, 0.04)


@pytest.mark.parametrize('name', ['none', '""', 'rational'])
def test_a_lens_without_distortion_may_have_any_name_but_a_fisheye_s(tmp_path, name):
    file = tmp_path / 'a.yaml'
    file.write_text(EXAMPLE.read_text().replace('plumb_bob', name).replace(
        '[0.02, -0.05, 0.0005, -0.0003, 0.0]', '[0.0, 0.0, 0.0, 0.0, 0.0]'))
    camera = load_calibration(file).camera
    assert camera.distortion_model == 'plumb_bob' and camera.distortion == ()


@pytest.mark.parametrize('text, words', [
    ('{"fx": 1}', 'fy is missing'),
    ('{"fx": 0, "fy": 1, "cx": 1, "cy": 1, "width": 4, "height": 4}', 'focal length'),
    ('not json', 'is no camera calibration'),
    ('[1, 2]', 'layout differs from config/camera_info_example.yaml')])
def test_a_broken_camera_json_is_refused(tmp_path, text, words):
    file = tmp_path / 'camera.json'
    file.write_text(text)
    with pytest.raises(ValueError, match=words) as caught:
        load_calibration(file)
    assert 'camera.json' in str(caught.value)


def write(tmp_path, text, name='a.yaml'):
    file = tmp_path / name
    file.write_text(text)
    return file


def test_the_text_of_ros2_topic_echo_is_a_calibration(tmp_path):
    calibration = load_calibration(write(tmp_path, ECHO))
    camera = calibration.camera
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (500, 510, 320, 240)
    assert (camera.distortion_model, camera.distortion) == (
        'plumb_bob', (0.1, -0.05, 0.001, -0.002, 0.01))
    assert calibration.projection[:4] == (400, 0, 300, -40)
    assert calibration.no_points == '' and calibration.doubts == ()
    upper = ECHO.replace('\nd:', '\nD:').replace('\nk:', '\nK:').replace('\np:', '\nP:')
    assert load_calibration(write(tmp_path, upper)) == calibration  # as rostopic of ROS 1


def test_binning_and_region_of_an_echoed_message_apply(tmp_path):
    """Region 320x240 at (100, 50), halved: cx = (320 - 100 + 0.5) / 2 - 0.5 = 109.75."""
    text = ECHO.replace('binning_x: 0\nbinning_y: 0', 'binning_x: 2\nbinning_y: 2').replace(
        'x_offset: 0\n  y_offset: 0\n  height: 0\n  width: 0',
        'x_offset: 100\n  y_offset: 50\n  height: 240\n  width: 320')
    calibration = load_calibration(write(tmp_path, text))
    camera = calibration.camera
    assert (camera.width, camera.height, camera.fx, camera.cx) == (160, 120, 250, 109.75)
    assert calibration.projection[:4] == (200, 0, 99.75, -20)


def test_camera_model_is_read_where_distortion_model_is_missing(tmp_path):
    text = EXAMPLE.read_text().replace('distortion_model: plumb_bob', 'camera_model: fisheye')
    text = text.replace('[0.02, -0.05, 0.0005, -0.0003, 0.0]', '[0.01, 0.02, 0.03, 0.04]')
    assert load_calibration(write(tmp_path, text)).camera.distortion_model == 'equidistant'


def test_a_file_url_is_its_file_and_another_url_is_refused(tmp_path):
    (tmp_path / 'a b').mkdir()
    file = write(tmp_path / 'a b', EXAMPLE.read_text())
    assert load_calibration(file.as_uri()) == load_calibration(file)
    assert 'a%20b' in file.as_uri() and file.as_uri().startswith('file://')
    with pytest.raises(ValueError, match='package://x/a.yaml: give a path, or a URL of file'):
        load_calibration('package://x/a.yaml')


def test_a_lens_that_cannot_be_read_keeps_the_focal_length_and_its_numbers(tmp_path):
    text = EXAMPLE.read_text().replace('plumb_bob', 'division')
    calibration = load_calibration(write(tmp_path, text))
    assert calibration.camera.fx == 518.857901 and calibration.camera.distortion == ()
    assert "'division'" in calibration.no_points
    assert calibration.unread == ('division', (0.02, -0.05, 0.0005, -0.0003, 0.0))


def test_a_calibration_of_another_binning_is_doubted(tmp_path):
    text = EXAMPLE.read_text().replace('image_width: 640', 'image_width: 1280').replace(
        'image_height: 480', 'image_height: 960')
    doubts = load_calibration(write(tmp_path, text)).doubts
    assert len(doubts) == 1 and 'cx 325.582 lies far from the middle of 1280 pixels' in doubts[0]
