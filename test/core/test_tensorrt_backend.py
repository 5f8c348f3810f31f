"""TensorRT by its own package: right planes in 8.6, 10 and 11; by stand-ins, without a GPU."""

from pathlib import Path
import subprocess
import sys
from threading import Thread

import numpy as np
import pytest

from mono_depth_ros import self_test
from mono_depth_ros.backends import serve as serving
from mono_depth_ros.backends.selection import Machine
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_card import GraphSpec
from mono_depth_ros.model_file import find_model, read_card

pytestmark = pytest.mark.thorough
pytest.importorskip('onnxruntime')
from tensorrt_helpers import (  # noqa: E402
    backend_of,
    expected,
    expected_of,
    FP16,
    image,
)

VERSIONS = ('8.6.1', '10.3.0', '11.1.0')
TEST = Path(__file__).parents[1]
# A camera for an image 128 pixels wide.
INTRINSICS_33 = np.float32([[100, 0, 64], [0, 100, 48], [0, 0, 1]])


@pytest.mark.parametrize('model', ['indoor', 'outdoor'])
@pytest.mark.parametrize('version', VERSIONS)
def test_planes_are_those_of_onnx_runtime_and_the_callers_own(model, install, version):
    path, trt = find_model(model), install(version)
    backend = backend_of(path, version)
    first, second = image(), -image()
    found = backend(first)
    kept = found.copy()
    np.testing.assert_array_equal(backend(second), expected(path, second))
    np.testing.assert_array_equal(found, kept)
    np.testing.assert_array_equal(found, expected(path, first))
    assert found.dtype == np.float32 and trt.builds == 1
    self_test.check(backend, read_card(path), 'fp32')


@pytest.mark.parametrize('backend', ['auto', 'tensorrt'])
def test_a_robot_with_nothing_but_tensorrt_has_depth(indoor, install, monkeypatch, backend):
    install()
    rgb_HW3 = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    machine = Machine(packages=frozenset({'onnxruntime'}))
    monkeypatch.setattr(serving, 'this_machine', lambda: machine)
    without = DepthEstimator.load(indoor, 'cpu', 'fp32', 'onnxruntime').estimate(rgb_HW3)
    machine = Machine(gpus=('Orin',), tensorrt='10.3.0')
    estimator = DepthEstimator.load(indoor, backend=backend)
    assert estimator.backend == 'tensorrt' and estimator.device == 'cuda:0'
    found = estimator.estimate(rgb_HW3).depth
    assert np.median(abs(np.log(found / without.depth))) < 1e-3  # fp16


@pytest.mark.parametrize('version', VERSIONS)
def test_fp16_is_what_versions_before_11_make_of_the_graph(indoor, install, version):
    install(version)
    if version.startswith('11'):
        with pytest.raises(ValueError, match='TensorRT 11 and later .*: use fp32'):
            backend_of(indoor, version, FP16)(image())
        return
    found = backend_of(indoor, version, FP16)(image())
    np.testing.assert_array_equal(found, expected(indoor, image()).astype(np.float16))


@pytest.mark.parametrize('graph', [
    GraphSpec(image_type='uint8', layout='NHWC', depth_output='depth', colour_order='bgr'),
    GraphSpec(image_type='float16', depth_output='depth', scale=2.0, depth_alone=True),
    GraphSpec(rays_input='rays', depth_output='depth', depth_alone=True)],
    ids=['uint8', 'float16', 'rays'])
def test_inputs_of_every_kind(tmp_path, install, graph):
    helpers = pytest.importorskip('graph_helpers')
    kind = {'uint8': helpers.onnx.TensorProto.UINT8, 'float16': helpers.onnx.TensorProto.FLOAT16,
            'float32': helpers.FLOAT}[graph.image_type]
    rays = graph.rays_input and {
        'inputs': [helpers.info('rays', [1, 3, 96, 128])], 'outputs': ('depth', 'other'),
        'extra': [helpers.node('Gather', ['rays', 'channel'], 'z', axis=1),
                  helpers.node('Add', ['plane', 'z'], 'depth'),
                  helpers.node('Mul', ['plane', 'z'], 'other')]}
    onnx = helpers.channel_graph(
        tmp_path / 'graph', 2, 3 if graph.layout == 'NHWC' else 1, kind=kind, size=(128, 96),
        **rays or {}).read_bytes()
    install()
    backend = backend_of(tmp_path / 'graph', graph=graph, read=lambda path: onnx)
    given = abs(image()) * 200
    found = backend(given, INTRINSICS_33)
    np.testing.assert_array_equal(found, expected_of(onnx, graph, given, INTRINSICS_33))
    assert found.shape == (1, 96, 128) and found.std() > 1


def test_every_shape_has_an_engine_and_those_used_last_stay_in_memory(indoor, install):
    trt = install()
    backend = backend_of(indoor)
    for _ in range(2):
        for columns in (1, 2, 3, 4, 5):
            given = image(32, 32 * columns)
            np.testing.assert_array_equal(backend(given), expected(indoor, given))
    assert trt.builds == 5 and len(backend._engines) == 4
    # A stream; for each engine its own memory, an input and an output on the GPU and on the host.
    assert install.driver.stand_in_taken() == 1 + 4 * 5


def test_an_image_takes_no_memory(indoor, install):
    install()
    backend = backend_of(indoor)
    backend(image())
    install.allow(0)
    assert backend(image()).ndim == 3


def test_any_thread_may_call_and_the_last_may_end_it(indoor, install):
    install()
    backends, found = [backend_of(indoor)], []
    backends[0](image())

    def call():
        found.append(backends[0](image()))
        backends.clear()  # what it has on the GPU goes, in this thread: see `installation`
    thread = Thread(target=call)
    thread.start()
    thread.join()
    np.testing.assert_array_equal(found[0], expected(indoor, image()))


def test_torch_is_not_imported(indoor, tmp_path):
    code = f'''if True:
        import pathlib, sys
        sys.modules['torch'] = None
        sys.path.insert(0, {str(TEST)!r})
        import pytest, tensorrt_helpers as helpers
        with pytest.MonkeyPatch.context() as patch:
            with helpers.installation(patch, {str(tmp_path)!r}) as install:
                install()
                backend = helpers.backend_of(pathlib.Path({str(indoor)!r}))
                print(backend(helpers.image()).shape)
                del backend'''
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          check=False, cwd=TEST.parent)
    assert done.returncode == 0 and done.stdout.startswith('(2, '), done.stderr
