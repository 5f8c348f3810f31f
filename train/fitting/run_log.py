"""What a run writes of itself while it learns: history.jsonl, and TensorBoard where installed."""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path

import cv2
import numpy as np

from mono_depth_ros.colormap import depth_colours
from train.recipes.recipe import Recipe

HISTORY = 'history.jsonl'
BOARD = 'tensorboard'
SCALAR_EVERY = 20


class Diary:
    """The history of one run, stage after stage; steps are counted over all of them."""

    def __init__(self, folder: Path, recipe: Recipe):
        self._folder = folder
        self._recipe = recipe
        self._board = open_board(folder / BOARD)

    @property
    def shows_pictures(self) -> bool:
        """Whether anybody would see pictures: without TensorBoard none need be computed."""
        return self._board is not None

    def step(self, number: int, values: dict[str, float]) -> None:
        """Note figures of one step, as loss and learning rate, every SCALAR_EVERY steps."""
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
        """Show views, truths and maps of `Watch.pictures`; only where `shows_pictures`."""
        for i, row in enumerate(rows):
            self._board.add_image(f'validation/{i}', strip(row, self._recipe), number,
                                  dataformats='HWC')

    def close(self) -> None:
        """Write what is still held back."""
        if self._board:
            self._board.close()


def open_board(folder: Path):
    """TensorBoard's writer, or None where the package is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))


def strip(row: tuple, recipe: Recipe) -> np.ndarray:
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
