"""`scripts/train pack`: a data set decoded once and made small, for fast GPUs."""

from __future__ import annotations

import argparse
from pathlib import Path
import shlex

from mono_depth_ros.sentences import counted
from train.data.packing import pack


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('pack', help='decode a data set once', description=(
        'Write a data set as plain arrays of small images that are mapped, not decoded: for '
        'fast GPUs. Run it again to go on after an interruption.'))
    one.add_argument('data', metavar='NAME=PLACE', help='the data set')
    one.add_argument('--out', type=Path, required=True, metavar='DIR', help='folder of the pack')
    one.add_argument('--width', type=int, default=320, metavar='PIXELS',
                     help='wider images are made this small (default 320); leave some more than '
                          "the network's input, for random zooms")
    one.set_defaults(command=_pack)


def _pack(options: argparse.Namespace) -> None:
    if options.width < 16:
        raise ValueError(f'--width must be at least 16 pixels, got {options.width}')
    count = pack(options.data, options.out, options.width)
    name = options.data.partition('=')[0]
    megabytes = sum(path.stat().st_size for path in options.out.iterdir()) / 1e6
    print(f'{options.out}: {counted(count, "frame")}, {megabytes:.0f} MB; next: scripts/train fit '
          f'RECIPE --data {shlex.quote(f"{name}={options.out}")} --out runs/X')
