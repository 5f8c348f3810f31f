"""`mobile`: the two-scale idea on an EfficientNet-Lite stem, output at 1/2 of the input.

The coarse stack sees the whole image (stem, and a fully connected global context at 1/32) and
ends in a log depth at 1/8. The fine stack takes the image's early features at 1/4 and 1/2
together with the coarse result, and adds the detail the coarse map lacks. The uncertainty stack
estimates how wrong the result is.
"""

from __future__ import annotations

import torch
from torch import nn, Tensor
from torch.nn.functional import avg_pool2d

from .camera_features import CameraFeatures
from .efficientnet_lite import (
    conv_norm,
    EfficientNetLite,
    LITE0,
    LITE2,
    LiteSize,
    resized,
    same_size,
)
from .feature_distance import FeatureDistance
from .layers import FIRST_LOG_DEPTH
from .multi_scale import MultiScaleNetwork, UNCERTAINTY

INPUT_HEIGHT_WIDTH = (192, 256)
STRIDE = 16
# Where the log uncertainty starts: e^-1.6 = 20 % of the depth.
FIRST_LOG_UNCERTAINTY = -1.6


class Mobile(MultiScaleNetwork):
    """Image (B, 3, H, W), H and W multiples of 16 -> log depth and uncertainty (B, 2, H/2, W/2).

    Made for one input size, of which its global context keeps the grid; other multiples of 32
    with about as many pixels work too. With `camera_input` (B, 6, H, W): the camera's planes
    behind the image's (preprocess.with_camera).
    """

    stacks = ('coarse', 'fine', UNCERTAINTY)
    size = LITE0

    def __init__(self, height: int, width: int, camera_input: bool = False,
                 feature_distance: bool = False):
        super().__init__()
        if height % STRIDE or width % STRIDE:
            raise ValueError(f'mobile takes multiples of {STRIDE}, got {width}x{height}')
        self.camera_input = camera_input
        self.coarse = Coarse(height, width, self.size, camera_input, feature_distance)
        half, quarter = self.coarse.stem.channels[:2]
        self.fine = Fine(quarter, half)
        self.uncertainty = UncertaintyHead()


class MobileLite2(Mobile):
    """`mobile` on the larger EfficientNet-Lite2."""

    size = LITE2


