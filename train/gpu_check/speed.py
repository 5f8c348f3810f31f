"""How fast networks run alone, and `estimate` with all around them, at 640x480.

A part of `scripts/gpu_check`; run as a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
import copy
from functools import partial
from pathlib import Path
import sys
import time

import cv2
import numpy as np
import torch
from torch import nn, Tensor

from mono_depth_ros.backends.torch_backend import DTYPES, fuse_norms
from mono_depth_ros.bench.findings import ANYWAY, Findings, part_options, Values
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_card import NetworkSpec
from mono_depth_ros.model_file import find_model, load_model
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from mono_depth_ros.networks.registry import build, default_spec
from train.gpu_check.packed_data import open_packs

SHIPPED = 'indoor'
PAPER = ('eigen_modified', 'mobile', 'eigen', 'resnet18', 'alexnet')
ROUNDS, LONGEST_S, COMPILE_S = 100, 1.5, 40.0


def main() -> int:
    """Measure until the time is up; what could not be measured is a row as well."""
    options = part_options(__doc__)
    findings = Findings('fast', options.rows, options.seconds)
    device = options.device
    cuda = device.startswith('cuda')
    precisions = ('fp16', 'bf16', 'fp32') if cuda else ('fp32', 'bf16')
    shipped, card = load_model(find_model(SHIPPED))
    for precision in precisions:
        findings.attempt(f'estimate {SHIPPED} 640x480, {precision}',
                         partial(_estimate, device, precision, options.data),
                         needs_s=ANYWAY if precision == precisions[0] else 0.0)
    for batch in (1, 8):
        for precision in precisions:
            findings.attempt(f'network {SHIPPED}, {precision}, batch {batch}, eager',
                             partial(_network, shipped, card.network, device, precision, batch))
    for batch in (1, 8) if cuda else ():
        findings.attempt(f'network {SHIPPED}, fp16, batch {batch}, CUDA graph', partial(
            _network, shipped, card.network, device, 'fp16', batch, graphed))
    for name in PAPER:
        findings.attempt(f'network {name}, {precisions[0]}, batch 1, eager',
                         partial(_paper, name, device, precisions[0]), needs_s=2 * LONGEST_S)
    for batch in (1, 8):
        findings.attempt(
            f'network {SHIPPED}, {precisions[0]}, batch {batch}, torch.compile', partial(
                _network, shipped, card.network, device, precisions[0], batch, compiled),
            needs_s=COMPILE_S)
    return 0


def _estimate(device: str, precision: str, data: Path) -> Values:
    sample = open_packs(data, 'train')[0][0]
    rgb_HW3 = cv2.resize(sample.rgb, (640, 480))
    estimator = DepthEstimator.load(SHIPPED, device, precision, backend='torch')
    network_ms: list[float] = []
    whole = timed(lambda: network_ms.append(estimator.estimate(rgb_HW3).network_ms), device)
    return {**whole, 'network_ms': round(float(np.median(network_ms)), 2)}


def _network(network: MultiScaleNetwork, spec: NetworkSpec, device: str, precision: str,
             batch: int, prepare: Callable | None = None) -> Values:
    """Time of the network alone, on an image that is on the device already."""
    fused = fuse_norms(copy.deepcopy(network).eval()).requires_grad_(False)
    fused.to(device, DTYPES[precision]).to(
        memory_format=torch.channels_last)  # type: ignore[call-overload]
    image = torch.rand(batch, network.input_planes, spec.input_height, spec.input_width,
                       device=device, dtype=DTYPES[precision])
    image = image.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        run = prepare(fused, image) if prepare else partial(fused, image)
        return {'input': f'{spec.input_width}x{spec.input_height}', **timed(run, device, batch)}


def _paper(name: str, device: str, precision: str) -> Values:
    spec = default_spec(name)
    return _network(build(spec), spec, device, precision, 1)


def graphed(network: nn.Module, image: Tensor) -> Callable:
    """A CUDA graph of the network: the kernels of a call launched at once."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.inference_mode(), torch.cuda.stream(stream):
        for _ in range(3):
            network(image)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.inference_mode(), torch.cuda.graph(graph):
        network(image)
    return graph.replay


def compiled(network: nn.Module, image: Tensor) -> Callable:
    """The network by torch.compile."""
    fast = torch.compile(network)
    with torch.inference_mode():
        fast(image)
    return partial(fast, image)


def timed(run: Callable, device: str, batch: int = 1) -> Values:
    """Median and 95th percentile of a call in milliseconds, and images a second."""
    for _ in range(2):
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
