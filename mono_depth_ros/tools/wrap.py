"""`python -m mono_depth_ros.tools.wrap NETWORK.onnx --like PRESET [--set name=value] OUT.onnx`.

Makes a model file of any depth network's ONNX graph: the card says how it is fed and read, so that
the node and `DepthEstimator.load` take it (docs/bring_your_own_network.md).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
import sys

from mono_depth_ros.camera import Camera, focal_of
from mono_depth_ros.exit_code import exit_code
from mono_depth_ros.model_card import (
    card_from_json,
    FOREIGN,
    GraphSpec,
    ModelCard,
    NetworkSpec,
    Normalisation,
    Provenance,
    SelfTest,
)
from mono_depth_ros.model_file import read_card
from mono_depth_ros.onnx_external import with_weights
from mono_depth_ros.plausibility import doubts_about
from mono_depth_ros.self_test import SEED
from mono_depth_ros.tools.foreign_graph import graph_spec, network_spec, signature_of
from mono_depth_ros.tools.graph_trial import GraphTrial, try_graph
from mono_depth_ros.tools.model_writing import write_model
from mono_depth_ros.tools.presets import Preset, PRESETS, TOLD_THE_CAMERA
from mono_depth_ros.tools.settings import changed, OTHER_SETTINGS, settings_of

SELF_TEST_VERSION = 2
# From this share of a test picture's depth on, what lies beyond the range is told.
MUCH = 0.5


@dataclass(frozen=True, kw_only=True)
class Wrapped:
    """The card of a model file written, and what its graph did on the installed backends."""

    card: ModelCard
    trial: GraphTrial


def wrap(network: Path, preset: Preset, settings: dict[str, str], out: Path) -> Wrapped:
    """Write the model file of a foreign graph. ValueError says what does not fit.

    The file holds all weights of the graph, those of other files beside it too.
    """
    onnx = with_weights(network)
    _check_foreign(network)
    preset = changed(preset, settings)
    signature = signature_of(onnx)
    graph = graph_spec(signature, preset, settings)
    spec = network_spec(signature, graph, preset, settings)
    card = _card(out.stem, preset, graph, spec, settings)
    trial = try_graph(onnx, card)
    card = replace(card, self_test=trial.answer)
    write_model(out, onnx, card)
    return Wrapped(card=card, trial=trial)


def _check_foreign(network: Path) -> None:
    """ValueError for a model file of one of our own networks; one of a foreign graph may be."""
    try:
        foreign = read_card(network).network.name == FOREIGN
    except ValueError:  # no card, or one this version cannot read: a graph like any other
        return
    if not foreign:
        raise ValueError(f'{network} is a model file already, of a network of this package: give '
                         'it to the node as it is')


def _card(name: str, preset: Preset, graph: GraphSpec, network: NetworkSpec,
          settings: dict[str, str]) -> ModelCard:
    """The card, as a reader takes it; ValueError where graph and settings make none."""
    now = datetime.now(timezone.utc).isoformat(timespec='seconds')
    try:
        card = ModelCard(
            name=name, network=network,
            normalisation=Normalisation(
                mean=preset.mean, std=preset.std, border=preset.border),
            reference=_reference(preset, network), min_depth_m=preset.min, max_depth_m=preset.max,
            output=preset.output, resize=preset.resize, metrics=(), graph=graph,
            hfov_deg=preset.hfov, focal_rule=preset.focal_rule, weights_licence=settings.get(
                'licence', 'unknown: the terms of whoever made the network'),
            provenance=Provenance(
                recipe=f'tools.wrap: {preset.source}', data=(), seed=0, steps=0, date=now,
                git_commit='', git_tree='unknown', versions=()),
            self_test=SelfTest(seed=SEED, mean=0.0, std=0.0,
                               version=SELF_TEST_VERSION))
        return card_from_json(card.to_json())
    except ValueError as error:
        raise ValueError(f'graph and settings make no model: {error}') from error


def _reference(preset: Preset, network: NetworkSpec) -> Camera:
    """The camera canonical depth is for, else one of the field of view that is assumed."""
    width, height = network.input_width, network.input_height
    focal = focal_of(preset.hfov, width)
    if 'canonical' in preset.output:
        focal = preset.focal or float(width)
    camera = Camera(fx=focal, fy=focal, cx=(width - 1) / 2, cy=(height - 1) / 2,
                    width=width, height=height)
    for doubt in doubts_about(camera):
        raise ValueError(f'--set focal= (or hfov= where depth is not canonical): {doubt}')
    return camera


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the process's exit code."""
    parser = argparse.ArgumentParser(
        prog='python -m mono_depth_ros.tools.wrap', description=(__doc__ or '').strip(),
        epilog='presets: ' + '; '.join(f'{n} ({p.source})' for n, p in PRESETS.items()))
    parser.add_argument('network', type=Path, help='ONNX graph of a depth network')
    parser.add_argument('--like', required=True, choices=PRESETS, metavar='PRESET')
    parser.add_argument('--set', action='append', default=[], metavar='NAME=VALUE',
                        help='a field of the preset, or ' + ', '.join(OTHER_SETTINGS))
    parser.add_argument('out', type=Path, help='model file to write, ending in .onnx')
    options = parser.parse_args(arguments)
    return exit_code('wrap', lambda: _wrap_as_told(options))


def _wrap_as_told(options: argparse.Namespace) -> None:
    wrapped = wrap(options.network, PRESETS[options.like], settings_of(options.set), options.out)
    card, trial = wrapped.card, wrapped.trial
    shapes = f' or of other shapes (multiples of {card.network.size_multiple})'
    print(f'{options.out}: {card.output} from images of {card.network.input_width}x'
          f'{card.network.input_height}{shapes if card.network.aspect_ratios else ""}, '
          f'{card.min_depth_m:g} to {card.max_depth_m:g} m')
    if options.like in TOLD_THE_CAMERA and not (
            card.graph.intrinsics_input or card.graph.rays_input):
        print('note: the graph takes neither K nor rays, so it guesses the camera, and depth is '
              f'not corrected for yours: export it with one ({PRESETS[options.like].source})')
    if trial.beyond > MUCH:
        print(f'note: {trial.beyond:.0%} of the depth of a test picture lies at or beyond '
              f'{card.min_depth_m:g} and {card.max_depth_m:g} m: where that is so of pictures, '
              'look at --set output=, scale= (a graph may give millimetres), min= and max=')
    print('; '.join([f'served here by {", ".join(trial.serving)}', *(
        f'not by {name}: {reason}' for name, reason in trial.refused.items())]))


if __name__ == '__main__':
    sys.exit(main())
