"""Runs an ONNX graph with OpenVINO on the CPU."""

from __future__ import annotations

import numpy as np
import openvino

from mono_depth_ros.backends.backend import first_line
from mono_depth_ros.backends.onnx_planes import graph_inputs, planes_of
from mono_depth_ros.model_card import GraphSpec

HINTS = {'fp32': 'f32', 'bf16': 'bf16'}
SHAPES_KEPT = 4


class OpenVinoBackend:
    """An ONNX graph compiled for latency; see `backend.Backend`.

    A graph that takes images of several shapes is compiled once for each that comes.
    """

    def __init__(self, onnx: bytes, graph: GraphSpec, precision: str):
        self._core, self._graph, self._precision = openvino.Core(), graph, precision
        try:
            self._model = self._core.read_model(onnx)
        except RuntimeError as error:
            raise ValueError(f'OpenVINO cannot read the graph: {first_line(error)}') from error
        self._requests: dict[tuple[int, ...], openvino.InferRequest] = {}

    def __call__(
            self, image_CHW: np.ndarray, intrinsics_33: np.ndarray | None = None) -> np.ndarray:
        inputs = graph_inputs(self._graph, image_CHW, intrinsics_33)
        request = self._requests.get(image_CHW.shape) or self._compile(image_CHW.shape, inputs)
        request.infer(inputs, share_inputs=True)
        return planes_of(self._graph, request.get_tensor(self._graph.depth_output).data)

    def _compile(self, shape: tuple[int, ...],
                 inputs: dict[str, np.ndarray]) -> openvino.InferRequest:
        if len(self._requests) >= SHAPES_KEPT:
            del self._requests[next(iter(self._requests))]
        try:
            model = self._model.clone()
            model.reshape({name: list(array.shape) for name, array in inputs.items()})
            compiled = self._core.compile_model(model, 'CPU', {
                'PERFORMANCE_HINT': 'LATENCY',
                'INFERENCE_PRECISION_HINT': HINTS[self._precision]})
        except RuntimeError as error:
            raise ValueError(f'OpenVINO cannot run the graph: {first_line(error)}') from error
        self._requests[shape] = compiled.create_infer_request()
        return self._requests[shape]
