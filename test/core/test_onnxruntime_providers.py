"""What ONNX Runtime is asked for, and the engines TensorRT keeps; no GPU is needed."""

import pytest

from mono_depth_ros.backends.backend import BackendSpec
from mono_depth_ros.model_file import find_model, onnx_of, read_card

ort = pytest.importorskip('mono_depth_ros.backends.onnxruntime_backend')
TENSORRT = BackendSpec(backend='tensorrt', device='cuda:0', precision='fp16')
PROVIDERS = ['TensorrtExecutionProvider', 'CPUExecutionProvider']


@pytest.fixture(scope='module')
def indoor():
    path = find_model('indoor')
    return onnx_of(path), read_card(path).graph


@pytest.fixture
def sessions(tmp_path, monkeypatch):
    """TensorRT that names its engine as ONNX Runtime does, and refuses one cut short."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    built = []

    class Session:
        def __init__(self, onnx, options, providers):
            settings = providers[0][1]
            if 'trt_engine_cache_path' not in settings:
                self.engine = None
                return
            folder = ort.Path(settings['trt_engine_cache_path'])
            engine = folder / 'TensorrtExecutionProvider_TRTKernel_graph_1_0_fp16_sm90.engine'
            if engine.exists() and engine.read_bytes() != b'engine':
                raise RuntimeError('TensorRT EP could not deserialize engine from cache')
            if not engine.exists():
                built.append(folder)
                engine.write_bytes(b'engine')
            self.engine = engine

        def get_providers(self):
            return PROVIDERS
    monkeypatch.setattr(ort.onnxruntime, 'InferenceSession', Session)
    return built


def opened(indoor, model):
    return ort.OnnxRuntimeBackend(*indoor, TENSORRT, model)._session.engine


def test_networks_of_one_architecture_share_no_engine(indoor, sessions):
    """ONNX Runtime names an engine by the names in the graph, not by its weights."""
    first, second = opened(indoor, 'sha256 1; H100'), opened(indoor, 'sha256 2; H100')
    assert first.name == second.name and first != second
    assert opened(indoor, 'sha256 1; H100') == first and len(sessions) == 2


def test_an_engine_cut_short_is_built_again(indoor, sessions):
    opened(indoor, 'sha256 1; H100').write_bytes(b'eng')
    assert opened(indoor, 'sha256 1; H100').read_bytes() == b'engine' and len(sessions) == 2


def test_an_engine_cut_short_that_cannot_be_removed_is_left_alone(indoor, sessions, monkeypatch):
    opened(indoor, 'sha256 1; H100').write_bytes(b'eng')

    def refused(path):
        raise PermissionError(13, 'Permission denied', str(path))
    monkeypatch.setattr(ort.Path, 'unlink', refused)
    assert opened(indoor, 'sha256 1; H100') is None


def test_a_graph_that_tensorrt_refuses_is_said(indoor, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))

    def refuse(*_, **__):
        raise RuntimeError('no such operator')
    monkeypatch.setattr(ort.onnxruntime, 'InferenceSession', refuse)
    with pytest.raises(ValueError, match='cannot load the graph: no such operator'):
        opened(indoor, 'sha256 1; H100')


def test_fp32_on_a_gpu_is_no_tf32_and_engines_are_kept_where_they_can_be(tmp_path):
    cuda = BackendSpec(backend='onnxruntime', device='cuda:1', precision='fp32')
    (name, settings), _ = ort.providers(cuda, None)
    assert name == 'CUDAExecutionProvider' and settings == {'device_id': 1, 'use_tf32': False}
    (_, settings), _ = ort.providers(TENSORRT, tmp_path)
    assert settings == {'device_id': 0, 'trt_fp16_enable': True, 'trt_engine_cache_enable': True,
                        'trt_engine_cache_path': str(tmp_path)}
    assert 'trt_engine_cache_path' not in ort.providers(TENSORRT, None)[0][1]
