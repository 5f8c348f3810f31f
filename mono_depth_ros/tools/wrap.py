"""`python -m mono_depth_ros.tools.wrap NETWORK.onnx --like PRESET [--set name=value] OUT.onnx`.

Makes a model file of any depth network's ONNX graph: the card says how it is fed and read, so that
the node and `DepthEstimator.load` take it (docs/bring_your_own_network.md).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timezone
import math
from pathlib import Path
import sys
from typing import Any

from mono_depth_ros import self_test
from mono_depth_ros.backends.backend import BackendSpec
from mono_depth_ros.backends.machine import this_machine
from mono_depth_ros.backends.selection import candidates, ModelForms
from mono_depth_ros.backends.serve import open_backend
from mono_depth_ros.camera import Camera
from mono_depth_ros.model_card import (
    FOREIGN,
    GraphSpec,
    IMAGE_TYPES,
    ModelCard,
    NetworkSpec,
    Normalisation,
    Provenance,
    SelfTest,
)
from mono_depth_ros.tools.foreign_graph import Shape, Signature, signature_of
from mono_depth_ros.tools.model_writing import write_model
from mono_depth_ros.tools.presets import Preset, PRESETS

SELF_TEST_SEED = 20140
# Differences of log depth that are rounding alone.
ALL_ALIKE = 1e-5
RELATIVE = (
    'this network gives relative depth: which of two points is nearer, not how far away either '
    'is; scale and shift of its numbers change from image to image, and a robot needs metres. '
    'Take a metric network; or, where you know them for your camera and scene, give --set '
    'scale=S --set shift=T with {rule} = S * output + T')
# Settings that no preset has: names in the graph, the size of a graph that leaves it free.
GRAPH_SETTINGS = ('image_input', 'depth_output', 'intrinsics_input', 'size', 'licence')


def wrap(network: Path, preset: Preset, settings: dict[str, str], out: Path) -> ModelCard:
    """Write the model file of a foreign graph; its card. ValueError says what does not fit."""
    onnx = network.read_bytes()
    preset = _changed(preset, settings)
    signature = signature_of(onnx)
    graph, size = _graph(signature, preset, settings)
    card = _card(out.stem, preset, graph, size, settings)
    card = replace(card, self_test=_self_test(network, card))
    write_model(out, onnx, card)
    return card


def _changed(preset: Preset, settings: dict[str, str]) -> Preset:
    known = {field.name: getattr(preset, field.name) for field in fields(preset)}
    unknown = set(settings) - set(known) - set(GRAPH_SETTINGS)
    if unknown:
        raise ValueError(f'unknown setting {", ".join(sorted(unknown))}; known: '
                         f'{", ".join(sorted([*known, *GRAPH_SETTINGS]))}')
    parsed: dict[str, Any] = {name: _parsed(name, text, known[name])
                              for name, text in settings.items() if name in known}
    changed = replace(preset, **parsed)
    if not changed.output.startswith('relative'):
        return changed
    inverse = changed.output == 'relative_inverse'
    if not changed.scale:
        raise ValueError(RELATIVE.format(rule='1 / metres' if inverse else 'metres'))
    return replace(changed, output='inverse_depth' if inverse else 'depth')


def _parsed(name: str, text: str, like: object) -> object:
    """A setting's text in the type of its default."""
    try:
        if isinstance(like, tuple):
            numbers = tuple(float(word) for word in text.split(','))
            return numbers * 3 if len(numbers) == 1 else numbers
        return float(text) if isinstance(like, float) else text
    except ValueError as error:
        raise ValueError(f'--set {name}={text}: expected a number'
                         f'{" or three, a,b,c" if isinstance(like, tuple) else ""}') from error


def _graph(signature: Signature, preset: Preset,
           settings: dict[str, str]) -> tuple[GraphSpec, tuple[int, int]]:
    """How the graph is fed and read, and width and height of its image."""
    cameras = [name for name, shape in signature.inputs.items() if shape[-2:] == (3, 3)]
    images = [name for name in signature.inputs if name not in cameras]
    image = settings.get('image_input') or (images[0] if len(images) == 1 else '')
    if image not in signature.inputs or len(signature.inputs) > 1 + bool(cameras):
        raise ValueError(
            f'the graph takes {_list(signature.inputs)}: one image, and if it wants a camera '
            'matrix (1, 3, 3), can be given; export it with these inputs alone'
            + ('' if image in signature.inputs else ', or name the image: --set image_input=NAME'))
    layout, size = _layout(image, signature.inputs[image], settings.get('size'))
    graph = GraphSpec(
        image_input=image, depth_output=_depth_output(signature.outputs, settings),
        intrinsics_input=settings.get('intrinsics_input') or (cameras[0] if cameras else ''),
        layout=layout, colour_order=preset.colours,
        image_type=_image_type(signature, image, preset),
        scale=preset.scale or 1.0, shift=preset.shift)
    return graph, size


def _image_type(signature: Signature, image: str, preset: Preset) -> str:
    kind = signature.types[image]
    if kind not in IMAGE_TYPES:
        raise ValueError(f'input {image} is of type {kind}, expected {", ".join(IMAGE_TYPES)}')
    if kind == 'uint8' and (any(preset.mean) or any(abs(255 * std - 1) > 1e-3
                                                    for std in preset.std)):
        raise ValueError(f'input {image} takes bytes, so the graph normalises: add --set mean=0 '
                         '--set std=0.0039216')
    return kind


