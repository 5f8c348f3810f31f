"""Trains a recipe once for every fold, each without some cameras; what was interrupted goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
import json
from pathlib import Path
import sys

from mono_depth_ros.model_card import ModelCard
from mono_depth_ros.model_file import SUFFIX
from train.cross_validation.figures import combined, Figures, measure
from train.data.data_sets import DataSet, open_data
from train.evaluation.learned_images import learned_images
from train.evaluation.measurement import load_estimator
from train.evaluation.protocols import PROTOCOLS
from train.export.model_export import export_run
from train.fitting.checkpoint import has_checkpoint
from train.fitting.parallel_runs import resume_words, run_tasks, Task
from train.output_files import write_file
from train.recipes.camera_groups import CameraTable, caps_setting

FIGURES = 'figures.json'


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One training of a cross-validation: which groups of cameras it leaves out, and its seed."""

    left_out: tuple[str, ...]
    seed: int

    @property
    def name(self) -> str:
        """Also the name of its folder."""
        return f'{"+".join(self.left_out)}-{self.seed}'


@dataclass(frozen=True, kw_only=True)
class CrossValidationPlan:
    """What all folds of a cross-validation share.

    `root` holds the data sets of `table`, in folders or packs; `also` (as NAME=DIR) is learned
    from in every fold; `words` go to every `train fit`.
    """

    table: CameraTable
    root: Path
    folder: Path
    recipe: str
    words: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    capped: bool = False
    workers: int = 1
    device: str = 'cpu'

    def fit_command(self, fold: Fold) -> list[str]:
        """The `train fit` of a fold, one process."""
        run = self.run_folder(fold)
        base = [sys.executable, '-m', 'train', 'fit', self.recipe, '--out', str(run),
                f'--workers={self.workers}', f'--device={self.device}']
        sets = self.table.sets_without(fold.left_out)
        data = [*(one.spec(str(self.root)) for one in sets), *self.also]
        if has_checkpoint(run):
            return [*base, *resume_words(run, data)]
        caps = [f'--set={caps_setting(sets)}'] if self.capped else []
        return [*base, *(word for spec in data for word in ('--data', spec)), *caps,
                f'--set=seed={fold.seed}', *self.words]

    def run_folder(self, fold: Fold) -> Path:
        """Where the training of a fold lies."""
        return self.folder / fold.name / 'run'

    def result_file(self, fold: Fold) -> Path:
        """Where the figures of a fold lie once it is done."""
        return self.folder / fold.name / FIGURES


def check_data(plan: CrossValidationPlan, folds: Sequence[Fold]) -> None:
    """Open every data set once before hours of training; ValueError or OSError in one sentence."""
    for group in plan.table.groups:
        for one in group.sets:
            open_data(one.spec(str(plan.root)), 'train')
    for one in plan.table.always:
        open_data(one.spec(str(plan.root)), 'val' if one.name == plan.table.select else 'train')
    for fold in folds:
        plan.table.sets_without(fold.left_out)


def check_start(plan: CrossValidationPlan, folds: Sequence[Fold], start: ModelCard) -> None:
    """ValueError where the model that all trainings begin with learned from what one leaves out.

    By its card, which has the data of the models it began with, too.
    """
    learned = {use.name for use in start.provenance.data}
    for fold in folds:
        for one in (one for name in fold.left_out for one in plan.table.group(name).sets):
            if one.name in learned or learned_images(
                    start, open_data(one.spec(str(plan.root)), 'train')):
                raise ValueError(f'--start: {start.name} learned from {one.name}, which fold '
                                 f'{fold.name} leaves out to measure by: start from a model that '
                                 "has not, or from ImageNet's weights, without --start")


def run_folds(plan: CrossValidationPlan, folds: Sequence[Fold], jobs: int) -> Iterator[Fold]:
    """Train and measure every fold that is not done, `jobs` at a time; each as it is done.

    An interruption stops the trainings after they have saved. Raises ValueError where one fails,
    naming its log.
    """
    waiting = {fold.name: fold for fold in folds if not plan.result_file(fold).is_file()}
    yield from (fold for fold in folds if fold.name not in waiting)
    tasks = [Task(name=name, command=partial(plan.fit_command, fold),
                  log=plan.folder / name / 'log.txt') for name, fold in waiting.items()]
    for task in run_tasks(tasks, jobs):
        measure_fold(plan, waiting[task.name])
        yield waiting[task.name]


def measure_fold(plan: CrossValidationPlan, fold: Fold) -> None:
    """Write the figures of a trained fold: every set it left out, and the selection set.

    Its confidence is calibrated on the selection set, so that it promises what `export` makes a
    model promise.
    """
    model = plan.folder / fold.name / f'{fold.name}{SUFFIX}'
    export_run(plan.run_folder(fold), model, selection(plan.table, plan.root))
    figures = measure_model(plan.table, plan.root, model, fold.left_out, plan.device)
    write_file(plan.result_file(fold), json.dumps(
        {'left_out': fold.left_out, 'seed': fold.seed, 'sets': {
            group: {name: asdict(one) for name, one in sets.items()}
            for group, sets in figures.items()}}, indent=1) + '\n')


def measure_model(table: CameraTable, root: Path, model: str | Path, groups: Sequence[str],
                  device: str = 'cpu') -> dict[str, dict[str, Figures]]:
    """Figures of a model file by group and set, of all images; `select` is a group of its own.

    All data is opened before any is measured.
    """
    opened = {name: [open_data(one.spec(str(root)), 'train') for one in table.group(name).sets]
              for name in groups}
    selected = selection(table, root)
    predictor = load_estimator(model, device)
    figures = {name: {source.name: measure(predictor, source, PROTOCOLS[table.protocol])
                      for source in sources} for name, sources in opened.items()}
    for source in selected:
        figures['select'] = {source.name: measure(
            predictor, source, PROTOCOLS[table.select_protocol], steps=True)}
    return figures


def selection(table: CameraTable, root: Path) -> list[DataSet]:
    """The validation images of the set that models are selected by, none where there is none."""
    return [open_data(one.spec(str(root)), 'val') for one in table.always
            if one.name == table.select]


def done_folds(plan: CrossValidationPlan) -> dict[Fold, dict[str, Figures]]:
    """The folds whose figures lie in the plan's folder, whoever asked for them.

    With the figures of each by group, of which every set counts alike.
    """
    found = (json.loads(path.read_text()) for path in sorted(plan.folder.glob(f'*/{FIGURES}')))
    return {Fold(left_out=tuple(one['left_out']), seed=one['seed']): {
        group: combined([Figures(**figures) for figures in sets.values()])
        for group, sets in one['sets'].items()} for one in found}
