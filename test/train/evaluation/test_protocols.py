"""Protocols: which pixels count, and how images are shown to the network, by hand."""

import numpy as np
import pytest
from train_helpers import write_folder

from mono_depth_ros.camera import Camera
from train.__main__ import main
from train.data.samples.sample import Sample
from train.evaluation.protocols import PROTOCOLS, without_frame, zoomed


@pytest.mark.parametrize('height, width, rows, columns', [
    (480, 640, (45, 471), (41, 601)), (360, 480, (34, 353), (31, 451))])
def test_eigen_crop_counts_its_window_only(height, width, rows, columns):
    truth = np.full((height, width), 2.0, np.float32)
    prediction = np.full((height, width), 9.0, np.float32)
    prediction[rows[0]:rows[1], columns[0]:columns[1]] = 2.0
    assert PROTOCOLS['eigen-crop'].errors(prediction, truth).delta1 == 1
    prediction[rows[0], columns[0]] = 9.0
    assert PROTOCOLS['eigen-crop'].errors(prediction, truth).delta1 < 1


def test_protocol_ignores_truth_out_of_range_and_holds_the_prediction():
    truth = np.array([[2.0, np.nan, np.inf, 12.0, 9.0]], np.float32)
    prediction = np.array([[2.0, 5.0, 5.0, 5.0, 30.0]], np.float32)
    errors = PROTOCOLS['full'].errors(prediction, truth)
    assert errors.abs_rel == pytest.approx((0 + 1 / 9) / 2)


def test_known_share_is_that_of_the_window():
    """The crop is rows 45:471, columns 41:601; half of its rows hold nothing, some hold sky."""
    truth = np.full((480, 640), np.nan, np.float32)
    truth[45:258] = 50
    truth[60:70] = np.inf
    assert PROTOCOLS['eigen-crop'].known_share(truth) == 0.5
    assert PROTOCOLS['full'].known_share(truth) == pytest.approx(213 / 480)


def test_protocol_refuses_holes_in_the_prediction():
    with pytest.raises(ValueError, match='unknown pixels'):
        PROTOCOLS['full'].errors(np.array([[np.nan]]), np.array([[1.0]]))


def test_fast_depth_shows_the_centre_and_moves_the_camera_along():
    """A pixel's direction is the same before and after: depth of a slanted wall still fits."""
    camera = Camera(fx=519, fy=519, cx=325, cy=253, width=640, height=480)
    v, u = np.indices((480, 640))
    depth = (2 + 0.5 * (u - camera.cx) / camera.fx).astype(np.float32)
    sample = Sample(rgb=np.zeros((480, 640, 3), np.uint8), depth=depth, camera=camera, name='')
    view = PROTOCOLS['fast-depth'].view(sample)
    assert view.depth.shape == (224, 224) and view.rgb.shape == (224, 224, 3)
    expected = 2 + 0.5 * (np.indices((224, 224))[1] - view.camera.cx) / view.camera.fx
    np.testing.assert_allclose(view.depth, expected, atol=4e-3)
    # 304 of 333 columns: 583.7 pixels of 640.
    assert 224 / view.camera.fx == pytest.approx(583.7 / 519, rel=0.003)


def test_dense_depth_pools_and_crops():
    protocol = PROTOCOLS['dense-depth']
    truth = np.full((480, 640), 2.0, np.float32)
    prediction = np.full((480, 640), 9.0, np.float32)
    prediction[20:459, 24:615] = 2.0
    assert protocol.errors(prediction, truth).pixels == 439 * 591
    assert protocol.errors(prediction, truth).delta1 == 1
    assert protocol.pooled


def test_outdoor_counts_to_80_m():
    truth, prediction = np.array([[5.0, 60, 90]]), np.array([[5.0, 120, 1]])
    errors = PROTOCOLS['outdoor'].errors(prediction, truth)
    assert (errors.pixels, errors.abs_rel) == (2, pytest.approx(20 / 60 / 2))


