"""Eigen, Puhrsch & Fergus 2014, from its public configuration: 70.88 M parameters."""

from __future__ import annotations

import torch
from torch import nn, Tensor

from .layers import check_size, conv, depth_map_head, initialise
from .multi_scale import MultiScaleNetwork

INPUT_HEIGHT_WIDTH = (228, 304)


class Eigen(MultiScaleNetwork):
    """Image (B, 3, 228, 304) -> log depth (B, 1, 55, 74)."""

    def __init__(self, height: int, width: int):
        super().__init__()
        check_size('eigen', (height, width), INPUT_HEIGHT_WIDTH)
        self.coarse = Coarse()
        self.fine = Fine()
        initialise(self)


class Coarse(nn.Module):
    """Global stack: AlexNet-like features with local response normalisation, then a map."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4, padding=2), nn.ReLU(), _pool(), nn.LocalResponseNorm(5),
            *conv(96, 256, 5), _pool(), nn.LocalResponseNorm(5),
            *conv(256, 384, 3), *conv(384, 384, 3), *conv(384, 256, 3), _pool())
        self.head = depth_map_head(256 * 6 * 8, 4096, 55, 74)

    def forward(self, image_B3HW: Tensor) -> tuple[Tensor]:
        return (self.head(self.features(image_B3HW)),)


class Fine(nn.Module):
    """Local stack: 63 edge channels of the image beside the coarse map; sees 45x45 pixels."""

    def __init__(self):
        super().__init__()
        self.edges = nn.Sequential(
            nn.Conv2d(3, 63, 9, stride=2, padding=1), nn.ReLU(), _pool())
        self.refine = nn.Sequential(*conv(64, 64, 5), nn.Conv2d(64, 1, 5, padding=2))

    def forward(self, image_B3HW: Tensor, coarse_B1hw: Tensor) -> tuple[Tensor]:
        return (self.refine(torch.cat([self.edges(image_B3HW), coarse_B1hw], dim=1)),)


def _pool() -> nn.Module:
    """Max-pool 3/2 without padding: h -> (h - 1) // 2, rounded down."""
    return nn.MaxPool2d(3, stride=2)
