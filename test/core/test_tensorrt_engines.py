"""Engines of TensorRT: built once, kept, built again; what cannot be is one sentence."""

from dataclasses import replace
import importlib
import sys

import numpy as np
import pytest

from mono_depth_ros.backends.backend import DeviceError
from mono_depth_ros.backends.engine_cache import engine_folder
from mono_depth_ros.model_file import onnx_of, read_card

pytestmark = pytest.mark.thorough
pytest.importorskip('onnxruntime')
from tensorrt_helpers import (  # noqa: E402
    backend_of,
    expected,
    FP16,
    image,
    MODULES,
)

FULL = '^the memory of cuda:1 is full: end other programs'


def test_an_engine_is_kept_and_read_again_without_the_graph(indoor, install):
    trt = install()
    first = backend_of(indoor)(image())
    file, = engine_folder().iterdir()
    written = file.stat().st_ino
    again = backend_of(indoor, read=lambda path: pytest.fail('the graph was read'))
    np.testing.assert_array_equal(again(image()), first)
    assert trt.builds == 1 and file.stat().st_ino == written


@pytest.mark.parametrize('change', ['cut', 'empty', 'foreign', 'refused'])
def test_an_engine_that_is_not_whole_or_not_ours_is_built_again(indoor, install, change):
    trt = install()
    backend_of(indoor)(image())
    file, = engine_folder().iterdir()
    whole = file.read_bytes()
    if change == 'refused':  # the same key, and yet TensorRT does not take it
        trt = install('10.3.1')
        trt.__version__ = '10.3.0'
    else:
        file.write_bytes({'cut': whole[:-9], 'empty': b'',
                          'foreign': whole.replace(b'Orin', b'Thor', 1)}[change])
    builds = trt.builds
    np.testing.assert_array_equal(backend_of(indoor)(image()), expected(indoor, image()))
    assert trt.builds == builds + 1
    assert (file.read_bytes() == whole) == (change != 'refused')


def test_another_version_gpu_or_precision_has_engines_of_its_own(indoor, install):
    trt = install()
    backend_of(indoor)(image())
    backend_of(indoor, gpu='Thor')(image())
    backend_of(indoor, spec=FP16)(image())
    assert trt.builds == 3
    newer = install('10.4.0')
    backend_of(indoor, '10.4.0')(image())
    assert newer.builds == 1 and len(list(engine_folder().iterdir())) == 4


@pytest.mark.parametrize('limit', [100_000, 1000], ids=['buffers', 'kernels'])
def test_full_memory_is_one_sentence_and_passes(indoor, install, limit):
    install()
    backend = backend_of(indoor)
    install.allow(limit)
    with pytest.raises(DeviceError, match=FULL):
        backend(image())
    install.allow(-1)
    np.testing.assert_array_equal(backend(image()), expected(indoor, image()))


def test_a_device_that_is_lost_is_one_sentence(indoor, install):
    trt = install()
    backend = backend_of(indoor)
    backend(image())
    install.driver.stand_in_fail(700)
    with pytest.raises(DeviceError, match='^cuda:1 fails: an illegal memory access was encount'):
        backend(image())
    trt.fails = '1: [convolution.cpp::run::9] Error Code 1: Cask (a kernel)\nand a page'
    with pytest.raises(DeviceError, match=r'^cuda:1 fails: Error Code 1: Cask \(a kernel\)$'):
        backend(image())


def test_a_device_that_is_not_there_and_a_machine_without_driver(indoor, install, monkeypatch):
    from mono_depth_ros.backends import cuda_device
    install()
    with pytest.raises(DeviceError, match='^cuda:7 fails: an error it has no words for .cuDevice'):
        cuda_device.CudaDevice('cuda:7')
    cuda_device.driver.cache_clear()

    def missing(name):
        raise OSError(f'{name}: cannot open shared object file')
    monkeypatch.setattr(cuda_device.ctypes, 'CDLL', missing)
    with pytest.raises(DeviceError, match='^no CUDA driver that can be used: libcuda.so.1: '):
        backend_of(indoor)


def test_what_tensorrt_cannot_build_is_one_sentence(indoor, install, capfd):
    trt = install()
    with pytest.raises(ValueError, match='^no whole ONNX graph: '):
        backend_of(indoor, read=lambda path: b'nonsense')(image())
    onnx = pytest.importorskip('onnx')
    unknown = onnx.load_from_string(onnx_of(indoor))
    unknown.graph.node[-1].op_type = 'SequenceMap'
    with pytest.raises(ValueError, match='^TensorRT cannot read the graph: No importer .*eMap$'):
        backend_of(indoor, read=lambda path: unknown.SerializeToString())(image())
    lies = replace(read_card(indoor).graph, depth_output='depth')
    with pytest.raises(ValueError, match="^the graph has no output 'depth', only planes$"):
        backend_of(indoor, graph=lies)(image())
    with pytest.raises(ValueError, match="'image' of shape .* got .1, 4, 96, 128"):
        backend_of(indoor)(np.concatenate([image(), image()[:1]]))
    trt.fails = '10: [optimizer.cpp::cost::38] Error Code 10: no implementation for node {7}'
    with pytest.raises(ValueError, match='^TensorRT cannot build an engine of the graph: Error '
                                         r'Code 10: no implementation for node \{7\}$'):
        backend_of(indoor)(image())
    trt.fails = 'Error Code 2: OutOfMemory (Requested size was 9 bytes.)'
    with pytest.raises(DeviceError, match=FULL):
        backend_of(indoor)(image())
    trt.fails, trt.starts = '', False
    with pytest.raises(ValueError, match='^TensorRT cannot start: CUDA initialization failure'):
        backend_of(indoor)(image())
    assert capfd.readouterr() == ('', '') and not engine_folder().exists()


def test_a_build_says_how_far_it_is(install, monkeypatch, capfd):
    install()
    engine = importlib.import_module('mono_depth_ros.backends.tensorrt_engine')
    monkeypatch.setattr(engine, 'progress', lambda: print)
    with engine._progress('TensorRT builds') as phases:
        monitor = engine._monitor(phases)
        monitor.phase_start('Building Engine', None, 7)
        assert monitor.step_complete('Building Engine', 2)
        engine.time.sleep(1.2)
        monitor.phase_finish('Building Engine')
        assert not phases
    assert capfd.readouterr().out == 'TensorRT builds: 1 s, Building Engine 3 of 7\n'


def test_a_package_that_cannot_be_imported_is_one_sentence(indoor, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tensorrt', None)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, f'mono_depth_ros.backends.{name}', raising=False)
    with pytest.raises(ValueError, match='^the package tensorrt is installed but cannot be impor'):
        backend_of(indoor)
