"""What this computer has to run networks with, found without importing torch."""

from __future__ import annotations

import ctypes
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
import os
from pathlib import Path
import re

from mono_depth_ros.backends.selection import Machine

CPU_FACTS = Path('/proc/cpuinfo')
# Under which names a package is distributed.
DISTRIBUTIONS = {'torch': ('torch',), 'openvino': ('openvino',),
                 'onnxruntime': ('onnxruntime', 'onnxruntime-gpu')}


@lru_cache(maxsize=1)
def this_machine() -> Machine:
    """Packages, GPUs and CPU of this computer."""
    packages = frozenset(name for name in ('torch', 'openvino', 'onnxruntime') if find_spec(name))
    count = cuda_devices()
    providers: frozenset[str] = frozenset()
    if count and 'onnxruntime' in packages:
        import onnxruntime
        providers = frozenset(onnxruntime.get_available_providers())
    return Machine(packages=packages, cuda_devices=count, providers=providers,
                   fast_bf16=bool(re.search(r'\b(amx|avx512)_bf16\b', _cpu_facts())))


def cuda_devices() -> int:
    """How many CUDA devices the driver shows to this process; 0 without a driver."""
    count = ctypes.c_int(0)
    try:
        cuda = ctypes.CDLL('libcuda.so.1')
    except OSError:
        return 0
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value


def identity(machine: Machine) -> str:
    """Text that changes where a remembered measurement no longer holds: CPU, cores, versions."""
    model = re.search(r'^model name\s*:\s*(.*)$', _cpu_facts(), re.MULTILINE)
    versions = [f'{name} {_version(name)}' for name in sorted(machine.packages)]
    return '; '.join([model[1] if model else 'unknown CPU',
                      f'{len(os.sched_getaffinity(0))} cores',
                      f'{machine.cuda_devices} CUDA devices', *versions])


@cache  # looked for in every folder of sys.path: milliseconds
def _version(package: str) -> str:
    for name in DISTRIBUTIONS[package]:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return 'unknown'


def _cpu_facts() -> str:
    try:
        return CPU_FACTS.read_text()
    except OSError:
        return ''
