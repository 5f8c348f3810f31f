"""The running average of a network's weights: what is watched and exported."""

from __future__ import annotations

import torch
from torch import nn


class Average:
    """Exponential moving average of all weights. Decay 0 is the weights themselves."""

    def __init__(self, network: nn.Module, decay: float, saved: dict | None):
        self._decay = decay
        start = saved['average'] if saved else network.state_dict()
        device = next(network.parameters()).device
        self.state = {name: tensor.detach().clone().to(device) for name, tensor in start.items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move towards the weights of `network`; faster in the first steps."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point() and self._decay:
                self.state[name].lerp_(tensor, 1 - decay)
            else:
                self.state[name].copy_(tensor)
