"""The experiment as its folder of results knows it, whoever trained what on which machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
import json
from pathlib import Path

from train.comparison.experiment import BENCHMARKS, ENTRANTS
from train.comparison.experiment_runs import Experiment
from train.fitting.parallel_runs import PLAN


def kept_experiment(folder: Path, results: Path, data: Sequence[str], device: str) -> Experiment:
    """What `results` knows of, whoever trained it where; models, if any, lie in `folder`.

    `data` is NAME=DIR of its data sets, or nothing where none is to be opened. Raises ValueError
    for a folder without a plan or a training, and for other data sets.
    """
    file = results / PLAN
    if not file.is_file():
        raise ValueError(f'{results} holds no {PLAN}: give the folder --results of table1')
    plan = json.loads(file.read_text())
    names = tuple(plan['data'])
    if data and tuple(sorted(spec.partition('=')[0] for spec in data)) != names:
        raise ValueError(f'{results} is of {" ".join(names)}: give --data of these, or none')
    if not has_trainings(results):
        raise ValueError(f'{results} knows of no training yet')
    one = Experiment(folder=folder, results=results, benchmark=BENCHMARKS[plan['world']],
                     entrants=tuple(ENTRANTS.values()), data=tuple(data) or names, tuning=(),
                     epochs=plan['epochs'], sweep_epochs=plan['sweep_epochs'],
                     seeds=1 + max(_seeds_of(results)), words=tuple(plan['words']), device=device)
    trained = {entrant for entrant, _ in one.trainings()}
    return replace(one, entrants=tuple(entrant for entrant in one.entrants if entrant in trained))


def has_trainings(results: Path) -> bool:
    """Whether anything is known of a finished training."""
    return bool(_seeds_of(results))


def _seeds_of(results: Path) -> list[int]:
    """The seeds of the trainings whose cards are there."""
    return [int(path.stem.rpartition('-s')[2]) for path in (results / 'cards').glob('*-s*.json')]
