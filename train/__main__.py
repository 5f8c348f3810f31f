"""Command line of the train module: `python -m train VERB`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
import json
from pathlib import Path
import sys

import numpy as np

from mono_depth_ros.artifact import find_model, read_card, sha256_of, SUFFIX
from mono_depth_ros.estimator import DepthEstimator
from train.baseline import MeanDepthMap
from train.compare_command import add_verb as add_compare
from train.data import open_data
from train.densify_command import add_verb as add_densify
from train.evaluate import evaluate, Report
from train.export import export_run
from train.files import write_file
from train.fit_command import add_verb as add_fit
from train.holes_command import add_verb as add_holes
from train.inspect_data import check, look, summary_text, write_sheet
from train.options import add_data, add_device, add_protocol, add_split
from train.pack import add_verb as add_pack
from train.protocol import PROTOCOLS
from train.report import write_report
from train.run import read_run
from train.simulate.command import add_verb as add_simulate
from train.trust import measure_trust


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 when done, 1 with one sentence when it cannot be, 130 after Ctrl-C."""
    options = parser().parse_args(arguments)
    try:
        options.verb(options)
    except KeyboardInterrupt:
        print('\nstopped', file=sys.stderr)
        return 130
    except (ValueError, OSError, ImportError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The verbs and their options."""
    top = argparse.ArgumentParser(
        prog='python -m train', description='Train, measure and export depth networks.')
    verbs = top.add_subparsers(required=True, metavar='VERB')

    add_fit(verbs)

    one = verbs.add_parser('evaluate', help='measure a model file',
                           description='Measure a model file with the estimator the robot runs.')
    one.add_argument('model', help='path of a model file, or the name of a shipped one')
    add_data(one)
    add_split(one)
    add_protocol(one)
    add_device(one)
    one.add_argument('--baseline', action='store_true',
                     help='also measure the mean depth map of the train split')
    one.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    one.add_argument('--report', type=Path, metavar='DIR',
                     help='write a page with tables, pictures and error maps there')
    one.set_defaults(verb=_evaluate)

    one = verbs.add_parser('export', help='make the model file of a finished run',
                           description='Make the model file of a finished run and measure it.')
    one.add_argument('run', type=Path, help='folder of the run')
    one.add_argument('model', type=Path, help=f'file to write, ending in {SUFFIX}')
    add_protocol(one)
    one.set_defaults(verb=_export)

    add_compare(verbs)

    add_pack(verbs)
    add_holes(verbs)
    add_densify(verbs)

    one = verbs.add_parser('data', help='say what a data set holds', description=(
        'Count frames, sizes, cameras and depth of a data set, and draw a contact sheet.'))
    one.add_argument('data', metavar='NAME=PLACE', help='folder or file, with or without NAME=')
    one.add_argument('--split', choices=('train', 'val', 'test'), default='train')
    one.add_argument('--frames', type=int, default=200, metavar='N',
                     help='look at N frames, spread evenly (default 200; 0: all)')
    one.add_argument('--sheet', type=Path, metavar='FILE.png', help='write a contact sheet there')
    one.set_defaults(verb=_data)

    add_simulate(verbs)

    one = verbs.add_parser('show', help='print what a model file knows of itself')
    one.add_argument('model', help='path of a model file, or the name of a shipped one')
    one.set_defaults(verb=_show)
    return top


def _evaluate(options: argparse.Namespace) -> None:
    sources = [open_data(spec, options.split) for spec in options.data]
    protocol = PROTOCOLS[options.protocol]
    rows = []
    if options.baseline:
        floor = MeanDepthMap([open_data(spec, 'train') for spec in options.data])
        rows += [('mean depth map', evaluate(floor, s, options.split, protocol)) for s in sources]
    estimator = DepthEstimator.load(options.model, options.device)
    rows += [(estimator.card.name, evaluate(estimator, s, options.split, protocol))
             for s in sources]
    print_table(rows)
    trusts = [measure_trust(estimator, source, protocol) for source in sources]
    for source, found in zip(sources, trusts):
        if found:
            print(f'\nconfidence on {source.name} {options.split}:\n{found.text()}')
    if options.json:
        figures = [{'model': name, **report.as_json()} for name, report in rows]
        for row, found in zip(figures[-len(sources):], trusts):
            row['trust'] = found and asdict(found)
        write_file(options.json, json.dumps(figures, indent=1) + '\n')
        print(f'image by image in {options.json}')
    if options.report:
        for source, (name, report) in zip(sources, rows[-len(sources):]):
            page = write_report(options.report / source.name, f'{name} on {source.name}', report,
                                source, protocol, estimator)
            print(f'report: {page}')


def print_table(rows: Sequence[tuple[str, Report]]) -> None:
    """One line a measurement; the protocol is part of it, for figures of two never compare."""
    print(f'{"model":<16}{"data":<24}{"protocol":<12}{"images":>7}{"delta1":>8}{"95 %":>16}'
          f'{"delta2":>8}{"delta3":>8}{"AbsRel":>8}{"RMSE m":>8}{"SILog":>8}{"bias":>8}')
    for name, report in rows:
        mean, (low, high) = report.mean, report.intervals['delta1']
        print(f'{name:<16}{report.data + " " + report.split:<24}{report.protocol:<12}'
              f'{len(report.images):>7}{mean.delta1:>8.4f}{f"{low:.3f}-{high:.3f}":>16}'
              f'{mean.delta2:>8.4f}{mean.delta3:>8.4f}{mean.abs_rel:>8.4f}{mean.rmse_m:>8.4f}'
              f'{mean.silog:>8.4f}{np.expm1(mean.bias_log):>+8.1%}')
    for name, report in rows:
        print(f'\n{name} on {report.data} {report.split}, by true distance:')
        print(f'{"metres":>12}{"pixels":>9}{"delta1":>8}{"AbsRel":>8}{"bias":>8}')
        for band in report.bands:
            errors = band.errors
            share = errors.pixels / report.mean.pixels
            print(f'{f"{band.near_m:g}-{band.far_m:g}":>12}{share:>9.1%}{errors.delta1:>8.4f}'
                  f'{errors.abs_rel:>8.4f}{np.expm1(errors.bias_log):>+8.1%}')


def _export(options: argparse.Namespace) -> None:
    if options.model.suffix != SUFFIX:
        raise ValueError(f'a model file ends in {SUFFIX}, got {options.model}')
    run = read_run(options.run)
    card = export_run(options.run, options.model, run.sources('val'), PROTOCOLS[options.protocol])
    print(card.to_json())
    megabytes = options.model.stat().st_size / 1e6
    print(f'{options.model}: {megabytes:.1f} MB; next: ros2 launch mono_depth_ros '
          f'depth.launch.py model_file:={options.model.resolve()}')


def _data(options: argparse.Namespace) -> None:
    spec = options.data if '=' in options.data else f'{Path(options.data).stem}={options.data}'
    source = open_data(spec, options.split)
    summary, samples = look(source, options.frames)
    print(summary_text(source.name, options.split, summary))
    if options.sheet:
        write_sheet(options.sheet, samples)
        print(f'contact sheet: {options.sheet}')
    check(summary)


def _show(options: argparse.Namespace) -> None:
    path = find_model(options.model)
    print(read_card(path).to_json())
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256_of(path)}')


if __name__ == '__main__':
    sys.exit(main())
