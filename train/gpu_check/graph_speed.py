"""How fast the shipped network is as an ONNX graph, and what its engines take to make and load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
import os
from pathlib import Path
import tempfile
import time

from mono_depth_ros import self_test
from mono_depth_ros.backends.backend import BackendSpec
from mono_depth_ros.backends.machine import this_machine
from mono_depth_ros.backends.selection import (
    candidates,
    Machine,
    ModelForms,
    PRECISIONS,
    precisions_of,
    PROVIDER,
)
from mono_depth_ros.backends.serve import graph_backend
from mono_depth_ros.bench.findings import Findings, Values
from mono_depth_ros.model_file import onnx_of, read_card, sha256_of

BACKENDS = ('onnxruntime', 'tensorrt')
# TensorRT tries many kernels for every layer.
BUILD_S = 40.0


def measure_graphs(findings: Findings, path: Path, device: str,
                   timed: Callable[[Callable[[], object], str], Values]) -> None:
    """A row for each backend of BACKENDS, its precisions on the device, the ways it is reached.

    `timed` measures a call on a device. A backend that is not installed, or does not run there,
    is left out with the reason.
    """
    for name in BACKENDS:
        for way, machine in _ways(name, this_machine()):
            runs = device.partition(':')[0] in PRECISIONS[name]
            for precision in precisions_of(name, device, machine) if runs else ['any precision']:
                row = f'graph {path.stem}, {name} {precision}{way}'
                asked = BackendSpec(backend=name, device=device)
                try:
                    candidates(asked, ModelForms(weights=True, graph=True), machine)
                except (ValueError, ModuleNotFoundError) as error:
                    findings.add(row, 'left out', str(error))
                    continue
                spec = BackendSpec(backend=name, device=device, precision=precision)
                findings.attempt(row, partial(_graph, path, spec, machine, timed),
                                 needs_s=BUILD_S if name == 'tensorrt' else 0.0)


def _ways(name: str, machine: Machine) -> Iterator[tuple[str, Machine]]:
    """The way that serves, and where TensorRT has two, ONNX Runtime's provider after it."""
    yield '', machine
    if name == 'tensorrt' and machine.tensorrt and PROVIDER[name] in machine.providers:
        yield ' by ONNX Runtime', replace(machine, tensorrt='')


def _graph(path: Path, spec: BackendSpec, machine: Machine,
           timed: Callable[[Callable[[], object], str], Values]) -> Values:
    """Seconds to the first tested depth without and with kept engines, and times of a call."""
    card = read_card(path)
    took_s = []
    with _empty_cache():
        for _ in ('built', 'loaded'):
            start = time.perf_counter()
            backend = graph_backend(lambda: onnx_of(path), lambda: sha256_of(path), card.graph,
                                    spec, machine)
            self_test.check(backend, card, spec.precision)
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
