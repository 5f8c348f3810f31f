"""Runs an ONNX graph with TensorRT's own Python package: no ONNX Runtime, no torch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from traceback import clear_frames
import weakref

import numpy as np
import tensorrt as trt

from mono_depth_ros.backends import tensorrt_engine
from mono_depth_ros.backends.backend import BackendSpec, DeviceError
from mono_depth_ros.backends.cuda_device import CudaDevice
from mono_depth_ros.backends.engine_cache import cached_engine
from mono_depth_ros.backends.onnx_planes import graph_inputs, planes_of
from mono_depth_ros.backends.tensorrt_engine import device_failed, load_engine, only_log, Shapes
from mono_depth_ros.model_card import GraphSpec

# Engines of one network in memory, those used last: each holds the network's weights.
SHAPES_KEPT = 4
# By the name of TensorRT's type; its own `nptype` fails in some versions with a newer NumPy.
TYPES = {'FLOAT': np.float32, 'HALF': np.float16, 'UINT8': np.uint8, 'INT8': np.int8,
         'INT32': np.int32, 'INT64': np.int64, 'BOOL': np.bool_}


class TensorRtBackend:
    """An ONNX graph as an engine for each shape that comes; see `backend.Backend`.

    The first image of a shape takes the minutes its engine takes to build, which is then kept in
    the engine cache under `model`, which names the file, the GPUs and the versions; `read_onnx`
    gives the graph where nothing is kept. A call raises DeviceError where the GPU's memory is full
    or the GPU is lost, ValueError where TensorRT cannot run the graph.
    """

    def __init__(self, read_onnx: Callable[[], bytes], graph: GraphSpec, spec: BackendSpec,
                 model: str):
        self._graph, self._precision = graph, spec.precision
        self._device = CudaDevice(spec.device)
        self._read = read_onnx
        self._key = (f'{model}; TensorRT {getattr(trt, "__version__", "")} on {spec.device} in '
                     f'{spec.precision}, {tensorrt_engine.WORKSPACE_BYTES} bytes')
        self._engines: OrderedDict[Shapes, Execution] = OrderedDict()  # used last at the end
        weakref.finalize(self, _clear, self._device, self._engines)

    def __call__(
            self, image_CHW: np.ndarray, intrinsics_33: np.ndarray | None = None) -> np.ndarray:
        inputs = graph_inputs(self._graph, image_CHW, intrinsics_33)
        with self._device.current():
            execution = self._execution(
                tuple((name, array.shape) for name, array in inputs.items()))
            return planes_of(self._graph, execution(inputs))

    def _execution(self, shapes: Shapes) -> Execution:
        if shapes not in self._engines:
            while len(self._engines) >= SHAPES_KEPT:
                self._engines.popitem(last=False)
            try:
                self._engines[shapes] = Execution(
                    self._engine(shapes), shapes, self._graph.depth_output, self._device)
            except Exception as error:  # where it arose nothing may go on holding memory
                clear_frames(error.__traceback__)
                raise
        self._engines.move_to_end(shapes)
        return self._engines[shapes]

    def _engine(self, shapes: Shapes) -> trt.ICudaEngine:
        device = self._device.name

        def build() -> tuple[trt.ICudaEngine, bytes]:
            content = tensorrt_engine.build_engine(
                self._read(), self._graph.depth_output, shapes, self._precision, device)
            return load_engine(content, device), content
        return cached_engine(f'{self._key}; {shapes}',
                             load=lambda content: load_engine(content, device), build=build)


class Execution:
    """An engine with its memory on a device: inputs by name -> one output.

    Made and called while the device is current. Raises DeviceError and ValueError as the backend.
    """

    def __init__(self, engine: trt.ICudaEngine, shapes: Shapes, output: str, device: CudaDevice):
        self._device, self._output = device, output
        only_log().clear()
        self._context = engine.create_execution_context()
        if self._context is None:  # its memory is taken here
            raise device_failed(device.name)
        for name, shape in shapes:
            if not self._context.set_input_shape(name, shape):
                raise ValueError(f'TensorRT refuses {name!r} of shape {shape}: '
                                 f'{only_log().reason()}')
        # Taken once: an image costs no allocation.
        self._buffers = {}
        for name in (engine.get_tensor_name(i) for i in range(engine.num_io_tensors)):
            shape = tuple(self._context.get_tensor_shape(name))
            if any(size < 0 for size in shape):
                raise ValueError(f'the shape of {name!r} depends on what is in the image: {shape}')
            self._buffers[name] = device.buffer(shape, np.dtype(_type(engine, name)))
            self._context.set_tensor_address(name, self._buffers[name].address)

    def __call__(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """The output, which the next call overwrites."""
        only_log().clear()
        for name, array in inputs.items():
            np.copyto(self._buffers[name].array, array, casting='same_kind')
            self._device.to_gpu(self._buffers[name])
        if not self._context.execute_async_v3(self._device.stream):
            raise device_failed(self._device.name)
        self._device.to_host(self._buffers[self._output])
        self._device.synchronize()
        return self._buffers[self._output].array


def _type(engine: trt.ICudaEngine, name: str) -> type:
    found = engine.get_tensor_dtype(name).name
    if found not in TYPES:
        raise ValueError(f'{name!r} of the graph has type {found}, which NumPy has not')
    return TYPES[found]


def _clear(device: CudaDevice, engines: OrderedDict[Shapes, Execution]) -> None:
    """Give engines back on their device, whichever thread ends the backend."""
    with suppress(DeviceError), device.current():
        engines.clear()
    engines.clear()
