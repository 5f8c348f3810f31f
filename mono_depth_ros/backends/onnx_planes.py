"""Planes into the inputs of an ONNX graph, and its output back into planes."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.model_card import GraphSpec


def graph_inputs(graph: GraphSpec, image_CHW: np.ndarray,
                 intrinsics_33: np.ndarray | None) -> dict[str, np.ndarray]:
    """Every input of the graph by name, a batch of one; ValueError without a camera it needs."""
    if graph.colour_order == 'bgr':
        image_CHW = image_CHW[::-1]
    if graph.layout == 'NHWC':
        image_CHW = image_CHW.transpose(1, 2, 0)
    if graph.image_type == 'uint8':
        image_CHW = np.clip(np.rint(image_CHW), 0, 255)
    inputs = {graph.image_input: np.ascontiguousarray(image_CHW, graph.image_type)[None]}
    if graph.intrinsics_input:
        if intrinsics_33 is None:
            raise ValueError(f'the graph takes the camera as {graph.intrinsics_input!r}')
        inputs[graph.intrinsics_input] = np.asarray(intrinsics_33, np.float32)[None]
    return inputs


def planes_of(graph: GraphSpec, output: np.ndarray) -> np.ndarray:
    """Planes (c, h, w) float32 of the graph's output (1, c, h, w), (1, h, w) or (h, w), copied."""
    planes = np.array(output, np.float32)
    if planes.ndim == 4:
        planes = planes[0].transpose(2, 0, 1) if planes.shape[-1] == 1 else planes[0]
    planes = planes.reshape(-1, *planes.shape[-2:])
    if graph.scale != 1 or graph.shift:
        planes[0] = graph.scale * planes[0] + graph.shift
    return planes
