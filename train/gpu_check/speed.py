"""How fast networks run alone, and `estimate` with all around them, at 640x480.

A network alone is a backend's call: planes on the host in, planes on the host out. On a GPU both
are measured as they are served, by CUDA graphs, and kernel by kernel; ONNX Runtime and TensorRT
where they are installed.

A part of `scripts/gpu_check`; run as a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
import sys
import time

import cv2
import numpy as np
import torch

from mono_depth_ros.backends.torch_backend import TorchBackend
from mono_depth_ros.bench.findings import ANYWAY, Findings, part_options, Values
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_card import NetworkSpec
from mono_depth_ros.model_file import find_model, load_model
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from mono_depth_ros.networks.registry import build, default_spec
from train.gpu_check.graph_speed import measure_graphs
from train.gpu_check.packed_data import open_packs

SHIPPED = 'indoor'
PAPER = ('eigen_modified', 'mobile', 'eigen', 'resnet18', 'alexnet')
ROUNDS, LONGEST_S, COMPILE_S = 100, 1.5, 40.0
WARM_S = 1.0
KERNELS = ', kernel by kernel'


def main() -> int:
    """Measure until the time is up; what could not be measured is a row as well."""
    options = part_options(__doc__)
    findings = Findings('fast', options.rows, options.seconds)
    device = options.device
    cuda = device.startswith('cuda')
    precisions = ('fp16', 'bf16', 'fp32') if cuda else ('fp32', 'bf16')
    shipped, card = load_model(find_model(SHIPPED))
    warm_up(device)
    for precision in precisions:
        for graphs in (True, False) if cuda else (True,):
            findings.attempt(f'estimate {SHIPPED} 640x480, {precision}{"" if graphs else KERNELS}',
                             partial(_estimate, device, precision, options.data, graphs),
                             needs_s=ANYWAY if precision == precisions[0] else 0.0)
    for batch in (1, 8):
        for precision in precisions:
            for graphs in (True, False) if cuda else (True,):
                findings.attempt(
                    f'network {SHIPPED}, {precision}, batch {batch}{"" if graphs else KERNELS}',
                    partial(_network, shipped, card.network, device, precision, batch, graphs))
    for name in PAPER:
        findings.attempt(f'network {name}, {precisions[0]}, batch 1',
                         partial(_paper, name, device, precisions[0]), needs_s=2 * LONGEST_S)
    measure_graphs(findings, find_model(SHIPPED), device, timed)
    for batch in (1, 8):
        findings.attempt(
            f'network {SHIPPED}, {precisions[0]}, batch {batch}, torch.compile', partial(
                _network, shipped, card.network, device, precisions[0], batch, graphs=False,
                compiled=True),
            needs_s=COMPILE_S)
    return 0


def warm_up(device: str) -> None:
    """Multiply for a second: a device that was idle runs at a lower clock at first."""
    matrix = torch.rand(1024, 1024, device=device)
    end = time.monotonic() + WARM_S
    while time.monotonic() < end:
        matrix = torch.softmax(matrix @ matrix, 1)
        _synchronise(device)


def _estimate(device: str, precision: str, data: Path, graphs: bool) -> Values:
    sample = open_packs(data, 'train')[0][0]
    rgb_HW3 = cv2.resize(sample.rgb, (640, 480))
    estimator = DepthEstimator.load(SHIPPED, device, precision, backend='torch')
    backend = TorchBackend(load_model(find_model(SHIPPED))[0], device, precision, graphs)
    estimator._network = backend  # type: ignore[assignment]
    network_ms: list[float] = []
    whole = timed(lambda: network_ms.append(estimator.estimate(rgb_HW3).network_ms), device)
    return {**whole, 'network_ms': round(float(np.median(network_ms)), 2), **refused(backend)}


def _network(network: MultiScaleNetwork, spec: NetworkSpec, device: str, precision: str,
             batch: int, graphs: bool, compiled: bool = False) -> Values:
    backend = TorchBackend(network, device, precision, graphs)
    if compiled:
        backend._network.compile()
    shape = batch, network.input_planes, spec.input_height, spec.input_width
    image = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    values = timed(lambda: backend.batch(image), device, batch)
    return {'input': f'{spec.input_width}x{spec.input_height}', **values, **refused(backend)}


def _paper(name: str, device: str, precision: str) -> Values:
    spec = default_spec(name)
    return _network(build(spec), spec, device, precision, 1, graphs=True)


def refused(backend: TorchBackend) -> Values:
    """Why a backend has no graph where it should have one."""
    return {'no graph': '; '.join(backend.without_graph.values())} if backend.without_graph else {}


def timed(run: Callable, device: str, batch: int = 1) -> Values:
    """Median and 95th percentile of a call in milliseconds, and images a second."""
    for _ in range(3):  # a shape's second call makes its CUDA graph
        run()
    _synchronise(device)
    took_ms: list[float] = []
    end = time.monotonic() + LONGEST_S
    while len(took_ms) < 3 or len(took_ms) < ROUNDS and time.monotonic() < end:
        start = time.perf_counter()
        run()
        _synchronise(device)
        took_ms.append((time.perf_counter() - start) * 1e3)
    median = float(np.median(took_ms))
    return {'median_ms': round(median, 2), 'p95_ms': round(float(np.percentile(took_ms, 95)), 2),
            'images_s': round(1e3 * batch / median, 1)}


def _synchronise(device: str) -> None:
    if device.startswith('cuda'):
        torch.cuda.synchronize(device)


if __name__ == '__main__':
    sys.exit(main())
