"""`scripts/train densify`: errors of the depth filled in between lidar points."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from train.commands.shared_options import add_data, add_seed, add_split, check_seed
from train.data.data_sets import DataSet, open_all
from train.data.readable_samples import readable
from train.data.samples.sample import Sample, spread_numbers
from train.evaluation.fill_comparison import compare_densifiers, GROSS
from train.output_files import write_json


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
    add_seed(one, 'of which are hidden')
    one.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    one.set_defaults(command=measure)


def measure(options: argparse.Namespace) -> None:
    """Run the command."""
    if not 0 < options.hide < 1:
        raise ValueError(f'expected --hide above 0 and below 1, got {options.hide:g}')
    check_seed(options.seed)
    found = []
    for source in open_all(options.data, options.split).values():
        numbers = spread_numbers(len(source), options.frames)
        read: list[str] = []
        errors, before, after = compare_densifiers(
            _samples(source, numbers, read), options.hide, np.random.default_rng(options.seed))
        print(f'{source.name} {options.split}, {len(read)} of {len(source)} frames, '
              f'{options.hide:.0%} of the known points hidden, seed {options.seed}; filling all '
              f'of them takes known pixels from {before:.1%} to {after:.1%}\n')
        print(f'| | AbsRel | off by more than {GROSS:.0%} | hidden points filled |')
        print('|---|---|---|---|')
        for way, error in errors.items():
            print(f'| {way} | {error.abs_rel:.4f} | {error.gross:.2%} | {error.filled:.1%} |')
        found.append({'data': source.name, 'split': options.split, 'known': before,
                      'known_filled': after, **{way: asdict(e) for way, e in errors.items()}})
    if options.json:
        write_json(options.json, found)


def _samples(source: DataSet, numbers: Sequence[int], read: list[str]) -> Iterator[Sample]:
    """The samples of those numbers that can be read; their names are added to `read`."""
    for _, sample in readable(source, tqdm(numbers, desc=source.name, unit='frame', leave=False)):
        read.append(sample.name)
        yield sample
