"""The paper's network (Zhang et al., "Eigen-modified"): 50.15 M parameters, output at 1/4.

Layers as docs/networks.md lists them. ReLU after every hidden layer; both log depths are linear.
"""

from __future__ import annotations

import torch
from torch import nn, Tensor

from .two_scale import TwoScaleNetwork

INPUT_HEIGHT_WIDTH = (240, 320)
# "Same" padding of a stride-2 or stride-4 kernel is uneven: 3 before, 4 after (11/4 and 9/2).
SAME_STRIDED = (3, 4, 3, 4)


class EigenModified(TwoScaleNetwork):
    """Image (B, 3, 240, 320) -> log depth (B, 1, 60, 80)."""

    def __init__(self, height: int = INPUT_HEIGHT_WIDTH[0], width: int = INPUT_HEIGHT_WIDTH[1]):
        super().__init__()
        if (height, width) != INPUT_HEIGHT_WIDTH:
            raise ValueError(f'eigen_modified takes 320x240 images, got {width}x{height}')
        self.coarse = Coarse()
        self.fine = Fine()


class Coarse(nn.Module):
    """Global stack: four convolution and pooling layers, then two fully connected ones."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.ZeroPad2d(SAME_STRIDED), nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), _pool(),
            nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), _pool(),
            nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), _pool(),
            nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), _pool())
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(256 * 4 * 5, 4800), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(4800, 4800), nn.Unflatten(1, (1, 60, 80)))

    def forward(self, image_B3HW: Tensor) -> tuple[Tensor]:
        return (self.head(self.features(image_B3HW)),)


class Fine(nn.Module):
    """Local stack: one edge channel beside the coarse map, then 5x5 convolutions."""

    def __init__(self):
        super().__init__()
        self.edges = nn.Sequential(
            nn.ZeroPad2d(SAME_STRIDED), nn.Conv2d(3, 1, 9, stride=2), nn.ReLU(), _pool())
        self.refine = nn.Sequential(
            nn.Conv2d(2, 64, 5, padding=2), nn.ReLU(),
            nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(),
            nn.Conv2d(64, 1, 5, padding=2))

    def forward(self, image_B3HW: Tensor, coarse_B1hw: Tensor) -> Tensor:
        return self.refine(torch.cat([self.edges(image_B3HW), coarse_B1hw], dim=1))


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, stride=2, padding=1)
