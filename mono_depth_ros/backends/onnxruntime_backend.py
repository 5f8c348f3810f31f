"""Runs an ONNX graph with ONNX Runtime: on the CPU, or by its CUDA or TensorRT provider."""

from __future__ import annotations

from pathlib import Path
import re
from typing import Any

import numpy as np

from mono_depth_ros.backends.backend import BackendSpec, DeviceError, first_line
from mono_depth_ros.backends.engine_cache import own_engines
from mono_depth_ros.backends.onnx_planes import graph_inputs, planes_of
from mono_depth_ros.backends.quiet_onnxruntime import ERRORS_ONLY, onnxruntime
from mono_depth_ros.backends.selection import PROVIDER
from mono_depth_ros.model_card import GraphSpec

# The first version whose CUDA provider takes the option; one before refuses what it does not know.
KNOWS_TF32 = (1, 18)


class OnnxRuntimeBackend:
    """An ONNX graph in a session of its own; see `backend.Backend`.

    `model` names the file and the machine: TensorRT keeps its engines under it, because ONNX
    Runtime names them by the names in a graph, which networks of one architecture share.
    """

    def __init__(self, onnx: bytes, graph: GraphSpec, spec: BackendSpec, model: str):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        # Threads that wait by spinning take the cores from everything else a robot computes.
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        engines = own_engines(model) if spec.backend == 'tensorrt' else None
        try:
            self._session = _session(onnx, options, spec, engines)
        except Exception as error:  # its own exceptions share no base class but this
            raise ValueError(f'ONNX Runtime cannot load the graph: {first_line(error)}') from error
        wanted = providers(spec, engines)[0]
        first = wanted if isinstance(wanted, str) else wanted[0]
        if self._session.get_providers()[0] != first:
            # It falls back to the CPU with a line in the log: that would be another device.
            raise ValueError(f'ONNX Runtime cannot use {first} here: see its message above')
        self._graph, self._device = graph, spec.device

    def __call__(
            self, image_CHW: np.ndarray, intrinsics_33: np.ndarray | None = None) -> np.ndarray:
        inputs = graph_inputs(self._graph, image_CHW, intrinsics_33)
        try:
            output, = self._session.run([self._graph.depth_output], inputs)
        except Exception as error:
            raise DeviceError(f'{self._device} fails: {first_line(error)}') from error
        return planes_of(self._graph, output)


def _session(onnx: bytes, options: onnxruntime.SessionOptions, spec: BackendSpec,
             engines: Path | None) -> onnxruntime.InferenceSession:
    """A session; where kept engines may be what it cannot use, they are built again."""
    try:
        return onnxruntime.InferenceSession(onnx, options, providers=providers(spec, engines))
    except Exception:
        if not engines or not any(engines.iterdir()):
            raise
        again = providers(spec, engines if _emptied(engines) else None)
        return onnxruntime.InferenceSession(onnx, options, providers=again)


def _emptied(engines: Path) -> bool:
    """Whether the folder could be emptied."""
    try:
        for file in engines.iterdir():
            file.unlink()
    except OSError:
        return False
    return True


def providers(spec: BackendSpec, engines: Path | None) -> list[Any]:
    """ONNX Runtime's providers for a spec, the one that must serve first.

    TensorRT keeps what it builds in the folder `engines`, if there is one.
    """
    if spec.device == 'cpu':
        return ['CPUExecutionProvider']
    settings: dict[str, Any] = {'device_id': int(spec.device.partition(':')[2])}
    if spec.backend == 'tensorrt':
        settings['trt_fp16_enable'] = spec.precision == 'fp16'
        if engines:
            settings |= {'trt_engine_cache_enable': True, 'trt_engine_cache_path': str(engines)}
    elif _version() >= KNOWS_TF32:
        settings['use_tf32'] = False  # fp32 means fp32, as in the PyTorch backend
    return [(PROVIDER[spec.backend], settings), 'CPUExecutionProvider']


def _version() -> tuple[int, ...]:
    return tuple(map(int, re.findall(r'\d+', onnxruntime.__version__)[:2]))
