"""`mobile`: the two-scale idea on an EfficientNet-Lite0 stem, output at 1/2 of the input.

The coarse stack sees the whole image (stem, and a fully connected global context at 1/32) and
ends in a log depth at 1/8. The fine stack takes the image's early features at 1/4 and 1/2
together with the coarse result, and adds the detail the coarse map lacks.
"""

from __future__ import annotations

import torch
from torch import nn, Tensor

from .efficientnet_lite import CHANNELS, conv_norm, EfficientNetLite0, same_size
from .multi_scale import MultiScaleNetwork

INPUT_HEIGHT_WIDTH = (192, 256)
STRIDE = 32
# Where the coarse log depth starts: e^1 = 2.7 canonical metres, the middle of a room.
FIRST_LOG_DEPTH = 1.0


class Mobile(MultiScaleNetwork):
    """Image (B, 3, H, W), H and W multiples of 32 -> log depth (B, 1, H/2, W/2).

    The fully connected context fixes the input size at construction.
    """

    def __init__(self, height: int, width: int):
        super().__init__()
        if height % STRIDE or width % STRIDE:
            raise ValueError(f'mobile takes multiples of {STRIDE}, got {width}x{height}')
        self.coarse = Coarse(height, width)
        self.fine = Fine()


class Coarse(nn.Module):
    """Stem, global context and a decoder to 1/8: log depth, decoder features, early features."""

    def __init__(self, height: int, width: int):
        super().__init__()
        self.stem = EfficientNetLite0()
        self.context = GlobalContext(CHANNELS[4], (height // STRIDE, width // STRIDE))
        self.to_16 = Merge(CHANNELS[4] + GlobalContext.OUT, CHANNELS[3], 160)
        self.to_8 = Merge(160, CHANNELS[2], 96)
        self.head = _log_depth_head(96, FIRST_LOG_DEPTH)

    def forward(self, image_B3HW: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        half, quarter, eighth, sixteenth, last = self.stem(image_B3HW)
        x = self.to_16(torch.cat([last, self.context(last)], dim=1), sixteenth)
        x = self.to_8(x, eighth)
        return self.head(x), x, quarter, half


class GlobalContext(nn.Module):
    """What the whole image says at every place: 1/32 features through a fully connected layer."""

    OUT = 32
    HIDDEN = 256

    def __init__(self, width: int, size: tuple[int, int]):
        super().__init__()
        cells = size[0] * size[1]
        self.mix = nn.Sequential(
            conv_norm(width, 64, 1, act=True), nn.Flatten(),
            nn.Linear(64 * cells, self.HIDDEN), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(self.HIDDEN, self.OUT * cells), nn.ReLU(),
            nn.Unflatten(1, (self.OUT, *size)))

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(x)


class Fine(nn.Module):
    """Refines the coarse log depth to 1/2 with early image features; adds a residual to it."""

    def __init__(self):
        super().__init__()
        self.to_4 = Merge(96 + 1, CHANNELS[1], 48)
        self.to_2 = Merge(48, CHANNELS[0], 24)
        self.head = _log_depth_head(24, 0.0)

    def forward(self, image_B3HW: Tensor, coarse_B1hw: Tensor, features: Tensor,
                quarter: Tensor, half: Tensor) -> tuple[Tensor]:
        x = self.to_4(torch.cat([features, coarse_B1hw], dim=1), quarter)
        x = self.to_2(x, half)
        return (same_size(coarse_B1hw, half) + self.head(x),)


class Merge(nn.Module):
    """Upsamples `x` to its finer neighbour, concatenates both, and mixes them by 3x3."""

    def __init__(self, width: int, skip: int, out: int):
        super().__init__()
        self.mix = conv_norm(width + skip, out, 3, act=True)

    def forward(self, x: Tensor, finer: Tensor) -> Tensor:
        return self.mix(torch.cat([same_size(x, finer), finer], dim=1))


def _log_depth_head(width: int, start: float) -> nn.Module:
    """3x3 to one linear channel whose output is `start` everywhere before training."""
    head = nn.Conv2d(width, 1, 3, padding=1)
    nn.init.zeros_(head.weight)
    assert head.bias is not None
    nn.init.constant_(head.bias, start)
    return head
