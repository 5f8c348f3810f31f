"""From the start of a process to its first depth, and the first frame against the tenth."""

from __future__ import annotations

from functools import partial
import json
import os
import subprocess
import sys
import time

import numpy as np

from mono_depth_ros.bench.findings import Findings
from mono_depth_ros.bench.options import options_of

STARTS = 3
# Run in the new process, with the time at which it was started.
CHILD = '''
import json, sys, time
import numpy as np, rclpy
from mono_depth_ros.node import lifecycle_node
from mono_depth_ros.estimator import DepthEstimator
started, model, device, backend, size = float(sys.argv[1]), *sys.argv[2:6]
width, height = map(int, size.split('x'))
estimator = DepthEstimator.load(model, device, backend=backend)
estimator.warm_up()
rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
def frame():
    start = time.perf_counter()
    estimator.estimate(rgb)
    return (time.perf_counter() - start) * 1e3
first, ready = frame(), time.time() - started
rest = sorted(frame() for _ in range(30))
print(json.dumps({'ready_s': ready, 'first_ms': first, 'median_ms': rest[15],
                  'torch': 'torch' in sys.modules, 'by': estimator.backend}))
'''


def main() -> int:
    """One row for each backend: the first start, with its trial, and the median of the next."""
    options = options_of(__doc__)
    findings = Findings('start', options.rows, 600)
    backends = ('auto', 'openvino', 'onnxruntime', 'torch') if options.backend == 'all' else (
        options.backend,)
    for backend in backends:
        findings.attempt(f'start by {backend}', partial(_starts, options, backend))
    findings.attempt('imports of the node', _imports)
    return 0


def _starts(options, backend: str) -> dict[str, object]:
    size = 'x'.join(map(str, options.size[0]))
    found = [_child([CHILD, str(time.time()), options.model, options.device, backend, size])
             for _ in range(1 + STARTS)]
    rest = found[1:]
    return {'before_ready_s': round(found[0]['ready_s'], 2),
            'ready_s': round(float(np.median([run['ready_s'] for run in rest])), 2),
            'first_over_median': round(float(np.median(
                [run['first_ms'] / run['median_ms'] for run in rest])), 2),
            'by': rest[0]['by'], 'torch imported': rest[0]['torch']}


def _child(arguments: list[str]) -> dict:
    done = subprocess.run([sys.executable, '-c', *arguments], capture_output=True, text=True,
                          check=False, env=os.environ | {'PYTHONPATH': os.getcwd()})
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ['no message'])[-1])
    return json.loads(done.stdout.splitlines()[-1])


def _imports() -> dict[str, float]:
    """Milliseconds of the largest imports, each with all it imports."""
    code = ('from mono_depth_ros.node import lifecycle_node; '
            'from mono_depth_ros.estimator import DepthEstimator; '
            'from mono_depth_ros.backends.machine import this_machine; this_machine(); '
            'from mono_depth_ros.backends.quiet_openvino import openvino')
    done = subprocess.run([sys.executable, '-X', 'importtime', '-c', code], capture_output=True,
                          text=True, check=True)
    took = {}
    for line in done.stderr.splitlines():
        _, total, name = line.rsplit('|', 2)
        if name.strip() in ('numpy', 'cv2', 'rclpy', 'openvino', 'safetensors', 'torch'):
            took[name.strip()] = round(int(total) / 1e3, 1)
    return took


if __name__ == '__main__':
    sys.exit(main())
