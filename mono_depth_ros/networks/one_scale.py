"""The paper's two baselines of one scale: AlexNet (its Fig. 3) and ResNet-18 (Fig. 4)."""

from __future__ import annotations

from torch import nn, Tensor

from .layers import check_size, conv, depth_map_head, half, initialise, strided_conv
from .multi_scale import MultiScaleNetwork

INPUT_HEIGHT_WIDTH = (240, 320)


class AlexNet(MultiScaleNetwork):
    """Image (B, 3, 240, 320) -> log depth (B, 1, 60, 80); 210 M parameters."""

    stacks = ('coarse',)

    def __init__(self, height: int, width: int):
        super().__init__()
        check_size('alexnet', (height, width), INPUT_HEIGHT_WIDTH)
        features = nn.Sequential(
            *strided_conv(3, 96, 11, 4), half(), *conv(96, 256, 5), nn.MaxPool2d(2),
            *conv(256, 256, 3), *conv(256, 256, 3), *conv(256, 256, 3), *conv(256, 128, 3))
        self.coarse = MapOf(features, depth_map_head(128 * 15 * 20, 4800, 60, 80))
        initialise(self)


class ResNet18(MultiScaleNetwork):
    """Image (B, 3, 240, 320) -> log depth (B, 1, 60, 80); 127 M parameters.

    The paper's stem keeps 60x80 through the first two pairs of blocks.
    """

    stacks = ('coarse',)

    def __init__(self, height: int, width: int):
        super().__init__()
        check_size('resnet18', (height, width), INPUT_HEIGHT_WIDTH)
        features = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
            half(), Block(64, 64, 1), Block(64, 64, 1), Block(64, 128, 1), Block(128, 128, 1),
            Block(128, 256, 2), Block(256, 256, 1), Block(256, 512, 2), Block(512, 512, 1),
            *conv(512, 64, 3))
        self.coarse = MapOf(features, depth_map_head(64 * 15 * 20, 4800, 60, 80, dropout=0.0))
        initialise(self)


class MapOf(nn.Module):
    """The only stack: features, then fully connected layers to a log depth."""

    def __init__(self, features: nn.Module, head: nn.Module):
        super().__init__()
        self.features = features
        self.head = head

    def forward(self, image_B3HW: Tensor) -> tuple[Tensor]:
        return (self.head(self.features(image_B3HW)),)


class Block(nn.Module):
    """Basic residual block (He et al. 2015): two 3x3 convolutions beside a shortcut."""

    def __init__(self, width: int, out: int, stride: int):
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(width, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(),
            nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out))
        self.shortcut = nn.Identity() if (width, stride) == (out, 1) else nn.Sequential(
            nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.shortcut(x) + self.residual(x))
