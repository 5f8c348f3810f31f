"""Several models as one: the mean is that of log depth, a mirror image is mirrored back."""

import json

from model_helpers import write_untrained
import numpy as np
import pytest
from train_helpers import write_folder

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate
from train.__main__ import main
from train.evaluation.ensemble import Ensemble, Flipped

CAMERA = Camera(fx=50, fy=50, cx=3.0, cy=4.5, width=16, height=12)
IMAGE = np.random.default_rng(0).integers(1, 255, (12, 16, 3), np.uint8)


class Constant:
    """As deep everywhere."""

    def __init__(self, depth_m):
        self.depth_m = depth_m

    def estimate(self, rgb_HW3, camera=None):
        return DepthEstimate(depth=np.full(rgb_HW3.shape[:2], self.depth_m, np.float32),
                             camera=camera or CAMERA, network_ms=1.0)


class Red:
    """As deep as a pixel is red, and farther to the right of the optical axis."""

    def estimate(self, rgb_HW3, camera=None):
        camera = camera or CAMERA
        across = np.exp(0.1 * (np.arange(rgb_HW3.shape[1]) - camera.cx))
        return DepthEstimate(depth=rgb_HW3[..., 0].astype(np.float32) * across, camera=camera,
                             network_ms=1.0)


def test_mean_is_that_of_log_depth():
    seen = Ensemble([Constant(1.0), Constant(2.0), Constant(4.0)]).estimate(IMAGE, CAMERA)
    np.testing.assert_allclose(seen.depth, 2.0, rtol=1e-6)
    assert seen.camera == CAMERA
    with pytest.raises(ValueError, match='at least one model'):
        Ensemble([])


def test_flipping_mirrors_image_camera_and_prediction():
    seen = Flipped(Red()).estimate(IMAGE, CAMERA)
    across = np.exp(-0.1 * (np.arange(16) - CAMERA.cx))
    np.testing.assert_allclose(seen.depth, IMAGE[..., 0] * across, rtol=1e-5)
    assert seen.camera == CAMERA


@pytest.mark.thorough
def test_evaluate_measures_the_means_beside_the_model(tmp_path, capsys):
    folder = write_folder(tmp_path / 'set')
    models = []
    for seed in range(2):
        models.append(tmp_path / f'{seed}.safetensors')
        write_untrained(models[-1], 'mobile', seed)
    figures = tmp_path / 'figures.json'
    assert main(['evaluate', str(models[0]), '--with', str(models[1]), '--flip-tta', '--zoom', '2',
                 '--data', f'mine={folder}', '--protocol', 'full', '--json', str(figures)]) == 0
    rows = json.loads(figures.read_text())
    assert [row['model'] for row in rows][:2] == ['mean of 2', 'with flip TTA']
    assert len({row['mean']['abs_rel'] for row in rows}) == 3
    assert [bool(row.get('calibration')) for row in rows] == [False, False, True]
    assert {row['protocol'] for row in rows} == {'full 2x'}
    assert 'mean of 2 on mine val' in capsys.readouterr().out
