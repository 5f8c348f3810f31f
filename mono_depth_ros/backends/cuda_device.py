"""Memory of a CUDA GPU and copies to and from it, by the driver alone: no torch, no CUDA toolkit.

The driver is there wherever a GPU is, in one version. What the CUDA runtime, and so TensorRT, has
on a device belongs to that device's primary context, which is the one used here: addresses and
streams of either are good for the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import ctypes
from ctypes import c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p, POINTER
from functools import lru_cache
import math
import weakref

import numpy as np

from mono_depth_ros.backends.backend import DeviceError

# Arguments of the functions used; every one gives a CUresult, 0 where all went well.
FUNCTIONS: dict[str, tuple] = {
    'cuInit': (c_uint,),
    'cuDeviceGet': (POINTER(c_int), c_int),
    'cuDevicePrimaryCtxRetain': (POINTER(c_void_p), c_int),
    'cuCtxPushCurrent_v2': (c_void_p,),
    'cuCtxPopCurrent_v2': (POINTER(c_void_p),),
    'cuMemAlloc_v2': (POINTER(c_uint64), c_size_t),
    'cuMemFree_v2': (c_uint64,),
    'cuMemHostAlloc': (POINTER(c_void_p), c_size_t, c_uint),
    'cuMemFreeHost': (c_void_p,),
    'cuStreamCreate': (POINTER(c_void_p), c_uint),
    'cuStreamDestroy_v2': (c_void_p,),
    'cuStreamSynchronize': (c_void_p,),
    'cuMemcpyHtoDAsync_v2': (c_uint64, c_void_p, c_size_t, c_void_p),
    'cuMemcpyDtoHAsync_v2': (c_void_p, c_uint64, c_size_t, c_void_p),
    'cuGetErrorString': (c_int, POINTER(c_char_p)),
}
OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY
APART_FROM_DEFAULT = 1  # CU_STREAM_NON_BLOCKING: no waiting for the default stream


class CudaDevice:
    """A CUDA GPU 'cuda:N' with a stream of its own, on which copies follow each other.

    Everything else is done while it is `current` for the calling thread. Raises DeviceError, in
    one sentence, wherever the driver refuses.
    """

    def __init__(self, name: str):
        self.name = name
        ordinal, context = c_int(), c_void_p()
        self._call('cuInit', 0)
        self._call('cuDeviceGet', ctypes.byref(ordinal), int(name.partition(':')[2] or 0))
        # Kept until the process ends, as the CUDA runtime does: it would be made again.
        self._call('cuDevicePrimaryCtxRetain', ctypes.byref(context), ordinal)
        self._context = context
        stream = c_void_p()
        with self.current():
            self._call('cuStreamCreate', ctypes.byref(stream), APART_FROM_DEFAULT)
        self.stream = int(stream.value or 0)
        self._finalizer = weakref.finalize(
            self, _released, context, 'cuStreamDestroy_v2', self.stream)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it the device of the calling thread, and the one before it again at the end."""
        self._call('cuCtxPushCurrent_v2', self._context)
        try:
            yield
        finally:
            driver().cuCtxPopCurrent_v2(ctypes.byref(c_void_p()))

    def synchronize(self) -> None:
        """Wait for all that was put on the stream; what failed there is told here."""
        self._call('cuStreamSynchronize', self.stream)

    def buffer(self, shape: tuple[int, ...], dtype: np.dtype) -> Buffer:
        """Memory for an array on the GPU and on the host, with what was there before."""
        size = max(1, math.prod(shape)) * dtype.itemsize
        address, host = c_uint64(), c_void_p()
        self._call('cuMemAlloc_v2', ctypes.byref(address), size)
        try:
            self._call('cuMemHostAlloc', ctypes.byref(host), size, 0)
        except DeviceError:
            driver().cuMemFree_v2(address)
            raise
        pinned = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(host.value or 0))
        array = pinned[:math.prod(shape) * dtype.itemsize].view(dtype).reshape(shape)
        return Buffer(self._context, address.value, host.value or 0, array)

    def to_gpu(self, buffer: Buffer) -> None:
        """Put the copy from the host to the GPU on the stream."""
        self._call('cuMemcpyHtoDAsync_v2', buffer.address, buffer.host_address,
                   buffer.array.nbytes, self.stream)

    def to_host(self, buffer: Buffer) -> None:
        """Put the copy from the GPU to the host on the stream: read it after `synchronize`."""
        self._call('cuMemcpyDtoHAsync_v2', buffer.host_address, buffer.address,
                   buffer.array.nbytes, self.stream)

    def _call(self, function: str, *arguments) -> None:
        code = getattr(driver(), function)(*arguments)
        if code == OUT_OF_MEMORY:
            raise memory_full(self.name)
        if code:
            raise DeviceError(f'{self.name} fails: {_said(code)} ({function}, error {code})')


class Buffer:
    """An array on the GPU at `address`, and `array`, its twin in pinned memory of the host.

    Both are freed with this object: `array`, and what is a view of it, must not outlive it.
    """

    def __init__(self, context: c_void_p, address: int, host_address: int, array: np.ndarray):
        self.address, self.host_address, self.array = address, host_address, array
        self._finalizers = (weakref.finalize(self, _released, context, 'cuMemFree_v2', address),
                            weakref.finalize(self, _released, context, 'cuMemFreeHost',
                                             host_address))


def _released(context: c_void_p, function: str, what: int) -> None:
    """Give something back, on whichever thread; a device that is lost has nothing to give."""
    with suppress(DeviceError):
        cuda = driver()
        if not cuda.cuCtxPushCurrent_v2(context):
            getattr(cuda, function)(what)
            cuda.cuCtxPopCurrent_v2(ctypes.byref(c_void_p()))


def memory_full(device: str) -> DeviceError:
    """The error of a device without memory left."""
    return DeviceError(f'the memory of {device} is full: end other programs that use it '
                       '(nvidia-smi lists them), or use the cpu')


def _said(code: int) -> str:
    said = c_char_p()
    driver().cuGetErrorString(code, ctypes.byref(said))
    return (said.value or b'an error it has no words for').decode(errors='replace')


@lru_cache(maxsize=1)
def driver() -> ctypes.CDLL:
    """The CUDA driver's library; DeviceError where there is none, or one that is too old."""
    try:
        library = ctypes.CDLL('libcuda.so.1')
        for name, arguments in FUNCTIONS.items():
            function = getattr(library, name)
            function.argtypes, function.restype = arguments, c_int
    except (OSError, AttributeError) as error:
        raise DeviceError(f'no CUDA driver that can be used: {error}') from error
    return library
