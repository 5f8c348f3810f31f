"""Where tests of marker `gpu` run: the device scripts/gpu_check names, else a GPU, else a CPU."""

import json
import os
from pathlib import Path
import time

import numpy as np
import pytest

STARTED: list[float] = []


def pytest_runtest_setup():
    """Skip what scripts/gpu_check has no time left for, counted from the first test on."""
    STARTED.append(time.monotonic())
    if STARTED[-1] - STARTED[0] > float(os.environ.get('GPU_CHECK_SECONDS', 'inf')):
        pytest.skip('no time was left')


def pytest_runtest_logreport(report):
    """Write a row of scripts/gpu_check at once: a crash of the next test does not lose it."""
    rows = os.environ.get('GPU_CHECK_ROWS')
    if not rows or report.when != 'call' and report.passed:
        return
    state = 'ok' if report.passed else 'left out' if report.skipped else 'failed'
    crash = getattr(report.longrepr, 'reprcrash', None)
    reason = (report.longrepr[2] if report.skipped else crash.message if crash
              else str(report.longrepr or ''))
    with open(rows, 'a') as file:
        file.write(json.dumps({
            'part': 'right', 'name': report.nodeid.rpartition('::')[2], 'state': state,
            'reason': reason[:400], 'values': {'took_s': round(report.duration, 2)}}) + '\n')


@pytest.fixture(scope='session')
def device():
    from mono_depth_ros.backends.torch_backend import pick_device  # a robot may lack torch

    return pick_device(os.environ.get('GPU_CHECK_DEVICE', 'auto'))


@pytest.fixture
def cuda(device):
    """The device where it is a GPU; else the test says nothing."""
    if not device.startswith('cuda'):
        pytest.skip('no CUDA GPU')
    yield device
    import torch

    torch.cuda.set_per_process_memory_fraction(1.0, device)
    torch.cuda.empty_cache()


@pytest.fixture(scope='session')
def images():
    """Four pictures: real ones from the data of scripts/gpu_check, else a drawn one."""
    data = os.environ.get('GPU_CHECK_DATA')
    if not data:
        v, u = np.mgrid[0:192, 0:256].astype(np.float32)
        shade = 120 + 60 * np.sin(u / 40) * np.cos(v / 30) + 0.3 * v
        return [np.repeat(shade[..., None] + 10 * i, 3, 2).clip(0, 255).astype(np.uint8)
                for i in range(4)]
    from train.gpu_check.packed_data import open_packs
    sources = open_packs(Path(data), 'train')
    return [source[i * len(source) // 4].rgb for i in range(4) for source in sources][:4]
