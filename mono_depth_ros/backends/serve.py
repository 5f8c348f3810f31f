"""The backend that serves a model file: asked for, tested, and where free to choose, fastest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mono_depth_ros import self_test
from mono_depth_ros.backends.backend import Backend, BackendSpec, first_line
from mono_depth_ros.backends.lower_precision import AgainstFp32, OFF, SHARE
from mono_depth_ros.backends.machine import identity, this_machine
from mono_depth_ros.backends.selection import candidates, Machine, ModelForms
from mono_depth_ros.backends.trial import fastest, Finding, recall, remember
from mono_depth_ros.model_card import GraphSpec, ModelCard
from mono_depth_ros.model_file import has_graph, has_weights, load_model, onnx_of, sha256_of


@dataclass(frozen=True, kw_only=True)
class Serving:
    """The backend that runs a file, which it is, and one sentence on why it."""

    network: Backend
    spec: BackendSpec
    reason: str


def serve(path: Path, card: ModelCard, sha256: str, asked: BackendSpec) -> Serving:
    """A backend that passes the self-test of the model file.

    Where more than one can serve, the fastest by a short trial, remembered for this file and
    machine; a lower precision beside fp32 only where it is near that, pixel by pixel. Raises
    ValueError, or ModuleNotFoundError, where none can.
    """
    machine = this_machine()
    forms = ModelForms(weights=has_weights(path), graph=has_graph(path))
    groups = candidates(asked, forms, machine)
    if len(groups) == len(groups[0]) == 1:
        return _only(path, card, groups[0][0])
    key = trial_key(sha256, asked, machine)
    return _remembered(path, card, key, groups) or _measured(path, card, key, groups)


def trial_key(sha256: str, asked: BackendSpec, machine: Machine) -> str:
    """All that the outcome of a trial depends on."""
    return f'{sha256}; asked {asked}; {SHARE:g} within {OFF:g} of fp32; {identity(machine)}'


def build(path: Path, card: ModelCard, spec: BackendSpec) -> Backend:
    """The backend of a spec with the file's network, self-test passed; else ValueError."""
    backend = open_backend(path, card, spec)
    self_test.check(backend, card, spec.precision)
    return backend


def open_backend(path: Path, card: ModelCard, spec: BackendSpec) -> Backend:
    """The backend of a spec with the file's network, untested: `build` tests it."""
    # Imported here: a node that one backend serves loads no other.
    if spec.backend == 'torch':
        from mono_depth_ros.backends.torch_backend import TorchBackend
        return TorchBackend(load_model(path)[0], spec.device, spec.precision)
    return graph_backend(lambda: onnx_of(path), lambda: sha256_of(path), card.graph, spec)


def graph_backend(read_onnx: Callable[[], bytes], sha256: Callable[[], str], graph: GraphSpec,
                  spec: BackendSpec, machine: Machine | None = None) -> Backend:
    """The backend of a spec, other than torch, with an ONNX graph, untested.

    The graph holds all its weights: what is compiled of it is kept under its file's `sha256`.
    TensorRT runs by its own package where `machine`, by default this one, has that.
    """
    machine = machine or this_machine()
    model = f'{sha256()}; {identity(machine)}'
    if spec.backend == 'openvino':
        from mono_depth_ros.backends.openvino_backend import OpenVinoBackend
        return OpenVinoBackend(read_onnx, graph, spec.precision, model)
    if spec.backend == 'tensorrt' and machine.tensorrt:
        return _tensorrt()(read_onnx, graph, spec, model)
    from mono_depth_ros.backends.onnxruntime_backend import OnnxRuntimeBackend
    return OnnxRuntimeBackend(read_onnx(), graph, spec, model)


def _tensorrt() -> Callable[..., Backend]:
    try:
        from mono_depth_ros.backends.tensorrt_backend import TensorRtBackend
    except Exception as error:  # libraries that are missing, or of another version
        raise ValueError(f'the package tensorrt is installed but cannot be imported: '
                         f'{first_line(error)}') from error
    return TensorRtBackend


def _only(path: Path, card: ModelCard, spec: BackendSpec) -> Serving:
    try:
        network = build(path, card, spec)
    except (OSError, ModuleNotFoundError):
        raise
    except Exception as error:  # whatever a runtime raises for a card that lies
        said = str(error) if isinstance(error, ValueError) else first_line(error)
        raise ValueError(f'{path} cannot be served by {spec}: {said}; try precision fp32 or '
                         'backend auto, else the file or the device is broken') from error
    return Serving(network=network, spec=spec, reason=f'{spec}: no other can serve what is asked')


def _remembered(path: Path, card: ModelCard, key: str,
                groups: list[list[BackendSpec]]) -> Serving | None:
    spec = recall(key)
    if spec is None or not any(spec in group for group in groups):
        return None
    try:
        network = build(path, card, spec)
    except Exception:  # it served once; what serves now is measured again
        return None
    return Serving(network=network, spec=spec, reason=f'{spec}: the fastest here when measured')


def _measured(path: Path, card: ModelCard, key: str,
              groups: list[list[BackendSpec]]) -> Serving:
    image, intrinsics = self_test.probe_image(card), self_test.intrinsics_of(card.reference)
    failed: list[Finding] = []
    against_fp32 = AgainstFp32(card)

    def checked(spec: BackendSpec) -> Backend:
        backend = build(path, card, spec)
        against_fp32.check(backend, spec.precision)
        return backend
    for specs in groups:
        network, findings = fastest(
            sorted(specs, key=lambda spec: spec.precision != 'fp32'), build=checked,
            call=lambda backend: backend(image, intrinsics))
        if network:
            # What failed on a device that should have served may have been full memory: it is
            # tried again at the next start.
            note = '' if failed and failed[0].spec.device != findings[0].spec.device \
                else remember(key, findings)
            said = [*(str(finding) for finding in findings + failed), note]
            return Serving(network=network, spec=findings[0].spec,
                           reason='; '.join(filter(None, said)))
        failed += findings
    raise ValueError(f'{path}: no backend serves it: ' + '; '.join(str(f) for f in failed))
