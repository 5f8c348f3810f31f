"""What a run reports while it trains: history.jsonl, TensorBoard where installed, a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
import json
from pathlib import Path
import shlex
import sys
import time

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler

from mono_depth_ros.colormap import depth_colours
from train.output_files import write_file, writing
from train.recipes.recipe import Recipe

HISTORY = 'history.jsonl'
BOARD = 'tensorboard'
SCALAR_EVERY = 20
READ_EVERY_S = 1.0
# A training goes on while no more than this part of the views of a process teaches nothing.
MOST_UNKNOWN, ENOUGH_VIEWS = 0.5, 100


class RunLog:
    """The history of one run, stage after stage; steps are counted over all of them."""

    def __init__(self, folder: Path, recipe: Recipe):
        self._folder = folder
        self._recipe = recipe
        self._board = open_board(folder / BOARD)

    @property
    def shows_pictures(self) -> bool:
        """Whether pictures are logged: without TensorBoard none need be computed."""
        return self._board is not None

    def step(self, number: int, values: dict[str, float]) -> None:
        """Log figures of one step, as loss and learning rate, every SCALAR_EVERY steps."""
        if self._board and number % SCALAR_EVERY == 0:
            for name, value in values.items():
                self._board.add_scalar(f'training/{name}', value, number)

    def epoch(self, number: int, row: dict[str, float]) -> None:
        """Write one line of history; the validation figures become curves."""
        path = self._folder / HISTORY
        with writing(path), open(path, 'a') as file:
            file.write(json.dumps(row) + '\n')
        if self._board:
            for name, value in row.items():
                if name.endswith(('delta1', 'abs_rel')):
                    self._board.add_scalar(f'validation/{name}', value, number)

    def pictures(self, number: int, rows: Sequence[tuple]) -> None:
        """Log what `Validation.pictures` returns; only where `shows_pictures`."""
        for i, row in enumerate(rows):
            self._board.add_image(f'validation/{i}', picture_row(row, self._recipe), number,
                                  dataformats='HWC')

    def close(self) -> None:
        """Write what is still buffered."""
        if self._board:
            self._board.close()


def forget_after(folder: Path, stage: int, step: int) -> None:
    """Take out of the history what a run does again: all that came after its checkpoint.

    Without a checkpoint that is `stage` 0 and `step` 0. Also a last line cut short by a crash.
    ValueError that names the file where another line is none of a history.
    """
    path = folder / HISTORY
    if not path.is_file():
        return
    text = path.read_text(errors='replace')
    rows = text.split('\n')[:-1]
    try:
        kept = [row for row in rows if (
            (at := json.loads(row))['stage'], at['step']) <= (stage, step) or at['stage'] < stage]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is no history of a training ({error!r}): remove its broken '
                         'lines') from error
    if (whole := ''.join(f'{row}\n' for row in kept)) != text:
        write_file(path, whole)


class PendingLosses:
    """Losses that are still on the device: reading each at once would make the CPU wait for it."""

    def __init__(self):
        self._steps: list[tuple[int, Tensor, float]] = []
        self._read_at = time.monotonic()

    def add(self, step: int, loss: Tensor, schedule: LRScheduler) -> None:
        """Keep the loss of a step."""
        self._steps.append((step, loss, float(schedule.get_last_lr()[0])))

    def is_due(self) -> bool:
        """Whether it is time to read them."""
        return (len(self._steps) >= SCALAR_EVERY
                or time.monotonic() - self._read_at > READ_EVERY_S)

    def read(self) -> list[tuple[int, float, float]]:
        """Step, loss and learning rate of every step since the last call."""
        steps, self._steps, self._read_at = self._steps, [], time.monotonic()
        if not steps:
            return []
        losses = torch.stack([loss for _, loss, _ in steps]).tolist()
        return [(step, loss, rate) for (step, _, rate), loss in zip(steps, losses)]


def open_board(folder: Path):
    """TensorBoard's writer, or None where the package is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))


def board_command(folder: Path) -> str:
    """The command that shows the curves: of this environment, which need not be active."""
    program = Path(sys.executable).with_name('tensorboard')
    return shlex.join([str(program) if program.is_file() else 'tensorboard', '--logdir',
                       str(folder)])


def picture_row(row: tuple, recipe: Recipe) -> np.ndarray:
    """View | truth | map of every stack, side by side, (H, W, 3) uint8 RGB.

    Depth is canonical and coloured by its logarithm over the recipe's range.
    """
    image_CHW, log_truth_HW, log_maps = row
    normalisation = recipe.normalisation
    std, mean = np.asarray(normalisation.std), np.asarray(normalisation.mean)
    rgb = image_CHW[:3].transpose(1, 2, 0) * std + mean
    height, width = rgb.shape[:2]
    maps = [cv2.resize(log_hw, (width, height), interpolation=cv2.INTER_NEAREST)
            for log_hw in (log_truth_HW, *log_maps)]
    return np.hstack([np.clip(rgb * 255, 0, 255).astype(np.uint8), *(
        depth_colours(np.exp(log_HW), recipe.min_depth_m, recipe.max_depth_m, log=True)
        for log_HW in maps)])


@dataclass(kw_only=True)
class TrainingSummary:
    """What this call of `fit` did: `waited_s` for data is part of `seconds`.

    `losses` are those of every step, `validation` the figures of the last one.
    """

    images: int = 0
    seconds: float = 0.0
    waited_s: float = 0.0
    losses: list[float] = field(default_factory=list)
    validation: dict[str, float] = field(default_factory=dict)
    unknown: UnknownDepth = field(default_factory=lambda: UnknownDepth())

    def text(self) -> str:
        """One line for the end of a training, a second one where views had no known depth."""
        seconds = max(self.seconds, 1e-9)
        line = (f'{self.images} images in {seconds / 60:.1f} min: {self.images / seconds:.1f} '
                f'images/s, {self.waited_s / seconds:.0%} of the time waiting for data')
        return line + (f'\n{self.unknown.text()}' if self.unknown.problems else '')


@dataclass(kw_only=True)
class UnknownDepth:
    """Views of one process that were not learned from, by the reason, which names the sample."""

    views: int = 0
    problems: Counter[str] = field(default_factory=Counter)

    def add(self, problems: Sequence[str]) -> list[str]:
        """Count one batch; the reasons not met before.

        Raises ValueError once more than MOST_UNKNOWN of at least ENOUGH_VIEWS were of no use.
        """
        found = [problem for problem in problems if problem]
        new = [problem for problem in dict.fromkeys(found) if problem not in self.problems]
        self.views += len(problems)
        self.problems.update(found)
        if self.views >= ENOUGH_VIEWS:
            self.check(self.problems.total(), self.views)
        return new

    def check(self, useless: float, views: float) -> None:
        """Raise ValueError where more than MOST_UNKNOWN of the views of all were of no use."""
        if useless > MOST_UNKNOWN * views:
            raise ValueError(f'{self.text()}. More than {MOST_UNKNOWN:.0%} is too many to go on: '
                             'look at the data with `scripts/train data NAME=DIR`')

    def text(self) -> str:
        """How many, and the most frequent reasons."""
        most = ', '.join(reason for reason, _ in self.problems.most_common(3))
        return f'{self.problems.total()} of {self.views} views were not learned from: {most}'


def timed(batches: Iterable, summary: TrainingSummary) -> Iterator:
    """The batches; the time spent waiting for each is added to the summary."""
    asked = time.perf_counter()
    for batch in batches:
        summary.waited_s += time.perf_counter() - asked
        yield batch
        asked = time.perf_counter()
