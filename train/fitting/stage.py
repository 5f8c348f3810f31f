"""One stage of a training: which weights learn, by which loss and optimiser."""

from __future__ import annotations

import difflib

import torch
from torch import nn, Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from mono_depth_ros.backends.torch_backend import DTYPES
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork, UNCERTAINTY
from train.fitting.distributed import ALONE, ProcessGroup
from train.recipes.loss import has_known, uncertainty_loss
from train.recipes.recipe import Recipe, Stage


class StageLoss(nn.Module):
    """The network of a stage and its loss as one module, which is what PyTorch's DDP wraps."""

    def __init__(self, network: MultiScaleNetwork, recipe: Recipe, stage: Stage,
                 group: ProcessGroup = ALONE):
        super().__init__()
        self.network = network
        self._recipe, self._stage, self._group = recipe, stage, group

    def forward(self, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        """Loss of the last stack that learns, plus the weighted losses of others that learn.

        The mean over the images of known depth, in all processes together: DDP's mean over
        processes completes it. 0 where there are none.
        """
        known_B = has_known(torch.isfinite(log_truth_B1HW))
        return self._group.mean(self._losses(image_BCHW, log_truth_B1HW).sum(), known_B.sum())

    def _losses(self, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        """Loss of each image (B,), over all stacks.

        Frozen stacks run without gradient; those after the last learner do not run. An uncertainty
        stack that learns sends no gradient to those before it.
        """
        trains, stacks, recipe = self._stage.trains, self.network.stacks, self._recipe
        last = [name for name in stacks if name in trains and name != UNCERTAINTY][-1:]
        loss_B = torch.zeros(len(image_BCHW), device=image_BCHW.device)
        given: tuple[Tensor, ...] = ()
        for name in stacks[:stacks.index(trains[-1]) + 1]:
            if name == UNCERTAINTY:
                given = tuple(item.detach() for item in given)
            with autocast(image_BCHW.device.type, recipe.amp), \
                    torch.set_grad_enabled(name in trains):
                given = self.network.get_submodule(name)(image_BCHW, *given)
            if name not in trains:
                continue
            if name == UNCERTAINTY:
                loss_B = loss_B + uncertainty_loss(given[1], given[0], log_truth_B1HW)
                continue
            weight = 1.0 if name in last else recipe.coarse_weight
            loss_B = loss_B + weight * recipe.loss(given[0], log_truth_B1HW,
                                                   self.network.modes(name, given))
        return loss_B


def amp_dtype(device_type: str, asked: str) -> torch.dtype:
    """What the network computes in: 'auto' is bf16 on a GPU and fp32 on a CPU."""
    if asked == 'auto':
        asked = 'bf16' if device_type == 'cuda' else 'fp32'
    return DTYPES[asked]


def autocast(device_type: str, asked: str) -> torch.autocast:
    """Mixed precision as the recipe asks for it."""
    dtype = amp_dtype(device_type, asked)
    return torch.autocast(device_type, dtype, enabled=dtype is not torch.float32)


def make_scaler(device_type: str, asked: str) -> torch.amp.GradScaler:
    """The scale of a loss; of fp16 alone it is not 1, which would lose the smallest gradients."""
    return torch.amp.GradScaler(
        device_type, enabled=amp_dtype(device_type, asked) is torch.float16)


def check_frozen_parts(network: nn.Module, stage: Stage) -> None:
    """ValueError where a stage freezes a part that the network does not have."""
    names = dict(network.named_modules())
    for part in stage.frozen:
        if part not in names:
            near = difflib.get_close_matches(part, list(names), n=1, cutoff=0.0)
            raise ValueError(f'a stage freezes {part!r}, but the network has no such part: '
                             f'did you mean {near[0]!r}?')


def make_optimiser(network: MultiScaleNetwork, stage: Stage) -> torch.optim.Optimizer:
    """Optimiser over the weights of the stage; those of an ImageNet stem learn at `stem_lr`."""
    stem: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    frozen = tuple(f'{part}.' for part in stage.frozen)
    for name, weight in network.named_parameters():
        if name.split('.')[0] in stage.trains and not name.startswith(frozen):
            (stem if '.stem.' in name else rest).append(weight)
    groups = [{'params': rest, 'lr': stage.lr}]
    if stem:
        groups.append({'params': stem, 'lr': stage.stem_lr})
    if stage.optimiser == 'sgd':
        return torch.optim.SGD(groups, momentum=0.9, weight_decay=stage.weight_decay, fused=True)
    return torch.optim.AdamW(groups, weight_decay=stage.weight_decay, fused=True)


def make_schedule(optimiser: torch.optim.Optimizer,
                  steps: int) -> torch.optim.lr_scheduler.OneCycleLR:
    """Learning rates of so many steps: up to those of the optimiser in a tenth of them, then down.
    """
    steps = max(steps, 2)
    # A tenth of ten steps is a rise of length zero, by which OneCycleLR would divide.
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [group['lr'] for group in optimiser.param_groups], total_steps=steps,
        pct_start=0.15 if steps == 10 else 0.1, cycle_momentum=False)


def set_training_mode(network: MultiScaleNetwork, stage: Stage) -> None:
    """Training mode for the stacks that learn; the others are frozen, batch norms too.

    So are the `frozen` parts (as 'coarse.stem.stages.0') of a stack that learns; with
    `frozen_norms` its batch norms keep their statistics while their weights learn.
    """
    for name in network.stacks:
        learns = name in stage.trains
        network.get_submodule(name).train(learns).requires_grad_(learns)
    for name in stage.frozen:
        network.get_submodule(name).eval().requires_grad_(False)
    if stage.frozen_norms:
        for module in network.modules():
            if isinstance(module, _BatchNorm):  # SyncBatchNorm too, which is no BatchNorm2d
                module.eval()
