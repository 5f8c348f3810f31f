"""The training loop of one stage: steps, progress bar, checkpoints, validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import time

import torch
from torch import nn, Tensor
from tqdm import tqdm

from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from train.data.data_sets import DataSet
from train.fitting.batch_shapes import batch_shapes
from train.fitting.batches import loader, StepKeys, TrainingViews
from train.fitting.checkpoint import save_checkpoint
from train.fitting.distillation import Teachers
from train.fitting.distributed import ProcessGroup
from train.fitting.ema import Ema
from train.fitting.run_log import RunLog, timed, TrainingSummary
from train.fitting.stage import amp_dtype, make_optimiser, set_training_mode, StageLoss
from train.fitting.validation import on_device, Validation
from train.interruption import stoppable
from train.recipes.mixture import mixture, steps_of, steps_per_epoch
from train.recipes.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """Where a run writes and computes, in which of several processes, and its teachers."""

    folder: Path
    device: str
    workers: int
    group: ProcessGroup = ProcessGroup()
    teachers: Teachers | None = None


class StageRun:
    """One stage in progress: the optimiser, its schedule and the step reached."""

    def __init__(self, recipe: Recipe, index: int, network: MultiScaleNetwork, ema: Ema,
                 training: Sequence[DataSet], context: RunContext, saved: dict | None):
        self.recipe, self.index, self.context = recipe, index, context
        self.stage = recipe.stages[index]
        self.network, self.ema, self.training = network, ema, training
        self.mixed = mixture(training, recipe, self.stage)
        self.shapes = batch_shapes(training, recipe)
        self.epoch_length = steps_per_epoch(self.mixed.draws, recipe.batch_size)
        self.total = self.stage.epochs * self.epoch_length
        self.step = saved['step'] if saved else 0
        if index and not self.step:
            self.freeze_at_ema()
        set_training_mode(network, self.stage)
        self.learner = context.group.wrap(StageLoss(network, recipe, self.stage, context.teachers))
        self.optimiser = make_optimiser(network, self.stage)
        steps = max(self.total, 2)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, [group['lr'] for group in self.optimiser.param_groups],
            # A tenth of ten steps is a rise of length zero, by which OneCycleLR would divide.
            total_steps=steps, pct_start=0.15 if steps == 10 else 0.1, cycle_momentum=False)
        device_type = torch.device(context.device).type
        self.scaler = torch.amp.GradScaler(  # half precision would lose the smallest gradients
            device_type, enabled=amp_dtype(device_type, recipe.amp) is torch.float16)
        if saved and saved['optimiser']:
            self.optimiser.load_state_dict(saved['optimiser'])
            self.schedule.load_state_dict(saved['schedule'])
            self.scaler.load_state_dict(saved.get('scaler', {}))

    def freeze_at_ema(self) -> None:
        """Set the frozen stacks to their EMA weights, which are what is exported.

        Else the EMA would drift to the last weights of the stage before, and later stacks would
        learn from the output of a network that is never exported.
        """
        frozen = tuple(f'{name}.' for name in self.network.stacks
                       if name not in self.stage.trains)
        averaged = self.ema.network.state_dict()
        self.network.load_state_dict({
            name: averaged[name] if name.startswith(frozen) else tensor
            for name, tensor in self.network.state_dict().items()})

    def run(self, validation: Validation, summary: TrainingSummary) -> None:
        """Train to the end of the stage; write a checkpoint and validate every epoch."""
        main = self.context.group.is_main_process
        log = RunLog(self.context.folder, self.recipe) if main else None
        views = TrainingViews(self.training, self.recipe, self.index)
        batches = loader(views, batch_sampler=self.keys(self.total), workers=self.context.workers,
                         pin=self.context.device != 'cpu')
        size = self.recipe.batch_size
        start = time.perf_counter()
        try:
            with self.bar() as bar, stoppable() as stop:
                for batch in timed(batches, summary):
                    loss = self.take_step(*batch)
                    bar.update(size)
                    summary.images += size
                    if log:
                        bar.set_postfix(loss=f'{loss:.4f}', epoch=self.step // self.epoch_length)
                        log.step(self.steps_before() + self.step, {
                            'loss': loss, 'lr': float(self.schedule.get_last_lr()[0])})
                        if self.step % self.epoch_length == 0:
                            self.end_epoch(loss, validation, log, bar, summary)
                    if stop.asked:
                        self.save()
                        raise KeyboardInterrupt('saved')
        finally:
            summary.seconds += time.perf_counter() - start
            if log:
                log.close()
        self.save(finished=True)
        self.context.group.wait()

    def keys(self, last_step: int) -> StepKeys:
        """The samples of the steps from here on, this process's part of each."""
        group = self.context.group
        return StepKeys(self.mixed, self.recipe.batch_size, (self.recipe.seed, self.index),
                        self.step, last_step, (group.rank, group.size), self.shapes)

    def bar(self) -> tqdm:
        """Images seen of this stage, images a second and the time left."""
        size = self.recipe.batch_size
        return tqdm(initial=self.step * size, total=self.total * size, unit=' images',
                    disable=not self.context.group.is_main_process,
                    desc=f'{self.recipe.name} {self.index + 1}/{len(self.recipe.stages)} '
                         f'({" + ".join(self.stage.trains)})')

    def steps_before(self) -> int:
        """Steps of the stages before this one."""
        return sum(steps_of(self.training, self.recipe, stage)
                   for stage in self.recipe.stages[:self.index])

    def take_step(self, image: Tensor, truth: Tensor, distilled: Tensor) -> float:
        """One update from one batch; the loss before it."""
        set_training_mode(self.network, self.stage)
        torch.manual_seed(hash((self.recipe.seed, self.index, self.step,
                                self.context.group.rank)) % 2 ** 31)
        device = torch.device(self.context.device)
        loss = self.learner(on_device(image, device), truth.to(device), distilled.to(device))
        if not torch.isfinite(loss):
            raise ValueError(
                f'loss is {loss.item()} at step {self.step} of stage {self.index + 1}, with the '
                f'images {", ".join(self.names())}: lower the learning rate or check those images')
        self.network.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        if self.recipe.clip_norm:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.schedule.step()
        self.ema.update(self.step)
        self.step += 1
        return loss.item()

    def names(self) -> list[str]:
        """Names of the samples of this step's batch."""
        every = [f'{source.name}/{key}' for source in self.training for key in source.keys]
        return [every[key[1]] for key in next(iter(self.keys(self.step + 1)))]

    def end_epoch(self, loss: float, validation: Validation, log: RunLog, bar: tqdm,
                  summary: TrainingSummary) -> None:
        """Write checkpoint and history; validate the EMA weights on the held-out images."""
        self.save()
        summary.validation = validation.validate(self.ema.network)
        row = {'stage': self.index, 'epoch': self.step // self.epoch_length, 'step': self.step,
               'loss': loss, **summary.validation}
        number = self.steps_before() + self.step
        log.epoch(number, row)
        if log.shows_pictures:
            log.pictures(number, validation.pictures(self.ema.network))
        bar.write('  '.join(f'{k} {v:.4f}' if isinstance(v, float) else f'{k} {v}'
                            for k, v in row.items()))

    def save(self, finished: bool = False) -> None:
        """Write the checkpoint; a finished stage is the start of the next."""
        if not self.context.group.is_main_process:
            return
        save_checkpoint(self.context.folder, {
            'stage': self.index + finished, 'step': 0 if finished else self.step,
            'network': self.network.state_dict(), 'ema': self.ema.network.state_dict(),
            'optimiser': None if finished else self.optimiser.state_dict(),
            'schedule': None if finished else self.schedule.state_dict(),
            'scaler': self.scaler.state_dict()})
