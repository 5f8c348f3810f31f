"""TensorRT and the CUDA driver as stand-ins, installed for a test; what a graph gives without."""

from contextlib import contextmanager
import ctypes
from dataclasses import replace
from functools import lru_cache
import gc
import importlib
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from tensorrt_engine_stand_in import opened
from tensorrt_stand_in import make

from mono_depth_ros.backends import cuda_device
from mono_depth_ros.backends.backend import BackendSpec
from mono_depth_ros.backends.onnx_planes import graph_inputs, planes_of
from mono_depth_ros.backends.selection import Machine
from mono_depth_ros.backends.serve import graph_backend
from mono_depth_ros.model_file import onnx_of, read_card

SPEC = BackendSpec(backend='tensorrt', device='cuda:1', precision='fp32')
FP16 = replace(SPEC, precision='fp16')
MODULES = ('tensorrt_engine', 'tensorrt_backend')


@lru_cache(maxsize=1)
def compiled_driver():
    """The driver of cuda_stand_in.c; skips the test where there is no C compiler."""
    if not shutil.which('cc'):
        pytest.skip('no C compiler for the stand-in of the CUDA driver')
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / 'libcuda_stand_in.so'
        subprocess.run(['cc', '-shared', '-fPIC', '-Wall', '-Werror', '-o', library,
                        Path(__file__).with_name('cuda_stand_in.c')], check=True)
        driver = ctypes.CDLL(str(library))
    driver.stand_in_limit.argtypes = ctypes.c_size_t,
    driver.stand_in_current.restype = ctypes.c_void_p
    return driver


class Installation:
    """Call it with a version to have that one, with no engines in memory."""

    def __init__(self, monkeypatch):
        self.driver, self._monkeypatch = compiled_driver(), monkeypatch
        monkeypatch.setattr(cuda_device.ctypes, 'CDLL', lambda name: self.driver)
        cuda_device.driver.cache_clear()
        self.allow(-1)

    def __call__(self, version='10.3.0'):
        trt = make(version, self.driver)
        self._monkeypatch.setitem(sys.modules, 'tensorrt', trt)
        for name in MODULES:
            module = f'mono_depth_ros.backends.{name}'
            if module in sys.modules:
                importlib.reload(sys.modules[module])
        return trt

    def allow(self, most):
        """So many bytes of the GPU, or of pinned memory, at once from now on; -1: all."""
        self.driver.stand_in_limit(ctypes.c_size_t(most))


@contextmanager
def installation(monkeypatch, cache):
    """An `Installation` with a cache of engines; in the end nothing of the GPU may be taken."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(cache))
    install = Installation(monkeypatch)
    try:
        yield install
        gc.collect()
        assert install.driver.stand_in_taken() == 0 and not install.driver.stand_in_current()
    finally:
        cuda_device.driver.cache_clear()


def backend_of(path, version='10.3.0', spec=SPEC, gpu='Orin', read=onnx_of, graph=None):
    """The backend for a model file on a machine with a version of TensorRT."""
    machine = Machine(gpus=('Orin', gpu), tensorrt=version)
    return graph_backend(lambda: read(path), lambda: path.stem, graph or read_card(path).graph,
                         spec, machine)


def image(height=96, width=128):
    """Planes (3, H, W) of noise."""
    return np.random.default_rng(height).uniform(-1, 1, (3, height, width)).astype(np.float32)


def expected(path, image_CHW, intrinsics_33=None):
    """What the graph of a model file gives by ONNX Runtime."""
    return expected_of(onnx_of(path), read_card(path).graph, image_CHW, intrinsics_33)


def expected_of(onnx, graph, image_CHW, intrinsics_33=None):
    """What a graph gives by ONNX Runtime."""
    inputs = graph_inputs(graph, image_CHW, intrinsics_33)
    return planes_of(graph, opened(onnx).run([graph.depth_output], inputs)[0])
