"""ONNX files read and completed as bytes, without the onnx package.

An ONNX file is one protobuf message (onnx.proto, ModelProto). Two messages of one kind written one
behind the other are read as one, their lists joined (protobuf encoding, "Last One Wins" and
merging of embedded messages): so weights and metadata are added by appending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import mmap
import os
from pathlib import Path

import numpy as np

# Field numbers of onnx.proto.
GRAPH, METADATA = 7, 14
INITIALIZER = 5
DIMS, DATA_TYPE, NAME, RAW_DATA = 1, 2, 8, 9
KEY, VALUE = 1, 2
FLOAT = 1
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST_TEXT = 64 << 20


def metadata_of(path: str | os.PathLike) -> dict[str, str]:
    """Metadata of an .onnx file, read without loading its weights.

    Raises OSError, or ValueError for what is not a whole ONNX file.
    """
    path = Path(path)
    if not path.stat().st_size:
        raise ValueError(f'{path} is empty: copy or export it again')
    with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            fields = list(fields_of(data, 0, len(data)))
            if GRAPH not in {number for number, _, _ in fields}:
                raise ValueError('no graph in it')
            return dict(entry_of(data, start, end) for number, start, end in fields
                        if number == METADATA)
        except (ValueError, IndexError) as error:
            raise ValueError(f'{path} is not a whole ONNX file ({error}): copy or export it again'
                             ) from error


def metadata_bytes(metadata: Mapping[str, str]) -> bytes:
    """What to append to an ONNX file to add metadata to it; a later value replaces an earlier."""
    return b''.join(
        field(METADATA, field(KEY, key.encode()) + field(VALUE, value.encode()))
        for key, value in metadata.items())


def weight_bytes(weights: Mapping[str, np.ndarray]) -> bytes:
    """What to append to an ONNX file to give its graph these weights, as float32."""
    return field(GRAPH, b''.join(
        field(INITIALIZER, _tensor(name, weight)) for name, weight in weights.items()))


def _tensor(name: str, weight: np.ndarray) -> bytes:
    dims = b''.join(varint(DIMS << 3 | VARINT) + varint(size) for size in weight.shape)
    kind = varint(DATA_TYPE << 3 | VARINT) + varint(FLOAT)
    return dims + kind + field(NAME, name.encode()) + field(
        RAW_DATA, np.ascontiguousarray(weight, '<f4').tobytes())


def field(number: int, content: bytes) -> bytes:
    """A field of a message whose content is bytes: text, tensor data, another message."""
    return field_head(number, len(content)) + content


def field_head(number: int, size: int) -> bytes:
    """What stands before the `size` bytes of a field's content."""
    return varint(number << 3 | BYTES) + varint(size)


def varint(value: int) -> bytes:
    """A whole number, 0 or above, as protobuf writes it."""
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes([*out, value])


def entry_of(data, start: int, end: int) -> tuple[str, str]:
    """Key and value of a message that holds one entry of a list of texts."""
    texts = {number: bytes(data[first:last]).decode() for number, first, last
             in fields_of(data, start, end) if last - first <= LONGEST_TEXT}
    return texts.get(KEY, ''), texts.get(VALUE, '')


def fields_of(data, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of the content of every field of a message; ValueError where cut."""
    while at < end:
        tag, at = read_varint(data, at, end)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            start, (_, at) = at, read_varint(data, at, end)
        elif kind == BYTES:
            size, start = read_varint(data, at, end)
            at = start + size
        elif kind in (FIXED64, FIXED32):
            start, at = at, at + (8 if kind == FIXED64 else 4)
        else:
            raise ValueError(f'wire type {kind} at byte {at}')
        if at > end or not number:
            raise ValueError(f'it ends at byte {end} within a field')
        yield number, start, at


def read_varint(data, at: int, end: int) -> tuple[int, int]:
    """A whole number at byte `at`, and where what follows it begins; ValueError where cut."""
    value = 0
    for shift in range(0, 64, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return value, at
    raise ValueError(f'it ends at byte {end} within a number')
