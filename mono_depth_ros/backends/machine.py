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
                 'onnxruntime': ('onnxruntime', 'onnxruntime-gpu'), 'tensorrt': ('tensorrt',)}


@lru_cache(maxsize=1)
def this_machine() -> Machine:
    """Packages, GPUs and CPU of this computer."""
    packages = frozenset(name for name in ('torch', 'openvino', 'onnxruntime') if find_spec(name))
    gpus = cuda_devices()
    providers: frozenset[str] = frozenset()
    if gpus and 'onnxruntime' in packages:
        from mono_depth_ros.backends.quiet_onnxruntime import onnxruntime
        providers = frozenset(onnxruntime.get_available_providers())
    return Machine(packages=packages, gpus=gpus, providers=providers, tensorrt=tensorrt_version(),
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


def tensorrt_version() -> str:
    """The version of the package tensorrt, 'unknown' where it tells none, '' where there is none.

    Its files tell: JetPack's has no other record, and wheels go by several names. Importing it
    would load gigabytes of libraries.
    """
    for module in ('tensorrt', 'tensorrt_bindings'):  # the first may only import the second
        spec = find_spec(module)
        if spec is None or not spec.origin:  # nothing, or a folder that is called so
            if module == 'tensorrt':
                return ''
            continue
        try:
            found = re.search(r'^__version__\s*=\s*["\']([^"\']+)',
                              Path(spec.origin).read_text(errors='replace'), re.MULTILINE)
        except OSError:
            continue
        if found:
            return found[1]
    return _version('tensorrt')


def identity(machine: Machine) -> str:
    """Text that changes where a remembered measurement no longer holds.

    It names CPU, cores, GPUs, what ONNX Runtime can use them with, and versions, TensorRT's too.
    """
    model = re.search(r'^model name\s*:\s*(.*)$', _cpu_facts(), re.MULTILINE)
    versions = [f'{name} {_version(name)}' for name in sorted(machine.packages)]
    if machine.tensorrt:
        versions.append(f'tensorrt {machine.tensorrt}')
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
