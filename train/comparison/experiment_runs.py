"""Runs the experiment: sweeps, trainings and measurements; what was interrupted goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
import json
from pathlib import Path
import sys

import numpy as np

from mono_depth_ros.model_card import card_from_json, ModelCard
from mono_depth_ros.model_file import SUFFIX
from mono_depth_ros.sentences import counted
from train.comparison.experiment import Benchmark, Entrant
from train.fitting.checkpoint import has_checkpoint
from train.fitting.checkpoint import NAME as CHECKPOINT
from train.fitting.parallel_runs import resume_words, run_tasks, Task
from train.fitting.run_log import HISTORY
from train.output_files import write_file
from train.recipes.recipe import recipe_called


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What is trained, on what, for how long, and where it is kept.

    `data` and `tuning` are packs as NAME=DIR (experiment_data), `words` go to every `train fit`.
    Runs and models lie in `folder`; what is known of them, some kilobytes each, in `results`. What
    is known is not trained again, though run and model be gone.
    """

    folder: Path
    results: Path
    benchmark: Benchmark
    entrants: tuple[Entrant, ...]
    data: tuple[str, ...]
    tuning: tuple[str, ...]
    epochs: int
    sweep_epochs: int
    seeds: int
    words: tuple[str, ...] = ()
    device: str = 'auto'

    def trial_folder(self, entrant: Entrant, number: int) -> Path:
        """Where a training of the sweep lies."""
        return self.folder / 'sweep' / f'{entrant.name}-{number}'

    def run_folder(self, entrant: Entrant, seed: int) -> Path:
        """Where a training lies, until it is measured."""
        return self.folder / 'runs' / f'{entrant.name}-s{seed}'

    def model_file(self, entrant: Entrant, seed: int) -> Path:
        """Where its model file lies."""
        return self.folder / 'models' / f'{entrant.name}-s{seed}{SUFFIX}'

    def score_file(self, entrant: Entrant, number: int) -> Path:
        """Where it is written what a training of the sweep reached."""
        return self.results / 'scores' / f'{entrant.name}-{number}.json'

    def card_file(self, entrant: Entrant, seed: int) -> Path:
        """Where the card of its model lies once it is measured."""
        return self.results / 'cards' / f'{entrant.name}-s{seed}.json'

    def card(self, entrant: Entrant, seed: int) -> ModelCard:
        """The card of a model that is measured, whether the model is still there or not."""
        return card_from_json(self.card_file(entrant, seed).read_text())

    def figures_file(self, entrant: Entrant, seed: int, split: str = 'val') -> Path:
        """Where its figures lie once it is measured."""
        return self.results / 'figures' / split / f'{entrant.name}-s{seed}.json'

    def is_trained(self, entrant: Entrant, seed: int) -> bool:
        """Whether there is nothing left to do of this training."""
        return all(file.is_file() for file in (
            self.figures_file(entrant, seed), self.card_file(entrant, seed)))

    def trainings(self) -> list[tuple[Entrant, int]]:
        """Network and seed of every training of which nothing is left to do."""
        return [(entrant, seed) for seed in range(self.seeds) for entrant in self.entrants
                if self.is_trained(entrant, seed)]


def run_experiment(experiment: Experiment, lanes: int) -> Iterator[str]:
    """Do all that is not done, `lanes` trainings at a time; a line of what was found after each.

    A network's sweep comes before its first training, the first training of all networks before
    the second.
    """
    for task in run_tasks(_tasks(experiment), lanes):
        kind, entrant, number = _parts(experiment, task.name)
        if kind == 'sweep':
            yield _keep_score(experiment, entrant, number)
        if kind == 'measure':
            yield _told(experiment, entrant, number)


def _tasks(experiment: Experiment) -> list[Task]:
    tasks: list[Task] = []
    swept = set[str]()
    for seed in range(experiment.seeds):
        for entrant in experiment.entrants:
            if experiment.is_trained(entrant, seed):
                (experiment.run_folder(entrant, seed) / CHECKPOINT).unlink(missing_ok=True)
                continue
            trials = [_name('sweep', entrant, number) for number in range(len(entrant.rates))]
            if entrant.name not in swept:
                swept.add(entrant.name)
                tasks += [Task(name=name, log=_log(experiment.trial_folder(entrant, number)),
                               command=partial(_trial_command, experiment, entrant, number))
                          for number, name in enumerate(trials)
                          if _score(experiment, entrant, number) is None]
            run, log = _name('run', entrant, seed), _log(experiment.run_folder(entrant, seed))
            tasks += [Task(name=run, needs=tuple(trials), log=log,
                           command=partial(_run_command, experiment, entrant, seed)),
                      Task(name=_name('measure', entrant, seed), needs=(run,), log=log,
                           command=partial(_measure_command, experiment, entrant, seed))]
    return tasks


def _name(kind: str, entrant: Entrant, number: int) -> str:
    return f'{kind} {entrant.name} {number}'


def _parts(experiment: Experiment, name: str) -> tuple[str, Entrant, int]:
    kind, entrant, number = name.split()
    return kind, next(one for one in experiment.entrants if one.name == entrant), int(number)


