"""A foreign graph run on the CPU before its model file is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
import hashlib
import math

import numpy as np

from mono_depth_ros import self_test
from mono_depth_ros.backends.backend import Backend, BackendSpec, first_line
from mono_depth_ros.backends.machine import this_machine
from mono_depth_ros.backends.selection import candidates, ModelForms
from mono_depth_ros.backends.serve import graph_backend
from mono_depth_ros.letterbox import input_size
from mono_depth_ros.model_card import ModelCard, SelfTest

# Differences of log depth that are rounding alone.
ALL_ALIKE = 1e-5
# How far the shape (width / height) of a map may be from that of the image: a map that lies on its
# side is farther off, at 5:4 by 1.56.
MOST_STRETCHED = 1.5
# Cells by which rounding may change the size of a map for another shape of input.
CELLS = 2


@dataclass(frozen=True, kw_only=True)
class GraphTrial:
    """What the graph answers to the self-test, by which backends, and why not by the others.

    `beyond` is the share (0 to 1) of the depth of a test picture at or beyond the card's range.
    """

    answer: SelfTest
    beyond: float
    serving: tuple[str, ...]
    refused: dict[str, str]


def try_graph(onnx: bytes, card: ModelCard) -> GraphTrial:
    """Run the graph with every installed backend; ValueError where none gives a map of depth.

    The answer is that of the first that does; another serves if it gives the same. Where the
    graph takes images of any shape, ValueError too if one that serves fails at another shape.
    """
    serving: dict[str, Backend] = {}
    refused: dict[str, str] = {}
    for spec in _cpu_backends():
        try:
            backend = _opened(onnx, card, spec)
            if serving:
                self_test.check(backend, card, spec.precision)
            else:
                card = replace(card, self_test=_answer(backend, card))
            serving[spec.backend] = backend
        except Exception as error:  # whatever a runtime raises for a graph it does not know
            refused[spec.backend] = str(error) if isinstance(error, ValueError) else (
                first_line(error))
    if not serving:
        raise ValueError(_no_answer(refused))
    _check_other_shapes(serving, card)
    return GraphTrial(answer=card.self_test, serving=tuple(serving), refused=refused,
                      beyond=_share_beyond(next(iter(serving.values())), card))


def _no_answer(refused: dict[str, str]) -> str:
    """What the backends say, once where they say the same."""
    if len(set(refused.values())) == 1:
        return next(iter(refused.values()))
    return 'no backend runs the graph: ' + '; '.join(map(': '.join, refused.items()))


def _answer(backend: Backend, card: ModelCard) -> SelfTest:
    """What the backend answers to the self-test; ValueError where that is no map of depth."""
    planes = backend(self_test.self_test_image(card), self_test.intrinsics_of(card.reference))
    _check_is_map(planes, card)
    answer = self_test.measured(backend, card)
    if not all(map(math.isfinite, (answer.mean, answer.std, *answer.probe))):
        raise ValueError(f'output {card.graph.depth_output} has NaN for the self-test: '
                         'look at the export of the graph')
    if max(answer.std, max(answer.probe) - min(answer.probe)) < ALL_ALIKE:
        raise ValueError(_all_alike(answer, card))
    _check_heeds_image(planes, backend, card)
    return answer


def _check_heeds_image(planes: np.ndarray, backend: Backend, card: ModelCard) -> None:
    """ValueError where `planes`, of the self-test's noise, come for other images or not again."""
    noise, probe = self_test.self_test_image(card), self_test.probe_image(card)
    first_hw, again_hw, other_hw = (
        self_test.log_depth(network, card, image) for network, image in (
            (lambda *_: planes, noise), (backend, noise), (backend, probe)))
    name = card.graph.depth_output
    if abs(first_hw - again_hw).max() > self_test.TOLERANCE['fp32']:
        raise ValueError(f'output {name} is another each time for the same image, as of dropout: '
                         'export the network in evaluation mode, network.eval()')
    if abs(first_hw - other_hw).max() < ALL_ALIKE:
        raise ValueError(f'output {name} is the same for every image: choose another, --set '
                         'depth_output=NAME, or look at the export of the graph and at --set '
                         'mean= and std=')


