"""`scripts/train holes`: errors of depth filled into the holes of a depth sensor."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_file import find_model, read_card
from train.commands.shared_options import add_data, add_device, add_seed, add_split, check_seed
from train.comparison.comparison_figures import (
    check_ending,
    Column,
    figure_file,
    write_comparison,
)
from train.data.data_sets import DataSet, open_all, open_data
from train.data.readable_samples import readable
from train.data.samples.sample import Sample, spread_numbers
from train.evaluation.fill_comparison import (
    compare_fills,
    fill_difference,
    fill_errors,
    FillError,
    FillFrame,
    FillRatios,
    FILLS,
    FITTED,
    hidden_classes,
    Hide,
    ratio_of,
    without,
)
from train.evaluation.hidden_regions import ellipses, other_frame, REACH_NAMES, sensor_holes
from train.evaluation.learned_images import check_learned, learned_images
from train.evaluation.measurement import load_estimator
from train.output_files import write_json

# The ways of filling without a network, with which it is compared image by image.
CLASSICAL = ('nearest', 'in-painted', 'bilateral')
PICTURES = 3


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('holes', help='measure how a model fills holes', description=(
        'Hide measured regions of depth images, fill them, and compare: the model fitted to what '
        'is around each hole, at one scale for the image, and as it is; the nearest measured '
        'pixel, in-painting, and a bilateral filter guided by the image. Prints AbsRel on the '
        'hidden pixels.'))
    one.add_argument('model', help='path of a model file, or the name of a shipped one')
    add_data(one)
    add_split(one)
    one.add_argument('--frames', type=int, default=9, metavar='N',
                     help='N frames, spread evenly (default 9; 0: all)')
    one.add_argument('--shapes', metavar='NAME=DIR',
                     help='hide what a sensor did not measure in other frames, those of the split '
                          'train of this data set, instead of ellipses')
    one.add_argument('--sizes', type=float, nargs='+', default=(0.1, 0.2, 0.5), metavar='S',
                     help='largest ellipses, as shares of the image height (default 0.1 0.2 0.5)')
    one.add_argument('--holes', type=int, default=4, metavar='N',
                     help='ellipses hidden in a frame (default 4)')
    add_seed(one, 'of what is hidden')
    add_device(one)
    one.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    one.add_argument('--figure', type=Path, metavar='FILE.png', help=(
        'draw image, truth, what was left of it and the fills of some frames side by side'))
    one.set_defaults(command=holes)


def holes(options: argparse.Namespace) -> None:
    """Run the command."""
    if options.holes < 1 or not all(0 < size <= 1 for size in options.sizes):
        raise ValueError(f'expected at least 1 of --holes and --sizes above 0, up to 1; got '
                         f'{options.holes} and {" ".join(map(str, options.sizes))}')
    check_seed(options.seed)
    if options.figure:
        check_ending(options.figure)
    card = read_card(find_model(options.model))
    opened = open_all(options.data, options.split)
    for spec, source in opened.items():
        check_learned(card.name, learned_images(card, source), spec, source, options.split)
    estimator = load_estimator(options.model, options.device)
    filled, found = {}, []
    for spec, source in opened.items():
        frames = fill_frames(estimator, source, options.frames)
        found.append(_measured(options, card.name, source, *frames))
        if options.figure:
            filled[spec] = frames
    if options.json:
        write_json(options.json, found)
        print(f'all figures in {options.json}')
    if options.figure:  # at the end: one that cannot be drawn costs no measurement
        for spec, source in opened.items():
            path = figure_file(options.figure, source, len(opened))
            _draw(path, *filled[spec], _hiding(options, filled[spec][0])[-1][1],
                  f'{card.name} on {source.name}: depth with {_hidden(options)} hidden in each '
                  'image, and filled')
            print(f'figure: {path}')


def _hidden(options: argparse.Namespace) -> str:
    """What is hidden in each image."""
    return f'the holes of {options.shapes.partition("=")[0]}' if options.shapes else (
        f'{options.holes} ellipses')


def _measured(options: argparse.Namespace, model: str, source: DataSet,
              samples: Sequence[Sample], frames: Sequence[FillFrame]) -> dict:
    """Fill the holes of one data set and print the table; the figures for JSON."""
    by_class: dict[str, FillRatios] = {}
    for names, hide in _hiding(options, samples):
        by_class |= {names[number - 1]: ratios for number, ratios in compare_fills(
            tqdm(frames, desc=f'fill {source.name}', unit='frame', leave=False), hide).items()}
    print(f'{model} on {source.name} {options.split}, {len(frames)} of {len(source)} frames, '
          f'{_hidden(options)} each, seed {options.seed}\n')
    errors = {name: fill_errors(ratios) for name, ratios in by_class.items()}
    differences = {name: {other: fill_difference(ratios, FITTED, other,
                                                 np.random.default_rng(options.seed))
                          for other in CLASSICAL} for name, ratios in by_class.items()}
    print(fills_text(errors, differences), end='\n\n', flush=True)
    return {'model': model, 'data': source.name, 'split': options.split,
            'frames': len(frames), 'hidden': _hidden(options), 'seed': options.seed,
            'by_size': {name: {way: asdict(error) for way, error in of.items()}
                        for name, of in errors.items()},
            'less_than': differences}


def _hiding(options: argparse.Namespace,
            samples: Sequence[Sample]) -> list[tuple[Sequence[str], Hide]]:
    """What is hidden from all frames, one way after another, and the names of its classes."""
    if not options.shapes:
        return [((f'{size:g} of the height',), _ellipses(options, size))
                for size in options.sizes]
    shapes = open_data(options.shapes, 'train')
    numbers = {f'{shapes.name}/{key}': number for number, key in enumerate(shapes.keys)}
    own = iter([numbers.get(sample.name) for sample in samples])
    rng = np.random.default_rng(options.seed)

    def hide(frame: FillFrame) -> np.ndarray:
        return sensor_holes(other_frame(shapes, next(own), rng).depth, frame.sensor.shape)
    return [(REACH_NAMES, hide)]


def _ellipses(options: argparse.Namespace, size: float) -> Hide:
    rng = np.random.default_rng(options.seed)
    return lambda frame: ellipses(frame.sensor.shape, rng, options.holes, size)


def fill_frames(estimator: DepthEstimator, source: DataSet,
                count: int) -> tuple[list[Sample], list[FillFrame]]:
    """`count` samples spread evenly over a source (0: all), and their depth with a prediction."""
    samples, frames = [], []
    for _, sample in readable(source, tqdm(
            spread_numbers(len(source), count), desc=f'predict {source.name}', unit='frame',
            leave=False)):
        predicted_HW = estimator.estimate(sample.rgb, sample.camera).clipped
        samples.append(sample)
        frames.append(FillFrame(sensor=sample.depth, predicted=predicted_HW, rgb=sample.rgb))
    return samples, frames


def fills_text(by_class: Mapping[str, Mapping[str, FillError]],
               differences: Mapping[str, Mapping[str, tuple[float, float, float]]]) -> str:
    """Markdown table of AbsRel, one line a way of filling, one column a size of holes.

    The share of hidden pixels that was filled stands beside it where that is not all. Below, the
    network fitted to each hole less the ways without a network, with 95 % intervals.
    """
    head = ['AbsRel, holes', *by_class]
    lines = [f'| {" | ".join(head)} |', '|---' * len(head) + '|']
    lines += [f'| {" | ".join([way, *(_cell(errors[way]) for errors in by_class.values())])} |'
              for way in FILLS]
    lines += [f'| {" | ".join([f"{FITTED} less {other}", *cells])} |' for other in CLASSICAL
              for cells in [[_difference(of[other]) for of in differences.values()]]]
    pixels = ', '.join(f'{next(iter(errors.values())).pixels:,}' for errors in by_class.values())
    return '\n'.join([*lines, '', f'Hidden pixels: {pixels}.'])


def _cell(error: FillError) -> str:
    filled = '' if error.filled > 0.9995 else f' ({error.filled:.1%} filled)'
    return f'{error.abs_rel:.4f}{filled}'


def _difference(found: tuple[float, float, float]) -> str:
    return '{:+.4f} ({:+.4f} to {:+.4f})'.format(*found)


def _draw(path: Path, samples: Sequence[Sample], frames: Sequence[FillFrame], hide: Hide,
          title: str) -> None:
    """A row an image: what is left of the truth, and what each way of filling makes of it."""
    hidden = [hidden_classes(frame, hide) > 0 for frame in frames]
    chosen = spread_numbers(len(frames), PICTURES)
    left = {number: without(frames[number], hidden[number]) for number in chosen}
    columns = [Column(heading='left of it\n ', depths=[left[n].sensor for n in chosen])]
    for way in (FITTED, *CLASSICAL):
        filled = {number: FILLS[way](left[number]) for number in chosen}
        columns.append(Column(heading=f'{way}\nAbsRel of the hidden', notes=[
            _note(filled[n], frames[n], hidden[n]) for n in chosen],
            depths=[filled[n] for n in chosen]))
    write_comparison(path, [samples[number] for number in chosen], columns, title)


def _note(filled_HW: np.ndarray, frame: FillFrame, hidden_HW: np.ndarray) -> str:
    ratio_N = ratio_of(filled_HW[hidden_HW], frame.sensor[hidden_HW])
    return f'AbsRel {np.nanmean(np.abs(ratio_N - 1)):.3f}' if ratio_N.size else ''
