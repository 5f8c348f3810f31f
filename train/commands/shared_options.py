"""Options that several commands of the command line share."""

from __future__ import annotations

import argparse
from pathlib import Path

from train.data.samples.splits import SPLITS
from train.evaluation.protocols import INDOOR, OUTDOOR, Protocol, PROTOCOLS, usual_protocol, WHOLE
from train.recipes.camera_groups import TABLES

DATA_HELP = ('data set as NAME=DIR, may be given several times; a folder called nyu has its '
             'white frame masked')


def add_data(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """Add --data NAME=DIR, a list of words."""
    parser.add_argument('--data', action='append', metavar='NAME=DIR', required=required,
                        default=[] if not required else None, help=DATA_HELP)


def add_split(parser: argparse.ArgumentParser) -> None:
    """Add --split, by default val."""
    parser.add_argument('--split', choices=SPLITS, default='val',
                        help='which part of the data (default val)')


def add_protocol(parser: argparse.ArgumentParser) -> None:
    """Add --protocol, by default None: see `protocol_for`."""
    parser.add_argument('--protocol', choices=sorted(PROTOCOLS), help=(
        'which pixels count: eigen-crop, fast-depth and dense-depth are those of NYU-Depth-v2, '
        'garg-crop that of KITTI, full (to 10 m) and outdoor (to 80 m) take all (default '
        f'{WHOLE}; {INDOOR} for data called nyu; {OUTDOOR} for a model that reaches beyond 10 m)'))


def protocol_for(asked: str | None, name: str, max_depth_m: float) -> Protocol:
    """The protocol that was asked for, else that of such data and such a model."""
    return PROTOCOLS[asked or usual_protocol(name, max_depth_m)]


def add_seed(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --seed, by default 0, `what` it is of; see `check_seed`."""
    parser.add_argument('--seed', type=int, default=0, metavar='S', help=what)


def check_seed(seed: int) -> None:
    """ValueError for a --seed by which NumPy draws nothing."""
    if seed < 0:
        raise ValueError(f'--seed must be 0 or more, got {seed}')


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --device, by default auto."""
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')


def add_cameras(parser: argparse.ArgumentParser, root_needed: bool = True) -> None:
    """Add --cameras and --root: all data sets of a table, below one folder."""
    parser.add_argument('--cameras', choices=sorted(TABLES), default='indoor',
                        help='which table of cameras (default indoor)')
    parser.add_argument('--root', type=Path, required=root_needed, metavar='DIR',
                        help='folder of all data sets of the table, as they are or packed')


def add_capped(parser: argparse.ArgumentParser) -> None:
    """Add --capped, for commands that learn from the data sets of a table."""
    parser.add_argument('--capped', action='store_true',
                        help='cap monotonous sets as the table says (recipe field `caps`)')
