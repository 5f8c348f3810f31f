"""What every network here is: stacks of growing sharpness, each refining the one before."""

from __future__ import annotations

from torch import nn, Tensor


class MultiScaleNetwork(nn.Module):
    """Base of all networks: image (B, 3, H, W) -> log canonical depth (B, 1, h, w).

    `stacks` names its parts, coarse first; they hold all weights between them, so that a stage
    of training can teach one and freeze the others. A stack takes the image and all that the
    stack before it gave, and gives a tuple whose first item is its log depth.
    """

    stacks: tuple[str, ...] = ('coarse', 'fine')

    def forward(self, image_B3HW: Tensor) -> Tensor:
        """Log canonical depth (B, 1, h, w) of the last stack: what the robot runs."""
        return self.scales(image_B3HW)[-1]

    def scales(self, image_B3HW: Tensor) -> list[Tensor]:
        """Log canonical depth of every stack, coarse first: what training compares."""
        given: tuple[Tensor, ...] = ()
        maps = []
        for name in self.stacks:
            given = self.get_submodule(name)(image_B3HW, *given)
            maps.append(given[0])
        return maps
