"""Weights of an ONNX file that lie in other files beside it: found, and brought in.

onnx.proto, TensorProto.external_data: a tensor says in which file its bytes are, from where and
how many. torch.onnx.export writes large networks so; protobuf ends at 2 GB.
"""

from __future__ import annotations

from collections.abc import Callable
import mmap
import os
from pathlib import Path, PurePosixPath
from typing import Any

from mono_depth_ros.onnx_bytes import entry_of, field_head, fields_of, RAW_DATA, read_varint

# Field numbers of onnx.proto: what holds tensors, at any depth. SPARSE holds two.
TENSOR = 'TensorProto'
MESSAGES = {
    'ModelProto': {7: 'GraphProto', 20: 'TrainingInfoProto', 25: 'FunctionProto'},
    'TrainingInfoProto': {1: 'GraphProto', 2: 'GraphProto'},
    'FunctionProto': {7: 'NodeProto', 11: 'AttributeProto'},
    'GraphProto': {1: 'NodeProto', 5: TENSOR, 15: 'SparseTensorProto'},
    'NodeProto': {5: 'AttributeProto'},
    'AttributeProto': {5: TENSOR, 6: 'GraphProto', 10: TENSOR, 11: 'GraphProto',
                       22: 'SparseTensorProto', 23: 'SparseTensorProto'},
    'SparseTensorProto': {1: TENSOR, 2: TENSOR}}
EXTERNAL_DATA, DATA_LOCATION = 13, 14
EXTERNAL = 1
# As deep as protobuf reads messages within messages.
DEEPEST = 100
# Protobuf reads no message of 2 GB; a card is appended.
MOST_BYTES = (2 << 30) - (4 << 20)

Pieces = list[Any]  # bytes and views of them
# From the external_data of a tensor to its bytes.
Read = Callable[[dict[str, str]], bytes]


def external_file(path: str | os.PathLike) -> str | None:
    """Name of a file that an ONNX file keeps weights in, None where it holds them all.

    Its weights are not loaded. Raises OSError, or ValueError for what is not a whole ONNX file.
    """
    def stop(where: dict[str, str]) -> bytes:
        raise _Elsewhere(where.get('location', ''))
    with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            _checked(data, stop, str(path))
        except _Elsewhere as found:
            return str(found)
    return None


def with_weights(path: Path) -> bytes:
    """An ONNX file as bytes with all its weights in it, those of files beside it too.

    Raises OSError or ValueError, one sentence, where it is not a whole ONNX file, a file of
    weights is missing, too short or in another folder, or all would be more than protobuf holds.
    """
    onnx = path.read_bytes()
    pieces = _checked(memoryview(onnx), _Beside(path, len(onnx)).read, str(path))
    return b''.join(pieces) if pieces else onnx


class _Elsewhere(Exception):
    """Weights in another file, which is named."""


class _NotWhole(ValueError):
    """A message that ends early, or is none."""


class _Beside:
    """Reads weights from files in the folder of an ONNX file of `size` bytes."""

    def __init__(self, path: Path, size: int):
        self._path, self._size = path, size

    def read(self, where: dict[str, str]) -> bytes:
        """The bytes of a tensor by its external_data; ValueError where it cannot have them."""
        location = where.get('location', '')
        name = PurePosixPath(location)
        if not location or name.is_absolute() or '..' in name.parts:
            raise ValueError(f'{self._path} keeps weights in {location!r}: expected a file in its '
                             'own folder')
        path = self._path.parent / name
        if not path.is_file():
            raise ValueError(f'{self._path} keeps weights in {location!r}, which is not beside '
                             'it: copy both')
        there = path.stat().st_size
        offset = self._bytes(where, 'offset', 0)
        length = self._bytes(where, 'length', max(there - offset, 0))
        if offset + length > there:
            raise ValueError(f'{path} has {there} bytes, but {self._path.name} keeps weights '
                             f'there up to byte {offset + length}: copy or export both again')
        self._size += length
        if self._size > MOST_BYTES:
            raise ValueError(f'{self._path} has more than 2 GB of weights, and one ONNX file '
                             'holds less (a limit of protobuf): export it in half precision, or '
                             'take a smaller network')
        with path.open('rb') as file:
            file.seek(offset)
            return file.read(length)

    def _bytes(self, where: dict[str, str], name: str, default: int) -> int:
        text = where.get(name, str(default))
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise ValueError(f'{self._path} keeps weights at {name} {text[:40]!r} of a file: '
                             'expected a number of bytes')
        return int(text)


def _checked(data, read: Read, name: str) -> Pieces | None:
    try:
        return _message(data, 0, len(data), 'ModelProto', read, 0)
    except _NotWhole as error:
        raise ValueError(f'{name} is not a whole ONNX file ({error}): copy or export it again'
                         ) from error


def _message(data, start: int, end: int, kind: str, read: Read, depth: int) -> Pieces | None:
    """Content of a message with the weights of `read` in it; None where it stays as it is."""
    if depth > DEEPEST:
        raise _NotWhole(f'more than {DEEPEST} messages within each other')
    if kind == TENSOR:
        return _tensor(data, start, end, read)
    pieces: Pieces = []
    copied = at = start
    for number, first, last in _fields(data, start, end):
        inner = MESSAGES[kind].get(number)
        changed = _message(data, first, last, inner, read, depth + 1) if inner else None
        if changed is not None:
            pieces += [data[copied:at], field_head(number, sum(map(len, changed))), *changed]
            copied = last
        at = last
    return [*pieces, data[copied:end]] if pieces else None


def _tensor(data, start: int, end: int, read: Read) -> Pieces | None:
    fields = _fields(data, start, end)
    where = _external_data(data, fields)
    if where is None:
        return None
    content = read(where)
    # Each field from the end of the one before, so with what stands before its content.
    kept = [data[before:last] for before, (number, _, last) in zip(
        [start, *(last for _, _, last in fields)], fields)
        if number not in (RAW_DATA, EXTERNAL_DATA, DATA_LOCATION)]
    return [*kept, field_head(RAW_DATA, len(content)), content]


def _external_data(data, fields: list[tuple[int, int, int]]) -> dict[str, str] | None:
    """Where a tensor says its bytes are, None where it has them."""
    try:
        kinds = [read_varint(data, first, last)[0] for number, first, last in fields
                 if number == DATA_LOCATION]
        if kinds[-1:] != [EXTERNAL]:
            return None
        return dict(entry_of(data, first, last) for number, first, last in fields
                    if number == EXTERNAL_DATA)
    except ValueError as error:
        raise _NotWhole(str(error)) from error


def _fields(data, start: int, end: int) -> list[tuple[int, int, int]]:
    try:
        return list(fields_of(data, start, end))
    except ValueError as error:
        raise _NotWhole(str(error)) from error
