"""Runs an ONNX graph with OpenVINO on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from mono_depth_ros.backends.backend import DeviceError, first_line
from mono_depth_ros.backends.engine_cache import cached_engine
from mono_depth_ros.backends.onnx_planes import graph_inputs, planes_of
from mono_depth_ros.backends.quiet_openvino import openvino
from mono_depth_ros.model_card import GraphSpec

HINTS = {'fp32': 'f32', 'bf16': 'bf16'}
# Compiled shapes of one network, those used last: each holds memory like the network's own.
SHAPES_KEPT = 4
# Name and shape of every input of a graph.
Shapes = tuple[tuple[str, tuple[int, ...]], ...]


@lru_cache(maxsize=1)
def only_core() -> openvino.Core:
    """The one Core of this process, which stays.

    Each gives the thread that first compiles with it a stack for signals, and unmaps it at its own
    end. Two that end in the order in which they began leave a stack that is gone, and the next
    signal, such as Ctrl-C, is a segmentation fault.
    """
    return openvino.Core()


class OpenVinoBackend:
    """An ONNX graph compiled for latency; see `backend.Backend`.

    A graph that takes images of several shapes is compiled once for each that comes. What was
    compiled is kept in the engine cache under `model`, which names the file and the machine;
    `read_onnx` gives the graph where there is nothing in it.
    """

    def __init__(self, read_onnx: Callable[[], bytes], graph: GraphSpec, precision: str,
                 model: str):
        self._core, self._graph, self._model = only_core(), graph, model
        self._read = lru_cache(maxsize=1)(lambda: self._core.read_model(read_onnx()))
        # A thread that may run on one core only waits for whatever else a robot computes there.
        self._settings = {'PERFORMANCE_HINT': 'LATENCY', 'ENABLE_CPU_PINNING': False,
                          'INFERENCE_PRECISION_HINT': HINTS[precision]}
        self._request = lru_cache(maxsize=SHAPES_KEPT)(self._compiled)

    def __call__(
            self, image_CHW: np.ndarray, intrinsics_33: np.ndarray | None = None) -> np.ndarray:
        inputs = graph_inputs(self._graph, image_CHW, intrinsics_33)
        request = self._request(tuple((name, array.shape) for name, array in inputs.items()))
        try:
            request.infer(inputs, share_inputs=True)
        except RuntimeError as error:
            raise DeviceError(f'the CPU fails: {first_line(error)}') from error
        return planes_of(self._graph, request.get_tensor(self._graph.depth_output).data)

    def _compiled(self, shapes: Shapes) -> openvino.InferRequest:
        named = {name: list(shape) for name, shape in shapes}
        try:
            compiled = cached_engine(
                f'{self._model}; {named}; {self._settings}',
                load=lambda blob: self._core.import_model(blob, 'CPU', self._settings),
                build=lambda: self._built(named))
        except RuntimeError as error:
            raise ValueError(f'OpenVINO cannot run the graph: {first_line(error)}') from error
        return compiled.create_infer_request()

    def _built(self, shapes: dict[str, list[int]]) -> tuple[openvino.CompiledModel, bytes]:
        model = self._read().clone()
        model.reshape(shapes)
        compiled = self._core.compile_model(model, 'CPU', self._settings)
        return compiled, compiled.export_model().getvalue()
