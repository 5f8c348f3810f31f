"""`scripts/train export`: the model file of a finished run."""

from __future__ import annotations

import argparse
from pathlib import Path
import shlex
import sys

from mono_depth_ros.model_card import ModelCard
from mono_depth_ros.model_file import SUFFIX
from train.commands.shared_options import add_protocol
from train.evaluation.protocols import PROTOCOLS
from train.export.model_export import export_run
from train.fitting.run_folder import read_run


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('export', help='make the model file of a finished run',
                              description='Make the model file of a finished run and measure it.')
    one.add_argument('run', type=Path, help='folder of the run')
    one.add_argument('model', type=Path, help=f'file to write, ending in {SUFFIX}')
    one.add_argument('--data', action='append', metavar='NAME=DIR', default=[],
                     help='where a data set of the run lies now')
    add_protocol(one)
    one.add_argument('--weights-licence', default='', metavar='TEXT',
                     help='terms of the weights in one sentence, for the card and the node that '
                          'loads them (default: those of the data and models they learned from)')
    one.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> None:
    if options.model.suffix != SUFFIX:
        raise ValueError(f'a model file ends in {SUFFIX}, got {options.model}')
    run = read_run(options.run).moved(options.data)
    validation = run.validation()
    if not validation:
        print('no data set of this run has a split val: the model file is written without metrics '
              'and with its confidence as it was learned', file=sys.stderr)
    protocol = PROTOCOLS[options.protocol] if options.protocol else None
    card = export_run(options.run, options.model, validation, protocol,
                      options.weights_licence, run)
    print(summary(card, options.model))


def summary(card: ModelCard, path: Path) -> str:
    """The figures of a new model file, and what can be done with it."""
    model = shlex.quote(str(path))
    return '\n'.join([
        f'{path}: {path.stat().st_size / 1e6:.1f} MB, {card.network.name}, '
        f'{card.min_depth_m:g} to {card.max_depth_m:g} m',
        *(f'{row.data} {row.split}, {row.frames} images, protocol {row.protocol}: delta1 '
          f'{row.delta1:.3f}, AbsRel {row.abs_rel:.3f}, RMSE {row.rmse_m:.3f} m'
          for row in card.metrics),
        f'its card:    scripts/train show {model}',
        f'try it:      scripts/demo --model {model}',
        f'on a robot:  ros2 launch mono_depth_ros depth.launch.py '
        f'{shlex.quote(f"model_file:={path.resolve()}")}'])
