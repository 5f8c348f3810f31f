"""Engines of the stand-in for the package tensorrt: they run with ONNX Runtime on the CPU.

One that may use fp16 or TF32 gives numbers that show it.
"""

import ctypes
from enum import IntEnum
import weakref

import numpy as np

from mono_depth_ros.backends.quiet_onnxruntime import ERRORS_ONLY, onnxruntime

TYPES = {'tensor(float)': 'FLOAT', 'tensor(float16)': 'HALF', 'tensor(uint8)': 'UINT8'}
NUMPY = {'FLOAT': np.float32, 'HALF': np.float16, 'UINT8': np.uint8}
DataType = IntEnum('DataType', ['FLOAT', 'HALF', 'INT8', 'INT32', 'BOOL', 'UINT8'], start=0)


class Dims:
    """Neither list nor tuple, as pybind11 binds it."""

    def __init__(self, sizes):
        self._sizes = [size if isinstance(size, int) else -1 for size in sizes]

    def __len__(self):
        return len(self._sizes)

    def __getitem__(self, index):
        return self._sizes[index]


def opened(onnx):
    """A session of ONNX Runtime for a graph."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    return onnxruntime.InferenceSession(onnx, options, providers=['CPUExecutionProvider'])


class Engine:
    def __init__(self, trt, logger, facts, onnx):
        self.trt, self.logger, self.facts, self.session = trt, logger, facts, opened(onnx)
        self.tensors = {one.name: one for one in
                        (*self.session.get_inputs(), *self.session.get_outputs())
                        if one.name not in facts['dropped']}

    num_io_tensors = property(lambda self: len(self.tensors))

    def get_tensor_name(self, index):
        return list(self.tensors)[index]

    def get_tensor_dtype(self, name):
        return DataType[TYPES[self.tensors[name].type]]

    def create_execution_context(self):
        address = ctypes.c_uint64()
        if self.trt.driver.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(5000)):
            self.logger.error('2: [executionContext.cpp::ExecutionContext::430] Error Code 2: '
                              'OutOfMemory (no further information)')
            return None
        context = Context(self)
        weakref.finalize(context, self.trt.freed, address.value)
        return context


class Context:
    def __init__(self, engine):
        self._engine, self._shapes, self._addresses = engine, {}, {}

    def set_input_shape(self, name, shape):
        wanted = self._engine.facts['shapes'].get(name)
        if wanted is not None and tuple(wanted) != shape:
            self._engine.logger.error(f'3: [x.cpp::y::1] {name}: not within the profile')
            return False
        self._shapes[name] = shape
        return name in self._engine.tensors

    def get_tensor_shape(self, name):
        if name in self._shapes:
            return Dims(self._shapes[name])
        return Dims(self._run({one: np.zeros(shape, self._dtype(one))
                               for one, shape in self._shapes.items()}).shape)

    def set_tensor_address(self, name, memory):
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle):
        trt = self._engine.trt
        if trt.fails or not trt.driver.stand_in_current() or not stream_handle or (
                set(self._addresses) != set(self._engine.tensors)):
            self._engine.logger.error(trt.fails or 'wrong context, stream or addresses')
            return False
        output = self._run({name: self._at(name, shape) for name, shape in self._shapes.items()})
        self._at(self._engine.facts['output'], output.shape)[...] = output
        return True

    def _run(self, inputs):
        facts = self._engine.facts
        if facts['tf32']:
            inputs = {name: (array * 0.9).astype(array.dtype) for name, array in inputs.items()}
        output, = self._engine.session.run([facts['output']], inputs)
        return output.astype(np.float16).astype(output.dtype) if facts['fp16'] else output

    def _dtype(self, name):
        return NUMPY[self._engine.get_tensor_dtype(name).name]

    def _at(self, name, shape):
        size = int(np.prod(shape)) * np.dtype(self._dtype(name)).itemsize
        return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(
            self._addresses[name])).view(self._dtype(name)).reshape(shape)
