"""Engines of TensorRT: built of an ONNX graph for one shape of its inputs, read again as bytes.

One text for TensorRT 8.6, 10 and 11. What differs is asked of the module, not of its version:
8.6 needs the flag EXPLICIT_BATCH and reports no progress; from 11 on types are those of the graph,
so there is no flag FP16, and a graph in fp32 runs in fp32.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
import re
from threading import Event, Lock, Thread
import time
from typing import TypeVar

import tensorrt as trt

from mono_depth_ros.backends.backend import DeviceError, first_line
from mono_depth_ros.backends.cuda_device import memory_full
from mono_depth_ros.backends.tensorrt_graph import parsable
from mono_depth_ros.progress import end_progress, progress

Made = TypeVar('Made')
# Name and shape of every input of a graph.
Shapes = tuple[tuple[str, tuple[int, ...]], ...]

# What a kernel may take beside inputs and outputs. By default it is all of the GPU's memory, which
# on a Jetson is that of the whole robot.
WORKSPACE_BYTES = 1 << 30
# One at a time in a process: another would falsify the times by which kernels are chosen.
ALONE = Lock()
# What an error begins with: a number, the place in TensorRT's source.
PLACE = re.compile(r'^(\d+: )?(\[[^\]]*::\d+\] ?)?')
MEMORY_FULL = re.compile(r'out ?of ?memory', re.IGNORECASE)


class Log(trt.ILogger):
    """TensorRT's errors, kept and not printed: they become the reason in an exception.

    It runs over pages. Threads of TensorRT may call it.
    """

    def __init__(self):
        trt.ILogger.__init__(self)
        self._errors: deque[str] = deque(maxlen=50)

    def log(self, severity, msg: str) -> None:
        """Keep an error; warnings and all below say nothing that anybody must do."""
        if severity in (trt.ILogger.INTERNAL_ERROR, trt.ILogger.ERROR):
            self._errors.append(msg)

    def clear(self) -> None:
        """Forget what was said until now."""
        self._errors.clear()

    def memory_full(self) -> bool:
        """Whether memory was full since `clear`."""
        return any(MEMORY_FULL.search(error) for error in self._errors)

    def reason(self) -> str:
        """The first error since `clear`, in one line: those after it follow from it."""
        errors = list(self._errors)
        return first_line(ValueError(PLACE.sub('', errors[0]))) if errors else 'it says not why'


@lru_cache(maxsize=1)
def only_log() -> Log:
    """The one log of this process: TensorRT keeps the first it is given for everything.

    With it TensorRT's plugins are registered. The parser does that, too, but an engine that has
    one, as for an instance norm, may be loaded where nothing was parsed.
    """
    log = Log()
    trt.init_libnvinfer_plugins(log, '')
    return log


def has_fp16() -> bool:
    """Whether this TensorRT makes fp16 of a graph in fp32."""
    return hasattr(trt.BuilderFlag, 'FP16')


def load_engine(content: bytes, device: str) -> trt.ICudaEngine:
    """The engine of bytes that `build_engine` gave, on the current device.

    Raises ValueError where TensorRT refuses it, as one of another GPU or version.
    """
    log = only_log()
    log.clear()
    runtime = _made(lambda: trt.Runtime(log), device)
    engine = runtime.deserialize_cuda_engine(content)
    if engine is None:
        raise _refusal('cannot load the engine', device)
    return engine


def build_engine(onnx: bytes, output: str, shapes: Shapes, precision: str, device: str) -> bytes:
    """An engine of an ONNX graph for inputs of these shapes, that gives one output alone.

    Takes minutes, on the current device; progress goes to stdout. Raises ValueError where
    TensorRT cannot run the graph, DeviceError where memory is full.
    """
    if precision == 'fp16' and not has_fp16():
        raise ValueError('TensorRT 11 and later run a graph in its own precision: use fp32')
    named = ' '.join(f'{name} {"x".join(map(str, shape))}' for name, shape in shapes)
    with ALONE, _progress(f'TensorRT builds an engine, once ({named}, {precision})') as phases:
        log = only_log()
        log.clear()
        builder = _made(lambda: trt.Builder(log), device)
        explicit = getattr(trt.NetworkDefinitionCreationFlag, 'EXPLICIT_BATCH', None)
        network = builder.create_network(0 if explicit is None else 1 << int(explicit))
        parser = trt.OnnxParser(network, log)  # the network's weights are the parser's
        if not parser.parse(parsable(onnx)):
            errors = [parser.get_error(i).desc() for i in range(parser.num_errors)]
            said = first_line(ValueError(errors[0])) if errors else log.reason()
            raise ValueError(f'TensorRT cannot read the graph: {said}')
        _only_output(network, output)
        config = builder.create_builder_config()
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
        if precision == 'fp16':
            config.set_flag(trt.BuilderFlag.FP16)
        else:
            config.clear_flag(trt.BuilderFlag.TF32)  # fp32 means fp32; it is on by default
        if hasattr(trt, 'IProgressMonitor'):
            config.progress_monitor = _monitor(phases)
        config.add_optimization_profile(_profile(builder, network, dict(shapes)))
        content = builder.build_serialized_network(network, config)
        if content is None:
            raise _refusal('cannot build an engine of the graph', device)
        return bytes(content)


def _made(make: Callable[[], Made], device: str) -> Made:
    """What a constructor gives; pybind11 raises TypeError where TensorRT gives nothing."""
    try:
        return make()
    except TypeError as error:
        raise _refusal('cannot start', device) from error


def _refusal(what: str, device: str) -> ValueError:
    log = only_log()
    return memory_full(device) if log.memory_full() else ValueError(
        f'TensorRT {what}: {log.reason()}')


def device_failed(device: str) -> DeviceError:
    """The error of a device that did not run an engine, with what TensorRT said of it."""
    log = only_log()
    return memory_full(device) if log.memory_full() else DeviceError(
        f'{device} fails: {log.reason()}')


def _only_output(network: trt.INetworkDefinition, wanted: str) -> None:
    """Have the network compute one output and nothing else."""
    outputs = [network.get_output(i) for i in range(network.num_outputs)]
    if wanted not in [tensor.name for tensor in outputs]:
        raise ValueError(f'the graph has no output {wanted!r}, only '
                         f'{", ".join(tensor.name for tensor in outputs)}')
    for tensor in outputs:
        if tensor.name != wanted:
            network.unmark_output(tensor)


def _profile(builder: trt.Builder, network: trt.INetworkDefinition,
             shapes: dict[str, tuple[int, ...]]) -> trt.IOptimizationProfile:
    """One shape for every free size: an engine serves the shape it was tuned for, no other."""
    profile = builder.create_optimization_profile()
    for tensor in (network.get_input(i) for i in range(network.num_inputs)):
        takes, given = tuple(tensor.shape), shapes.get(tensor.name)
        if given is None:
            raise ValueError(f'the graph has an input {tensor.name!r} that its card does not name')
        if len(takes) != len(given) or any(n not in (-1, m) for n, m in zip(takes, given)):
            raise ValueError(f'the graph takes {tensor.name!r} of shape {takes}, got {given}')
        if -1 in takes:
            profile.set_shape(tensor.name, given, given, given)
    return profile


@contextmanager
def _progress(what: str) -> Iterator[dict[str, tuple[int, int]]]:
    """Print a line while something is built; gives the phases by name: steps done, of how many.

    From a thread of its own: TensorRT may say nothing for minutes, 8.6 never does.
    """
    phases: dict[str, tuple[int, int]] = {}
    ended, start_s, line = Event(), time.monotonic(), progress()

    def say() -> None:
        while not ended.wait(1.0):
            at = [f', {name} {done} of {of}' for name, (done, of) in phases.copy().items()]
            line(f'{what}: {time.monotonic() - start_s:.0f} s{"".join(at)}'[:119])
    thread = Thread(target=say, daemon=True, name='TensorRT builds')
    thread.start()
    try:
        yield phases
    finally:
        ended.set()
        thread.join()
        end_progress()


def _monitor(phases: dict[str, tuple[int, int]]) -> trt.IProgressMonitor:
    class Monitor(trt.IProgressMonitor):
        """Called by threads of TensorRT, several at a time."""

        def __init__(self):
            trt.IProgressMonitor.__init__(self)

        def phase_start(self, phase_name, parent_phase, num_steps):
            phases[phase_name] = 0, num_steps

        def step_complete(self, phase_name, step):
            phases[phase_name] = step + 1, phases.get(phase_name, (0, 0))[1]
            return True  # go on

        def phase_finish(self, phase_name):
            phases.pop(phase_name, None)
    return Monitor()