def test_garg_crop_is_that_of_a_kitti_image():
    """Rows 153:371 and columns 44:1197 of 375x1242, as published code has it."""
    truth, prediction = np.full((375, 1242), 9.0), np.full((375, 1242), 1.0)
    prediction[153:371, 44:1197] = 9
    errors = PROTOCOLS['garg-crop'].errors(prediction, truth)
    assert (errors.delta1, errors.pixels) == (1, 218 * 1153)


@pytest.mark.parametrize('size', [
    (375, 1242), (370, 1226), (370, 1224), (376, 1241), (374, 1238), (352, 1216), (192, 640)])
def test_garg_crop_is_the_published_one_at_every_size_of_kitti(size):
    """Published code cuts the four shares off to whole pixels; rounding is a pixel off at some."""
    height, width = size
    counted = np.zeros(size)
    counted[int(0.40810811 * height):int(0.99189189 * height),
            int(0.03594771 * width):int(0.96405229 * width)] = 5
    protocol = PROTOCOLS['garg-crop']
    assert (protocol.windowed(counted) == 5).all()
    assert protocol.windowed(counted).sum() == counted.sum()


def test_zoom_shows_the_middle_and_moves_the_camera_along():
    rgb = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    depth = rgb[..., 0].astype(np.float32) + 1
    camera = Camera(fx=70, fy=71, cx=41, cy=29, width=80, height=60)
    protocol = zoomed(PROTOCOLS['full'], 2)
    seen = protocol.view(Sample(rgb=rgb, depth=depth, camera=camera, name='x'))
    np.testing.assert_array_equal(seen.rgb, rgb[15:45, 20:60])
    np.testing.assert_array_equal(seen.depth, depth[15:45, 20:60])
    assert seen.camera == Camera(fx=70, fy=71, cx=21, cy=14, width=40, height=30)
    assert protocol.name == 'full 2x'
    with pytest.raises(ValueError, match='at least 1, got 0.5'):
        zoomed(protocol, 0.5)


@pytest.mark.parametrize('factor', [11, np.inf, np.nan])
def test_a_zoom_that_leaves_no_picture_is_refused(factor):
    with pytest.raises(ValueError, match=f'got {factor:g}; at most 10'):
        zoomed(PROTOCOLS['full'], factor)


def test_the_frame_becomes_the_mirror_image_of_the_picture_and_nothing_else_changes():
    """48x64, of which rows 5 to 42 and columns 8 to 59 are picture; two pixels of it go too."""
    rgb = np.random.default_rng(0).integers(0, 200, (48, 64, 3), np.uint8)
    white = rgb.copy()
    white[:5], white[43:], white[:, :8], white[:, 60:] = 255, 255, 255, 255
    depth = np.ones((48, 64), np.float32)
    camera = Camera(fx=50, fy=50, cx=31, cy=23, width=64, height=48)
    window = (5 / 48, 43 / 48, 8 / 64, 60 / 64)
    protocol = without_frame(PROTOCOLS['eigen-crop'], window)
    seen = protocol.view(Sample(rgb=white, depth=depth, camera=camera, name='x'))
    assert seen.rgb.max() < 200
    np.testing.assert_array_equal(seen.rgb[7:41, 10:58], rgb[7:41, 10:58])
    np.testing.assert_array_equal(seen.rgb[6, 10:58], rgb[7, 10:58])
    np.testing.assert_array_equal(seen.rgb[7:41, 58:], rgb[7:41, 52:58][:, ::-1])
    assert seen.depth is depth and protocol.window == PROTOCOLS['eigen-crop'].window
    assert protocol.name == 'eigen-crop no frame'
    # The frame goes before the view of a protocol is cut.
    middle = zoomed(protocol, 2).view(Sample(rgb=white, depth=depth, camera=camera, name='x'))
    np.testing.assert_array_equal(middle.rgb, seen.rgb[12:36, 16:48])


def test_without_a_known_frame_nothing_is_measured(tmp_path, capsys):
    folder = write_folder(tmp_path / 'set')
    assert main(['evaluate', 'indoor', '--data', f'x={folder}', '--without-frame']) == 1
    assert 'no frame of x is known, those called nyu have one' in capsys.readouterr().err
