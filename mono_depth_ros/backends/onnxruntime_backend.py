"""Runs an ONNX graph with ONNX Runtime: on the CPU, or by its CUDA or TensorRT provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from mono_depth_ros.backends.backend import BackendSpec, DeviceError, first_line
from mono_depth_ros.backends.onnx_planes import graph_inputs, planes_of
from mono_depth_ros.backends.selection import PROVIDER
from mono_depth_ros.model_card import GraphSpec

ERRORS_ONLY = 3


class OnnxRuntimeBackend:
    """An ONNX graph in a session of its own; see `backend.Backend`.

    `engine_cache` is where TensorRT keeps the engines it built: it names them by graph, GPU
    and version itself.
    """

    def __init__(self, onnx: bytes, graph: GraphSpec, spec: BackendSpec, engine_cache: Path):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        # Threads that wait by spinning take the cores from everything else a robot computes.
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        wanted = providers(spec, engine_cache)
        try:
            self._session = onnxruntime.InferenceSession(onnx, options, providers=wanted)
        except Exception as error:  # its own exceptions share no base class but this
            raise ValueError(f'ONNX Runtime cannot load the graph: {first_line(error)}') from error
        first = wanted[0] if isinstance(wanted[0], str) else wanted[0][0]
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


def providers(spec: BackendSpec, engine_cache: Path) -> list[Any]:
    """ONNX Runtime's providers for a spec, the one that must serve first."""
    if spec.device == 'cpu':
        return ['CPUExecutionProvider']
    settings: dict[str, Any] = {'device_id': int(spec.device.partition(':')[2])}
    if spec.backend == 'tensorrt':
        settings |= {'trt_fp16_enable': spec.precision == 'fp16', 'trt_engine_cache_enable': True,
                     'trt_engine_cache_path': str(engine_cache)}
    return [(PROVIDER[spec.backend], settings), 'CPUExecutionProvider']
