"""Base class of the networks: stacks from coarse to fine, each refining the one before."""

from __future__ import annotations

import torch
from torch import nn, Tensor

UNCERTAINTY = 'uncertainty'
# Planes of the camera behind the three of the image: preprocess.with_camera makes them.
CAMERA_PLANES = 3


class MultiScaleNetwork(nn.Module):
    """Base of all networks: image (B, 3, H, W) -> log canonical depth (B, 1 or 2, h, w).

    `stacks` names its parts, coarse first; together they hold all weights, so that a stage of
    training can train one and freeze the others. A stack takes the image and the outputs of the
    stack before it, and returns a tuple whose first item is its log depth.

    A last stack called 'uncertainty' passes the depth on and gives as its second item the
    logarithm of the expected |error| of the log depth (the scale of a Laplace distribution;
    Kendall & Gal 2017).
    """

    stacks: tuple[str, ...] = ('coarse', 'fine')
    # Whether the image it takes has the camera's planes behind its own.
    camera_input = False

    @property
    def input_planes(self) -> int:
        """Channels of the image it takes."""
        return 3 + CAMERA_PLANES * self.camera_input

    @property
    def depth_stacks(self) -> tuple[str, ...]:
        """The stacks that output a log depth of their own."""
        return tuple(name for name in self.stacks if name != UNCERTAINTY)

    def modes(self, stack: str, given: tuple[Tensor, ...]) -> Tensor | None:
        """The modes of a stack that predicts more than one depth a pixel; here none does."""
        return None

    def forward(self, image_B3HW: Tensor) -> Tensor:
        """Log canonical depth (B, 1, h, w) of the last stack, as the robot uses it.

        With an uncertainty stack (B, 2, h, w): log depth, log uncertainty.
        """
        given: tuple[Tensor, ...] = ()
        for name in self.stacks:
            given = self.get_submodule(name)(image_B3HW, *given)
        return torch.cat(given[:2], dim=1) if UNCERTAINTY in self.stacks else given[0]

    def scales(self, image_B3HW: Tensor) -> list[Tensor]:
        """Log canonical depth of every depth stack, coarse first, for training."""
        given: tuple[Tensor, ...] = ()
        maps = []
        for name in self.depth_stacks:
            given = self.get_submodule(name)(image_B3HW, *given)
            maps.append(given[0])
        return maps
