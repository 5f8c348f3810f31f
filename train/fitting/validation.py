"""Validation: a quick measure on held-out images at every epoch, in figures and pictures."""

from __future__ import annotations

from collections.abc import Sequence
import sys

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Subset
from tqdm import tqdm

from mono_depth_ros.metrics import DELTA
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from train.data.data_sets import DataSet
from train.data.samples.sample import spread_numbers
from train.fitting.batches import plain_loader
from train.fitting.distributed import ALONE, ProcessGroup
from train.fitting.views import PlainViews
from train.recipes.loss import has_known, image_means, pooled
from train.recipes.recipe import Recipe

LOG_DELTA = float(np.log(np.float32(DELTA)))


class Validation:
    """The held-out images of a run; `scripts/train evaluate` measures by a protocol instead.

    Several processes divide them, so that none waits for another.
    """

    def __init__(self, sources: Sequence[DataSet], recipe: Recipe, workers: int,
                 group: ProcessGroup = ALONE):
        self._views = PlainViews(sources, recipe)
        self._recipe, self._workers, self._group = recipe, workers, group
        self._told: set[str] = set()

    @torch.no_grad()
    def validate(self, network: MultiScaleNetwork) -> dict[str, float]:
        """delta1 and AbsRel of every stack at its own output size.

        The mean over the images of known depth, empty without any; the others are named once, on
        standard error. `network` is in evaluation mode. Every process must ask.
        """
        device = next(network.parameters()).device
        sums = torch.zeros(len(network.depth_stacks), 3, device=device)
        mine = Subset(self._views, range(self._group.rank, len(self._views), self._group.size))
        for view in plain_loader(mine, self._recipe, self._workers, pin=device.type == 'cuda'):
            truth = view.log_truth.to(device, non_blocking=True)
            for row, log_depth in enumerate(network.scales(on_device(view.image, device))):
                sums[row] += _delta1_abs_rel_known(log_depth.float(), truth)
            self._tell(view.problem)
        return {f'{stack}_{error}': value / known
                for stack, (*values, known) in zip(network.depth_stacks,
                                                   self._group.total(sums).tolist()) if known
                for error, value in zip(('delta1', 'abs_rel'), values)}

    def _tell(self, problems: Sequence[str]) -> None:
        for problem in problems:
            if problem and problem not in self._told:
                self._told.add(problem)
                tqdm.write(f'not validated on: {problem}', file=sys.stderr)

    @torch.no_grad()
    def pictures(self, network: MultiScaleNetwork, count: int = 4) -> list[tuple]:
        """Of `count` images, evenly spread: views (3, H, W), truths and maps of every stack.

        Arrays of one image: normalised colours and log canonical depth, each at its own size.
        """
        device = next(network.parameters()).device
        rows = []
        for index in spread_numbers(len(self._views), count):
            view = self._views[index]
            maps = network.scales(on_device(view.image[None], device))
            rows.append((view.image.numpy(), view.log_truth[0].numpy(),
                         [m[0, 0].float().cpu().numpy() for m in maps]))
        return rows


def on_device(image_BCHW: Tensor, device: torch.device) -> Tensor:
    """Images on `device`, in the memory format of the networks; pinned ones without waiting."""
    return image_BCHW.to(device, memory_format=torch.channels_last, non_blocking=True)


def _delta1_abs_rel_known(log_depth_B1hw: Tensor, truth_B1HW: Tensor) -> Tensor:
    """Sums over the images of a batch: both errors, and those of known depth (3,)."""
    truth, known = pooled(truth_B1HW, log_depth_B1hw.shape[-2:])
    difference = log_depth_B1hw - truth
    close = (difference.abs() < LOG_DELTA).float()
    return torch.stack([image_means(close, known).sum(),
                        image_means(torch.expm1(difference).abs(), known).sum(),
                        has_known(known).sum()])
