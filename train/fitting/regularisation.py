"""Layers a network has only while it is trained; none holds a weight, so no name changes.

They are appended to the network's own `nn.Sequential` blocks, where `train()` and `eval()` reach
them like any other layer; model files and the robot never see them.
"""

from __future__ import annotations

import torch
from torch import nn, Tensor

from mono_depth_ros.networks.efficientnet_lite import EfficientNetLite, InvertedResidual
from train.recipes.recipe import Recipe

# The stages of the stem after which MixStyle applies: their features still describe appearance.
MIXED_STAGES = (0, 1)


# Share of a batch in the running statistics of norms that bring theirs along. The others begin at
# mean 0 and variance 1, of which a half would be left after 70 steps: they keep PyTorch's 0.1.
KNOWN_STATISTICS = 0.01


def keep_statistics(network: nn.Module, recipe: Recipe, start: str) -> None:
    """Have norms whose statistics came with the weights change them slowly.

    Those of all of a `start`, else those of an ImageNet stem.
    """
    if start or recipe.imagenet_stem:
        loaded = network if start else network.get_submodule('coarse.stem')
        for norm in loaded.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.momentum = KNOWN_STATISTICS


def add_regularisation(network: nn.Module, recipe: Recipe) -> None:
    """Append stochastic depth and MixStyle to the stem of `network`, as `recipe` says."""
    blocks = [m for m in network.modules() if isinstance(m, InvertedResidual)]
    for number, block in enumerate(blocks):
        if block.residual and recipe.stochastic_depth:
            block.project.append(
                StochasticDepth(recipe.stochastic_depth * (number + 1) / len(blocks)))
    for stem in [m for m in network.modules() if isinstance(m, EfficientNetLite)]:
        for number in MIXED_STAGES if recipe.mixstyle_probability else ():
            stage = stem.stages[number]
            assert isinstance(stage, nn.Sequential)
            stage.append(MixStyle(recipe.mixstyle_probability))


class StochasticDepth(nn.Module):
    """Drops the residual branch of some images of a batch while training (Huang et al. 2016).

    `rate` is the probability for each image; kept branches are scaled by 1 / (1 - rate).
    """

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if not self.training:
            return x_BCHW
        kept = torch.rand(x_BCHW.shape[0], 1, 1, 1, device=x_BCHW.device) >= self.rate
        return x_BCHW * (kept / (1 - self.rate)).to(x_BCHW.dtype)


class MixStyle(nn.Module):
    """Mixes the channel statistics of the images of a batch while training (Zhou et al. 2021).

    `probability` is that of a batch to be mixed; the weight of an image's own mean and deviation
    is drawn from Beta(0.1, 0.1), that of another image's is the rest.
    """

    def __init__(self, probability: float):
        super().__init__()
        self.probability = probability

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if not self.training:
            return x_BCHW
        if x_BCHW.is_cuda:  # no waiting for the coin, and a captured step cannot branch
            mixes = torch.rand((), device=x_BCHW.device) < self.probability
            return torch.where(mixes, _styles_mixed(x_BCHW), x_BCHW)
        return x_BCHW if torch.rand(()) >= self.probability else _styles_mixed(x_BCHW)


def _styles_mixed(x_BCHW: Tensor) -> Tensor:
    x = x_BCHW.float()
    mean = x.mean((2, 3), keepdim=True).detach()
    std = (x.var((2, 3), keepdim=True) + 1e-6).sqrt().detach()
    own = _beta(0.1, len(x), x.device).view(-1, 1, 1, 1)
    other = torch.rand(len(x), device=x.device).argsort()
    new_mean = own * mean + (1 - own) * mean[other]
    new_std = own * std + (1 - own) * std[other]
    return ((x - mean) / std * new_std + new_mean).to(x_BCHW.dtype)


def _beta(concentration: float, count: int, device: torch.device) -> Tensor:
    """Draws (count,) of Beta(concentration, concentration), made on `device`.

    The share of one of two gamma variates, in logarithms because most of them are tiny:
    Gamma(a) is Gamma(a + 1) * U^(1/a). torch.distributions makes its constants on the CPU.
    """
    variates = torch._standard_gamma(torch.full((2, count), concentration + 1, device=device))
    uniform = 1 - torch.rand(2, count, device=device)  # above 0
    logs = variates.log() + uniform.log() / concentration
    return torch.sigmoid(logs[0] - logs[1])


class Float32Conv2d(nn.Conv2d):
    """A convolution that a CPU computes in float32 also where autocast asks for bfloat16."""

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != 'cpu' or not torch.is_autocast_enabled('cpu'):
            return super().forward(x)
        with torch.autocast('cpu', enabled=False):
            return super().forward(x.float())


def keep_depthwise_in_float32(network: nn.Module) -> None:
    """Let CPU autocast leave the depthwise convolutions of `network` in float32.

    They have one channel a group, which gives bfloat16 units nothing to multiply: a training step
    of `mobile_lite2` on a CPU with such units took 1.15 s with all layers in bfloat16, 1.03 s with
    none, 0.73 s like this.
    """
    for module in network.modules():
        if type(module) is nn.Conv2d and module.groups > 1:
            # The class alone, as torch.nn.utils.parametrize does: no weight moves or is renamed.
            module.__class__ = Float32Conv2d
