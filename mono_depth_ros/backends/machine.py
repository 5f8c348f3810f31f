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
    gpus = cuda_devices()
    providers: frozenset[str] = frozenset()
    if gpus and 'onnxruntime' in packages:
        from mono_depth_ros.backends.quiet_onnxruntime import onnxruntime
        providers = frozenset(onnxruntime.get_available_providers())
    return Machine(packages=packages, gpus=gpus, providers=providers,
                   torch_has_cuda=not gpus or torch_has_cuda(),
                   fast_bf16=bool(re.search(r'\b(amx|avx512)_bf16\b', _cpu_facts())))


def cuda_devices() -> tuple[str, ...]:
    """Names of the CUDA devices the driver shows to this process; none without a driver."""
    count, name = ctypes.c_int(0), ctypes.create_string_buffer(256)
    try:
        cuda = ctypes.CDLL('libcuda.so.1')
    except OSError:
        return ()
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)):
        return ()
    names = []
    for index in range(count.value):
        failed = cuda.cuDeviceGetName(name, len(name), index)
        names.append('unknown GPU' if failed else name.value.decode(errors='replace'))
    return tuple(names)


def torch_has_cuda() -> bool:
    """Whether the installed torch was built for CUDA, found without importing it."""
    spec = find_spec('torch')
    try:
        facts = Path(spec.origin).with_name('version.py').read_text() if (
            spec and spec.origin) else ''
    except OSError:
        facts = ''
    return not re.search(r'^cuda\b.*=\s*None\s*$', facts, re.MULTILINE)


def identity(machine: Machine) -> str:
    """Text that changes where a remembered measurement no longer holds.

    It names CPU, cores, GPUs, what ONNX Runtime can use them with, and versions.
    """
    model = re.search(r'^model name\s*:\s*(.*)$', _cpu_facts(), re.MULTILINE)
    versions = [f'{name} {_version(name)}' for name in sorted(machine.packages)]
    return '; '.join([model[1] if model else 'unknown CPU',
                      f'{len(os.sched_getaffinity(0))} cores',
                      f'{len(machine.gpus)} CUDA devices', *machine.gpus,
                      *sorted(machine.providers), *versions])


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
