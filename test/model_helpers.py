"""Model files of random weights, made with the robot's half alone."""

from dataclasses import replace
from functools import lru_cache
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
    made, card = _untrained(replace(default_spec(network), **changes), seed)
    card = replace(card, name=Path(path).stem)
    save_model(path, made, card, graph_of(card.network) if graph else None)
    return card


@lru_cache(maxsize=4)  # many tests ask for the same one, which takes half a second
def _untrained(spec: NetworkSpec, seed: int) -> tuple[MultiScaleNetwork, ModelCard]:
    """A network of random weights, not to be changed, and its card."""
    torch.manual_seed(seed)
    made = build(spec).eval()
    for weight in made.parameters():
        if weight.ndim > 1 and not weight.any():
            # Thousands of inputs, as the paper's networks have, would leave every range together.
            torch.nn.init.normal_(weight, std=0.5 if weight[0].numel() < 1000 else 0.01)
    if spec.feature_distance:
        distance = made.get_submodule('coarse.feature_distance')
        size = len(distance.mean)
        distance.load_state_dict({'mean': 3 * torch.randn(size), 'slope': torch.ones(1),
                                  'whitening': torch.eye(size)})
    return made, _tested(made, _card('untrained', spec))


def save_untrained(path: str | Path, made: MultiScaleNetwork, card: ModelCard,
                   graph: bool = False) -> ModelCard:
    """Write a network with a self-test of its own and return the card as written."""
    card = _tested(made, card)
    save_model(path, made, card, graph_of(card.network) if graph else None)
    return card


def _tested(made: MultiScaleNetwork, card: ModelCard) -> ModelCard:
    """The card with a self-test of the network, whose weights get the precision of the file."""
    for weight in made.eval().parameters():
        if weight.ndim > 1:
            weight.data = weight.data.half().float()
    return replace(card, self_test=measured(TorchBackend(made, 'cpu', 'fp32'), card))


def _card(name: str, spec: NetworkSpec) -> ModelCard:
    """The card of `indoor` but for the network and where its weights come from."""
    card = read_card(find_model('indoor'))
    return replace(
        card, name=name, network=spec, metrics=(),
        reference=card.reference.resized(spec.input_width, spec.input_height),
        provenance=replace(card.provenance, recipe='untrained', data=(), steps=0))
