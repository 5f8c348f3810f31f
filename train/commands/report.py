"""`scripts/train report`: the figures of a finished model on images kept for the end."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import datetime, timezone
import json
from pathlib import Path

from mono_depth_ros.model_card import ModelCard
from mono_depth_ros.sentences import counted
from train.commands.shared_options import add_device
from train.cross_validation.figures import measure
from train.data.data_set_facts import facts_called, NYU
from train.data.data_sets import data_use, open_data
from train.data.nyu_report import REPORT
from train.data.samples.data_notes import note
from train.data.samples.splits import MissingSplit
from train.evaluation.measurement import load_estimator
from train.evaluation.protocols import INDOOR, PROTOCOLS
from train.output_files import write_file

USES = Path(__file__).parents[2] / 'docs' / 'report_uses.jsonl'


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser(
        'report', help="measure a finished model on NYU's report split, once",
        description='Measure a finished model on the report split of NYU-Depth-v2, of which '
                    'nothing is trained or chosen, and note in docs/report_uses.jsonl that it '
                    'was used. What has been chosen by it is no longer independent of it: the '
                    'figures say how often it was used before. Choose by leave-one-out. A model '
                    'that learned from NYU-Depth-v2 by another list than that of --data may have '
                    'seen these scenes: a note and the file of uses tell of it.')
    one.add_argument('model', help='path of a model file, or the name of a shipped one')
    one.add_argument('--data', metavar='nyu=DIR', required=True,
                     help='the labelled images, in a folder keyed by index or as the .mat file')
    add_device(one)
    one.add_argument('--uses', type=Path, default=USES, metavar='FILE',
                     help='where uses are noted (default docs/report_uses.jsonl)')
    one.set_defaults(command=report)


def report(options: argparse.Namespace) -> None:
    """Run the command; raises ValueError or OSError in one sentence."""
    try:
        source = open_data(options.data, REPORT)
    except MissingSplit as error:
        raise ValueError(f'{error}; `report` is for the images of NYU-Depth-v2 that are kept for '
                         'the end, `evaluate` for all other data') from error
    estimator = load_estimator(options.model, options.device)
    unsure = not_known_as_others(estimator.card, options.data)
    if unsure:
        note(f'{estimator.card.name} learned from {", ".join(unsure)}, by another list than that '
             f'of the training part of {options.data}, so that it is not known whether it saw '
             f'the scenes of the split {REPORT}: it did if it learned from the videos of '
             'NYU-Depth-v2, not if from the labelled images in another layout')
    figures = measure(estimator, source, PROTOCOLS[INDOOR], steps=True)
    number = note_use(options.uses, {
        'model': estimator.card.name, 'sha256': estimator.model_sha256, 'protocol': INDOOR,
        **asdict(figures), **({'not_known_as_others': unsure} if unsure else {})})
    print(f'{estimator.card.name} on {source.name} {REPORT}, protocol {INDOOR}, '
          f'{counted(figures.images, "image")}, one pass: delta1 {figures.delta1:.4f}, AbsRel '
          f'{figures.abs_rel:.4f}, RMSE {figures.rmse_m:.4f} m, scale {figures.scale:.3f}')
    print(f'the report split was used {counted(number, "time")}, this one counted; commit '
          f'{options.uses}')


def not_known_as_others(card: ModelCard, spec: str) -> list[str]:
    """Data of NYU-Depth-v2 that a model learned from, of which it is not known what they show.

    That is all but the training images of NAME=DIR, by their list. Raises
    ValueError or OSError as `open_data`.
    """
    uses = [use for use in card.provenance.data if facts_called(use.name) is NYU]
    if not uses:
        return []
    held_out = data_use(open_data(spec, 'train')).keys_sha256
    return [use.name for use in uses if use.keys_sha256 != held_out]


def note_use(path: Path, figures: dict) -> int:
    """Add a line to the file of uses of the report split; how often it was used, this counted."""
    before = path.read_text() if path.is_file() else ''
    number = len(before.splitlines()) + 1
    line = {'use': number, 'date': datetime.now(timezone.utc).date().isoformat(), **figures}
    write_file(path, before + json.dumps(line) + '\n')
    return number
