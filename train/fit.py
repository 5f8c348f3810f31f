"""Trains a recipe stage by stage, with a progress bar; can be stopped and resumed at any step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import json
from pathlib import Path

import torch
from torch import nn, Tensor
from tqdm import tqdm

from mono_depth_ros.networks.catalogue import build
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from train.batches import loader, PlainViews, StepKeys, steps_per_epoch, TrainingViews
from train.checkpoint import load_checkpoint, save_checkpoint
from train.loss import pooled
from train.mixture import mixture
from train.pretrained import load_imagenet
from train.recipes import Recipe, Stage
from train.sample import Source

HISTORY = 'history.jsonl'


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a run computes and writes."""

    folder: Path
    device: str
    workers: int


def fit(recipe: Recipe, training: Sequence[Source], validation: Sequence[Source], place: Place,
        resume: bool = False) -> None:
    """Train all stages of `recipe`; leaves a finished checkpoint in `place.folder`.

    Raises ValueError where a loss is not finite, naming the step. Ctrl-C saves first.
    """
    torch.manual_seed(recipe.seed)
    network = build(recipe.network)
    if recipe.imagenet_stem:
        load_imagenet(network.get_submodule('coarse.stem'))
    saved = load_checkpoint(place.folder) if resume else None
    if saved:
        network.load_state_dict(saved['network'])
    network.to(place.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = Average(network, recipe.ema_decay, saved)
    first_stage = saved['stage'] if saved else 0
    for index in range(first_stage, len(recipe.stages)):
        StageRun(recipe, index, network, average, training, place,
                 saved if index == first_stage else None).run(validation)


class Average:
    """Exponential moving average of all weights: what is exported. Decay 0 is the weights."""

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


class StageRun:
    """One stage under way: the optimiser, its schedule and the step reached."""

    def __init__(self, recipe: Recipe, index: int, network: MultiScaleNetwork, average: Average,
                 training: Sequence[Source], place: Place, saved: dict | None):
        self.recipe, self.index, self.place = recipe, index, place
        self.stage = recipe.stages[index]
        self.network, self.average, self.training = network, average, training
        self.mixed = mixture(training, recipe, self.stage)
        self.epoch_length = steps_per_epoch(self.mixed.draws, recipe.batch_size)
        self.total = self.stage.epochs * self.epoch_length
        self.step = saved['step'] if saved else 0
        self.optimiser = make_optimiser(network, self.stage)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, [group['lr'] for group in self.optimiser.param_groups],
            total_steps=max(self.total, 2), pct_start=0.1, cycle_momentum=False)
        if saved and saved['optimiser']:
            self.optimiser.load_state_dict(saved['optimiser'])
            self.schedule.load_state_dict(saved['schedule'])

    def run(self, validation: Sequence[Source]) -> None:
        """Train to the end of the stage; write a checkpoint and watch `validation` every epoch."""
        keys = StepKeys(self.mixed, self.recipe.batch_size, (self.recipe.seed, self.index),
                        self.step, self.total)
        views = TrainingViews(self.training, self.recipe, self.index)
        batches = loader(views, batch_sampler=keys, workers=self.place.workers,
                         pin=self.place.device != 'cpu')
        bar = tqdm(batches, initial=self.step, total=self.total, unit='step',
                   desc=f'{self.recipe.name} {self.index + 1}/{len(self.recipe.stages)} '
                        f'({" + ".join(self.stage.trains)})')
        try:
            for image, truth in bar:
                loss = self.take_step(image, truth)
                bar.set_postfix(loss=f'{loss:.4f}', epoch=self.step // self.epoch_length)
                if self.step % self.epoch_length == 0:
                    self.end_epoch(loss, validation, bar)
        except KeyboardInterrupt:
            self.save()
            raise
        self.save(finished=True)

    def take_step(self, image: Tensor, truth: Tensor) -> float:
        """One update from one batch; the loss before it."""
        set_learning(self.network, self.stage.trains, self.stage.frozen)
        torch.manual_seed(hash((self.recipe.seed, self.index, self.step)) % 2 ** 31)
        image = image.to(self.place.device, memory_format=torch.channels_last)
        loss = stage_loss(self.network, image, truth.to(self.place.device), self.stage.trains,
                          self.recipe)
        if not torch.isfinite(loss):
            raise ValueError(f'loss is {loss.item()} at step {self.step} of stage '
                             f'{self.index + 1}: lower the learning rate or look at the data')
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        if self.recipe.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        self.optimiser.step()
        self.schedule.step()
        self.average.update(self.network, self.step)
        self.step += 1
        return loss.item()

    def end_epoch(self, loss: float, validation: Sequence[Source], bar: tqdm) -> None:
        """Write checkpoint and history; show how the averaged weights do on `validation`."""
        self.save()
        seen = watch(self.network, self.average, validation, self.recipe, self.place)
        row = {'stage': self.index, 'epoch': self.step // self.epoch_length, 'step': self.step,
               'loss': loss, **seen}
        with open(self.place.folder / HISTORY, 'a') as file:
            file.write(json.dumps(row) + '\n')
        bar.write('  '.join(f'{k} {v:.4f}' if isinstance(v, float) else f'{k} {v}'
                            for k, v in row.items()))

    def save(self, finished: bool = False) -> None:
        """Write the checkpoint; a finished stage is the start of the next."""
        save_checkpoint(self.place.folder, {
            'stage': self.index + finished, 'step': 0 if finished else self.step,
            'network': self.network.state_dict(), 'average': self.average.state,
            'optimiser': None if finished else self.optimiser.state_dict(),
            'schedule': None if finished else self.schedule.state_dict()})


def make_optimiser(network: MultiScaleNetwork, stage: Stage) -> torch.optim.Optimizer:
    """Optimiser over the weights of the stage; those of an ImageNet stem learn at `stem_lr`."""
    stem: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    still = tuple(f'{part}.' for part in stage.frozen)
    for name, weight in network.named_parameters():
        if name.split('.')[0] in stage.trains and not name.startswith(still):
            (stem if '.stem.' in name else rest).append(weight)
    groups = [{'params': rest, 'lr': stage.lr}]
    if stem:
        groups.append({'params': stem, 'lr': stage.stem_lr})
    if stage.optimiser == 'sgd':
        return torch.optim.SGD(groups, momentum=0.9, weight_decay=stage.weight_decay, fused=True)
    return torch.optim.AdamW(groups, weight_decay=stage.weight_decay, fused=True)


def set_learning(network: MultiScaleNetwork, trains: Sequence[str],
                 frozen: Sequence[str] = ()) -> None:
    """Training mode for the stacks that learn; the others stand still, batch norms too.

    So do the parts called `frozen` (as 'coarse.stem.stages.0') of a stack that learns.
    """
    for name in network.stacks:
        network.get_submodule(name).train(name in trains).requires_grad_(name in trains)
    for name in frozen:
        network.get_submodule(name).eval().requires_grad_(False)


def stage_loss(network: MultiScaleNetwork, image: Tensor, truth: Tensor, trains: Sequence[str],
               recipe: Recipe) -> Tensor:
    """Loss of the last stack that learns, plus the weighted losses of others that learn.

    Stacks that stand still run without gradient; those after the last learner do not run.
    """
    given: tuple[Tensor, ...] = ()
    losses = []
    for name in network.stacks[:network.stacks.index(trains[-1]) + 1]:
        with autocast(image.device.type), torch.set_grad_enabled(name in trains):
            given = network.get_submodule(name)(image, *given)
        if name in trains:
            losses.append(recipe.loss(given[0], truth))
    return losses[-1] + recipe.coarse_weight * sum(losses[:-1])


def autocast(device_type: str):
    """Half precision (bf16) on a GPU, full precision on a CPU."""
    return torch.autocast(device_type, torch.bfloat16, enabled=device_type == 'cuda')


@torch.no_grad()
def watch(network: MultiScaleNetwork, average: Average, validation: Sequence[Source],
          recipe: Recipe, place: Place) -> dict[str, float]:
    """Share of pixels within 1.25 and AbsRel of every stack, at its own size.

    A quick look at every epoch with the averaged weights; `evaluate` is the measurement.
    """
    current = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_state_dict(average.state)
    network.eval()
    sums = torch.zeros(len(network.stacks), 2)
    count = 0
    views = PlainViews(validation, recipe)
    for image, truth in loader(views, batch_size=recipe.batch_size, workers=place.workers):
        image = image.to(place.device, memory_format=torch.channels_last)
        for row, log_depth in enumerate(network.scales(image)):
            sums[row] += _delta1_and_abs_rel(log_depth.float().cpu(), truth)
        count += len(image)
    network.load_state_dict(current)
    return {f'{stack}_{error}': value for stack, row in zip(network.stacks, sums / max(count, 1))
            for error, value in zip(('delta1', 'abs_rel'), row.tolist())}


def _delta1_and_abs_rel(log_depth_B1hw: Tensor, truth_B1HW: Tensor) -> Tensor:
    truth, known = pooled(truth_B1HW, log_depth_B1hw.shape[-2:])
    difference = torch.where(known, log_depth_B1hw - truth, 0)
    count_B = known.sum((1, 2, 3)).clamp(min=1)
    close = ((difference.abs() < torch.log(torch.tensor(1.25))) & known).sum((1, 2, 3)) / count_B
    relative = (torch.expm1(difference).abs() * known).sum((1, 2, 3)) / count_B
    return torch.stack([close.sum(), relative.sum()])
