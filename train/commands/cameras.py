"""`scripts/train cameras`: how a model file does on each of the real cameras."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from mono_depth_ros.model_file import find_model
from train.commands.shared_options import add_cameras, add_device
from train.cross_validation.figures import combined
from train.cross_validation.folds import Fold, measure_model
from train.cross_validation.summary import as_json, as_markdown, summary
from train.output_files import write_json
from train.recipes.camera_groups import TABLES


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('cameras', help='measure a model file camera by camera',
                              description='Measure a model file on the real data sets of a table '
                              'of cameras, whatever it has learned from.')
    one.add_argument('model', help='path of a model file, or the name of a shipped one')
    add_cameras(one)
    one.add_argument('--group', nargs='+', metavar='GROUP', default=[],
                     help='only these groups, without the selection set where it is not there '
                          '(default all)')
    one.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    add_device(one)
    one.set_defaults(command=cameras)


def cameras(options: argparse.Namespace) -> None:
    """Run the command; raises ValueError or OSError in one sentence."""
    table = TABLES[options.cameras]
    if options.group and not all(one.place(str(options.root)).exists() for one in table.always):
        table = replace(table, select='')  # the sets of these groups are enough
    groups = tuple(options.group or (group.name for group in table.groups))
    figures = measure_model(table, options.root, find_model(options.model), groups,
                            options.device)
    rows = summary({Fold(left_out=groups, seed=0): {
        name: combined(list(sets.values())) for name, sets in figures.items()}})
    print(as_markdown(f'{options.model} by camera', table, rows,
                      ['Whatever the model has learned from: its card names the data sets.']))
    if options.json:
        write_json(options.json, as_json(rows))
        print(f'figures: {options.json}')
