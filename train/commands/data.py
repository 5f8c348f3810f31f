"""`scripts/train data`: what a data set holds."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from train.data.data_sets import open_data
from train.data.inspection import check, inspect, statistics_text, write_sheet


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('data', help='say what a data set holds', description=(
        'Count frames, sizes, cameras and depth of a data set, and draw a contact sheet.'))
    one.add_argument('data', metavar='NAME=PLACE', help='folder or file, with or without NAME=')
    one.add_argument('--split', choices=('train', 'val', 'test'), default='train')
    one.add_argument('--frames', type=int, default=200, metavar='N',
                     help='look at N frames, spread evenly (default 200; 0: all)')
    one.add_argument('--sheet', type=Path, metavar='FILE.png', help='write a contact sheet there')
    one.set_defaults(command=_data)


def _data(options: argparse.Namespace) -> None:
    # The whole path, for `.` and `..` have no name.
    name = Path(os.path.abspath(options.data)).stem
    spec = options.data if '=' in options.data else f'{name}={options.data}'
    source = open_data(spec, options.split)
    found, samples = inspect(source, options.frames)
    print(statistics_text(source.name, options.split, found))
    if options.sheet:
        write_sheet(options.sheet, samples)
        print(f'contact sheet: {options.sheet}')
    check(found)
