"""`mobile_lite2_bimodal`: two depths a pixel instead of one, of which the likelier is read.

At the edge of an object a network is unsure which of two surfaces a pixel shows; one value learned
for both is their mean, a blurred edge. Here the fine stack gives two Laplace modes and a weight
(SMD-Nets, Tosi et al. 2021), and the depth is the mode with the highest density.
"""

from __future__ import annotations

import torch
from torch import nn, Tensor

from .efficientnet_lite import same_size
from .mobile import Fine, FIRST_LOG_UNCERTAINTY, MobileLite2, UncertaintyHead

# Where the two modes start, beside the coarse log depth: the nearer and the farther surface.
FIRST_OFFSETS = (-0.1, 0.1)


class MobileLite2Bimodal(MobileLite2):
    """`mobile_lite2` with two modes in the fine stack; image and output as it has them."""

    def __init__(self, height: int, width: int, camera_input: bool = False,
                 feature_distance: bool = False):
        super().__init__(height, width, camera_input, feature_distance)
        half, quarter = self.coarse.stem.channels[:2]
        self.fine = BimodalFine(quarter, half)
        self.uncertainty = BimodalUncertaintyHead()

    def modes(self, stack: str, given: tuple[Tensor, ...]) -> Tensor | None:
        """Of what a stack gave its modes (B, 5, h, w), where it has any.

        Two log depths, two log scales, and the logit of the first mode's weight.
        """
        return given[-1] if stack == 'fine' else None


class BimodalFine(Fine):
    """As `Fine`; the modes come last."""

    def __init__(self, quarter: int, half: int):
        super().__init__(quarter, half)
        self.head = nn.Conv2d(24, 5, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        assert self.head.bias is not None
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([*FIRST_OFFSETS, FIRST_LOG_UNCERTAINTY,
                                               FIRST_LOG_UNCERTAINTY, 0.0]))

    def forward(self, image_BCHW: Tensor, coarse_B1hw: Tensor, features: Tensor,
                quarter: Tensor, half: Tensor, *unlike: Tensor) -> tuple[Tensor, ...]:
        x = self.refined(coarse_B1hw, features, quarter, half)
        offsets, rest = self.head(x).split((2, 3), dim=1)
        modes = torch.cat([same_size(coarse_B1hw, half) + offsets, rest], dim=1)
        return likelier(modes), x, features, coarse_B1hw, *unlike, modes


class BimodalUncertaintyHead(UncertaintyHead):
    """As `UncertaintyHead`, which needs no modes."""

    def forward(self, image_BCHW: Tensor, log_depth_B1hw: Tensor, x: Tensor, features: Tensor,
                coarse_B1hw: Tensor, *unlike_and_modes: Tensor) -> tuple[Tensor, Tensor]:
        *unlike, _ = unlike_and_modes
        return super().forward(image_BCHW, log_depth_B1hw, x, features, coarse_B1hw, *unlike)


def likelier(modes_B5hw: Tensor) -> Tensor:
    """Log depth (B, 1, h, w) of the mode with the highest density, weight over scale."""
    first, second, log_scale_1, log_scale_2, logit = modes_B5hw.split(1, dim=1)
    # log(w / s) of either; the weights' ratio is the logit itself.
    ahead = logit - log_scale_1 + log_scale_2
    return torch.where(ahead >= 0, first, second)
