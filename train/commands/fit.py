"""`scripts/train fit`: train a recipe, in one process or in those `torchrun` starts."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
import ctypes
import os
from pathlib import Path
import shlex
import sys

from mono_depth_ros.backends.torch_backend import enough_memory, pick_device
from mono_depth_ros.model_file import SUFFIX
from train.commands.shared_options import add_cameras, add_capped, add_device, DATA_HELP
from train.data.folder_lock import only_one
from train.fitting.batches import FEEDS
from train.fitting.checkpoint import has_checkpoint
from train.fitting.distributed import process_group, ProcessGroup
from train.fitting.run_folder import (
    begin_run,
    check_data,
    read_run,
    resume_command,
    Run,
    start_of,
    write_run,
)
from train.fitting.run_log import BOARD, board_command, TrainingSummary
from train.fitting.stage_run import RunContext
from train.fitting.training_loop import fit
from train.recipes.camera_groups import caps_setting, TABLES
from train.recipes.overrides import recipe_to_begin
from train.recipes.recipe import Recipe, RECIPES

# <malloc.h>
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('fit', help='train a recipe', description=(
        'Train a recipe, or continue a run. On several GPUs or machines: torchrun '
        '--standalone --nproc-per-node N -m train -- fit ... (each batch is then divided among '
        'the processes; without the -- torchrun takes --start for its own --start-method).'))
    one.add_argument('recipe', choices=sorted(RECIPES), help='what to train')
    one.add_argument('--data', action='append', metavar='NAME=DIR', default=[], help=DATA_HELP)
    one.add_argument('--out', type=Path, required=True, help='folder of the run')
    add_cameras(one, root_needed=False)
    add_capped(one)
    add_device(one)
    one.add_argument('--workers', type=int, help='processes that read data (default: one less '
                     'than cores, at most 4 beside a CPU and 16 beside a GPU)')
    one.add_argument('--feed', choices=FEEDS, default='auto',
                     help='who makes the views: `workers`, or the `device` that trains, from data '
                          'kept in its memory (default: the device where it is a GPU into which '
                          'the data, made by `pack`, fits)')
    one.add_argument('--no-graphs', action='store_true',
                     help='let a GPU compute kernel by kernel instead of capturing each shape of '
                          'batch as a CUDA graph')
    one.add_argument('--set', action='append', metavar='NAME=VALUE', default=[], dest='settings',
                     help='change the recipe, as batch_size=4, stages.1.epochs=10, or '
                          'weights.NAME=2 to see each sample of a data set twice an epoch')
    one.add_argument('--start', default='', metavar='MODEL',
                     help='begin with the weights of a model file (path, or shipped name as '
                          'indoor), for instance to fine-tune it to your own camera and rooms')
    one.add_argument('--resume', action='store_true', help=(
        'continue the run in --out; --data NAME=DIR then only says where one of its data sets '
        'lies now, --root DIR where those of the table do that are gone from their place'))
    one.set_defaults(command=_fit)


def _fit(options: argparse.Namespace) -> None:
    keep_freed_memory()
    device = pick_device(options.device)
    with process_group(device) as group, _run(options, group) as (run, recipe):
        device = group.device(device)
        workers = default_workers(device) if options.workers is None else options.workers
        context = RunContext(
            folder=options.out, device=device, workers=workers, group=group,
            feed=options.feed, graphs=not options.no_graphs)
        summary = TrainingSummary()
        try:
            with enough_memory(device):
                fit(recipe, run.sources('train'), run.validation(), context,
                    resume=options.resume and has_checkpoint(options.out), start=run.start,
                    summary=summary)
        except KeyboardInterrupt as stop:
            if group.is_main_process:
                kept = 'saved' if stop.args else 'not saved since the last checkpoint'
                print(f'\n{summary.text()}\n{kept}; continue with: '
                      f'{resume_command(recipe.name, options.out)}', file=sys.stderr)
            raise
        if group.is_main_process:
            print(summary.text())
            if (options.out / BOARD).exists():
                print(f'curves and pictures: {board_command(options.out / BOARD)}')
            model = f'{options.out.resolve().name}{SUFFIX}'
            print('done; next: ' + shlex.join(
                ['scripts/train', 'export', str(options.out), model]))


@contextmanager
def _run(options: argparse.Namespace, group: ProcessGroup) -> Iterator[tuple[Run, Recipe]]:
    """The run to continue or to begin, and its recipe; its folder is held meanwhile."""
    data, settings = _data_and_settings(options)
    # A run goes on with its own settings; a folder without one is not made.
    run = read_run(options.out) if options.resume else None
    recipe = run.load_recipe() if run else recipe_to_begin(options.recipe, settings)
    group.check_batch(recipe.batch_size)
    if not run:
        if not data:
            raise ValueError('there is no training data: give --data NAME=DIR')
        if options.capped and not options.root:
            raise ValueError('--capped caps the sets of --root DIR, which is not given; those of '
                             "--data are capped by --set \"caps=(('NAME',12),)\"")
        check_data(data, recipe)
    with only_one(options.out, 'training') if group.is_main_process else nullcontext():
        if run:
            yield _continued(options, run, group), recipe
        else:
            if group.is_main_process:
                begin_run(options.out, options.recipe, settings, data, start_of(options.start))
            group.wait()
            yield read_run(options.out), recipe


def _continued(options: argparse.Namespace, run: Run, group: ProcessGroup) -> Run:
    """The run to continue, its data where --data says, and --root of what is gone.

    ValueError for another recipe or what only begins a run.
    """
    if run.recipe != options.recipe or options.settings:
        raise ValueError(f'{options.out} is a run of {run.recipe!r} with its own --set: '
                         f'continue it with `{resume_command(run.recipe, options.out)}`')
    table = _of_table(options)
    moves = any(spec.partition('=')[0] in run.names for spec in table)
    given = [f'--{name}' for name in ('start', 'root', 'capped')
             if getattr(options, name) and not (moves and name == 'root')]
    if given:
        raise ValueError(f'{" and ".join(given)} can only begin a run, and {options.out} goes on '
                         'with its own start and data: leave it out; --data NAME=DIR may say '
                         'where one of its data sets lies now')
    moved = run.found(table).moved(options.data)
    if moved != run:
        moved.sources('train')  # are these its images?
        if group.is_main_process:
            write_run(options.out, moved)
    return moved


def _data_and_settings(options: argparse.Namespace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Every NAME=DIR to learn from, and what is changed of the recipe."""
    caps = [caps_setting(TABLES[options.cameras].sets_without(()))] if options.capped else []
    return (*_of_table(options), *options.data), (*caps, *options.settings)


def _of_table(options: argparse.Namespace) -> tuple[str, ...]:
    """NAME=DIR of every data set of the table below --root, none without it."""
    sets = TABLES[options.cameras].sets_without(()) if options.root else ()
    return tuple(one.spec(str(options.root)) for one in sets)


def default_workers(device: str) -> int:
    """How many processes read data for a training on `device`."""
    return min(16 if device.startswith('cuda') else 4, max(1, (os.cpu_count() or 1) - 1))


def keep_freed_memory() -> None:
    """Let glibc keep the memory a step frees for the next one, instead of returning it.

    Zeroing fresh pages took a fifth of a CPU step of `mobile`. Without glibc nothing changes.
    """
    try:
        libc = ctypes.CDLL('libc.so.6')
    except OSError:
        return
    libc.mallopt(M_TRIM_THRESHOLD, 2 ** 31 - 1)
    libc.mallopt(M_MMAP_THRESHOLD, 2 ** 31 - 1)
