"""`scripts/train compare`: Table I of the paper for runs and model files, and its figures."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from mono_depth_ros.backends.torch_backend import pick_device
from train.commands.shared_options import (
    add_data,
    add_device,
    add_protocol,
    add_split,
    protocol_for,
)
from train.comparison.comparison import data_of, Entry, learned_by, open_entries, Row
from train.comparison.comparison_figures import (
    check_ending,
    chosen_samples,
    columns_of,
    figure_file,
    write_comparison,
)
from train.comparison.comparison_table import LABELS, sorted_rows, table_text
from train.comparison.cost import cost_of_model, ms_by_device
from train.data.data_sets import DataSet, open_all, open_data
from train.data.samples.splits import MissingSplit
from train.evaluation.learned_images import check_learned
from train.evaluation.measurement import evaluate
from train.evaluation.protocols import Protocol
from train.output_files import write_json


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('compare', help='measure runs and models side by side', description=(
        'Measure finished runs and model files on the same images, time them interleaved, and '
        'print a Markdown table: errors with 95 % intervals, parameters, multiply-adds, '
        'milliseconds, how they were trained. Needs no export before.'))
    one.add_argument('models', nargs='+', metavar='RUN_OR_MODEL',
                     help='folder of a finished run, path of a model file, or shipped name')
    add_data(one, required=False)
    add_split(one)
    add_protocol(one)
    add_device(one)
    one.add_argument('--sort', choices=('given', *LABELS), default='given',
                     help='best first by an error (default: as given)')
    one.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    one.add_argument('--figure', type=Path, metavar='FILE.png',
                     help='draw image, true depth and every prediction side by side')
    one.add_argument('--pictures', type=int, default=5, metavar='N', help=(
        'images of the figure, evenly spaced from the best to the worst by AbsRel of the first '
        'model (default 5)'))
    one.add_argument('--stacks', action='store_true',
                     help='show the output of every stack in the figure, coarse first')
    one.set_defaults(command=compare)


def compare(options: argparse.Namespace) -> None:
    """Run the command."""
    if options.figure:
        check_ending(options.figure)
    if options.data:
        opened = open_all(options.data, options.split)
    else:
        opened = with_split(data_of(options.models), options.split)
    with TemporaryDirectory() as folder:
        entries = open_entries(options.models, Path(folder), options.device,
                               options.data)
        for spec, source in opened.items():
            for entry in entries:
                check_learned(entry.name, learned_by(entry, spec, source), spec, source,
                              options.split)
        reach_m = max(entry.card.max_depth_m for entry in entries)
        protocols = [protocol_for(options.protocol, source.name, reach_m)
                     for source in opened.values()]
        rows = [_show(options, source, entries, protocol)
                for source, protocol in zip(opened.values(), protocols)]
        if options.json:
            write_json(options.json, [row.as_json() for part in rows for row in part])
            print(f'\nimage by image in {options.json}')
        if options.figure:  # at the end: one that cannot be drawn costs no measurement
            for source, protocol, part in zip(opened.values(), protocols, rows):
                _draw(options, source, part, protocol,
                      figure_file(options.figure, source, len(opened)))


def with_split(specs: Sequence[str], split: str) -> dict[str, DataSet]:
    """The data sets, by NAME=DIR, of those that have the split; others are said to be left out.

    Raises MissingSplit where none has.
    """
    opened, refused = {}, []
    for spec in specs:
        try:
            opened[spec] = open_data(spec, split)
        except MissingSplit as error:
            refused.append(error)
    if not opened:
        raise refused[0]
    for reason in refused:
        print(f'left out: {reason}', file=sys.stderr)
    return opened


def _show(options: argparse.Namespace, source: DataSet, entries: Sequence[Entry],
          protocol: Protocol) -> list[Row]:
    """Measure on one data set and print the table; the rows as given."""
    rows = _rows(options, source, entries, protocol)
    print(table_text(sorted_rows(rows, options.sort), protocol), flush=True)
    return rows


def _draw(options: argparse.Namespace, source: DataSet, rows: Sequence[Row], protocol: Protocol,
          path: Path) -> None:
    report = rows[0].report
    samples = chosen_samples(report, source, protocol, options.pictures)
    title = (f'{source.name} {options.split}: {len(samples)} of {len(report.images)} images, '
             f'evenly spaced from best to worst by AbsRel of {rows[0].entry.name}')
    write_comparison(path, samples, columns_of(rows, samples, options.stacks, protocol), title)
    print(f'\nfigure: {path}')


def _rows(options: argparse.Namespace, source: DataSet, entries: Sequence[Entry],
          protocol: Protocol) -> list[Row]:
    reports = [evaluate(entry.estimator, source, options.split, protocol)
               for entry in entries]
    times = ms_by_device([entry.estimator for entry in entries], source,
                         pick_device(options.device))
    return [Row(entry=entry, report=report,
                cost=cost_of_model(entry.estimator.model_path, entry.card),
                ms={device: ms[number] for device, ms in times.items()})
            for number, (entry, report) in enumerate(zip(entries, reports))]
