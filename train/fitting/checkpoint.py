"""Checkpoints: weights, optimiser and step, all that a run needs to continue unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
import shutil
from typing import Any

import torch
from torch import nn, Tensor

from mono_depth_ros.whole_file import replacing

NAME = 'checkpoint.pt'
OTHER_VERSION = 'it was written by another version of mono_depth_ros, train again'


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write the run's checkpoint, whole or not at all; OSError where the disk is full."""
    before = ', the previous checkpoint is kept' if has_checkpoint(folder) else ''
    try:
        with replacing(folder / NAME, alone=True) as unfinished:
            torch.save(state, unfinished)
    except (OSError, RuntimeError) as error:  # torch's writer turns errno into a RuntimeError
        raise OSError(f'cannot write {unfinished}: {shutil.disk_usage(folder).free >> 20} MiB are '
                      f'free there{before} ({error})') from error


def has_checkpoint(folder: Path) -> bool:
    """Whether a run has written its first checkpoint."""
    return (folder / NAME).is_file()


def load_checkpoint(folder: Path, parts: Sequence[str] = ()) -> dict[str, Any]:
    """The run's checkpoint, on the CPU, with `parts` in it; OSError or ValueError, one sentence.

    Stage, step and the weights called ema are always in it.
    """
    path = folder / NAME
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing: {folder} holds no run (start one with `scripts/train fit`)')
    try:
        state = torch.load(path, map_location='cpu', weights_only=True)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # what broken bytes raise has no end; torch's advice is to trust it
        raise ValueError(f'{path} is not a whole checkpoint: bring back a copy of it, or train '
                         'again') from error
    missing = [name for name in ('stage', 'step', 'ema', *parts) if name not in state
               ] if isinstance(state, dict) else ['stage']
    if missing:
        raise ValueError(f'{path} has nothing called {missing[0]}: {OTHER_VERSION}')
    return state


@contextmanager
def fitting_in(folder: Path) -> Iterator[None]:
    """While parts of the checkpoint are put into a network and its optimiser, which it must fit.

    ValueError that names it where it does not.
    """
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f'{folder / NAME} does not fit the network and the stages of its run: '
                         f'{OTHER_VERSION}') from error


def load_weights(network: nn.Module, saved: Mapping[str, Tensor]) -> None:
    """Put weights of a checkpoint into their network; RuntimeError where they do not fit.

    Those of a version that knew no `feature_distance` go without: it is set at export.
    """
    unknown = {name: tensor for name, tensor in network.state_dict().items()
               if '.feature_distance.' in name}
    network.load_state_dict(unknown | dict(saved))
