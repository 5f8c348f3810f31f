"""`python -m train densify`: how true are the depths put between the points of a lidar?"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
import json
from pathlib import Path

import numpy as np
from tqdm import tqdm

from train.commands.shared_options import add_data, add_split
from train.data.data_sets import open_data
from train.data.samples.lidar import densify, Fill
from train.data.samples.sample import Sample, spread_numbers
from train.evaluation.hole_filling import nearest_known
from train.output_files import write_file

# An error above this share of the truth is a depth of another surface.
GROSS = 0.25


@dataclass(frozen=True, kw_only=True)
class PointError:
    """Errors on hidden points: how many, the share that was filled, AbsRel, share off by GROSS."""

    points: int
    filled: float
    abs_rel: float
    gross: float


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('densify', help='measure how lidar points become dense depth',
                              description='Hide some of the known points of sparse depth, fill '
                              'the rest as training does, and compare with the hidden ones.')
    add_data(one)
    add_split(one)
    one.add_argument('--frames', type=int, default=11, metavar='N',
                     help='N frames, spread evenly (default 11; 0: all)')
    one.add_argument('--hide', type=float, default=0.2, metavar='SHARE',
                     help='share of the known points to hide (default 0.2)')
    one.add_argument('--seed', type=int, default=0, metavar='S', help='of which are hidden')
    one.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    one.set_defaults(command=measure)


def measure(options: argparse.Namespace) -> None:
    """Do what the options say."""
    if not 0 < options.hide < 1:
        raise ValueError(f'expected --hide above 0 and below 1, got {options.hide:g}')
    found = []
    for source in [open_data(spec, options.split) for spec in options.data]:
        numbers = spread_numbers(len(source), options.frames)
        samples = (source[n] for n in tqdm(numbers, desc=source.name, unit='frame', leave=False))
        errors, before, after = hidden_errors(samples, options.hide,
                                              np.random.default_rng(options.seed))
        print(f'{source.name} {options.split}, {len(numbers)} of {len(source)} frames, '
              f'{options.hide:.0%} of the known points hidden, seed {options.seed}; filling all '
              f'of them takes known pixels from {before:.1%} to {after:.1%}\n')
        print(f'| | AbsRel | off by more than {GROSS:.0%} | hidden points filled |')
        print('|---|---|---|---|')
        for way, error in errors.items():
            print(f'| {way} | {error.abs_rel:.4f} | {error.gross:.2%} | {error.filled:.1%} |')
        found.append({'data': source.name, 'split': options.split, 'known': before,
                      'known_filled': after, **{way: asdict(e) for way, e in errors.items()}})
    if options.json:
        write_file(options.json, json.dumps(found, indent=1) + '\n')


def nearest_within(depth_HW: np.ndarray, rgb_HW3: np.ndarray) -> np.ndarray:
    """Each unknown pixel takes the nearest known one within the radius of `densify`."""
    distance_HW, nearest_HW = nearest_known(depth_HW, np.isfinite(depth_HW))
    reached_HW = np.isnan(depth_HW) & (distance_HW <= Fill().radius_px)
    return np.where(reached_HW, nearest_HW, depth_HW)


WAYS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    'bilateral (train.data.samples.lidar)': densify, 'nearest in the same radius': nearest_within}


def hidden_errors(samples: Iterable[Sample], hide: float, rng: np.random.Generator
                  ) -> tuple[dict[str, PointError], float, float]:
    """Errors of every way in WAYS, and the share of pixels known before and after `densify`.

    Errors are on hidden points that were filled; ValueError where there is no point to hide.
    """
    ratios: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
    points, known = 0, []
    for sample in samples:
        known_HW = np.isfinite(sample.depth)
        hidden_HW = known_HW & (rng.random(known_HW.shape) < hide)
        points += int(hidden_HW.sum())
        left_HW = np.where(hidden_HW, np.float32(np.nan), sample.depth)
        for way, fill in WAYS.items():
            filled_N = fill(left_HW, sample.rgb)[hidden_HW] / sample.depth[hidden_HW]
            ratios[way].append(filled_N[np.isfinite(filled_N)])
        whole_HW = densify(sample.depth, sample.rgb)
        known.append((known_HW.mean(), np.isfinite(whole_HW).mean()))
    if not points:
        raise ValueError('no known point to hide: give frames with sparse depth')
    before, after = np.mean(known, axis=0).tolist()
    errors = {way: _error(np.concatenate(parts), points) for way, parts in ratios.items()}
    return errors, before, after


def _error(ratio_N: np.ndarray, points: int) -> PointError:
    off_N = np.abs(ratio_N - 1)
    return PointError(points=points, filled=off_N.size / points,
                      abs_rel=float(off_N.mean()) if off_N.size else float('nan'),
                      gross=float((off_N > GROSS).mean()) if off_N.size else float('nan'))