def _layout(name: str, shape: Shape, size: str | None) -> tuple[str, tuple[int, int]]:
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise ValueError(f'input {name} has shape {shape}: expected an image (1, 3, height, '
                         'width) or (1, height, width, 3)')
    layout = 'NCHW' if shape[1] == 3 else 'NHWC'
    height, width = shape[2:] if layout == 'NCHW' else shape[1:3]
    if size:
        asked_width, asked_height = _size(size)
        if (height or asked_height, width or asked_width) != (asked_height, asked_width):
            raise ValueError(f'--set size={size}: the graph takes {width}x{height}')
        return layout, (asked_width, asked_height)
    if not height or not width:
        raise ValueError(f'input {name} takes images of any size: say which, --set '
                         'size=WIDTHxHEIGHT (with the sides the network can take)')
    return layout, (width, height)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition('x')
    if not (width.isdigit() and height.isdigit() and 0 < int(width) * int(height) < 1e8):
        raise ValueError(f'--set size={text}: expected WIDTHxHEIGHT in pixels, as 518x392')
    return int(width), int(height)


def _depth_output(outputs: dict[str, Shape], settings: dict[str, str]) -> str:
    asked = settings.get('depth_output')
    named = [name for name in outputs if name in ('predicted_depth', 'depth', 'pred_depth')]
    maps = [name for name, shape in outputs.items() if 2 <= len(shape) <= 4]
    found = asked or (named or maps if len(named or maps) == 1 else [''])[0]
    if found not in outputs:
        raise ValueError(f'the graph gives {_list(outputs)}: say which is the depth, '
                         '--set depth_output=NAME')
    return found


def _list(shapes: dict[str, Shape]) -> str:
    return ', '.join(f'{name} {shape}' for name, shape in shapes.items())


def _card(name: str, preset: Preset, graph: GraphSpec, size: tuple[int, int],
          settings: dict[str, str]) -> ModelCard:
    width, height = size
    now = datetime.now(timezone.utc).isoformat(timespec='seconds')
    if 'canonical' in preset.output:
        focal = preset.focal or float(width)
    else:
        focal = width / 2 / math.tan(math.radians(preset.hfov) / 2)
    return ModelCard(
        name=name, network=NetworkSpec(name=FOREIGN, input_height=height, input_width=width),
        normalisation=Normalisation(mean=preset.mean, std=preset.std),
        reference=Camera(fx=focal, fy=focal, cx=(width - 1) / 2, cy=(height - 1) / 2,
                         width=width, height=height),
        min_depth_m=preset.min, max_depth_m=preset.max, output=preset.output,
        resize=preset.resize, metrics=(), graph=graph,
        weights_licence=settings.get('licence', 'unknown: the terms of whoever made the network'),
        provenance=Provenance(recipe=f'tools.wrap: {preset.source}', data=(), seed=0, steps=0,
                              date=now, git_commit='', git_tree='unknown', versions=()),
        self_test=SelfTest(seed=SELF_TEST_SEED, mean=0.0, std=0.0))


def _self_test(network: Path, card: ModelCard) -> SelfTest:
    """What the graph answers on the CPU; ValueError where that is no map of depth."""
    spec = candidates(BackendSpec(device='cpu', precision='fp32'),
                      ModelForms(weights=False, graph=True), this_machine())[0][0]
    backend = open_backend(network, card, spec)
    planes = backend(self_test.self_test_image(card), self_test.reference_intrinsics(card))
    if len(planes) != 1:
        raise ValueError(f'output {card.graph.depth_output} has {len(planes)} planes, expected '
                         'one of depth: choose another, --set depth_output=NAME')
    answer = self_test.measured(backend, card)
    if not all(map(math.isfinite, (answer.mean, answer.std, *answer.probe))):
        raise ValueError(f'output {card.graph.depth_output} is not finite for the self-test: '
                         'look at the export of the graph')
    if max(answer.std, max(answer.probe) - min(answer.probe)) < ALL_ALIKE:
        raise ValueError(
            f'every pixel of {card.graph.depth_output} lies at an end of the range, '
            f'{card.min_depth_m:g} to {card.max_depth_m:g} m, read as {card.output}: look at '
            '--set output=, min= and max=')
    return answer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the process's exit code."""
    parser = argparse.ArgumentParser(
        prog='python -m mono_depth_ros.tools.wrap', description=(__doc__ or '').strip(),
        epilog='presets: ' + '; '.join(f'{n} ({p.source})' for n, p in PRESETS.items()))
    parser.add_argument('network', type=Path, help='ONNX graph of a depth network')
    parser.add_argument('--like', required=True, choices=PRESETS, metavar='PRESET')
    parser.add_argument('--set', action='append', default=[], metavar='NAME=VALUE',
                        help='a field of the preset, or ' + ', '.join(GRAPH_SETTINGS))
    parser.add_argument('out', type=Path, help='model file to write, ending in .onnx')
    options = parser.parse_args(arguments)
    try:
        settings = dict(word.split('=', 1) for word in options.set)
        card = wrap(options.network, PRESETS[options.like], settings, options.out)
    except (ValueError, OSError, ImportError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'{options.out}: {card.output} from {card.network.input_width}x'
          f'{card.network.input_height} images, {card.min_depth_m:g} to {card.max_depth_m:g} m')
    return 0


if __name__ == '__main__':
    sys.exit(main())
