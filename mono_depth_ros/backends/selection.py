"""Which backends could serve: a pure function of what is asked, the file and the machine."""

from __future__ import annotations

from dataclasses import dataclass
import re

from mono_depth_ros.backends.backend import AUTO, BACKENDS, BackendSpec

# Precisions of each backend by kind of device, that of `auto` first.
PRECISIONS: dict[str, dict[str, tuple[str, ...]]] = {
    'torch': {'cpu': ('fp32', 'fp16', 'bf16'), 'cuda': ('fp16', 'fp32', 'bf16')},
    'openvino': {'cpu': ('fp32', 'bf16')},
    'onnxruntime': {'cpu': ('fp32',), 'cuda': ('fp32',)},
    'tensorrt': {'cuda': ('fp16', 'fp32')},
}
ALL_PRECISIONS = ('fp32', 'fp16', 'bf16')
# What has to be installed for a backend. TensorRT is used by its own package where that is there,
# else through ONNX Runtime.
PACKAGE = {'torch': 'torch', 'openvino': 'openvino', 'onnxruntime': 'onnxruntime',
           'tensorrt': 'onnxruntime'}
# From this version on TensorRT makes no fp16 of a graph in fp32.
OWN_PRECISION = 11
PROVIDER = {'onnxruntime': 'CUDAExecutionProvider', 'tensorrt': 'TensorrtExecutionProvider'}
ADVICE = {'torch': 'pip install torch',
          'openvino': 'pip install -r requirements/backends.txt',
          'onnxruntime': 'pip install -r requirements/backends.txt',
          'tensorrt': 'pip install tensorrt (JetPack brings it: make a virtual environment with '
                      '--system-site-packages), or onnxruntime-gpu and TensorRT'}

