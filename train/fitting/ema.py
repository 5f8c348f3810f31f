"""The exponential moving average (EMA) of a network's weights: what is validated and exported."""

from __future__ import annotations

import copy

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from train.fitting.checkpoint import load_weights


class Ema:
    """A copy of a network, in evaluation mode, whose weights and buffers follow the original's.

    `decay` 0 makes it equal to the original after every update. `network` must be on its device;
    `saved` are the copy's weights of an earlier run.
    """

    def __init__(self, network: MultiScaleNetwork, decay: float,
                 saved: dict[str, Tensor] | None = None):
        self._decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        if saved:
            load_weights(self.network, saved)
        # Collected once: swa_utils.AveragedModel would walk all modules four times every step,
        # which takes 7 ms of Python for `mobile_lite2`.
        states = self.network.state_dict().values(), network.state_dict().values()
        self._weights = [[t for t in state if t.is_floating_point()] for state in states]
        self._counts = [[t for t in state if not t.is_floating_point()] for state in states]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the weights of the original; faster in the first steps of a stage."""
        decay = min(self._decay, (1 + step) / (10 + step))
        # On a GPU a few kernels for all tensors.
        get_ema_multi_avg_fn(decay)(*self._weights, 0)
        if self._counts[0]:
            torch._foreach_copy_(self._counts[0], self._counts[1])
