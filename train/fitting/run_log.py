"""What a run reports while it trains: history.jsonl, TensorBoard where installed, a summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
import json
from pathlib import Path
import time

import cv2
import numpy as np

from mono_depth_ros.colormap import depth_colours
from train.recipes.recipe import Recipe

HISTORY = 'history.jsonl'
BOARD = 'tensorboard'
SCALAR_EVERY = 20


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
        with open(self._folder / HISTORY, 'a') as file:
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


def open_board(folder: Path):
    """TensorBoard's writer, or None where the package is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))


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

    `validation` are the figures of the last one.
    """

    images: int = 0
    seconds: float = 0.0
    waited_s: float = 0.0
    validation: dict[str, float] = field(default_factory=dict)

    def text(self) -> str:
        """One line for the end of a training."""
        seconds = max(self.seconds, 1e-9)
        return (f'{self.images} images in {seconds / 60:.1f} min: {self.images / seconds:.1f} '
                f'images/s, {self.waited_s / seconds:.0%} of the time waiting for data')


def timed(batches: Iterable, summary: TrainingSummary) -> Iterator:
    """The batches; the time spent waiting for each is added to the summary."""
    asked = time.perf_counter()
    for batch in batches:
        summary.waited_s += time.perf_counter() - asked
        yield batch
        asked = time.perf_counter()