def _log(folder: Path) -> Path:
    return folder / 'log.txt'


def _trial_command(experiment: Experiment, entrant: Entrant, number: int) -> list[str]:
    """A training of the sweep: the first stage alone."""
    stages = len(entrant.epochs(len(entrant.shares)))
    settings = entrant.settings([experiment.sweep_epochs, *[0] * (stages - 1)],
                                entrant.rates[number])
    return _fit(experiment, entrant, experiment.trial_folder(entrant, number),
                experiment.tuning, settings)


def _run_command(experiment: Experiment, entrant: Entrant, seed: int) -> list[str]:
    settings = entrant.settings(entrant.epochs(experiment.epochs),
                                chosen_rate(experiment, entrant))
    return _fit(experiment, entrant, experiment.run_folder(entrant, seed), experiment.data,
                [*settings, f'seed={seed}'])


def measure_all(experiment: Experiment, data: Sequence[str], split: str, lanes: int) -> None:
    """Measure the models of all trainings on that split of other data, where that is not done."""
    tasks = [Task(name=_name('measure', entrant, seed),
                  log=_log(experiment.run_folder(entrant, seed)),
                  command=partial(_measure_command, experiment, entrant, seed, data, split))
             for entrant, seed in experiment.trainings()
             if not experiment.figures_file(entrant, seed, split).is_file()]
    for _ in run_tasks(tasks, lanes):
        pass


def _measure_command(experiment: Experiment, entrant: Entrant, seed: int,
                     data: Sequence[str] = (), split: str = 'val') -> list[str]:
    """Of the training's own data the model is made first."""
    made = [] if data else [f'--run={experiment.run_folder(entrant, seed)}',
                            f'--card={experiment.card_file(entrant, seed)}']
    return [sys.executable, '-m', 'train.comparison.measured_run', *made,
            f'--model={experiment.model_file(entrant, seed)}',
            f'--figures={experiment.figures_file(entrant, seed, split)}', f'--split={split}',
            f'--protocol={experiment.benchmark.protocol}', f'--device={experiment.device}',
            *(word for spec in data or experiment.data for word in ('--data', spec))]


def _fit(experiment: Experiment, entrant: Entrant, folder: Path, data: Sequence[str],
         settings: Sequence[str]) -> list[str]:
    base = [sys.executable, '-m', 'train', 'fit', entrant.recipe, '--out', str(folder),
            '--workers=0', f'--device={experiment.device}']
    if has_checkpoint(folder):
        return [*base, *resume_words(folder, data)]
    return [*base, *(word for spec in data for word in ('--data', spec)),
            *(f'--set={word}' for word in (*experiment.benchmark.settings, *settings,
                                           *experiment.words))]


def chosen_rate(experiment: Experiment, entrant: Entrant) -> tuple[str, ...]:
    """The settings of the first stage that had the least AbsRel in the sweep.

    It moves before delta1 does, which is a threshold.
    """
    scores = sweep_scores(experiment, entrant)
    return entrant.rates[int(np.nanargmin(np.array(scores, float)))]


def sweep_scores(experiment: Experiment, entrant: Entrant) -> list[float | None]:
    """AbsRel of every rate on the held-out training scenes, None of those not tried yet."""
    return [_score(experiment, entrant, number) for number in range(len(entrant.rates))]


def _score(experiment: Experiment, entrant: Entrant, number: int) -> float | None:
    path = experiment.score_file(entrant, number)
    return json.loads(path.read_text())['abs_rel'] if path.is_file() else None


def _keep_score(experiment: Experiment, entrant: Entrant, number: int) -> str:
    """Write down what a rate reached, and drop its weights.

    Raises ValueError where the history does not hold the figures of its last epoch.
    """
    folder = experiment.trial_folder(entrant, number)
    path = folder / HISTORY
    rows = path.read_text().splitlines() if path.is_file() else []
    last = json.loads(rows[-1]) if rows else {}
    stack = recipe_called(entrant.recipe).stages[0].trains[-1]
    figures = {error: last.get(f'{stack}_{error}') for error in ('delta1', 'abs_rel')}
    if last.get('epoch') != experiment.sweep_epochs or None in figures.values():
        raise ValueError(f'{path} does not tell how epoch {experiment.sweep_epochs}, the last of '
                         f'this training, was validated: remove {folder} and give the same '
                         'command again, which trains it anew')
    write_file(experiment.score_file(entrant, number), json.dumps(figures) + '\n')
    (folder / CHECKPOINT).unlink()
    return (f'sweep {entrant.name}: {" ".join(entrant.rates[number])} delta1 '
            f'{figures["delta1"]:.4f} AbsRel {figures["abs_rel"]:.4f}')


def _told(experiment: Experiment, entrant: Entrant, seed: int) -> str:
    """A line of what was measured of a finished training."""
    figures = json.loads(experiment.figures_file(entrant, seed).read_text())
    delta1 = np.mean([image['delta1'] for image in figures.values()])
    return f'{entrant.name} seed {seed}: delta1 {delta1:.4f} on {counted(len(figures), "image")}'