class Coarse(nn.Module):
    """Stem, global context and a decoder to 1/8: log depth, decoder features, early features.

    With `feature_distance` also what that adds to the log uncertainty.
    """

    def __init__(self, height: int, width: int, size: LiteSize, camera_input: bool,
                 feature_distance: bool):
        super().__init__()
        self.stem = EfficientNetLite(size)
        *_, eighth, sixteenth, last = self.stem.channels
        self.context = GlobalContext(last, (-(-height // 32), -(-width // 32)))
        self.to_16 = Merge(last + GlobalContext.OUT, sixteenth, 160)
        self.to_8 = Merge(160, eighth, 96)
        self.head = _head(96, FIRST_LOG_DEPTH)
        if camera_input:
            self.camera_8, self.camera_32 = CameraFeatures(eighth), CameraFeatures(last)
        self.camera_input = camera_input
        self.feature_distance = FeatureDistance(last) if feature_distance else None

    def forward(self, image_BCHW: Tensor) -> tuple[Tensor, ...]:
        half, quarter, eighth, sixteenth, last = self.stem(image_BCHW[:, :3])
        unlike = (self.feature_distance(last),) if self.feature_distance else ()
        if self.camera_input:
            eighth = self.camera_8(eighth, image_BCHW[:, 3:])
            last = self.camera_32(last, image_BCHW[:, 3:])
        x = self.to_16(torch.cat([last, self.context(last)], dim=1), sixteenth)
        x = self.to_8(x, eighth)
        return self.head(x), x, quarter, half, *unlike


class GlobalContext(nn.Module):
    """What the whole image says at every place: 1/32 features through a fully connected layer.

    It works on a grid of fixed `size` (rows, columns), to and from which other maps are resized,
    so that one network serves every aspect ratio.
    """

    OUT = 32
    HIDDEN = 256

    def __init__(self, width: int, size: tuple[int, int]):
        super().__init__()
        cells = size[0] * size[1]
        self.grid = size
        self.mix = nn.Sequential(
            conv_norm(width, 64, 1, act=True), nn.Flatten(),
            nn.Linear(64 * cells, self.HIDDEN), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(self.HIDDEN, self.OUT * cells), nn.ReLU(),
            nn.Unflatten(1, (self.OUT, *size)))

    def forward(self, x_BChw: Tensor) -> Tensor:
        if x_BChw.shape[-2:] == self.grid:
            return self.mix(x_BChw)
        return same_size(self.mix(resized(x_BChw, self.grid)), x_BChw)


class Fine(nn.Module):
    """Refines the coarse log depth to 1/2 with early image features; adds a residual to it."""

    def __init__(self, quarter: int, half: int):
        super().__init__()
        self.to_4 = Merge(96 + 1, quarter, 48)
        self.to_2 = Merge(48, half, 24)
        self.head = _head(24, 0.0)

    def forward(self, image_B3HW: Tensor, coarse_B1hw: Tensor, features: Tensor,
                quarter: Tensor, half: Tensor, *unlike: Tensor) -> tuple[Tensor, ...]:
        x = self.refined(coarse_B1hw, features, quarter, half)
        return same_size(coarse_B1hw, half) + self.head(x), x, features, coarse_B1hw, *unlike

    def refined(self, coarse_B1hw: Tensor, features: Tensor, quarter: Tensor,
                half: Tensor) -> Tensor:
        """Features at 1/2 from the coarse result and the image's early ones."""
        x = self.to_4(torch.cat([features, coarse_B1hw], dim=1), quarter)
        return self.to_2(x, half)


class UncertaintyHead(nn.Module):
    """Expected |error| of the log depth, from its features; computed at 1/4, output at 1/2.

    More by what a `FeatureDistance` gave for the whole image, where the network has one.
    """

    def __init__(self):
        super().__init__()
        self.reduce = conv_norm(96, 24, 1, act=True)
        self.mix = nn.Sequential(*conv_norm(24 + 24 + 2, 32, 3, act=True),
                                 *conv_norm(32, 32, 3, act=True))
        self.head = _head(32, FIRST_LOG_UNCERTAINTY)

    def forward(self, image_B3HW: Tensor, log_depth_B1hw: Tensor, x: Tensor, features: Tensor,
                coarse_B1hw: Tensor, *unlike: Tensor) -> tuple[Tensor, Tensor]:
        depth, x = avg_pool2d(log_depth_B1hw, 2), avg_pool2d(x, 2)
        # Where the two scales disagree, at least one of them is wrong.
        apart = (depth - same_size(coarse_B1hw, depth)).abs()
        y = self.mix(torch.cat([x, same_size(self.reduce(features), x), depth, apart], dim=1))
        return log_depth_B1hw, same_size(sum(unlike, self.head(y)), log_depth_B1hw)


class Merge(nn.Module):
    """Upsamples `x` to the size of finer features, concatenates both, and applies 3x3."""

    def __init__(self, width: int, skip: int, out: int):
        super().__init__()
        self.mix = conv_norm(width + skip, out, 3, act=True)

    def forward(self, x: Tensor, finer: Tensor) -> Tensor:
        return self.mix(torch.cat([same_size(x, finer), finer], dim=1))


def _head(width: int, start: float) -> nn.Module:
    """3x3 to one linear channel whose output is `start` everywhere before training."""
    head = nn.Conv2d(width, 1, 3, padding=1)
    nn.init.zeros_(head.weight)
    assert head.bias is not None
    nn.init.constant_(head.bias, start)
    return head
