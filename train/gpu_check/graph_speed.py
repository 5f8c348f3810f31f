"""How fast the shipped network is as an ONNX graph, and what its engines take to make and load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
import os
from pathlib import Path
import tempfile
import time

from mono_depth_ros import self_test
from mono_depth_ros.backends.backend import BackendSpec
from mono_depth_ros.backends.machine import this_machine
from mono_depth_ros.backends.selection import candidates, ModelForms, PRECISIONS
from mono_depth_ros.backends.serve import build
from mono_depth_ros.bench.findings import Findings, Values
from mono_depth_ros.model_file import read_card

BACKENDS = ('onnxruntime', 'tensorrt')
# TensorRT tries many kernels for every layer.
BUILD_S = 40.0


def measure_graphs(findings: Findings, path: Path, device: str,
                   timed: Callable[[Callable[[], object], str], Values]) -> None:
    """A row for each backend of BACKENDS and each of its precisions on the device.

    `timed` measures a call on a device. A backend that is not installed, or does not run there,
    is left out with the reason.
    """
    for name in BACKENDS:
        kinds = PRECISIONS[name]
        for precision in kinds.get(device.partition(':')[0], ('any precision',)):
            row = f'graph {path.stem}, {name} {precision}'
            asked = BackendSpec(backend=name, device=device)
            try:
                candidates(asked, ModelForms(weights=True, graph=True), this_machine())
            except (ValueError, ModuleNotFoundError) as error:
                findings.add(row, 'left out', str(error))
                continue
            spec = BackendSpec(backend=name, device=device, precision=precision)
            findings.attempt(row, partial(_graph, path, spec, timed),
                             needs_s=BUILD_S if name == 'tensorrt' else 0.0)


def _graph(path: Path, spec: BackendSpec,
           timed: Callable[[Callable[[], object], str], Values]) -> Values:
    """Seconds to the first tested depth without and with kept engines, and times of a call."""
    card = read_card(path)
    took_s = []
    with _empty_cache():
        for _ in ('built', 'loaded'):
            start = time.perf_counter()
            backend = build(path, card, spec)
            took_s.append(round(time.perf_counter() - start, 2))
    image, intrinsics = self_test.probe_image(card), self_test.intrinsics_of(card.reference)
    return {'build_s': took_s[0], 'reload_s': took_s[1],
            **timed(lambda: backend(image, intrinsics), spec.device)}


@contextmanager
def _empty_cache() -> Iterator[None]:
    """Have engines kept in a folder of their own that goes again."""
    before = os.environ.get('XDG_CACHE_HOME')
    with tempfile.TemporaryDirectory() as folder:
        os.environ['XDG_CACHE_HOME'] = folder
        try:
            yield
        finally:
            os.environ.pop('XDG_CACHE_HOME')
            if before is not None:
                os.environ['XDG_CACHE_HOME'] = before
