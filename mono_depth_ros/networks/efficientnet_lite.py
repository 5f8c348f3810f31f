"""EfficientNet-Lite features (Tan & Le 2019, TensorFlow's Lite variant: ReLU6, no squeeze).

Module names follow the paper's stages; `train/fitting/start_weights.py` maps ImageNet weights onto
them, `train/fitting/regularisation.py` adds the layers that only training has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn, Tensor

# One row a stage: kernel, stride, expansion.
STAGES = ((3, 1, 1), (3, 2, 6), (5, 2, 6), (3, 2, 6), (5, 1, 6), (5, 2, 6), (3, 1, 6))
# The stages whose outputs are the feature maps at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input.
TAPS = (0, 1, 2, 4, 6)


@dataclass(frozen=True, kw_only=True)
class LiteSize:
    """How wide and how deep each stage of the network is."""

    channels: tuple[int, ...]
    blocks: tuple[int, ...]


LITE0 = LiteSize(channels=(16, 24, 40, 80, 112, 192, 320), blocks=(1, 2, 2, 3, 3, 4, 1))
LITE2 = LiteSize(channels=(16, 24, 48, 88, 120, 208, 352), blocks=(1, 3, 3, 4, 4, 5, 1))


class EfficientNetLite(nn.Module):
    """Image (B, 3, H, W) -> feature maps at 1/2, 1/4, 1/8, 1/16, 1/32 with `channels`."""

    def __init__(self, size: LiteSize):
        super().__init__()
        self.stem = conv_norm(3, 32, 3, stride=2, act=True)
        stages, width = [], 32
        for (kernel, stride, expansion), out, blocks in zip(STAGES, size.channels, size.blocks):
            rows = [(width, stride)] + [(out, 1)] * (blocks - 1)
            stages.append(nn.Sequential(*(
                InvertedResidual(w, out, kernel, s, expansion) for w, s in rows)))
            width = out
        self.stages = nn.ModuleList(stages)
        self.size = size
        self.channels = tuple(size.channels[i] for i in TAPS)

    def forward(self, image_B3HW: Tensor) -> list[Tensor]:
        x = self.stem(image_B3HW)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return [features[i] for i in TAPS]


class InvertedResidual(nn.Module):
    """Expand by 1x1, filter each channel, project by 1x1; add the input where shapes agree."""

    def __init__(self, width: int, out: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        hidden = width * expansion
        self.expand = conv_norm(width, hidden, 1, act=True) if expansion > 1 else nn.Identity()
        self.filter = conv_norm(hidden, hidden, kernel, stride=stride, groups=hidden, act=True)
        self.project = conv_norm(hidden, out, 1)
        self.residual = stride == 1 and width == out

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.filter(self.expand(x)))
        return x + y if self.residual else y


class HalvingPad(nn.Module):
    """Zeros around an image that a kernel of stride 2 halves, odd sizes rounded up.

    As TensorFlow's 'same': `pad` after it, and before it one less where the size is even.
    """

    def __init__(self, pad: int):
        super().__init__()
        self.pad = pad

    def forward(self, x_BCHW: Tensor) -> Tensor:
        height, width = x_BCHW.shape[-2:]
        left, top = self.pad - 1 + width % 2, self.pad - 1 + height % 2
        return nn.functional.pad(x_BCHW, (left, self.pad, top, self.pad))


def conv_norm(width: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1,
              act: bool = False) -> nn.Sequential:
    """Bias-free convolution, batch norm and (with `act`) ReLU6.

    Strided kernels pad as TensorFlow does, because the ImageNet weights were trained so.
    """
    pad = (kernel - 1) // 2
    layers: list[nn.Module] = []
    if stride == 2:
        layers.append(HalvingPad(pad))
        pad = 0
    layers.append(nn.Conv2d(width, out, kernel, stride, pad, groups=groups, bias=False))
    layers.append(nn.BatchNorm2d(out, eps=1e-3))
    if act:
        layers.append(nn.ReLU6())
    return nn.Sequential(*layers)


def same_size(x: Tensor, like: Tensor) -> Tensor:
    """`x` (B, C, h, w) resized to the height and width of `like`, bilinear."""
    return resized(x, like.shape[-2:])


def resized(x: Tensor, size: Sequence[int]) -> Tensor:
    """`x` (B, C, h, w) at `size` (height, width), bilinear."""
    return torch.nn.functional.interpolate(
        x, size=tuple(size), mode='bilinear', align_corners=False)
