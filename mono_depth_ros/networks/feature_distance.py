"""How unlike the images a network learned from an image is, and how much less sure that makes it.

A network errs most, and knows it least, where images are unlike those it learned from. The mean
features of such images lie far from those of the others, by their Mahalanobis distance (Lee et
al. 2018).
"""

from __future__ import annotations

import torch
from torch import nn, Tensor


class FeatureDistance(nn.Module):
    """What is added to an image's log uncertainty, (B, 1, 1, 1), by its features (B, C, h, w).

    `slope` times the logarithm of its distance, 0 for one of 1 or less: `whitening` (C, C) makes 1
    of the distance that held-out images have from `mean` (C,). 0 until `train export` sets them.
    """

    mean: Tensor
    whitening: Tensor
    slope: Tensor

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer('mean', torch.zeros(width))
        self.register_buffer('whitening', torch.zeros(width, width))
        self.register_buffer('slope', torch.zeros(1))

    def forward(self, features_BChw: Tensor) -> Tensor:
        apart_BC = (features_BChw.mean((2, 3)) - self.mean) @ self.whitening
        square_B1 = apart_BC.square().mean(1, keepdim=True)
        log_distance_B1 = square_B1.clamp(min=1).log() * 0.5
        return (log_distance_B1 * self.slope)[:, :, None, None]
