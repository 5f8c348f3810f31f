"""Validation: a quick measure on held-out images at every epoch, in figures and pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from train.data.samples.sample import SampleSource, spread_numbers
from train.fitting.batches import plain_loader, PlainViews
from train.recipes.loss import image_means, pooled
from train.recipes.recipe import Recipe


class Validation:
    """The held-out images of a run; `scripts/train evaluate` measures by a protocol instead."""

    def __init__(self, sources: Sequence[SampleSource], recipe: Recipe, workers: int):
        self._views = PlainViews(sources, recipe)
        self._recipe, self._workers = recipe, workers

    @torch.no_grad()
    def validate(self, network: MultiScaleNetwork) -> dict[str, float]:
        """Part of the pixels within 1.25 and AbsRel of every stack at its own output size.

        Empty without held-out images. `network` is in evaluation mode.
        """
        if not len(self._views):
            return {}
        device = next(network.parameters()).device
        sums = torch.zeros(len(network.depth_stacks), 2)
        for image, truth in plain_loader(self._views, self._recipe, self._workers):
            for row, log_depth in enumerate(network.scales(on_device(image, device))):
                sums[row] += _delta1_and_abs_rel(log_depth.float().cpu(), truth)
        return {f'{stack}_{error}': value
                for stack, row in zip(network.depth_stacks, sums / len(self._views))
                for error, value in zip(('delta1', 'abs_rel'), row.tolist())}

    @torch.no_grad()
    def pictures(self, network: MultiScaleNetwork, count: int = 4) -> list[tuple]:
        """Of `count` images, evenly spread: views (3, H, W), truths and maps of every stack.

        Arrays of one image: normalised colours and log canonical depth, each at its own size.
        """
        device = next(network.parameters()).device
        rows = []
        for index in spread_numbers(len(self._views), count):
            image, truth = self._views[index]
            maps = network.scales(on_device(image[None], device))
            rows.append((image.numpy(), truth[0].numpy(),
                         [m[0, 0].float().cpu().numpy() for m in maps]))
        return rows


def on_device(image_B3HW: Tensor, device: torch.device) -> Tensor:
    """Images on `device`, in the memory format of the networks."""
    return image_B3HW.to(device, memory_format=torch.channels_last)


def _delta1_and_abs_rel(log_depth_B1hw: Tensor, truth_B1HW: Tensor) -> Tensor:
    truth, known = pooled(truth_B1HW, log_depth_B1hw.shape[-2:])
    difference = log_depth_B1hw - truth
    close = (difference.abs() < torch.log(torch.tensor(1.25))).float()
    return torch.stack([image_means(close, known).sum(),
                        image_means(torch.expm1(difference).abs(), known).sum()])
