"""`scripts/train evaluate`: how well a model file does on held-out images."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_file import find_model, read_card
from mono_depth_ros.sentences import counted
from train.commands.shared_options import (
    add_data,
    add_device,
    add_protocol,
    add_split,
    protocol_for,
)
from train.data.data_set_facts import facts_called, Window
from train.data.data_sets import DataSet, open_all, open_data
from train.evaluation.baseline import MeanDepthMap
from train.evaluation.confidence import measure_calibration
from train.evaluation.ensemble import Ensemble, Flipped
from train.evaluation.html_report import write_report
from train.evaluation.learned_images import check_learned, learned_images
from train.evaluation.measurement import evaluate, load_estimator, Predictor, Report
from train.evaluation.protocols import Protocol, without_frame, zoomed
from train.output_files import write_json


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('evaluate', help='measure a model file', description=(
        'Measure a model file with the estimator the robot runs.'))
    one.add_argument('model', help='path of a model file, or the name of a shipped one')
    add_data(one)
    add_split(one)
    add_protocol(one)
    add_device(one)
    one.add_argument('--baseline', action='store_true',
                     help='also measure the mean depth map of the train split')
    one.add_argument('--with', action='append', default=[], metavar='MODEL', dest='others',
                     help='also measure the mean of the model and this one (in log depth); given '
                          'several times, of all')
    one.add_argument('--flip-tta', action='store_true', help=(
        'also measure with flip test-time augmentation: the mean of the predictions for an image '
        'and for its mirror image'))
    one.add_argument('--zoom', type=float, default=1.0, metavar='FACTOR',
                     help='measure on the middle of every image, as a lens of FACTOR times the '
                          'focal length would see it: the scene then seems that much nearer')
    one.add_argument('--without-frame', action='store_true', help=(
        "replace NYU's white frame by the mirror image of what is beside it: a network can read "
        'the scale from the frame'))
    one.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    one.add_argument('--report', type=Path, metavar='DIR',
                     help='write a page with tables, pictures and error maps there')
    one.set_defaults(command=_evaluate)


def _evaluate(options: argparse.Namespace) -> None:
    opened = open_all(options.data, options.split)
    sources = list(opened.values())
    learned = _check_learned(options, opened)
    max_depth_m = read_card(find_model(options.model)).max_depth_m
    protocols = [_protocol(options, source.name, max_depth_m) for source in sources]
    estimator = load_estimator(options.model, options.device)
    rows = [(name, evaluate(one, source, options.split, protocol))
            for name, one in _measured(estimator, options)
            for source, protocol in zip(sources, protocols)]
    print_table(rows)
    calibrations = [measure_calibration(estimator, source, protocol)
                    for source, protocol in zip(sources, protocols)]
    for source, found in zip(sources, calibrations):
        if found:
            print(f'\nconfidence on {source.name} {options.split}:\n{found.text()}')
    if options.json:
        figures = [{'model': name, 'data_learned': report.data in learned, **report.as_json()}
                   for name, report in rows]
        for row, found in zip(figures[-len(sources):], calibrations):
            row['calibration'] = found and asdict(found)
        write_json(options.json, figures)
        print(f'image by image in {options.json}')
    if options.report:
        for source, protocol, (name, report) in zip(sources, protocols, rows[-len(sources):]):
            page = write_report(options.report / source.name, f'{name} on {source.name}', report,
                                source, protocol, estimator)
            print(f'report: {page}')


def _protocol(options: argparse.Namespace, name: str, max_depth_m: float) -> Protocol:
    """How the model is measured on data called `name`."""
    protocol = protocol_for(options.protocol, name, max_depth_m)
    if options.without_frame:
        protocol = without_frame(protocol, _frame_of(name))
    return protocol if options.zoom == 1 else zoomed(protocol, options.zoom)


def _frame_of(name: str) -> Window:
    """The window within the frame of data called `name`; ValueError where none is known."""
    window = facts_called(name).window
    if window is None:
        raise ValueError(f'--without-frame: no frame of {name} is known, those called nyu have '
                         'one')
    return window


def _check_learned(options: argparse.Namespace, opened: Mapping[str, DataSet]) -> set[str]:
    """Names of the data sets that one of the models learned from; errors as `check_learned`."""
    names = set()
    for card in (read_card(find_model(model)) for model in (options.model, *options.others)):
        for spec, source in opened.items():
            learned = learned_images(card, source)
            check_learned(card.name, learned, spec, source, options.split)
            names |= {source.name} if learned else set()
    return names


def _measured(estimator: DepthEstimator,
              options: argparse.Namespace) -> Iterator[tuple[str, Predictor]]:
    """Everything that was asked for, the model itself last."""
    if options.baseline:
        yield 'mean depth map', MeanDepthMap([open_data(spec, 'train') for spec in options.data])
    yield from _together(estimator, options)
    yield estimator.card.name, estimator


def _together(estimator: DepthEstimator,
              options: argparse.Namespace) -> Iterator[tuple[str, Predictor]]:
    """The means that were asked for."""
    if options.others:
        others = [load_estimator(model, options.device) for model in options.others]
        yield f'mean of {1 + len(others)}', Ensemble([estimator, *others])
    if options.flip_tta:
        yield 'with flip TTA', Ensemble([estimator, Flipped(estimator)])


def print_table(rows: Sequence[tuple[str, Report]]) -> None:
    """Two lines a measurement, in two tables; what they rest on; and errors by distance.

    The protocol is part of a line, for figures of two do not compare.
    """
    _print_headline(rows)
    print()
    _print_others(rows)
    print()
    for text in dict.fromkeys(_caption(report) for _, report in rows):
        print(text)
    for name, report in rows:
        print(f'\n{name} on {report.data} {report.split}, by true distance:')
        _print_bands(report)


def _print_headline(rows: Sequence[tuple[str, Report]]) -> None:
    print(f'{"model":<16}{"data":<24}{"protocol":<20}{"images":>7}{"delta1":>8}{"95 %":>16}'
          f'{"delta2":>8}{"delta3":>8}{"AbsRel":>8}{"RMSE m":>8}{"SILog":>8}{"bias":>8}')
    for name, report in rows:
        mean = report.mean
        print(f'{name:<16}{report.data + " " + report.split:<24}{report.protocol:<20}'
              f'{len(report.images):>7}{mean.delta1:>8.4f}{_interval(report, "delta1"):>16}'
              f'{mean.delta2:>8.4f}{mean.delta3:>8.4f}{mean.abs_rel:>8.4f}{mean.rmse_m:>8.4f}'
              f'{mean.silog:>8.4f}{np.expm1(mean.bias_log):>+8.1%}')


def _print_others(rows: Sequence[tuple[str, Report]]) -> None:
    """The errors for which the first table has no room, and the intervals of its others."""
    print(f'{"model":<16}{"data":<24}{"AbsRel 95 %":>16}{"RMSE m 95 %":>16}{"SqRel":>10}'
          f'{"RMSE log":>10}{"log10":>10}')
    for name, report in rows:
        mean = report.mean
        print(f'{name:<16}{report.data + " " + report.split:<24}'
              f'{_interval(report, "abs_rel"):>16}{_interval(report, "rmse_m"):>16}'
              f'{mean.sq_rel:>10.4f}{mean.rmse_log:>10.4f}{mean.log10:>10.4f}')


def _interval(report: Report, error: str) -> str:
    low, high = report.intervals[error]
    return f'{low:.3f}-{high:.3f}'


def _caption(report: Report) -> str:
    return (f'{report.data} {report.split}, {counted(len(report.images), "image")}'
            f'{report.left_out_text()}: {report.truth_text()}')


def _print_bands(report: Report) -> None:
    print(f'{"metres":>12}{"pixels":>9}{"delta1":>8}{"AbsRel":>8}{"bias":>8}')
    for band in report.bands:
        errors = band.errors
        share = errors.pixels / report.mean.pixels
        print(f'{f"{band.near_m:g}-{band.far_m:g}":>12}{share:>9.1%}{errors.delta1:>8.4f}'
              f'{errors.abs_rel:>8.4f}{np.expm1(errors.bias_log):>+8.1%}')