GPU_ADVICE = {'onnxruntime': 'pip install onnxruntime-gpu', 'tensorrt': ADVICE['tensorrt']}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What this computer has to run networks with.

    `packages` are those of torch, openvino and onnxruntime that are installed, `gpus` the names
    of CUDA devices, `providers` what ONNX Runtime can use them with, `fast_bf16` whether the CPU
    multiplies bf16, `torch_has_cuda` whether torch was built for CUDA, `tensorrt` the version of
    TensorRT's own package, '' where it is not installed.
    """

    packages: frozenset[str] = frozenset()
    gpus: tuple[str, ...] = ()
    providers: frozenset[str] = frozenset()
    fast_bf16: bool = False
    torch_has_cuda: bool = True
    tensorrt: str = ''


@dataclass(frozen=True, kw_only=True)
class ModelForms:
    """What a model file holds for a backend: `weights` of `networks/`, an ONNX `graph`."""

    weights: bool
    graph: bool


def candidates(
        asked: BackendSpec, forms: ModelForms, machine: Machine) -> list[list[BackendSpec]]:
    """Groups of specs to try, none of them with 'auto': the next group if none of one serves.

    A GPU comes before the CPU. On a CPU torch comes alone and last: importing it costs seconds
    and 300 MB, and it is the slowest of the three. Raises ValueError, or ModuleNotFoundError
    where a package is missing, if nothing can serve what is asked.
    """
    _check_words(asked)
    groups = [group for device in _devices(asked.device, machine)
              for group in _on(device, asked, forms, machine) if group]
    if not groups:
        raise _refusal(asked, forms, machine)
    return groups


def _check_words(asked: BackendSpec) -> None:
    for name, words in (('backend', BACKENDS), ('precision', ALL_PRECISIONS)):
        if getattr(asked, name) not in (AUTO, *words):
            known = ', '.join(repr(word) for word in (AUTO, *words[:-1]))
            raise ValueError(f'{name} must be {known} or {words[-1]!r}, '
                             f'got {getattr(asked, name)!r}')
    if not re.fullmatch(r'auto|cpu|cuda(:\d+)?', asked.device):
        raise ValueError(
            f"device must be 'auto', 'cpu', 'cuda' or 'cuda:N', got {asked.device!r}")


def _devices(asked: str, machine: Machine) -> list[str]:
    if asked == AUTO:
        return ['cuda:0', 'cpu'] if machine.gpus else ['cpu']
    if asked == 'cpu':
        return ['cpu']
    index = int(asked.partition(':')[2] or 0)
    if index >= len(machine.gpus):
        raise ValueError(
            f'device cuda:{index} was asked for but this machine has {len(machine.gpus)} CUDA '
            "devices: use device 'cpu' or 'auto', or install the GPU's driver")
    return [f'cuda:{index}']


def _on(device: str, asked: BackendSpec, forms: ModelForms,
        machine: Machine) -> list[list[BackendSpec]]:
    able = [name for name in BACKENDS if asked.backend in (AUTO, name)
            and not _why_not(name, device, forms, machine)]
    specs = {name: [BackendSpec(backend=name, device=device, precision=precision)
                    for precision in _precisions(name, device, asked.precision, machine)]
             for name in able}
    if device != 'cpu':
        return [sum(specs.values(), [])]
    return [sum((specs[name] for name in able if name != 'torch'), []), specs.get('torch', [])]


def precisions_of(name: str, device: str, machine: Machine) -> tuple[str, ...]:
    """Precisions of a backend on a device it runs on, that of `auto` first."""
    known = PRECISIONS[name][device.partition(':')[0]]
    if name == 'tensorrt' and _major(machine.tensorrt) >= OWN_PRECISION:
        return tuple(precision for precision in known if precision == 'fp32')
    return known


def _major(version: str) -> int:
    number = version.partition('.')[0]
    return int(number) if number.isdecimal() else 0


def _precisions(name: str, device: str, asked: str, machine: Machine) -> list[str]:
    known = precisions_of(name, device, machine)
    if asked != AUTO:
        return [asked] if asked in known else []
    if name == 'openvino' and machine.fast_bf16:
        return ['bf16', 'fp32']
    return [known[0]]


def _why_not(name: str, device: str, forms: ModelForms, machine: Machine) -> str:
    """Why a backend cannot run the file on the device; '' where it can."""
    if not _installed(name, machine):
        wanted = ('its own package or onnxruntime, neither of which is' if name == 'tensorrt'
                  else f'{PACKAGE[name]}, which is not')
        return f'needs {wanted} installed: {ADVICE[name]}'
    if device.partition(':')[0] not in PRECISIONS[name]:
        return (f'does not run on {device}: use device '
                f'{" or ".join(PRECISIONS[name])}, or backend auto')
    if name == 'torch' and not forms.weights:
        return 'cannot run an ONNX graph: use openvino or onnxruntime'
    if name != 'torch' and not forms.graph:
        return ('needs an ONNX graph and the file has none: make one with '
                '`python -m mono_depth_ros.tools.export_onnx MODEL OUT.onnx`')
    if device != 'cpu' and name == 'torch' and not machine.torch_has_cuda:
        return 'was built without CUDA: install a build of PyTorch with CUDA'
    if name == 'tensorrt' and machine.tensorrt:
        return ''
    if device != 'cpu' and name in PROVIDER and PROVIDER[name] not in machine.providers:
        return f'has no {PROVIDER[name]} here: {GPU_ADVICE[name]}'
    return ''


def _installed(name: str, machine: Machine) -> bool:
    return PACKAGE[name] in machine.packages or bool(name == 'tensorrt' and machine.tensorrt)


def _why_no_fp16(asked: BackendSpec, able: list[str], machine: Machine) -> str:
    if asked.precision != 'fp16' or 'tensorrt' not in able:
        return ''
    return f': TensorRT {machine.tensorrt} makes no fp16 of a graph in fp32, versions before do'


def _refusal(asked: BackendSpec, forms: ModelForms, machine: Machine) -> Exception:
    names = [name for name in BACKENDS if asked.backend in (AUTO, name)]
    device = _devices(asked.device, machine)[0]
    reasons = {name: _why_not(name, device, forms, machine) for name in names}
    able = [name for name in names if not reasons[name]]
    if able:
        known = {name: precisions_of(name, device, machine) for name in able}
        return ValueError('precision ' + '; '.join(
            f'{asked.precision} is none of {name} on {device} ({", ".join(known[name])})'
            for name in able) + _why_no_fp16(asked, able, machine))
    sentence = '; '.join(f'{name} {reason}' for name, reason in reasons.items())
    if not any(_installed(name, machine) for name in names):
        return ModuleNotFoundError(sentence, name=PACKAGE[names[0]])
    return ValueError(f'no backend can run the model as asked ({asked}): {sentence}')
