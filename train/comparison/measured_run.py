"""Makes a model of a finished training and measures it, as a process of its own.

`scripts/table1` starts `python -m train.comparison.measured_run` beside its trainings.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
import json
from pathlib import Path
import sys

import cv2
import numpy as np

from mono_depth_ros.model_file import read_card
from train.data.data_sets import DataSet, open_data, RULES
from train.evaluation.measurement import evaluate, load_estimator, Predictor
from train.evaluation.protocols import Protocol, PROTOCOLS
from train.export.model_export import export_run
from train.fitting.checkpoint import NAME as CHECKPOINT
from train.fitting.run_folder import read_run
from train.output_files import write_file

# Size at which the roughness of depth is taken, that of the paper's maps.
MAP_SIZE = (80, 60)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the figures of a model on a split; with --run, make it first of that training.

    Its card is then written to --card too, and the checkpoint dropped.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--run', type=Path)
    parser.add_argument('--card', type=Path)
    for name in ('model', 'figures'):
        parser.add_argument(f'--{name}', type=Path, required=True)
    parser.add_argument('--data', action='append', required=True)
    parser.add_argument('--split', default='val')
    parser.add_argument('--protocol', choices=PROTOCOLS, required=True)
    parser.add_argument('--device', required=True)
    options = parser.parse_args(arguments)
    protocol = PROTOCOLS[options.protocol]
    if options.run:
        options.model.parent.mkdir(parents=True, exist_ok=True)
        export_run(options.run, options.model, (), protocol)
        write_file(options.card, read_card(options.model).to_json() + '\n')
    rules = read_run(options.run).rules if options.run else RULES
    sources = [open_data(spec, options.split, rules) for spec in options.data]
    figures = figures_of(load_estimator(options.model, options.device), sources, options.split,
                         protocol)
    write_file(options.figures, figures_text(figures))
    if options.run:
        (options.run / CHECKPOINT).unlink()
    return 0


def figures_of(predictor: Predictor, sources: Sequence[DataSet], split: str,
               protocol: Protocol) -> dict[str, dict[str, float]]:
    """Errors and roughness of every image of all data sets, by its name."""
    found: dict[str, dict[str, float]] = {}
    for source in sources:
        images = evaluate(predictor, source, split, protocol).images
        for index, key in enumerate(source.keys):
            name = f'{source.name}/{key}'
            if name in images:
                sample = protocol.view(source[index])
                depth_HW = predictor.estimate(sample.rgb, sample.camera).clipped
                found[name] = {**asdict(images[name]), 'roughness': roughness(depth_HW)}
    return found


def figures_text(figures: dict[str, dict[str, float]]) -> str:
    """JSON of figures, a line an image; an error to six digits behind the point."""
    lines = (f' {json.dumps(name)}: {json.dumps({k: round(v, 6) for k, v in image.items()})}'
             for name, image in figures.items())
    return '{\n' + ',\n'.join(lines) + '\n}\n'


def roughness(depth_HW: np.ndarray) -> float:
    """Mean |second difference| of log depth along rows and columns, at MAP_SIZE.

    0 for a plane seen head on, the more the rougher.
    """
    log_hw = cv2.resize(np.log(depth_HW), MAP_SIZE, interpolation=cv2.INTER_AREA)
    return float(np.mean([np.abs(np.diff(log_hw, 2, axis)).mean() for axis in (0, 1)]))


if __name__ == '__main__':
    sys.exit(main())
