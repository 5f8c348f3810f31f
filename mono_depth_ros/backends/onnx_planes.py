"""Planes into the inputs of an ONNX graph, and its output back into planes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mono_depth_ros.camera import Camera, rays
from mono_depth_ros.model_card import GraphSpec


def graph_inputs(graph: GraphSpec, image_CHW: np.ndarray,
                 intrinsics_33: np.ndarray | None) -> dict[str, np.ndarray]:
    """Every input of the graph by name, a batch of one; ValueError without a camera it needs."""
    inputs = {graph.image_input: _image(graph, image_CHW)[None]}
    camera_input = graph.intrinsics_input or graph.rays_input
    if not camera_input:
        return inputs
    if intrinsics_33 is None:
        raise ValueError(f'the graph takes the camera as {camera_input!r}')
    if graph.intrinsics_input:
        inputs[graph.intrinsics_input] = np.asarray(intrinsics_33, graph.camera_type)[None]
    if graph.rays_input:
        inputs[graph.rays_input] = unit_rays(
            tuple(intrinsics_33.ravel().tolist()), *image_CHW.shape[1:]).astype(
                graph.camera_type, copy=False)[None]
    return inputs


def _image(graph: GraphSpec, image_CHW: np.ndarray) -> np.ndarray:
    if graph.colour_order == 'bgr':
        image_CHW = image_CHW[::-1]
    if graph.layout == 'NHWC':
        image_CHW = image_CHW.transpose(1, 2, 0)
    if graph.image_type == 'uint8':
        image_CHW = np.clip(np.rint(image_CHW), 0, 255)
    return np.ascontiguousarray(image_CHW, graph.image_type)


@lru_cache(maxsize=8)
def unit_rays(intrinsics: tuple[float, ...], height: int, width: int) -> np.ndarray:
    """Unit vectors (3, H, W) float32 from the camera through its pixels; read-only.

    x right, y down, z forward; `intrinsics` are the nine numbers of the camera matrix by rows.
    """
    fx, _, cx, _, fy, cy, *_ = intrinsics
    directions = rays(Camera(fx=fx, fy=fy, cx=cx, cy=cy, width=width, height=height))
    vectors_3HW = np.stack(np.broadcast_arrays(directions.x, directions.y, np.float32(1)))
    vectors_3HW /= np.linalg.norm(vectors_3HW, axis=0)
    vectors_3HW.setflags(write=False)
    return vectors_3HW


def planes_of(graph: GraphSpec, output: np.ndarray) -> np.ndarray:
    """Planes (c, h, w) float32 of the graph's output, depth first, copied.

    It is (1, c, h, w), (1, h, w, 1 or 3), (1, h, w) or (h, w). Of points, and where the card says
    so, the depth alone. ValueError where it is no map, or has no such plane.
    """
    shape = getattr(output, 'shape', ())  # a list where the output is a sequence
    if len(shape) < 2:
        raise ValueError(f'output {graph.depth_output} has shape {shape}: expected a map of '
                         'depth (1, 1, height, width)')
    if output.ndim == 4:
        output = output[0].transpose(2, 0, 1) if output.shape[-1] in (1, 3) else output[0]
    output = output.reshape(-1, *output.shape[-2:])
    if graph.depth_plane >= len(output):
        raise ValueError(f'output {graph.depth_output} has no plane {graph.depth_plane}: there '
                         f'are {len(output)}, counted from 0')
    if graph.depth_plane or graph.depth_alone:
        output = output[graph.depth_plane:graph.depth_plane + 1]
    planes = np.array(output, np.float32)
    if graph.scale != 1 or graph.shift:
        planes[0] = graph.scale * planes[0] + graph.shift
    return planes
