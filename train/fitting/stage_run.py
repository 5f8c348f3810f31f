"""The training loop of one stage: steps, progress bar, checkpoints, validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
from pathlib import Path
import sys
import time

import torch
from torch import nn, Tensor
from tqdm import tqdm

from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from train.data.data_sets import DataSet
from train.fitting.allowance import Allowance, Unsaved
from train.fitting.batch_shapes import batch_shapes
from train.fitting.batches import DataFeed, StepKeys
from train.fitting.checkpoint import fitting_in, save_checkpoint
from train.fitting.distributed import ALONE, ProcessGroup
from train.fitting.ema import Ema
from train.fitting.gradients import Gradients, GraphedGradients
from train.fitting.run_log import PendingLosses, RunLog, timed, TrainingSummary
from train.fitting.stage import (
    make_optimiser,
    make_scaler,
    make_schedule,
    set_training_mode,
    StageLoss,
)
from train.fitting.validation import on_device, Validation
from train.fitting.views import View
from train.interruption import stoppable
from train.recipes.mixture import mixture, steps_of, steps_per_epoch
from train.recipes.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """Where a run writes and computes, and in which of several processes.

    `feed` is one of FEEDS: where its batches come from. Without `graphs` a GPU computes kernel by
    kernel.
    """

    folder: Path
    device: str
    workers: int
    group: ProcessGroup = ALONE
    feed: str = 'auto'
    graphs: bool = True


class StageRun:
    """One stage in progress: the optimiser, its schedule and the step reached."""

    def __init__(self, recipe: Recipe, index: int, network: MultiScaleNetwork, ema: Ema,
                 training: Sequence[DataSet], context: RunContext, saved: dict | None):
        self.recipe, self.index, self.context = recipe, index, context
        self.is_main = context.group.is_main_process
        self.stage = recipe.stages[index]
        self.network, self.ema, self.training = network, ema, training
        self.mixed = mixture(training, recipe, self.stage)
        self.shapes = batch_shapes(training, recipe)
        self.epoch_length = steps_per_epoch(self.mixed.draws, recipe.batch_size)
        self.total = self.stage.epochs * self.epoch_length
        self.step = saved['step'] if saved else 0
        if index and not self.step:
            self.freeze_at_ema()
        network.zero_grad()  # what weights that are frozen now have of the stage before
        set_training_mode(network, self.stage)
        self.learner = context.group.wrap(StageLoss(network, recipe, self.stage, context.group))
        self.learning = [weight for weight in network.parameters() if weight.requires_grad]
        self.optimiser = make_optimiser(network, self.stage)
        self.pending = PendingLosses()
        self.allowance = Allowance()
        self.unsaved = Unsaved()
        self.schedule = make_schedule(self.optimiser, self.total)
        device_type = torch.device(context.device).type
        self.scaler = make_scaler(device_type, recipe.amp)
        if saved and saved['optimiser']:
            with fitting_in(context.folder):
                self.optimiser.load_state_dict(saved['optimiser'])
                self.schedule.load_state_dict(saved['schedule'])
                self.scaler.load_state_dict(saved.get('scaler', {}))
        plain = Gradients(self.learner, self.learning, self.scaler.scale)
        # DDP, and a scale that changes, would need captures of their own.
        graphed = (context.graphs and device_type == 'cuda' and not context.group.joined
                   and not self.scaler.is_enabled())
        self.gradients = GraphedGradients(plain) if graphed else plain

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

    def run(self, feed: DataFeed, validation: Validation, summary: TrainingSummary) -> None:
        """Train to the end of the stage; validate and write a checkpoint at the end of epochs.

        Of every epoch, unless they are so short that it would take more than its allowance. A
        checkpoint also within an epoch, every few minutes.
        """
        log = RunLog(self.context.folder, self.recipe) if self.is_main else None
        start = time.perf_counter()
        try:
            with self.bar() as bar, stoppable() as stop:
                for batch in timed(feed.batches(self.keys(self.total), self.index), summary):
                    self.pending.add(self.step, self.take_step(batch), self.schedule)
                    self.count(batch, bar, summary)
                    ends_epoch = self.step % self.epoch_length == 0
                    if self.pending.is_due() or ends_epoch:
                        self.read_losses(log, bar, summary)
                    if ends_epoch:
                        self.end_epoch(validation, log, bar, summary)
                    elif not stop.asked and self.unsaved.is_long(within_epoch=True):
                        self.read_losses(log, bar, summary)  # weights that are NaN are not saved
                        self.save()
                    if stop.asked:
                        self.read_losses(log, bar, summary)
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

    @property
    def images_a_step(self) -> int:
        """Images of a batch: a batch larger than all that an epoch draws is those."""
        return min(self.recipe.batch_size, self.mixed.draws)

    def bar(self) -> tqdm:
        """Images seen of this stage, images a second and the time left; none of 0 epochs."""
        size = self.images_a_step
        return tqdm(initial=self.step * size, total=self.total * size, unit=' images',
                    disable=not self.is_main or not self.total,
                    desc=f'{self.recipe.name} {self.index + 1}/{len(self.recipe.stages)} '
                         f'({" + ".join(self.stage.trains)})')

    def steps_before(self) -> int:
        """Steps of the stages before this one."""
        return sum(steps_of(self.training, self.recipe, stage)
                   for stage in self.recipe.stages[:self.index])

    def take_step(self, batch: View) -> Tensor:
        """One update from one batch; the loss before it, still on the device."""
        torch.manual_seed(hash((self.recipe.seed, self.index, self.step,
                                self.context.group.rank)) % 2 ** 31)
        device = torch.device(self.context.device)
        loss = self.gradients(on_device(batch.image, device),
                              batch.log_truth.to(device, non_blocking=True))
        if self.recipe.clip_norm:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.learning, self.recipe.clip_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.schedule.step()
        self.ema.update(self.step)
        self.step += 1
        return loss

    def count(self, batch: View, bar: tqdm, summary: TrainingSummary) -> None:
        """Count the images of a step; name those not learned from when first met."""
        bar.update(self.images_a_step)
        summary.images += self.images_a_step
        for problem in summary.unknown.add(batch.problem):
            bar.write(f'not learned from: {problem}', file=sys.stderr)

    def read_losses(self, log: RunLog | None, bar: tqdm, summary: TrainingSummary) -> None:
        """Fetch the losses of the last steps from the device: log them, stop where one is NaN.

        The last steps went on with such weights, but no checkpoint was written since.
        """
        for step, loss, rate in self.pending.read():
            if not math.isfinite(loss):
                raise ValueError(
                    f'loss is {loss} at step {step} of stage {self.index + 1}, with the images '
                    f'{", ".join(self.names(step))}: lower the learning rate or check those '
                    'images')
            summary.losses.append(loss)
            if log:
                log.step(self.steps_before() + step + 1, {'loss': loss, 'lr': rate})
                bar.set_postfix(loss=f'{loss:.4f}', refresh=False,
                                epoch=f'{step // self.epoch_length + 1}/{self.stage.epochs}')

    def names(self, step: int) -> list[str]:
        """Names of the samples of a step's batch, of all processes."""
        every = [f'{source.name}/{key}' for source in self.training for key in source.keys]
        keys = StepKeys(self.mixed, self.recipe.batch_size, (self.recipe.seed, self.index), step,
                        step + 1, shapes=self.shapes)
        return [every[key[1]] for key in next(iter(keys))]

    def end_epoch(self, validation: Validation, log: RunLog | None, bar: tqdm,
                  summary: TrainingSummary) -> None:
        """Write the history; with allowance left, the figures of validation and a checkpoint.

        A checkpoint also once in Unsaved.LONGEST_S. The EMA weights are measured, on the held-out
        images; after the last epoch always. The checkpoint comes after the row of the history: a
        run that is killed before it does the epoch again (run_log.forget_after), one that is
        killed after it has its figures. Raises ValueError where most views of all processes were
        of no use, however few they were.
        """
        group, unknown = self.context.group, summary.unknown
        # All processes do what the first has time for.
        due = self.is_main and (self.step == self.total or self.allowance.is_left())
        *known, due = group.total(torch.tensor(
            [unknown.problems.total(), unknown.views, due], dtype=torch.float64,
            device=self.context.device)).tolist()
        unknown.check(*known)
        measured: dict[str, float] = {}
        if due:
            with self.allowance.spent():
                measured = summary.validation = validation.validate(self.ema.network)
        loss = group.total(torch.tensor(summary.losses[-1], device=self.context.device))
        row = {'stage': self.index, 'epoch': self.step // self.epoch_length, 'step': self.step,
               'loss': loss.item() / group.size, **measured}
        number = self.steps_before() + self.step
        if log:
            log.epoch(number, row)
            told = row | {'stage': self.index + 1}  # as --set and the bar count them
            bar.write('  '.join(f'{k} {v:.4f}' if isinstance(v, float) else f'{k} {v}'
                                for k, v in told.items()))
        if due or self.unsaved.is_long():
            with self.allowance.spent():
                self.save()
        if due and log and log.shows_pictures:
            with self.allowance.spent():
                log.pictures(number, validation.pictures(self.ema.network))

    def save(self, finished: bool = False) -> None:
        """Write the checkpoint; a finished stage is the start of the next."""
        with self.unsaved.saved():
            if self.is_main:
                self._write(finished)

    def _write(self, finished: bool) -> None:
        save_checkpoint(self.context.folder, {
            'stage': self.index + finished, 'step': 0 if finished else self.step,
            'network': self.network.state_dict(), 'ema': self.ema.network.state_dict(),
            'optimiser': None if finished else self.optimiser.state_dict(),
            'schedule': None if finished else self.schedule.state_dict(),
            'scaler': self.scaler.state_dict()})
