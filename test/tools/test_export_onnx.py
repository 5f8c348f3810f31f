"""Model files as ONNX: themselves model files, with the card and the same depth."""

from model_helpers import write_untrained
import numpy as np
import pytest

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_file import find_model, read_card
from mono_depth_ros.tools.export_onnx import main

pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')


@pytest.fixture(scope='module')
def rgb_HW3():
    return np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)


@pytest.mark.thorough
def test_the_shipped_model_as_onnx_is_a_model_file(tmp_path, rgb_HW3, capsys):
    out = tmp_path / 'indoor.onnx'
    assert main(['indoor', str(out)]) == 0
    assert 'indoor.onnx: 27.' in capsys.readouterr().out
    assert read_card(out) == read_card(find_model('indoor'))
    ours, again = (DepthEstimator.load(model, 'cpu', 'fp32') for model in ('indoor', out))
    first, second = ours.estimate(rgb_HW3), again.estimate(rgb_HW3)
    np.testing.assert_allclose(second.depth, first.depth, rtol=1e-4)
    np.testing.assert_allclose(second.confidence, first.confidence, atol=1e-4)


@pytest.mark.thorough
def test_torch_alone_runs_no_onnx_file(tmp_path):
    assert main(['indoor', str(tmp_path / 'a.onnx')]) == 0
    with pytest.raises(ValueError, match='torch cannot run an ONNX graph'):
        DepthEstimator.load(tmp_path / 'a.onnx', backend='torch')


@pytest.mark.thorough
@pytest.mark.parametrize('changes', [{}, {'aspect_ratios': (0.5, 3.5), 'camera_input': True}])
def test_a_file_of_weights_alone_is_traced(tmp_path, rgb_HW3, changes):
    pytest.importorskip('torch')
    pytest.importorskip('onnxscript')
    path, out = tmp_path / 'weights.safetensors', tmp_path / 'out.onnx'
    write_untrained(path, **changes)
    assert main([str(path), str(out)]) == 0
    ours = DepthEstimator.load(path, 'cpu')
    for backend in ('onnxruntime', 'openvino'):
        pytest.importorskip(backend)
        again = DepthEstimator.load(out, 'cpu', 'fp32', backend)
        for rgb in (rgb_HW3, rgb_HW3[:100], rgb_HW3[:, :150]):
            np.testing.assert_allclose(again.estimate(rgb.copy()).clipped,
                                       ours.estimate(rgb.copy()).clipped, rtol=1e-3)


def test_what_cannot_be_exported_gets_a_sentence(tmp_path, capsys):
    assert main(['nowhere', str(tmp_path / 'a.onnx')]) == 1
    assert main(['indoor', str(tmp_path / 'a.bin')]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and 'no model file' in said[0] and 'ends in .onnx' in said[1]
    assert not list(tmp_path.iterdir())
