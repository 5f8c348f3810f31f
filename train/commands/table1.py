"""`scripts/table1`: the paper's experiment, from sweeps to the table and its claims."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone
import os
from pathlib import Path
import signal
from typing import Any

from mono_depth_ros.backends.torch_backend import pick_device
from mono_depth_ros.sentences import counted
from train.commands.report import note_use, USES
from train.commands.shared_options import add_data, add_device
from train.comparison.experiment import BENCHMARKS, ENTRANTS, NETWORKS
from train.comparison.experiment_data import prepare_data
from train.comparison.experiment_page import baseline_file, page_text
from train.comparison.experiment_runs import Experiment, measure_all, run_experiment
from train.comparison.kept_experiment import has_trainings, kept_experiment
from train.data.data_sets import data_use, open_data
from train.data.nyu_report import REPORT
from train.fitting.parallel_runs import is_begun, keep_plan
from train.output_files import write_file
from train.recipes.overrides import check_left_alone, recipe_to_begin

# On a GPU: with the 50 to 210 million weights of these networks the optimiser takes as long for a
# small batch as for a large one.
GPU_BATCH = 'batch_size=32'
# In the folder of what is found.
PAGE, REPORT_PAGE = 'table1.md', 'table1_report.md'
# What says how to train, by where argparse puts it.
OF_TRAININGS = {'world': 'world', 'networks': 'networks', 'epochs': 'epochs',
                'sweep_epochs': 'sweep-epochs', 'seeds': 'seeds', 'images': 'images',
                'settings': 'set', 'quick': 'quick'}
# What --quick sets: a check that all works, not an experiment.
QUICK: dict[str, Any] = {'epochs': 3, 'seeds': 1, 'images': 16,
                         'networks': ('eigen_modified', 'eigen', 'eigen_modified_joint')}


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('table1', help="the paper's experiment", description=(
        'Train the networks of the paper on the same images with the same budget, each at the '
        'best of three learning rates on a part of the training scenes, several times; measure '
        'them on held-out images and write a table with what holds of the paper. Give the same '
        'command again to go on after an interruption.'))
    add_data(one, required=False)
    one.add_argument('--out', type=Path, default=Path('runs/table1'), metavar='DIR',
                     help='folder of everything (default runs/table1)')
    one.add_argument('--results', type=Path, metavar='DIR', help=(
        'folder of what is found of each training, some kilobytes (default that of --out): what '
        'is known there is not trained again, on another machine either (docs/table1)'))
    one.add_argument('--kept', action='store_true', help=(
        'train nothing: the table of all that is known in --results, which needs no data; timed '
        'where --data is given and the models lie in --out'))
    one.add_argument('--world', choices=BENCHMARKS,
                     help='room (default), or street: section V-C, two networks outdoors')
    one.add_argument('--networks', nargs='+', choices=ENTRANTS, metavar='NAME',
                     help=f'default: all of {", ".join(ENTRANTS)}; street: two of them')
    one.add_argument('--epochs', type=int, metavar='N',
                     help='of each network, all stages together (default 30, on a GPU 100)')
    one.add_argument('--sweep-epochs', type=int, metavar='N',
                     help='of each rate of the sweep (default a fifth of the epochs)')
    one.add_argument('--seeds', type=int, metavar='N',
                     help='trainings of each network (default 2, on a GPU 3)')
    one.add_argument('--images', type=int, metavar='N',
                     help='use no more than N images of each split (default all)')
    one.add_argument('--lanes', type=int, metavar='N',
                     help='trainings at a time (default one a core, on a GPU one for two cores)')
    one.add_argument('--set', action='append', metavar='NAME=VALUE', default=[], dest='settings',
                     help='change every recipe, as for `fit`: amp=bf16')
    one.add_argument('--quick', action='store_true',
                     help='three networks, 16 images, 3 epochs: minutes, to see that it works')
    one.add_argument('--report', action='store_true', help=(
        'when all is trained: measure once on the report split of NYU-Depth-v2, which needs '
        'the labelled images themselves (not packed), and note that in docs/report_uses.jsonl'))
    add_device(one)
    one.set_defaults(command=table1)


def table1(options: argparse.Namespace) -> None:
    """Run the command; raises ValueError or OSError in one sentence."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not options.data and (options.report or not options.kept):
        raise ValueError('give --data NAME=DIR: only --kept without --report does without')
    device = pick_device(options.device)
    experiment = _kept(options, device) if options.kept else _trained(options, device)
    print(_write_page(experiment, timed=bool(options.data)))
    if options.report:
        print(_report(experiment, options))


def _kept(options: argparse.Namespace, device: str) -> Experiment:
    for name in OF_TRAININGS:
        if getattr(options, name):
            raise ValueError('--kept trains nothing and shows all that is known: leave out '
                             f'--{OF_TRAININGS[name]}')
    return kept_experiment(options.out.resolve(), _results(options), options.data, device)


