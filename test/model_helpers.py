"""Model files of random weights, made with the robot's half alone."""

from dataclasses import replace
from pathlib import Path

import torch

from mono_depth_ros.backends.torch_backend import TorchBackend
from mono_depth_ros.model_card import ModelCard, NetworkSpec
from mono_depth_ros.model_file import find_model, read_card, save_model
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from mono_depth_ros.networks.onnx_graph import graph_of
from mono_depth_ros.networks.registry import build, default_spec
from mono_depth_ros.self_test import measured


def plain_card() -> ModelCard:
    """The card of a stand-in for the estimator: 0.3 to 10 m, with every field a card has."""
    return replace(read_card(find_model('indoor')), name='plain', weights_licence='research')


def write_untrained(path: str | Path, network: str = 'mobile', seed: int = 0,
                    graph: bool = False, **changes) -> ModelCard:
    """Write a model file of random weights and return its card; depth varies by pixel.

    `changes` are fields of the network's spec. Without `graph`, which takes seconds to make,
    torch alone runs the file.
    """
    torch.manual_seed(seed)
    card = _card(Path(path).stem, replace(default_spec(network), **changes))
    made = build(card.network).eval()
    for weight in made.parameters():
        if weight.ndim > 1 and not weight.any():
            # Thousands of inputs, as the paper's networks have, would leave every range together.
            torch.nn.init.normal_(weight, std=0.5 if weight[0].numel() < 1000 else 0.01)
    return save_untrained(path, made, card, graph)


def save_untrained(path: str | Path, made: MultiScaleNetwork, card: ModelCard,
                   graph: bool = False) -> ModelCard:
    """Write a network with a self-test of its own and return the card as written."""
    for weight in made.eval().parameters():
        if weight.ndim > 1:
            weight.data = weight.data.half().float()  # the precision of the file
    card = replace(card, self_test=measured(TorchBackend(made, 'cpu', 'fp32'), card))
    save_model(path, made, card, graph_of(card.network) if graph else None)
    return card


def _card(name: str, spec: NetworkSpec) -> ModelCard:
    """The card of `indoor` but for the network and where its weights come from."""
    card = read_card(find_model('indoor'))
    return replace(
        card, name=name, network=spec, metrics=(),
        reference=card.reference.resized(spec.input_width, spec.input_height),
        provenance=replace(card.provenance, recipe='untrained', data=(), steps=0))
