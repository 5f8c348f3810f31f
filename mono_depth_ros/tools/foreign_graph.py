"""What an ONNX graph takes and gives: its inputs and outputs, by whatever runtime is installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

Shape = tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Inputs and outputs of a graph by name, in order; None where a size is free.

    `types` are those of the inputs, as NumPy names them.
    """

    inputs: dict[str, Shape]
    outputs: dict[str, Shape]
    types: dict[str, str]


def signature_of(onnx: bytes) -> Signature:
    """Inputs and outputs of an ONNX graph; ValueError where it cannot be read.

    ModuleNotFoundError where neither ONNX Runtime nor OpenVINO is installed.
    """
    if find_spec('onnxruntime'):
        return _by_onnxruntime(onnx)
    return _by_openvino(onnx)


def _by_onnxruntime(onnx: bytes) -> Signature:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(onnx, providers=['CPUExecutionProvider'])
    except Exception as error:  # its own exceptions share no base class but this
        raise ValueError(f'ONNX Runtime cannot load the graph: {error}') from error
    inputs, outputs = ({item.name: tuple(
        size if isinstance(size, int) else None for size in item.shape) for item in items}
        for items in (session.get_inputs(), session.get_outputs()))
    types = {item.name: _type(item.type[7:-1]) for item in session.get_inputs()}  # tensor(float)
    return Signature(inputs=inputs, outputs=outputs, types=types)


def _by_openvino(onnx: bytes) -> Signature:
    import openvino

    try:
        model = openvino.Core().read_model(onnx)
    except RuntimeError as error:
        raise ValueError(f'OpenVINO cannot load the graph: {error}') from error
    inputs, outputs = ({item.any_name: tuple(
        size.get_length() if size.is_static else None for size in item.partial_shape)
        for item in items} for items in (model.inputs, model.outputs))
    types = {item.any_name: _type(item.element_type.to_string()) for item in model.inputs}
    return Signature(inputs=inputs, outputs=outputs, types=types)


def _type(name: str) -> str:
    """NumPy's name of an element type as either runtime writes it."""
    return {'float': 'float32', 'f32': 'float32', 'f16': 'float16', 'u8': 'uint8'}.get(name, name)
