"""Checkpoints: weights, optimiser and step, all that a run needs to continue unchanged."""

from __future__ import annotations

from pathlib import Path
import pickle
import shutil
from typing import Any

import torch

NAME = 'checkpoint.pt'


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write the run's checkpoint, whole or not at all; OSError where the disk is full."""
    unfinished = folder / (NAME + '.part')
    try:
        torch.save(state, unfinished)
    except RuntimeError as error:  # torch's writer turns errno into this
        raise OSError(f'cannot write {unfinished}: {shutil.disk_usage(folder).free >> 20} MiB are '
                      f'free there, the previous checkpoint is kept ({error})') from error
    unfinished.replace(folder / NAME)


def has_checkpoint(folder: Path) -> bool:
    """Whether a run has written its first checkpoint."""
    return (folder / NAME).is_file()


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """The run's checkpoint, on the CPU; OSError or ValueError in one sentence."""
    path = folder / NAME
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing: {folder} holds no run (start one with `scripts/train fit`)')
    try:
        state = torch.load(path, map_location='cpu', weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f'{path} is not a whole checkpoint: {error}') from error
    if 'ema' not in state:
        raise ValueError(f'{path} has no weights called ema: it was written by another version of '
                         'mono_depth_ros, train again')
    return state
