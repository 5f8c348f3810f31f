"""`scripts/train scale`: how well the floor mends the scale of a model."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
import math
from pathlib import Path
import re

import numpy as np

from mono_depth_ros.estimator import DepthEstimator
from train.commands.shared_options import add_device, add_split
from train.data.data_sets import DataSet, open_all
from train.data.readable_samples import readable
from train.evaluation.floor_scale import floor_scale, FloorScale, FloorView, tilted, times
from train.evaluation.measurement import load_estimator
from train.evaluation.true_floor import true_floor
from train.output_files import write_json
from train.simulate.drives import CAMERA, drive

HEIGHTS_M = (0.1, 0.2, 0.4, 0.7, 1.1, 1.5)
# Images of data sets are taken to be this far apart, those of a drive as they are.
DATA_STEP_S, DRIVE_HZ = 1.0, 2.0
TITLES = ('images', 'floor found', 'its error', 'acted on', 'error before', 'after',
          'delta1 before', 'after', 'worse', 'worst')


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('scale', help='measure the scale by the floor', description=(
        "Scale errors of a model before and after the node's scale_source height: on data sets, "
        'where true depth tells the floor, and on simulated drives.'))
    one.add_argument('model', help='path of a model file, or the name of a shipped one')
    one.add_argument('--data', action='append', default=[], metavar='NAME=DIR')
    add_split(one)
    add_device(one)
    one.add_argument('--rooms', type=int, default=0, metavar='N',
                     help='rooms for each height of simulated drives')
    one.add_argument('--frames', type=int, default=30, help='images of a drive')
    one.add_argument('--times', type=float, nargs='+', default=[1.0], metavar='FACTOR',
                     help="multiply the model's depth, as of a model that is off")
    one.add_argument('--tilts', type=float, nargs='+', default=[0.0], metavar='DEGREES',
                     help='errors of the pitch that is known, as on a slope')
    one.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    one.set_defaults(command=_scale)


def _scale(options: argparse.Namespace) -> None:
    if not options.data and options.rooms < 1:
        raise ValueError('give --data NAME=DIR, --rooms N or both: there is nothing to measure')
    if options.frames < 1 or not all(0 < factor < math.inf for factor in options.times):
        raise ValueError(f'expected at least 1 of --frames and --times above 0, got '
                         f'{options.frames} and {" ".join(f"{x:g}" for x in options.times)}')
    opened = open_all(options.data, options.split)
    estimator = load_estimator(options.model, options.device)
    range_m = (estimator.card.min_depth_m, estimator.card.max_depth_m)
    found = []
    sets = {name: list(views) for name, views in _sets(options, opened.values(), estimator)}
    for factor in options.times:
        for tilt in options.tilts:
            print(f'\nmodel times {factor:g}, pitch off by {tilt:g} degrees\n')
            print(_line('', TITLES))
            print(_line('---', ['---'] * len(TITLES)))
            for name, views in sets.items():
                one = floor_scale((tilted(times(view, factor), tilt) for view in views), range_m)
                print(_line(name, _texts(one)))
                found.append({'set': name, 'times': factor, 'tilt_deg': tilt, **asdict(one)})
    if options.json:
        write_json(options.json, found)


def _sets(options: argparse.Namespace, sources: Iterable[DataSet], estimator: DepthEstimator
          ) -> Iterator[tuple[str, Iterator[FloorView]]]:
    for source in sources:
        yield source.name, _data_views(source, estimator)
    for height_m in HEIGHTS_M if options.rooms else ():
        yield f'drives at {height_m:g} m', _drive_views(
            height_m, options.rooms, options.frames, estimator)


def _data_views(source: DataSet, estimator: DepthEstimator) -> Iterator[FloorView]:
    """The images of a data set whose true floor is known, those of one place as a sequence."""
    rng = np.random.default_rng(0)
    for number, sample in readable(source, range(len(source))):
        floor = true_floor(sample.depth, sample.camera, rng)
        if floor:
            yield FloorView(
                predicted=estimator.estimate(sample.rgb, sample.camera).depth,
                truth=sample.depth, camera=sample.camera, up=floor.up, height_m=floor.height_m,
                time_s=number * DATA_STEP_S,
                sequence=sequence_of(source.keys[number]))


def sequence_of(key: str) -> str:
    """Of which place a key is: all before the number at its end, or the time with its ticks."""
    return re.sub(r'(\d+\.\d+(-\d+)?|\d+)$', '', key)


def _drive_views(height_m: float, rooms: int, frames: int, estimator: DepthEstimator
                 ) -> Iterator[FloorView]:
    for seed in range(100, 100 + rooms):
        for number, (rgb, truth, pose) in enumerate(drive(seed, height_m, frames, DRIVE_HZ)):
            yield FloorView(
                predicted=estimator.estimate(rgb, CAMERA).depth, truth=truth, camera=CAMERA,
                up=pose.rotation[2], height_m=height_m, time_s=number / DRIVE_HZ,
                sequence=str(seed))


def _texts(one: FloorScale) -> list[str]:
    return [f'{one.images}', f'{one.found:.0%}', f'{one.found_error:.2f}', f'{one.acted:.0%}',
            f'{one.before:.3f}', f'{one.after:.3f}', f'{one.delta1_before:.2f}',
            f'{one.delta1_after:.2f}', f'{one.worse:.0%}', f'{one.worst:+.2f}']


def _line(name: str, texts: Sequence[str]) -> str:
    return f'| {name} | {" | ".join(texts)} |'