def _check_is_map(planes: np.ndarray, card: ModelCard) -> None:
    """ValueError where planes (c, h, w) are not one of depth, of the shape of the image."""
    if len(planes) != 1:
        raise ValueError(f'output {card.graph.depth_output} has {len(planes)} planes, expected '
                         'one of depth: choose another, --set depth_output=NAME, or the depth of '
                         'points, --set depth_plane=2; or the plane that is depth, from 0, '
                         '--set depth_plane=')
    height, width = planes.shape[1:]
    spec = card.network
    stretched = width / height * spec.input_height / spec.input_width
    if min(height, width) < self_test.PARTS or not (
            1 / MOST_STRETCHED < stretched < MOST_STRETCHED):
        raise ValueError(f'output {card.graph.depth_output} gives {width}x{height} pixels of '
                         f'depth for an image of {spec.input_width}x{spec.input_height}: expected '
                         f'a map (1, 1, height, width) of {self_test.PARTS} pixels or more a '
                         "side, in the image's shape; choose another, --set depth_output=NAME, "
                         'or export the graph with the depth in that shape')


def _all_alike(answer: SelfTest, card: ModelCard) -> str:
    """The sentence on depth that is the same in every pixel."""
    ends = math.log(card.min_depth_m), math.log(card.max_depth_m)
    for level in (answer.mean, answer.probe[0]):
        if min(abs(level - end) for end in ends) >= ALL_ALIKE:
            return (f'every pixel of {card.graph.depth_output} has the same depth, '
                    f'{math.exp(level):.3g} m read as {card.output}, whatever the image: choose '
                    'another output, --set depth_output=NAME, or look at the export of the graph')
    return (f'every pixel of {card.graph.depth_output} lies at an end of the range, '
            f'{card.min_depth_m:g} to {card.max_depth_m:g} m, read as {card.output}: look at '
            '--set output=, min= and max=')


def _share_beyond(backend: Backend, card: ModelCard) -> float:
    level_hw = self_test.log_depth(backend, card, self_test.probe_image(card))
    ends = np.log([card.min_depth_m, card.max_depth_m])
    return float((abs(level_hw[..., None] - ends) < ALL_ALIKE).any(axis=-1).mean())


def _check_other_shapes(serving: dict[str, Backend], card: ModelCard) -> None:
    """ValueError where the widest or the narrowest input fails: many a graph says it would not.

    Every backend that may serve the file is asked, as each infers sizes in its own way.
    """
    spec = card.network
    others = {input_size(round(1000 * ratio), 1000, spec) for ratio in spec.aspect_ratios}
    for name, backend in serving.items() if others else ():
        own_hw = _map_hw(backend, card)
        for width, height in sorted(others):
            problem = _problem(backend, card, own_hw, width, height)
            if problem:
                raise ValueError(
                    f'the graph says it takes any size, but for {width}x{height} {problem} '
                    f'({name}): a size became part of it when it was exported; export it again, '
                    'or serve one size alone, --set multiple=0')


def _problem(backend: Backend, card: ModelCard, own_hw: tuple[int, ...], width: int,
             height: int) -> str:
    """What is wrong with the answer to an image of this size; '' where nothing is.

    `own_hw` is the size of the map for the image the card names: this one must follow its own.
    """
    spec = card.network
    other = replace(
        card, network=replace(spec, input_width=width, input_height=height),
        reference=card.reference.cropped(
            (spec.input_width - width) // 2, (spec.input_height - height) // 2, width, height))
    try:
        map_hw = _map_hw(backend, other)
    except ValueError as error:
        return first_line(error)
    expected_hw = (own_hw[0] * height / spec.input_height, own_hw[1] * width / spec.input_width)
    if any(abs(side - expected) > CELLS for side, expected in zip(map_hw, expected_hw)):
        return f'it gives {map_hw[1]}x{map_hw[0]} pixels of depth'
    return ''


def _map_hw(backend: Backend, card: ModelCard) -> tuple[int, ...]:
    """Size of the map for a picture of the card's size; ValueError where any of it is NaN."""
    planes = backend(self_test.probe_image(card), self_test.intrinsics_of(card.reference))
    if np.isnan(planes).any():
        raise ValueError('its depth has NaN')
    return planes.shape[1:]


def _opened(onnx: bytes, card: ModelCard, spec: BackendSpec) -> Backend:
    return graph_backend(lambda: onnx, lambda: hashlib.sha256(onnx).hexdigest(), card.graph, spec)


def _cpu_backends() -> list[BackendSpec]:
    return candidates(BackendSpec(device='cpu', precision='fp32'),
                      ModelForms(weights=False, graph=True), this_machine())[0]
