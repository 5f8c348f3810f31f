"""`scripts/train holes`: errors of depth filled into the holes of a depth sensor."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
import json
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_file import find_model, read_card
from train.commands.shared_options import add_data, add_device, add_split
from train.data.data_sets import DataSet, open_data
from train.data.samples.sample import spread_numbers
from train.evaluation.fill_comparison import compare_fills, FillError, FillFrame
from train.evaluation.learned_images import check_learned, learned_images
from train.evaluation.measurement import load_estimator
from train.output_files import write_file


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('holes', help='measure how a model fills holes', description=(
        'Hide measured regions of depth images, fill them, and compare: the model fitted to what '
        'is around each hole, the model as it is, the nearest measured pixel, in-painting, and a '
        'bilateral filter guided by the image. Prints AbsRel on the hidden pixels.'))
    one.add_argument('model', help='path of a model file, or the name of a shipped one')
    add_data(one)
    add_split(one)
    one.add_argument('--frames', type=int, default=9, metavar='N',
                     help='N frames, spread evenly (default 9; 0: all)')
    one.add_argument('--sizes', type=float, nargs='+', default=(0.1, 0.2, 0.5), metavar='S',
                     help='largest holes, as shares of the image height (default 0.1 0.2 0.5)')
    one.add_argument('--holes', type=int, default=4, metavar='N',
                     help='ellipses hidden in a frame (default 4)')
    one.add_argument('--seed', type=int, default=0, metavar='S', help='of where they lie')
    add_device(one)
    one.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    one.set_defaults(command=holes)


def holes(options: argparse.Namespace) -> None:
    """Run the command."""
    if options.holes < 1 or not all(0 < size <= 1 for size in options.sizes):
        raise ValueError(f'expected at least 1 of --holes and --sizes above 0, up to 1; got '
                         f'{options.holes} and {" ".join(map(str, options.sizes))}')
    card = read_card(find_model(options.model))
    opened = {spec: open_data(spec, options.split) for spec in options.data}
    for spec, source in opened.items():
        check_learned(card.name, learned_images(card, source), spec, source, options.split)
    estimator = load_estimator(options.model, options.device)
    found = []
    for source in opened.values():
        frames = fill_frames(estimator, source, options.frames)
        by_size = {size: compare_fills(frames, np.random.default_rng(options.seed),
                                       options.holes, size) for size in options.sizes}
        print(f'{estimator.card.name} on {source.name} {options.split}, {len(frames)} of '
              f'{len(source)} frames, {options.holes} ellipses each, seed {options.seed}\n')
        print(fills_text(by_size), end='\n\n', flush=True)
        found.append({'model': estimator.card.name, 'data': source.name, 'split': options.split,
                      'frames': len(frames), 'holes': options.holes, 'seed': options.seed,
                      'by_size': {str(size): {name: asdict(error) for name, error in of.items()}
                                  for size, of in by_size.items()}})
    if options.json:
        write_file(options.json, json.dumps(found, indent=1) + '\n')
        print(f'all figures in {options.json}')


def fill_frames(estimator: DepthEstimator, source: DataSet, count: int) -> Sequence[FillFrame]:
    """Sensor depth and prediction of `count` frames spread evenly over a source (0: all)."""
    frames = []
    for number in tqdm(spread_numbers(len(source), count), desc=f'predict {source.name}',
                       unit='frame', leave=False):
        sample = source[number]
        predicted_HW = estimator.estimate(sample.rgb, sample.camera).clipped
        frames.append(FillFrame(sensor=sample.depth, predicted=predicted_HW, rgb=sample.rgb))
    return frames


def fills_text(by_size: dict[float, dict[str, FillError]]) -> str:
    """Markdown table of AbsRel, one line a way of filling, one column a size of holes.

    The share of hidden pixels that was filled stands beside it where that is not all.
    """
    head = ['AbsRel, holes up to', *(f'{size:g} of the height' for size in by_size)]
    lines = [f'| {" | ".join(head)} |', '|---' * len(head) + '|']
    ways = next(iter(by_size.values()))
    lines += [f'| {" | ".join([way, *(_cell(errors[way]) for errors in by_size.values())])} |'
              for way in ways]
    pixels = ', '.join(f'{next(iter(errors.values())).pixels:,}' for errors in by_size.values())
    return '\n'.join([*lines, '', f'Hidden pixels: {pixels}.'])


def _cell(error: FillError) -> str:
    filled = '' if error.filled > 0.9995 else f' ({error.filled:.1%} filled)'
    return f'{error.abs_rel:.4f}{filled}'
