"""What every network here is: a coarse stack that sees all, and a fine stack that refines it."""

from __future__ import annotations

from torch import nn, Tensor


class TwoScaleNetwork(nn.Module):
    """Base of all networks: image (B, 3, H, W) -> log canonical depth (B, 1, h, w).

    `coarse(image)` gives a tuple whose first item is the coarse log depth (B, 1, hc, wc) and
    whose others are what else the fine stack takes; `fine(image, *those)` gives the result.
    The two hold all weights between them, so that a stage can train one and freeze the other.
    """

    coarse: nn.Module
    fine: nn.Module

    def forward(self, image_B3HW: Tensor) -> Tensor:
        """Log canonical depth (B, 1, h, w): what the robot runs."""
        return self.both(image_B3HW)[1]

    def both(self, image_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """Coarse (B, 1, hc, wc) and fine (B, 1, h, w) log depth: what training compares."""
        coarse = self.coarse(image_B3HW)
        return coarse[0], self.fine(image_B3HW, *coarse)
