"""`estimate` whole, RGB in and metres out, by every backend and by plain torch, in turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
import sys
import time

import numpy as np

from mono_depth_ros.backends.backend import BACKENDS
from mono_depth_ros.backends.machine import this_machine
from mono_depth_ros.bench.findings import Findings, Values
from mono_depth_ros.bench.options import camera_of, options_of, picture
from mono_depth_ros.bench.timing import in_turn, summary
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_file import find_model, has_weights

PLAIN = 'plain torch fp32'


def main() -> int:
    """One row for each backend and image size; speeds are over plain torch's."""
    options = options_of(__doc__)
    findings = Findings('estimate', options.rows, options.seconds)
    estimators: dict[str, DepthEstimator] = {}
    for backend, precision in _asked(options.backend):
        try:
            estimator = DepthEstimator.load(options.model, options.device, precision, backend)
        except (ValueError, ImportError) as error:
            findings.add(f'{backend} {precision}', 'left out', str(error))
            continue
        estimators[f'{backend} {estimator.precision}'] = estimator
    if estimators and (reason := _no_baseline(find_model(options.model))):
        findings.add(PLAIN, 'left out', reason)
    for width, height in options.size:
        _measure(findings, estimators, width, height, options.seconds / len(options.size))
    return 0


def _asked(backend: str) -> list[tuple[str, str]]:
    if backend != 'all':
        return [(backend, 'auto')]
    bf16 = [('openvino', 'bf16')] if this_machine().fast_bf16 else []
    gpu = [('torch', 'fp16')] if this_machine().gpus else []
    return [('auto', 'auto'), *bf16, *gpu, *((name, 'fp32') for name in BACKENDS)]


def _no_baseline(model: Path) -> str:
    """Why there is nothing to compare the backends with; '' where there is."""
    if not find_spec('torch'):
        return 'torch is not installed: pip install torch'
    return '' if has_weights(model) else 'torch cannot run an ONNX graph: measure a shipped model'


def _measure(findings: Findings, estimators: dict[str, DepthEstimator], width: int, height: int,
             seconds: float) -> None:
    rgb_HW3, camera = picture(width, height), camera_of(width, height)
    ways: dict[str, Callable[[], object]] = {
        name: partial(estimator.estimate, rgb_HW3, camera)
        for name, estimator in estimators.items()}
    model = next((estimator.model_path for estimator in estimators.values()), None)
    if model and not _no_baseline(model):
        from mono_depth_ros.bench.peers import EagerEstimator
        plain = EagerEstimator(model)
        ways[PLAIN] = partial(plain.estimate, rgb_HW3, camera)
    network_ms = {name: [estimator.estimate(rgb_HW3, camera).network_ms for _ in range(20)]
                  for name, estimator in estimators.items()}
    cpu_ms = {name: _cpu_ms(call) for name, call in ways.items()}
    times = in_turn(ways, seconds)
    for name, times_ms in times.items():
        more: Values = {'cpu_ms': round(cpu_ms[name], 2)}
        if name in network_ms:
            more['network_ms'] = round(float(np.median(network_ms[name])), 2)
        if PLAIN in times:
            more['times_plain'] = round(float(np.median(times[PLAIN]) / np.median(times_ms)), 2)
        findings.add(f'{name}, {width}x{height}', 'ok', **summary(times_ms), **more)


def _cpu_ms(call) -> float:
    """CPU time of all threads for a call, milliseconds."""
    start = time.process_time()
    for _ in range(10):
        call()
    return (time.process_time() - start) * 100


if __name__ == '__main__':
    sys.exit(main())
