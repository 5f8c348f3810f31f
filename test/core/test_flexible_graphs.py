"""Graphs of networks that take the camera, other shapes and two modes: as torch runs them."""

from model_helpers import write_untrained
import numpy as np
import pytest

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimator

pytestmark = pytest.mark.thorough
for package in ('onnx', 'onnxscript', 'onnxruntime', 'openvino'):
    pytest.importorskip(package)

ALL = {'network': 'mobile_lite2_bimodal', 'camera_input': True, 'aspect_ratios': (0.5, 3.5),
       'feature_distance': True,
       'input_height': 96, 'input_width': 128}


@pytest.mark.parametrize('changes', [
    {'network': 'mobile', 'camera_input': True},
    {'network': 'mobile', 'aspect_ratios': (0.5, 3.5)},
    ALL], ids=['camera', 'shapes', 'all with two modes'])
def test_every_backend_gives_what_torch_gives_at_every_shape(tmp_path, changes):
    path = tmp_path / 'm.safetensors'
    write_untrained(path, graph=True, **changes)
    torch, *others = (DepthEstimator.load(path, 'cpu', 'fp32', name)
                      for name in ('torch', 'onnxruntime', 'openvino'))
    for width, height in ((64, 48), (90, 30), (40, 60)):
        rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        camera = Camera(fx=50, fy=50, cx=width / 2, cy=height / 2, width=width, height=height)
        expected = torch.estimate(rgb, camera)
        for other in others:
            found = other.estimate(rgb, camera)
            # Where two modes are about as likely a rounding decides which one is read.
            off = abs(np.log(found.clipped) - np.log(expected.clipped))
            assert np.mean(off > 1e-3) < 0.01, other.backend
            assert np.mean(abs(found.confidence - expected.confidence) > 1e-2) < 0.01