def _trained(options: argparse.Namespace, device: str) -> Experiment:
    """Do what is not done; the experiment, and its page after every training."""
    _fill_in(options, device.startswith('cuda'))
    experiment = _experiment(options, device)
    keep_plan(_plan(options, experiment), experiment.folder, experiment.results)
    log = experiment.folder / 'table1.log'
    _say(log, f'{counted(len(experiment.entrants), "network")}, '
         f'{counted(options.seeds, "training")} each, '
         f'{counted(options.epochs, "epoch")}, {options.lanes} at a time')
    for line in run_experiment(experiment, options.lanes):
        _say(log, line)
        _write_page(experiment, timed=False)
    _say(log, f'done: {experiment.results / PAGE}')
    return experiment


def _fill_in(options: argparse.Namespace, gpu: bool) -> None:
    """Give every option that was left open its value; ValueError for one that cannot be."""
    options.world = options.world or 'room'
    usual = dict(QUICK) if options.quick else {
        'epochs': 100 if gpu else 30, 'seeds': 3 if gpu else 2, 'images': 0,
        'networks': BENCHMARKS[options.world].entrants}
    if gpu and not any(word.startswith('batch_size=') for word in options.settings):
        options.settings = [GPU_BATCH, *options.settings]
    cores = os.cpu_count() or 1
    usual |= {'lanes': max(1, cores // 2) if gpu else cores}
    for name, value in usual.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.sweep_epochs is None:
        options.sweep_epochs = max(1, options.epochs // 5)
    for name in ('epochs', 'sweep_epochs', 'seeds', 'lanes'):
        if getattr(options, name) < 1:
            raise ValueError(f'--{name.replace("_", "-")} must be at least 1, got '
                             f'{getattr(options, name)}')


def _experiment(options: argparse.Namespace, device: str) -> Experiment:
    entrants = tuple(ENTRANTS[name] for name in options.networks)
    for entrant in entrants:
        entrant.epochs(options.epochs)
        if not is_begun(_results(options)):
            recipe = recipe_to_begin(entrant.recipe, [*BENCHMARKS[options.world].settings,
                                                      *options.settings])
            for seed, rate in enumerate(entrant.rates):
                check_left_alone(recipe, [*entrant.settings(entrant.epochs(options.epochs), rate),
                                          f'seed={seed}'], options.settings)
    folder = options.out.resolve()
    data, tuning = prepare_data(options.data, folder / 'packs', options.images)
    return Experiment(folder=folder, results=_results(options),
                      benchmark=BENCHMARKS[options.world], entrants=entrants, data=tuple(data),
                      tuning=tuple(tuning), epochs=options.epochs,
                      sweep_epochs=options.sweep_epochs, seeds=options.seeds,
                      words=tuple(options.settings), device=device)


def _results(options: argparse.Namespace) -> Path:
    return (options.results or options.out).resolve()


def _plan(options: argparse.Namespace, experiment: Experiment) -> dict:
    """What may not change between two calls; networks and seeds may be added."""
    return {'world': options.world, 'networks': NETWORKS, 'epochs': options.epochs,
            'images': options.images,
            'sweep_epochs': options.sweep_epochs, 'words': list(experiment.words),
            'data': {spec.partition('=')[0]: [data_use(open_data(spec, split)).keys_sha256
                                              for split in ('train', 'val')]
                     for spec in sorted(experiment.data)}}


def _say(log: Path, line: str) -> None:
    line = f'{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S} {line}'
    print(line, flush=True)
    with open(log, 'a') as file:
        file.write(line + '\n')


def _write_page(experiment: Experiment, timed: bool) -> str:
    """Write the page of all that is trained so far, not by this call alone; its text."""
    if has_trainings(experiment.results):
        experiment = kept_experiment(
            experiment.folder, experiment.results, experiment.data, experiment.device)
    text = page_text(experiment, 'val', timed)
    write_file(experiment.results / PAGE, text)
    return text


def _report(experiment: Experiment, options: argparse.Namespace) -> str:
    """Measure everything on the report split, once; the page."""
    missing = [experiment.model_file(entrant, seed).name
               for entrant, seed in experiment.trainings()
               if not experiment.model_file(entrant, seed).is_file()
               and not experiment.figures_file(entrant, seed, REPORT).is_file()]
    if missing:
        raise ValueError(f'these models are not here to be measured: {", ".join(missing)}; give '
                         '--report where they were trained')
    for spec in options.data:
        open_data(spec, REPORT)  # raises before a use is noted
    baseline_file(experiment, REPORT, options.data)
    number = note_use(USES, {  # before: whoever stops it may have seen figures
        'model': f'table1: {len(experiment.trainings())} of {experiment.benchmark.name}'})
    measure_all(experiment, options.data, REPORT, options.lanes or 1)
    text = (f'{page_text(experiment, REPORT, timed=False)}\n'
            f'The report split was used {counted(number, "time")}, this one counted.\n')
    write_file(experiment.results / REPORT_PAGE, text)
    return text
