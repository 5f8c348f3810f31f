"""The paper's network (Zhang et al., "Eigen-modified"), and one with a third, finer scale.

ReLU after every hidden layer; all log depths are linear. docs/networks.md lists where text and
public code of the paper disagree.
"""

from __future__ import annotations

import torch
from torch import nn, Tensor

from .efficientnet_lite import same_size
from .layers import check_size, conv, depth_map_head, half, initialise, strided_conv
from .multi_scale import MultiScaleNetwork

INPUT_HEIGHT_WIDTH = (240, 320)


class EigenModified(MultiScaleNetwork):
    """Image (B, 3, 240, 320) -> log depth (B, 1, 60, 80); 50.15 M parameters."""

    def __init__(self, height: int, width: int):
        super().__init__()
        check_size('eigen_modified', (height, width), INPUT_HEIGHT_WIDTH)
        self.coarse = Coarse()
        self.fine = Fine(nn.Sequential(*strided_conv(3, 1, 9, 2), half()), edges=1)
        initialise(self)


class EigenModified3(MultiScaleNetwork):
    """Image (B, 3, 240, 320) -> log depth (B, 1, 120, 160): a third scale on top of the two.

    The paper's proposed future work; Eigen & Fergus 2015 gained from half resolution.
    """

    stacks = ('coarse', 'fine', 'finer')

    def __init__(self, height: int, width: int):
        super().__init__()
        check_size('eigen_modified3', (height, width), INPUT_HEIGHT_WIDTH)
        self.coarse = Coarse()
        self.fine = Fine(nn.Sequential(*strided_conv(3, 1, 9, 2), half()), edges=1)
        self.finer = Fine(nn.Sequential(*strided_conv(3, 32, 9, 2)), edges=32)
        initialise(self)


class Coarse(nn.Module):
    """Global stack: four convolution and pooling layers, then two fully connected ones."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            *strided_conv(3, 96, 11, 4), half(), *conv(96, 256, 5), half(),
            *conv(256, 384, 3), half(), *conv(384, 256, 3), half())
        self.head = depth_map_head(256 * 4 * 5, 4800, 60, 80)

    def forward(self, image_B3HW: Tensor) -> tuple[Tensor]:
        return (self.head(self.features(image_B3HW)),)


class Fine(nn.Module):
    """Local stack: edge channels of the image beside the map so far, then 5x5 convolutions."""

    def __init__(self, image_edges: nn.Module, edges: int):
        super().__init__()
        self.edges = image_edges
        self.refine = nn.Sequential(
            *conv(edges + 1, 64, 5), *conv(64, 64, 5), nn.Conv2d(64, 1, 5, padding=2))

    def forward(self, image_B3HW: Tensor, map_B1hw: Tensor) -> tuple[Tensor]:
        edges = self.edges(image_B3HW)
        return (self.refine(torch.cat([edges, same_size(map_B1hw, edges)], dim=1)),)
