"""Trains a recipe stage by stage, with a progress bar; can be stopped and resumed at any step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
import time

import cv2
import torch
from torch import nn, Tensor
from tqdm import tqdm

from mono_depth_ros.model_file import find_model, load_model
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from mono_depth_ros.networks.registry import build
from train.data.data_sets import DataSet
from train.fitting.batch_shapes import batch_shapes
from train.fitting.batches import loader, StepKeys, TrainingViews
from train.fitting.checkpoint import load_checkpoint, save_checkpoint
from train.fitting.distillation import Teachers
from train.fitting.distributed import World
from train.fitting.ema import Average
from train.fitting.imagenet import load_imagenet
from train.fitting.run_log import Diary
from train.fitting.stage import (
    amp_dtype,
    check_parts,
    make_optimiser,
    set_learning,
    set_regularising,
    StageLoss,
)
from train.fitting.training_summary import Summary, timed
from train.fitting.validation import on, Watch
from train.interruption import stoppable
from train.recipes.mixture import mixture, steps_of, steps_per_epoch
from train.recipes.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a run computes and writes, and who teaches it there."""

    folder: Path
    device: str
    workers: int
    world: World = World()
    teachers: Teachers | None = None


def fit(recipe: Recipe, training: Sequence[DataSet], validation: Sequence[DataSet], place: Place,
        resume: bool = False, start: str = '') -> Summary:
    """Train all stages of `recipe`; leaves a finished checkpoint in `place.folder`.

    `start` is the model, by path or shipped name, whose weights it begins with. Ctrl-C saves
    first. Raises ValueError where a loss is not finite, naming step and images.
    """
    # Readers are processes and need no threads; and one that is forked from a process whose OpenCV
    # has threads hangs as soon as it touches their number.
    cv2.setNumThreads(1)
    for stage in recipe.stages:
        mixture(training, recipe, stage)
    torch.manual_seed(recipe.seed)
    network = build(recipe.network)
    saved = load_checkpoint(place.folder) if resume else None
    if start and not saved:
        load_start(network, recipe, start)
    elif recipe.imagenet_stem and not saved:
        load_imagenet(network.get_submodule('coarse.stem'))
    if saved:
        network.load_state_dict(saved['network'])
    for stage in recipe.stages:
        check_parts(network, stage)
    set_regularising(network, recipe)
    network.to(place.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = Average(network, recipe.ema_decay, saved)
    watch = Watch(validation, recipe, place.workers)
    summary = Summary()
    first_stage = saved['stage'] if saved else 0
    for index in range(first_stage, len(recipe.stages)):
        StageRun(recipe, index, network, average, training, place,
                 saved if index == first_stage else None).run(watch, summary)
    return summary


def load_start(network: MultiScaleNetwork, recipe: Recipe, start: str) -> None:
    """Give `network` the weights of a model file; ValueError where it holds another network.

    One that takes the camera too may start from one that does not, for its camera features add
    nothing at first; one for other aspect ratios from one for others; and one with two modes from
    the same with one, whose head it does not take.
    """
    weights, card = load_model(find_model(start))
    spec = recipe.network
    same = replace(card.network, aspect_ratios=spec.aspect_ratios)
    if spec.name == f'{same.name}_bimodal':
        same = replace(same, name=spec.name)
    if spec not in (same, replace(same, camera_input=True)):
        raise ValueError(f'{start} is {card.network}, recipe {recipe.name!r} trains '
                         f'{spec}: start from a model of the same')
    own = network.state_dict()
    network.load_state_dict(own | {name: tensor for name, tensor in weights.state_dict().items()
                                   if tensor.shape == own[name].shape})


class StageRun:
    """One stage under way: the optimiser, its schedule and the step reached."""

    def __init__(self, recipe: Recipe, index: int, network: MultiScaleNetwork, average: Average,
                 training: Sequence[DataSet], place: Place, saved: dict | None):
        self.recipe, self.index, self.place = recipe, index, place
        self.stage = recipe.stages[index]
        self.network, self.average, self.training = network, average, training
        self.mixed = mixture(training, recipe, self.stage)
        self.shapes = batch_shapes(training, recipe)
        self.epoch_length = steps_per_epoch(self.mixed.draws, recipe.batch_size)
        self.total = self.stage.epochs * self.epoch_length
        self.step = saved['step'] if saved else 0
        if index and not self.step:
            self.settle()
        set_learning(network, self.stage)
        self.learner = place.world.wrap(StageLoss(network, recipe, self.stage, place.teachers))
        self.optimiser = make_optimiser(network, self.stage)
        steps = max(self.total, 2)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, [group['lr'] for group in self.optimiser.param_groups],
            # A tenth of ten steps is a rise of length zero, by which OneCycleLR would divide.
            total_steps=steps, pct_start=0.15 if steps == 10 else 0.1, cycle_momentum=False)
        device_type = torch.device(place.device).type
        self.scaler = torch.amp.GradScaler(  # half precision would lose the smallest gradients
            device_type, enabled=amp_dtype(device_type, recipe.amp) is torch.float16)
        if saved and saved['optimiser']:
            self.optimiser.load_state_dict(saved['optimiser'])
            self.schedule.load_state_dict(saved['schedule'])
            self.scaler.load_state_dict(saved.get('scaler', {}))

    def settle(self) -> None:
        """Give the stacks that stand still their averaged weights, which are what is exported.

        Else the average would drift to the last weights of the stage before, and later stacks
        would learn from a network that nobody runs.
        """
        still = tuple(f'{name}.' for name in self.network.stacks if name not in self.stage.trains)
        self.network.load_state_dict({name: self.average.state[name] if name.startswith(still)
                                      else tensor
                                      for name, tensor in self.network.state_dict().items()})

    def run(self, watch: Watch, summary: Summary) -> None:
        """Train to the end of the stage; write a checkpoint and look at `watch` every epoch."""
        leads = self.place.world.leads
        diary = Diary(self.place.folder, self.recipe) if leads else None
        views = TrainingViews(self.training, self.recipe, self.index)
        batches = loader(views, batch_sampler=self.keys(self.total), workers=self.place.workers,
                         pin=self.place.device != 'cpu')
        size = self.recipe.batch_size
        start = time.perf_counter()
        try:
            with self.bar() as bar, stoppable() as stop:
                for batch in timed(batches, summary):
                    loss = self.take_step(*batch)
                    bar.update(size)
                    summary.images += size
                    if diary:
                        bar.set_postfix(loss=f'{loss:.4f}', epoch=self.step // self.epoch_length)
                        diary.step(self.steps_before() + self.step, {
                            'loss': loss, 'lr': float(self.schedule.get_last_lr()[0])})
                        if self.step % self.epoch_length == 0:
                            self.end_epoch(loss, watch, diary, bar, summary)
                    if stop.asked:
                        self.save()
                        raise KeyboardInterrupt('saved')
        finally:
            summary.seconds += time.perf_counter() - start
            if diary:
                diary.close()
        self.save(finished=True)
        self.place.world.wait()

    def keys(self, last_step: int) -> StepKeys:
        """The samples of the steps from here on, this process's share of each."""
        world = self.place.world
        return StepKeys(self.mixed, self.recipe.batch_size, (self.recipe.seed, self.index),
                        self.step, last_step, (world.rank, world.size), self.shapes)

    def bar(self) -> tqdm:
        """Images seen of this stage, images a second and the time left."""
        size = self.recipe.batch_size
        return tqdm(initial=self.step * size, total=self.total * size, unit=' images',
                    disable=not self.place.world.leads,
                    desc=f'{self.recipe.name} {self.index + 1}/{len(self.recipe.stages)} '
                         f'({" + ".join(self.stage.trains)})')

    def steps_before(self) -> int:
        """Steps of the stages before this one."""
        return sum(steps_of(self.training, self.recipe, stage)
                   for stage in self.recipe.stages[:self.index])

    def take_step(self, image: Tensor, truth: Tensor, distilled: Tensor) -> float:
        """One update from one batch; the loss before it."""
        set_learning(self.network, self.stage)
        torch.manual_seed(hash((self.recipe.seed, self.index, self.step,
                                self.place.world.rank)) % 2 ** 31)
        device = torch.device(self.place.device)
        loss = self.learner(on(image, device), truth.to(device), distilled.to(device))
        if not torch.isfinite(loss):
            raise ValueError(
                f'loss is {loss.item()} at step {self.step} of stage {self.index + 1}, with the '
                f'images {", ".join(self.names())}: lower the learning rate or look at them')
        self.network.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        if self.recipe.clip_norm:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.schedule.step()
        self.average.update(self.network, self.step)
        self.step += 1
        return loss.item()

    def names(self) -> list[str]:
        """Names of the samples of this step's batch."""
        every = [f'{source.name}/{key}' for source in self.training for key in source.keys]
        return [every[key[1]] for key in next(iter(self.keys(self.step + 1)))]

    def end_epoch(self, loss: float, watch: Watch, diary: Diary, bar: tqdm,
                  summary: Summary) -> None:
        """Write checkpoint and history; show how the averaged weights do on held-out images."""
        self.save()
        summary.seen = watch.look(self.network, self.average)
        row = {'stage': self.index, 'epoch': self.step // self.epoch_length, 'step': self.step,
               'loss': loss, **summary.seen}
        number = self.steps_before() + self.step
        diary.epoch(number, row)
        if diary.shows_pictures:
            diary.pictures(number, watch.pictures(self.network, self.average))
        bar.write('  '.join(f'{k} {v:.4f}' if isinstance(v, float) else f'{k} {v}'
                            for k, v in row.items()))

    def save(self, finished: bool = False) -> None:
        """Write the checkpoint; a finished stage is the start of the next."""
        if not self.place.world.leads:
            return
        save_checkpoint(self.place.folder, {
            'stage': self.index + finished, 'step': 0 if finished else self.step,
            'network': self.network.state_dict(), 'average': self.average.state,
            'optimiser': None if finished else self.optimiser.state_dict(),
            'schedule': None if finished else self.schedule.state_dict(),
            'scaler': self.scaler.state_dict()})
