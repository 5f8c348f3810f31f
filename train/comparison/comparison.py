"""Trained networks side by side: the paper's Table I for any set of runs and model files.

All are measured in one call on the same images by the same protocol, with the model file a robot
would get, and timed interleaved. Figures of different images or protocols are never compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
import re

import numpy as np

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.metrics import bootstrap, interval
from mono_depth_ros.model_card import ModelCard
from mono_depth_ros.model_file import find_model, SUFFIX
from mono_depth_ros.networks.multi_scale import UNCERTAINTY
from mono_depth_ros.networks.registry import NETWORKS
from train.comparison.cost import Cost
from train.data.data_sets import DataSet, open_data
from train.evaluation.learned_images import learned_images
from train.evaluation.measurement import load_estimator, Report
from train.evaluation.protocols import Protocol, PROTOCOLS
from train.export.model_export import export_run
from train.fitting.run_folder import read_run
from train.recipes.overrides import overridden
from train.recipes.recipe import Recipe, recipe_called


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One network of the comparison, ready to estimate; `run` is its folder if it is one."""

    name: str
    run: Path | None
    estimator: DepthEstimator

    @property
    def card(self) -> ModelCard:
        """Its model card."""
        return self.estimator.card


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. `ms` is the network's time by device ('cpu', 'cuda:0')."""

    entry: Entry
    report: Report
    cost: Cost
    ms: dict[str, float]

    def as_json(self) -> dict:
        """Plain dictionaries, for a JSON file."""
        stages, images = training_of(self.entry.card)
        return {'model': self.entry.name, 'network': self.entry.card.network.name,
                'stages': stages, 'images_seen': images, **vars(self.cost), 'ms': self.ms,
                **self.report.as_json()}


def is_run(word: str) -> bool:
    """Whether a word of the command line is a run's folder; else it is a model's path or name.

    Raises OSError where it is neither.
    """
    if not Path(word).is_dir():
        find_model(word)
        return False
    read_run(Path(word))
    return True


def open_entries(words: Sequence[str], folder: Path, device: str,
                 data: Sequence[str] = ()) -> list[Entry]:
    """An entry for each word, as `open_entry`; those of one name go by their words."""
    entries = [open_entry(word, folder / str(number), device, data)
               for number, word in enumerate(words)]
    names = [entry.name for entry in entries]
    return [replace(entry, name=word) if names.count(entry.name) > 1 else entry
            for entry, word in zip(entries, words)]


def open_entry(word: str, folder: Path, device: str, data: Sequence[str] = ()) -> Entry:
    """A run's folder or a model by path or name; a run is exported into `folder` first.

    Data of the run that is gone from its place lies where `data`, NAME=DIR, says. Raises OSError
    or ValueError, also for a run that is not finished.
    """
    if not is_run(word):
        path = find_model(word)
        return Entry(name=path.stem, run=None, estimator=load_estimator(path, device))
    run = Path(word)
    path = folder / f'{run.resolve().name}{SUFFIX}'
    export_run(run, path, (), PROTOCOLS['full'], run=read_run(run).found(data))
    return Entry(name=path.stem, run=run, estimator=load_estimator(path, device))


def data_of(words: Sequence[str]) -> tuple[str, ...]:
    """The data, as NAME=DIR, that all runs among `words` were made with.

    Raises ValueError where they differ, for their val images then do, and where none is a run.
    """
    runs = {word: read_run(Path(word)).data for word in words if is_run(word)}
    if not runs:
        raise ValueError('model files do not tell where data lies: give --data NAME=DIR')
    (first, data), *others = runs.items()
    for word, other in others:
        if other != data:
            raise ValueError(
                f'{first} was made with {" ".join(data)} and {word} with {" ".join(other)}: '
                'figures on different images do not compare; give --data NAME=DIR')
    return data


def learned_by(entry: Entry, spec: str, source: DataSet) -> int:
    """How many images of `source`, opened by `spec`, a network learned from."""
    known = learned_images(entry.card, source)
    if known or entry.run is None:
        return known
    run = read_run(entry.run).found((spec,))
    learned = {key for of_run in run.data if _place(of_run) == _place(spec)
               for key in open_data(of_run, 'train', run.rules).keys}
    # Runs of rules 1 knew frames of lists by FOLDER/NAME alone.
    return sum(key in learned or run.rules == 1 and '/'.join(key.split('/')[-2:]) in learned
               for key in source.keys)


def _place(spec: str) -> Path:
    return Path(spec.partition('=')[2]).expanduser().resolve()


def training_of(card: ModelCard) -> tuple[str, int | None]:
    """How it was trained ('staged', 'joint', 'one scale') and how many images it saw, or None.

    Stages of no epochs do not count; where others left stacks as they were, those that learned
    are told, as 'coarse alone'. An image counts as often as it was seen. '-' where nothing
    learned, '-' and None where this version has not its recipe.
    """
    recipe = _recipe_of(card)
    if recipe is None or card.network.name not in NETWORKS:
        return '-', None
    frames = sum(use.frames for use in card.provenance.data)
    images = card.provenance.steps * min(recipe.batch_size, frames or recipe.batch_size)
    stacks = NETWORKS[card.network.name][0].stacks
    learned = {stage.trains for stage in recipe.stages if stage.epochs} - {(UNCERTAINTY,)}
    if not learned:
        return '-', images
    if len(stacks) == 1:
        return 'one scale', images
    if len(learned) > 1:
        return 'staged', images
    trains, = learned
    whole = {*trains, UNCERTAINTY} >= set(stacks)
    return ('joint' if whole else f'{" and ".join(trains)} alone'), images


def _recipe_of(card: ModelCard) -> Recipe | None:
    # NAME SETTING=VALUE ...; a value may hold spaces.
    words = card.provenance.recipe.partition(' --')[0]
    name, *settings = re.split(r' (?=[\w.+]+=)', words)
    try:
        return overridden(recipe_called(name), settings)
    except ValueError:
        return None


def difference(row: Row, first: Row, protocol: Protocol) -> tuple[float, float, float]:
    """delta1 of `row` less that of `first`, and its 95 % interval, paired image by image."""
    drawn = [bootstrap(list(r.report.images.values()), protocol.pooled,
                       np.random.default_rng(0))['delta1'] for r in (row, first)]
    return (row.report.mean.delta1 - first.report.mean.delta1, *interval(drawn[0] - drawn[1]))
