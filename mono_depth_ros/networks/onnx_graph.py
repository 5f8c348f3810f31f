"""A network of `networks/` as an ONNX graph without weights; needs torch, onnx and onnxscript."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import lru_cache
import io
import logging
import warnings

from mono_depth_ros.model_card import NetworkSpec, SHAPE_STEP

IMAGE, PLANES = 'image', 'planes'


@lru_cache(maxsize=16)
def graph_of(spec: NetworkSpec) -> bytes:
    """ONNX graph of a network, in evaluation mode, whose weights are named but not in it.

    Input `image` (1, planes, H, W) float32 as the network takes it, output `planes` (1, 1 or 2,
    h, w); H and W are free where the spec has `aspect_ratios`. Appending
    `onnx_bytes.weight_bytes` of a model file's tensors makes it whole. The batch norms stay in
    it, so that it depends on the spec alone; what does not depend on weights or image is
    computed, without which ONNX Runtime cannot merge the batch norms and takes 2.6 times as long.
    Nodes that lead nowhere are left out: TensorRT's parser refuses kinds it does not know.
    """
    import onnx  # noqa: F401  torch asks for onnxscript only, and fails later without onnx
    from onnxscript.optimizer import fold_constants, remove_unused_nodes
    import torch

    from mono_depth_ros.networks.registry import build

    network = build(spec).eval()
    # Traced at its own size, a network that takes others would be recorded without resizing.
    more = SHAPE_STEP if spec.aspect_ratios else 0
    image = torch.zeros(
        1, network.input_planes, spec.input_height + more, spec.input_width + more)
    rows, columns = (torch.export.Dim(name, min=2, max=64) for name in ('rows', 'columns'))
    free = ({2: SHAPE_STEP * rows, 3: SHAPE_STEP * columns},) if more else None
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), _quiet('torch.onnx'):
        warnings.simplefilter('ignore')
        program = torch.onnx.export(
            network, (image,), dynamo=True, optimize=False, external_data=False, verbose=False,
            input_names=[IMAGE], output_names=[PLANES], dynamic_shapes=free)
        assert program is not None  # None is for the old exporter
        weights = set(network.state_dict())
        traced = _inputs(program.model_proto) & weights
        fold_constants(program.model, onnx_shape_inference=True)
        remove_unused_nodes(program.model)
    model = program.model_proto
    assert traced == _inputs(model) & weights  # else weights became part of the graph
    return _without_weights(model, weights)


def _inputs(model) -> set[str]:
    return {name for node in model.graph.node for name in node.input}


def _without_weights(model, weights: set[str]) -> bytes:
    used = _inputs(model) - weights
    kept = [item for item in model.graph.initializer if item.name in used]
    for items in (model.graph.initializer, model.graph.value_info, model.metadata_props,
                  model.graph.metadata_props):
        del items[:]
    model.graph.initializer.extend(kept)
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ''
    return model.SerializeToString(deterministic=True)


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """A logger says errors only."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
