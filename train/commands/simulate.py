"""`scripts/train simulate`: a training set drawn from simulated rooms or streets."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import as_completed, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
import multiprocessing
import os
from pathlib import Path
import shlex
import signal
import time

import cv2
from tqdm import tqdm

from mono_depth_ros.sentences import counted
from mono_depth_ros.simulation.rendering.check import check
from mono_depth_ros.simulation.worlds import WORLDS
from train.data.folder_lock import only_one
from train.interruption import end_with_parent, ignore_interrupts
from train.simulate.draw import draw_block, Job
from train.simulate.set_folder import check_folder, SetFolder
from train.simulate.simulated_set import SimulatedSet

# The lists are written this often, so that a set can be read while it is being drawn.
LIST_EVERY_S = 20.0
# One thread per process: that draws most frames a second in all.
THREADS = ('LP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS')


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('simulate', help='draw a training set of simulated rooms or streets',
                              description='Draw colour, true depth and cameras of simulated rooms '
                              'or streets into a folder that --data reads. Run it again to go on '
                              'where it stopped, or with more --frames to add some.')
    one.add_argument('world', choices=WORLDS, help=(
        'room: 0.15 to 60 m, most of it within 8 m; street: 0.4 to 131 m, most of it within 50 m'))
    one.add_argument('--out', type=Path, required=True, metavar='DIR', help='folder to fill')
    one.add_argument('--frames', type=int, default=1000, metavar='N', help='default 1000')
    one.add_argument('--seed', type=int, default=0, metavar='S',
                     help='which worlds and views are drawn (default 0)')
    one.add_argument('--processes', type=int, default=os.cpu_count() or 1, metavar='P',
                     help='default: one per CPU core; the images do not depend on it')
    one.add_argument('--width', type=int, default=320, help='pixels (default 320)')
    one.add_argument('--height', type=int, default=240,
                     help='pixels at most; some worlds are drawn in wider images (default 240)')
    one.set_defaults(command=simulate)


def simulate(options: argparse.Namespace) -> None:
    """Draw the missing frames of the set that the options ask for, and print what to do next.

    Raises ValueError or OSError, one sentence, where it cannot be drawn or written.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for name in ('frames', 'processes'):
        if getattr(options, name) < 1:
            raise ValueError(f'--{name} must be at least 1, got {getattr(options, name)}')
    simulated_set = SimulatedSet(world=options.world, seed=options.seed, width=options.width,
                                 height=options.height)
    check_folder(options.out, simulated_set)
    with only_one(options.out, 'simulation'):
        _draw(options, simulated_set)


def _draw(options: argparse.Namespace, simulated_set: SimulatedSet) -> None:
    """As `simulate`, into a folder that nobody else writes to."""
    folder = SetFolder(options.out, simulated_set)
    missing = folder.missing(options.frames)
    folder.check_space(len(missing))
    if missing:
        check()
    began_s = time.monotonic()
    jobs = _jobs(simulated_set, options.out, missing)
    _fill(folder, jobs, options.processes, options.frames)
    _report(options, folder, len(missing), time.monotonic() - began_s)


def _jobs(simulated_set: SimulatedSet, folder: Path, frames: list[int]) -> list[Job]:
    blocks: dict[int, list[int]] = {}
    for frame in frames:
        blocks.setdefault(frame // simulated_set.frames_a_world, []).append(frame)
    return [Job(simulated_set=simulated_set, folder=folder, block=block, frames=tuple(chosen))
            for block, chosen in blocks.items()]


def _fill(folder: SetFolder, jobs: list[Job], processes: int, frames: int) -> None:
    left, listed_s = sum(len(job.frames) for job in jobs), time.monotonic()
    try:
        with tqdm(total=frames, initial=frames - left, unit='frame', disable=not jobs) as bar:
            for lines in _drawn(jobs, min(processes, len(jobs))):
                folder.record(lines)
                bar.update(len(lines))
                if time.monotonic() - listed_s > LIST_EVERY_S:
                    folder.finish()
                    listed_s = time.monotonic()
    finally:
        folder.finish()


def _drawn(jobs: list[Job], processes: int) -> Iterator[list[str]]:
    """Lines of every job once it is done, in any order."""
    if processes <= 1:
        yield from map(draw_block, jobs)
        return
    os.environ.update({name: os.environ.get(name, '1') for name in THREADS})
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context('spawn'), _begin_process)
    try:
        for done in as_completed([pool.submit(draw_block, job) for job in jobs]):
            yield done.result()
    except BrokenProcessPool as error:
        raise OSError('a drawing process was killed, perhaps because memory ran out: run the '
                      'same command again with fewer --processes') from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin_process() -> None:
    ignore_interrupts()
    end_with_parent()
    cv2.setNumThreads(1)


def _report(options: argparse.Namespace, folder: SetFolder, drawn: int, took_s: float) -> None:
    counts, out = folder.finish(), options.out
    print(f'{out}: {counted(sum(counts.values()), "frame")} ({counts["train"]} train, '
          f'{counts["val"]} val), {folder.size_bytes() / 1e6:.0f} MB; {drawn} drawn now'
          + (f' at {drawn / took_s:.1f} a second' if drawn else ''))
    data = shlex.quote(f'{options.world}={out}')
    print(f'look:  scripts/train data {data} --sheet {shlex.quote(str(out / "sheet.png"))}')
    print(f'train: scripts/train fit mobile --data {data} --out runs/mobile')
