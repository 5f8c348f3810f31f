"""The floor's scale measured: true floors by hand, errors before and after, wrong poses."""

from types import SimpleNamespace

import numpy as np
import pytest

from mono_depth_ros.camera import Camera
from mono_depth_ros.geometry.camera_pose import mounted_pose
from train.__main__ import main
from train.commands.scale import sequence_of
from train.evaluation.floor_scale import floor_scale, FloorView, tilted, times
from train.evaluation.steadiness import steadiness, with_camera_noise
from train.evaluation.true_floor import true_floor

CAMERA = Camera(fx=120, fy=120, cx=79.5, cy=59.5, width=160, height=120)


def floor_depth(height_m, pitch_deg, far_m=4.0):
    """Depth of a floor and of a wall ahead, of a camera that looks down by `pitch_deg`."""
    turn = np.radians(pitch_deg)
    y = (np.arange(120) - 59.5) / 120
    with np.errstate(divide='ignore'):
        depth = height_m / (y * np.cos(turn) + np.sin(turn))
    depth[(depth <= 0) | (depth > far_m)] = far_m
    return np.repeat(depth[:, None], 160, 1).astype(np.float32)


def views(number=40, height_m=0.3, pitch_deg=15.0):
    depth = floor_depth(height_m, pitch_deg)
    return [FloorView(predicted=depth, truth=depth, camera=CAMERA, height_m=height_m,
                      up=mounted_pose(height_m, pitch_deg).up, time_s=float(n), sequence='a')
            for n in range(number)]


@pytest.mark.parametrize('height_m, pitch_deg', [(0.3, 15), (1.2, 30)])
def test_the_true_floor_is_found(height_m, pitch_deg):
    floor = true_floor(floor_depth(height_m, pitch_deg), CAMERA, np.random.default_rng(0))
    assert floor.height_m == pytest.approx(height_m, abs=0.01)
    np.testing.assert_allclose(floor.up, mounted_pose(height_m, pitch_deg).up, atol=0.01)


@pytest.mark.parametrize('depth', [
    np.full((120, 160), 2, np.float32), np.full((120, 160), np.nan, np.float32)])
def test_where_there_is_no_floor_none_is_found(depth):
    assert true_floor(depth, CAMERA, np.random.default_rng(0)) is None


def test_a_model_that_is_right_is_left_alone():
    found = floor_scale(views(), (0.1, 10))
    assert (found.images, found.found, found.acted, found.after) == (40, 1, 0, 0)
    assert found.found_error < 0.03 and found.delta1_before == found.delta1_after == 1


def test_a_model_that_is_off_is_mended_as_fast_as_the_rate_lets():
    """log 1.9 takes 6.7 s at 10 % a second, from the third image on: 8 of 40 are not right."""
    found = floor_scale([times(view, 1.9) for view in views()], (0.1, 10))
    assert found.before == pytest.approx(np.log(1.9), rel=1e-3)
    assert found.after < 0.25 * found.before and found.worse == 0
    assert found.delta1_before < 0.1 and found.delta1_after > 0.8
    assert found.acted == 38 / 40


def test_sequences_begin_anew():
    first, second = ([times(view, 1.9) for view in views(2)] for _ in range(2))
    second = [FloorView(**{**vars(view), 'sequence': 'b', 'time_s': view.time_s + 2})
              for view in second]
    assert floor_scale(first + second, (0.1, 10)).acted == 0


def test_a_pose_that_is_wrong_misleads():
    wrong = floor_scale([tilted(view, 5) for view in views()], (0.1, 10))
    assert wrong.found_error > 0.05 or wrong.found == 0
    view = views(1)[0]
    np.testing.assert_allclose(tilted(view, 5).up, mounted_pose(0.3, 20).up, atol=1e-6)


def test_no_image_is_told():
    with pytest.raises(ValueError, match='no image with a known floor'):
        floor_scale([], (0.1, 10))


def test_flicker_is_measured_by_itself_and_smoothed():
    rng = np.random.default_rng(0)
    still = np.repeat((100 + 80 * np.sin(np.arange(160) / 4))[None], 120, 0).astype(np.uint8)
    images = [with_camera_noise(np.repeat(still[..., None], 3, 2), rng) for _ in range(12)]
    depths = iter([np.full((120, 160), 2 * 1.02 ** (n % 2), np.float32) for n in range(12)])
    model = SimpleNamespace(estimate=lambda rgb, camera: SimpleNamespace(depth=next(depths)))
    found = steadiness(images, CAMERA, 15, 0.7, model)
    assert found.raw == pytest.approx(np.log(1.02), rel=1e-3)
    assert found.smoothed < 0.5 * found.raw and found.lag[0] < found.raw


@pytest.mark.parametrize('keys', [
    ('0042', '0043'), ('1669.900000000', '1670.000000000'), ('room1-03', 'room1-04'),
    ('kitchen_0001/r-13.25-171', 'kitchen_0001/r-14.00-902'), ('a b/é9', 'a b/é10')])
def test_images_of_one_place_are_one_sequence(keys):
    """Those of a recording, and of a raw dump, were each a sequence of its own: nothing acted."""
    assert len({sequence_of(key) for key in keys}) == 1
    others = {sequence_of(keys[0]), *map(sequence_of, ('room2-03', 'hall/0042', 'kitchen_0042'))}
    assert len(others) == 4


def test_mistakes_of_the_commands_are_one_sentence(capsys):
    assert main(['scale', 'indoor', '--device', 'cpu']) == 1
    assert 'give --data NAME=DIR, --rooms N or both' in capsys.readouterr().err
    for words in (['--frames', '0'], ['--times', '1', '0'], ['--times', 'nan']):
        assert main(['scale', 'indoor', '--rooms', '1', *words]) == 1
        assert 'at least 1 of --frames and --times above 0, got' in capsys.readouterr().err
    assert main(['scale', 'indoor', '--data', 'a=x', '--data', 'a=y']) == 1
    assert "two data sets are called 'a'" in capsys.readouterr().err
    assert main(['steady', 'indoor', '--frames', '4']) == 1
    assert '--frames must be above 4, the images that fill the past, got 4' in (
        capsys.readouterr().err)
    assert main(['steady', 'indoor', '--smoothing', '2']) == 1
    assert '--smoothing must be 0 to 0.95, got 2' in capsys.readouterr().err
