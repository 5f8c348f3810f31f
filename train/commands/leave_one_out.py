"""`scripts/train leave-one-out`: how a recipe does on cameras it has not learned from."""

from __future__ import annotations

import argparse
from pathlib import Path
import signal

from mono_depth_ros.model_file import find_model, read_card
from train.commands.shared_options import add_cameras, add_capped, add_device
from train.cross_validation.folds import (
    check_data,
    check_start,
    CrossValidationPlan,
    done_folds,
    Fold,
    run_folds,
)
from train.cross_validation.summary import as_json, as_markdown, summary
from train.data.data_sets import absolute_spec
from train.fitting.parallel_runs import is_begun, keep_plan
from train.output_files import write_file, write_json
from train.recipes.camera_groups import TABLES
from train.recipes.overrides import check_left_alone, recipe_to_begin
from train.recipes.recipe import RECIPES


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser(
        'leave-one-out', help='train without one camera after another, and measure on it',
        description=(
            'Cross-validation over cameras: train the recipe without each group of cameras '
            '(train/recipes/camera_groups.py) and measure it on that group. The mean over groups '
            'is what a camera of your own may expect. Run the same command again to go on.'))
    one.add_argument('recipe', choices=sorted(RECIPES), help='what to train')
    add_cameras(one)
    add_capped(one)
    one.add_argument('--out', type=Path, required=True, metavar='DIR', help='folder of the runs')
    one.add_argument('--leave', nargs='+', metavar='GROUP', default=[],
                     help='the folds: each leaves out one group, or several joined by commas, '
                          'which costs less and is harder (default: every group by itself)')
    one.add_argument('--seeds', nargs='+', type=int, default=[0], metavar='S')
    one.add_argument('--also', action='append', default=[], metavar='NAME=DIR',
                     help='learn from this too in every fold, as simulated rooms')
    one.add_argument('--jobs', type=int, default=1, metavar='N', help='trainings at a time')
    one.add_argument('--set', action='append', metavar='NAME=VALUE', default=[], dest='settings',
                     help='change the recipe, as for `fit`')
    one.add_argument('--start', default='', metavar='MODEL',
                     help='begin every training with these weights, which must have learned from '
                          'none of the groups')
    one.add_argument('--workers', type=int, default=1, metavar='N',
                     help='processes that read data for each training (default 1)')
    add_device(one)
    one.set_defaults(command=leave_one_out)


def leave_one_out(options: argparse.Namespace) -> None:
    """Run the command; raises ValueError or OSError in one sentence."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    table = TABLES[options.cameras]
    leave = options.leave or [group.name for group in table.groups]
    plan = CrossValidationPlan(
        table=table, root=options.root.resolve(), folder=options.out.resolve(),
        recipe=options.recipe, words=_words(options), capped=options.capped,
        workers=options.workers, device=options.device,
        also=tuple(absolute_spec(spec) for spec in options.also))
    folds = [Fold(left_out=tuple(word.split(',')), seed=seed)
             for seed in options.seeds for word in leave]
    check_data(plan, folds)
    if not is_begun(plan.folder):
        recipe = recipe_to_begin(options.recipe, options.settings)
        for seed in options.seeds:
            check_left_alone(recipe, (f'seed={seed}',), options.settings)
    if options.start:
        check_start(plan, folds, read_card(find_model(options.start)))
    keep_plan({'recipe': plan.recipe, 'words': plan.words, 'also': plan.also,
               'capped': plan.capped, 'table': plan.table.name}, plan.folder)
    for _ in run_folds(plan, folds, max(1, options.jobs)):
        # Of all that is known: another command may fill the same folder with other folds.
        results = done_folds(plan)
        rows = summary(results)
        page = as_markdown(f'Leave one camera out: {options.recipe}', table, rows,
                           ['Each group is measured by a model that has learned from none of it.',
                            f'Recipe and words: `{" ".join((plan.recipe, *plan.words))}`'
                            f'{", caps of the table" if plan.capped else ""}; '
                            f'{len(results.keys() & set(folds))} of {len(set(folds))} folds '
                            f'done, all known: {", ".join(fold.name for fold in results)}.'])
        write_file(plan.folder / 'leave_one_out.md', page)
        write_json(plan.folder / 'leave_one_out.json', as_json(rows))
        print(page, flush=True)
    print(f'figures: {plan.folder / "leave_one_out.json"}')


def _words(options: argparse.Namespace) -> tuple[str, ...]:
    """What every `fit` is told besides its data and seed."""
    start = [f'--start={find_model(options.start).resolve()}'] if options.start else []
    return (*start, *(f'--set={setting}' for setting in options.settings))
