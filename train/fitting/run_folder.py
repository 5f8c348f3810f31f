"""The folder of one training run: what was asked for, so that resume and export ask nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
import json
from pathlib import Path
import platform
import shlex
import subprocess
import sys

import numpy as np
import torch

from mono_depth_ros.checked_json import from_json
from mono_depth_ros.model_card import card_from_json, ModelCard
from mono_depth_ros.model_file import find_model, read_card
from train.data.data_sets import (
    absolute_spec,
    data_use,
    DataSet,
    note_missing_terms,
    open_all,
    open_data,
    RULES,
)
from train.data.samples.splits import MissingSplit
from train.fitting.checkpoint import has_checkpoint
from train.output_files import write_file, writing
from train.recipes.mixture import mixture
from train.recipes.overrides import overridden
from train.recipes.recipe import Recipe, recipe_called

NAME = 'run.json'
# The card of the model a run began with, as it was then: its file may be written anew.
START_CARD = 'start.json'


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run's recipe with its --set words, its data as NAME=DIR, and when it began.

    `frames` and `keys_sha256` tell the training images of each data set, as a model card does.

    `rules` are those of data_sets.RULES by which its data is read: 1 where it does not tell.

    `start` is the model file its weights began with, empty for none; `git_tree` as in a model
    card's provenance.
    """

    recipe: str
    settings: tuple[str, ...] = ()
    data: tuple[str, ...]
    start: str = ''
    date: str
    git_commit: str
    versions: tuple[str, ...]
    git_tree: str = 'unknown'
    frames: tuple[int, ...] = ()
    keys_sha256: tuple[str, ...] = ()
    rules: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each of its data sets."""
        return tuple(spec.partition('=')[0] for spec in self.data)

    def sources(self, split: str) -> list[DataSet]:
        """The `split` of every data set of the run.

        Raises ValueError for training images that are not those the run began with.
        """
        sources = [self._open(spec, split) for spec in self.data]
        if split == 'train':
            for source, frames, digest in zip(sources, self.frames, self.keys_sha256):
                if data_use(source).keys_sha256 != digest:
                    raise ValueError(
                        f'data set {source.name!r} has {len(source)} training images, this run '
                        f'began with {frames} others: bring those back, or begin a new run, with '
                        '--start from a model if you like')
        return sources

    def validation(self) -> list[DataSet]:
        """The held-out part of every data set of the run that has one."""
        held_out = []
        for spec in self.data:
            try:
                held_out.append(self._open(spec, 'val'))
            except MissingSplit as error:
                print(f'{spec} is not validated on: {error}', file=sys.stderr)
        return held_out

    def _open(self, spec: str, split: str) -> DataSet:
        try:
            return open_data(spec, split, self.rules)
        except FileNotFoundError as error:
            if _exists(spec.partition('=')[2]):
                raise
            raise FileNotFoundError(f'{error}: say where it lies now by --data '
                                    f'{spec.partition("=")[0]}=DIR') from error

    def moved(self, data: Sequence[str]) -> Run:
        """The run with its data sets where `data`, NAME=DIR, says that they lie now.

        Raises ValueError for a NAME that is none of its own.
        """
        places = dict(zip(self.names, self.data))
        for spec in data:
            name, _, place = spec.partition('=')
            if not place or name not in places:
                raise ValueError(f'this run learns from {", ".join(places)}: --data NAME=DIR can '
                                 f'only say where one of them lies now, got {spec!r}')
            places[name] = absolute_spec(spec)
        return replace(self, data=tuple(places.values()))

    def found(self, data: Sequence[str]) -> Run:
        """The run with those data sets that are gone from their place where `data` says."""
        gone = {name for name, _, place in (spec.partition('=') for spec in self.data)
                if not _exists(place)}
        return self.moved([spec for spec in data if spec.partition('=')[0] in gone])

    def command_line(self) -> str:
        """Recipe, settings and start in one line, for the model card."""
        start = [f'--start {Path(self.start).stem}'] if self.start else []
        return ' '.join((self.recipe, *self.settings, *start))

    def load_recipe(self) -> Recipe:
        """The recipe as it was asked for; ValueError where this version has no such recipe."""
        return overridden(recipe_called(self.recipe), self.settings)


def _exists(place: str) -> bool:
    return Path(place.removesuffix('#raw')).exists()


def check_data(data: Sequence[str], recipe: Recipe) -> None:
    """Open everything once, before a run begins; ValueError or OSError in one sentence."""
    opened = open_all(data, 'train')
    for spec, source in opened.items():
        note_missing_terms(source, spec.partition('=')[2])
    for stage in recipe.stages:
        mixture(list(opened.values()), recipe, stage)


def start_of(model: str) -> str:
    """Absolute path of the model a run starts from, '' for none; OSError where it is missing."""
    return str(find_model(model).resolve()) if model else ''


def begin_run(folder: Path, recipe: str, settings: tuple[str, ...],
              data: tuple[str, ...], start: str = '') -> Run:
    """Make the folder of a new run; FileExistsError where it holds a run with a checkpoint."""
    if (folder / NAME).exists() and has_checkpoint(folder):
        raise FileExistsError(
            f'{folder} holds a run already: continue it with --resume, or give another --out')
    uses = [data_use(open_data(spec, 'train')) for spec in data]
    run = Run(recipe=recipe, settings=settings, data=tuple(absolute_spec(spec) for spec in data),
              start=start, frames=tuple(use.frames for use in uses),
              keys_sha256=tuple(use.keys_sha256 for use in uses), rules=RULES,
              date=datetime.now(timezone.utc).date().isoformat(),
              git_commit=_git('rev-parse', '--short=12', 'HEAD') or 'unknown',
              git_tree=_git_tree(),
              versions=(f'python {platform.python_version()}', f'torch {torch.__version__}',
                        f'numpy {np.__version__}'))
    with writing(folder):
        (folder / START_CARD).unlink(missing_ok=True)
    if start:
        write_file(folder / START_CARD, read_card(start).to_json() + '\n')
    write_run(folder, run)
    return run


def start_card(folder: Path, run: Run) -> ModelCard | None:
    """The card of the model that the run of a folder began with; None where there was none.

    Of runs before, which kept none, that of the file which lies there now. OSError or ValueError
    where it is no model file any more.
    """
    if not run.start:
        return None
    kept = folder / START_CARD
    return card_from_json(kept.read_text()) if kept.is_file() else read_card(run.start)


def write_run(folder: Path, run: Run) -> None:
    """Write what a folder tells of its run, whole or not at all; OSError that names it."""
    write_file(folder / NAME, json.dumps(vars(run), indent=1) + '\n')


def read_run(folder: Path) -> Run:
    """The run in `folder`; OSError or ValueError in one sentence."""
    path = folder / NAME
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing: {folder} holds no run (start one with `scripts/train fit`)')
    try:
        return from_json(Run, path.read_text(), 'run')
    except ValueError as error:
        raise ValueError(f'{path} describes no run: {error}') from error


def resume_command(recipe: str, folder: Path) -> str:
    """The command that continues a run."""
    return shlex.join(['scripts/train', 'fit', recipe, '--out', str(folder), '--resume'])


def _git_tree() -> str:
    """'clean' where every file git knows is as committed, 'modified', or 'unknown' without git."""
    changed = _git('status', '--porcelain', '--untracked-files=no')
    return 'unknown' if changed is None else 'modified' if changed else 'clean'


def _git(*words: str) -> str | None:
    """What git says of this repository, None where it says nothing."""
    try:
        asked = subprocess.run(['git', *words], capture_output=True, text=True,
                               cwd=Path(__file__).parent, check=False)
    except OSError:
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None
