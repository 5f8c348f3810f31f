"""An ONNX graph rewritten as TensorRT's parser takes it, as bytes, without the onnx package.

The parser imports every node, also those that lead nowhere: exporters of PyTorch leave some of
kinds it does not know (SequenceConstruct). That of 8.6 ignores `start` and `end` of Shape, and
reads whole numbers in an attribute of Constant as if they were floats.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mono_depth_ros.onnx_bytes import (
    DATA_TYPE,
    DIMS,
    field,
    fields_of,
    GRAPH,
    RAW_DATA,
    read_varint,
    VARINT,
    varint,
)

# Field numbers of onnx.proto, by message.
NODES, OUTPUTS = 1, 12  # of GraphProto
VALUE_NAME = 1  # of ValueInfoProto
INPUT, OUTPUT, KIND, ATTRIBUTE, DOMAIN = 1, 2, 4, 5, 7  # of NodeProto
ATTRIBUTE_NAME, NUMBER, TENSOR, SUBGRAPH, NUMBERS, SUBGRAPHS, TYPE = 1, 3, 5, 6, 8, 11, 20
TENSOR_TYPE, INT64 = 4, 7  # AttributeProto.TENSOR, TensorProto.INT64


def parsable(onnx: bytes) -> bytes:
    """A graph with the same outputs that TensorRT 8.6 and later can parse, as far as is known.

    Raises ValueError for what is not a whole ONNX file.
    """
    model = memoryview(onnx)
    nodes: list[memoryview] = []
    needed: set[str] = set()
    try:
        for number, graph in _fields(model):
            if number == GRAPH:
                nodes += [content for kind, content in _fields(graph) if kind == NODES]
                needed |= set(_output_names(graph))
    except ValueError as error:
        raise ValueError(f'no whole ONNX graph: {error}') from error
    kept = []
    for node in reversed(nodes):  # in ONNX a node comes after those it reads from
        if needed & set(_texts(node, OUTPUT)):
            needed |= set(_names_read(node))
            kept.append(node)
    written = b''.join(field(NODES, content) for node in reversed(kept)
                       for content in _rewritten(node))
    out, at = [], 0
    for number, start, end in fields_of(model, 0, len(model)):
        if number == GRAPH:
            out.append(field(GRAPH, written + _without_nodes(model[start:end])))
            written = b''  # weights may follow in a graph of their own
        else:
            out.append(bytes(model[at:end]))
        at = end
    return b''.join(out)


def _without_nodes(graph: memoryview) -> bytes:
    pieces, at = [], 0
    for number, _, end in fields_of(graph, 0, len(graph)):
        if number != NODES:
            pieces.append(graph[at:end])
        at = end
    return b''.join(pieces)


def _rewritten(node: memoryview) -> list[bytes]:
    """Nodes that do what one does, in words of every version."""
    kind, = _texts(node, KIND)
    if kind not in ('Shape', 'Constant') or any(_texts(node, DOMAIN)):
        return [bytes(node)]
    output, attributes = _texts(node, OUTPUT)[0], _whole_numbers(node)
    if kind == 'Shape' and len(attributes) == 2:
        (start,), (end,) = attributes['start'], attributes['end']
        if 0 <= start < end:
            return [_node('Shape', _texts(node, INPUT), f'{output}/all'),
                    _constant(f'{output}/at', np.arange(start, end)),
                    _node('Gather', [f'{output}/all', f'{output}/at'], output)]
    if kind == 'Constant' and attributes:
        (name, values), = attributes.items()
        return [_constant(output, np.array(values[0] if name == 'value_int' else values))]
    return [bytes(node)]


def _whole_numbers(node: memoryview) -> dict[str, list[int]]:
    """Those attributes of Shape and Constant that are whole numbers."""
    found = {}
    for content in (content for number, content in _fields(node) if number == ATTRIBUTE):
        name, = _texts(content, ATTRIBUTE_NAME)
        if name in ('start', 'end', 'value_int', 'value_ints'):
            found[name] = [value for number, values in _fields(content)
                           if number in (NUMBER, NUMBERS) for value in _varints(values)]
    return found


def _varints(content: memoryview) -> Iterator[int]:
    """Numbers one behind the other, as lists are written, packed or not; signed."""
    at = 0
    while at < len(content):
        value, at = read_varint(content, at, len(content))
        yield value - (1 << 64) if value >> 63 else value


def _node(kind: str, inputs: list[str], output: str, attribute: bytes = b'') -> bytes:
    return b''.join([*(field(INPUT, name.encode()) for name in inputs),
                     field(OUTPUT, output.encode()), field(KIND, kind.encode()), attribute])


def _constant(output: str, values: np.ndarray) -> bytes:
    dims = b''.join(_number(DIMS, size) for size in values.shape)
    tensor = dims + _number(DATA_TYPE, INT64) + field(RAW_DATA, values.astype('<i8').tobytes())
    return _node('Constant', [], output, field(
        ATTRIBUTE, field(ATTRIBUTE_NAME, b'value') + field(TENSOR, tensor)
        + _number(TYPE, TENSOR_TYPE)))


def _number(number: int, value: int) -> bytes:
    return varint(number << 3 | VARINT) + varint(value)


def _names_read(node: memoryview) -> Iterator[str]:
    """Names of all that a node reads, also within the graphs it holds (If, Loop)."""
    yield from _texts(node, INPUT)
    for attribute in (content for number, content in _fields(node) if number == ATTRIBUTE):
        for number, content in _fields(attribute):
            if number in (SUBGRAPH, SUBGRAPHS):
                for kind, inner in _fields(content):
                    if kind == NODES:
                        yield from _names_read(inner)


def _output_names(graph: memoryview) -> Iterator[str]:
    for number, content in _fields(graph):
        if number == OUTPUTS:
            yield from _texts(content, VALUE_NAME)


def _texts(message: memoryview, wanted: int) -> list[str]:
    return [bytes(content).decode() for number, content in _fields(message) if number == wanted]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    for number, start, end in fields_of(message, 0, len(message)):
        yield number, message[start:end]
