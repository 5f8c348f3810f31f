"""The model file: .safetensors with the weights, or .onnx; the card as JSON in its metadata.

safetensors holds numbers and text only, and ONNX a graph of known operators, so loading an
untrusted file cannot run code. Beside its card a .safetensors file holds its network as an ONNX
graph whose weights are the file's tensors: whoever runs ONNX needs neither torch nor `networks/`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING
import zlib

import numpy as np
from safetensors import safe_open, SafetensorError

from mono_depth_ros.file_seal import is_as_sealed, seal, UNSEALED
from mono_depth_ros.model_card import card_from_json, ModelCard
from mono_depth_ros.onnx_bytes import metadata_of, weight_bytes
from mono_depth_ros.onnx_external import external_file
from mono_depth_ros.whole_file import replacing

if TYPE_CHECKING:
    from mono_depth_ros.networks.multi_scale import MultiScaleNetwork

FORMAT = 'mono_depth_ros'
FORMAT_VERSION = '2'
SEAL = 'sha256'
SUFFIX = '.safetensors'
ONNX_SUFFIX = '.onnx'
LARGEST_GRAPH = 8 << 20
FLOAT_TYPES = ('F64', 'F32', 'F16', 'BF16')
MAX_HEADER_BYTES = 2_000_000  # ours are 80 kB: places of 436 tensors, the card and the graph
SHIPPED = Path(__file__).parent / 'models'


def find_model(model: str | os.PathLike) -> Path:
    """Path of a shipped model by name ('indoor') or of a file; else FileNotFoundError."""
    named = SHIPPED / f'{model}{SUFFIX}'
    path = named if named.is_file() and os.sep not in str(model) else Path(model).expanduser()
    if path.is_file():
        return path
    shipped = ', '.join(sorted(p.stem for p in SHIPPED.glob(f'*{SUFFIX}'))) or 'none'
    raise FileNotFoundError(
        f'no model file {str(model)!r}: give the path of a {SUFFIX} file made by '
        f'`scripts/train export`, of an {ONNX_SUFFIX} file with a card, or a shipped model '
        f'(here: {shipped})')


def save_model(path: str | os.PathLike, network: MultiScaleNetwork, card: ModelCard,
               graph: bytes | None = None) -> None:
    """Write weights (matrices as fp16, vectors as fp32) and card; whole or not at all.

    `graph` is the network as networks.onnx_graph gives it; without it torch alone runs the file.
    """
    from safetensors.torch import save_file
    import torch

    path = Path(path)
    tensors = {
        name: (tensor.half() if tensor.ndim > 1 else tensor).cpu().contiguous()
        for name, tensor in network.state_dict().items()}
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise ValueError(f'{path} not written: weights that are not finite in fp16')
    card_from_json(card.to_json())  # no file that cannot be read back
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as unfinished:
        try:
            save_file(tensors, unfinished, metadata=metadata_for(card) | (
                {'graph': base64.b64encode(zlib.compress(graph, 9)).decode()} if graph else {}))
        except SafetensorError as error:
            raise OSError(f'cannot write {path}: {_short(error)}') from error
        seal(unfinished)
        unfinished.chmod(0o644)  # safetensors writes 0600; a node may run as another user


def metadata_for(card: ModelCard) -> dict[str, str]:
    """What makes a .safetensors or .onnx file a model file, in its metadata; `seal` it then."""
    return {'format': FORMAT, 'format_version': FORMAT_VERSION, 'card': card.to_json(),
            SEAL: UNSEALED}


def check_seal(path: str | os.PathLike) -> None:
    """ValueError where a byte is not as it was written; files of former versions have no seal."""
    sealed = _metadata(path).get(SEAL)
    if sealed is not None and not is_as_sealed(path, sealed):
        again = 'wrap' if Path(path).suffix == ONNX_SUFFIX else 'export'
        raise ValueError(f'{path} is damaged or was changed after it was made (its bytes are not '
                         f'those its seal is of): copy or {again} it again')


def has_weights(path: str | os.PathLike) -> bool:
    """Whether the file holds weights of a network of `networks/`, which torch can run."""
    return Path(path).suffix != ONNX_SUFFIX


def has_graph(path: str | os.PathLike) -> bool:
    """Whether the file holds an ONNX graph, which OpenVINO and ONNX Runtime can run."""
    return Path(path).suffix == ONNX_SUFFIX or 'graph' in _metadata(path)


def onnx_of(path: str | os.PathLike) -> bytes:
    """The file's network as a whole ONNX file; ValueError where it holds none."""
    if Path(path).suffix == ONNX_SUFFIX:
        return Path(path).read_bytes()
    packed = _metadata(path).get('graph')
    if packed is None:
        raise ValueError(f'{path} holds no ONNX graph: make one with `python -m '
                         'mono_depth_ros.tools.export_onnx MODEL OUT.onnx`')
    try:
        unpacking = zlib.decompressobj()
        graph = unpacking.decompress(base64.b64decode(packed), LARGEST_GRAPH)
        if not unpacking.eof:
            raise ValueError(f'cut short, or of more than {LARGEST_GRAPH} bytes')
    except (ValueError, zlib.error) as error:
        raise ValueError(f'{path} has a graph that cannot be read ({error}): export it again'
                         ) from error
    with _opened(path) as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}
    return graph + weight_bytes({
        name: weight for name, weight in weights.items() if np.issubdtype(weight.dtype,
                                                                          np.floating)})


def read_card(path: str | os.PathLike) -> ModelCard:
    """Card of a model file, without torch; ValueError or OSError in one sentence.

    An ONNX file whose weights lie in another is refused: what is built of it could not be told
    by its bytes from what is built after the other file has changed.
    """
    card = _card_of(path, _metadata(path))
    if Path(path).suffix == ONNX_SUFFIX and (other := external_file(path)) is not None:
        raise ValueError(f'{path} keeps weights in another file ({_short(other)!r}), which a '
                         'model file may not: make it again with `python -m '
                         'mono_depth_ros.tools.wrap`')
    return card


def load_model(path: str | os.PathLike) -> tuple[MultiScaleNetwork, ModelCard]:
    """Network in fp32 on the CPU, in evaluation mode, and its card; errors as `read_card`.

    Names, shapes and types of all weights are compared before memory is taken for any.
    """
    from safetensors.torch import load_file
    import torch

    card = read_card(path)
    network = _unfilled(path, card)
    _check_tensors(path, card, network)
    weights = {name: t.float() if t.is_floating_point() else t
               for name, t in load_file(path).items()}
    broken = [name for name, t in weights.items() if not torch.isfinite(t).all()]
    if broken:
        raise ValueError(f'{path} holds weights that are not finite ({broken[0]}): copy or export '
                         'it again')
    network.load_state_dict(weights, assign=True)
    return network.eval(), card


def sha256_of(path: str | os.PathLike) -> str:
    """Hex SHA-256 of the whole file: the identity of a model in diagnostics and reports."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _metadata(path: str | os.PathLike) -> dict[str, str]:
    if Path(path).suffix == ONNX_SUFFIX:
        return metadata_of(path)
    with _opened(path) as file:
        return file.metadata() or {}


def _tensors(path: str | os.PathLike) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type ('F16', ...) and shape of every tensor of a file."""
    with _opened(path) as file:
        parts = {name: file.get_slice(name) for name in file.keys()}
        return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in parts.items()}


@contextmanager
def _opened(path: str | os.PathLike) -> Iterator[safe_open]:
    """A .safetensors file whose header was checked; ValueError for what is not a whole one."""
    _check_header_length(path)
    try:
        with safe_open(path, framework='numpy') as file:
            yield file
    except SafetensorError as error:
        raise ValueError(f'{path} is not a whole {SUFFIX} file ({_short(error)}): copy or export '
                         'it again') from error


def _check_header_length(path: str | os.PathLike) -> None:
    """Raise ValueError where the header is longer than its file, or than any of ours."""
    with open(path, 'rb') as file:
        start, size = file.read(8), os.fstat(file.fileno()).st_size
    length = int.from_bytes(start, 'little')
    if len(start) < 8 or length > min(size - 8, MAX_HEADER_BYTES):
        raise ValueError(f'{path} is not a whole {SUFFIX} file (a header of {length} bytes in a '
                         f'file of {size}): copy or export it again')


def _card_of(path: str | os.PathLike, metadata: dict[str, str]) -> ModelCard:
    if metadata.get('format') != FORMAT:
        raise ValueError(
            f'{path} holds no {FORMAT} model (format {_short(metadata.get("format"))!r}): make '
            'one with `scripts/train export`, or of an ONNX network with '
            '`python -m mono_depth_ros.tools.wrap`')
    if metadata.get('format_version') != FORMAT_VERSION:
        raise ValueError(
            f'{path} is of format version {_short(metadata.get("format_version"))!r}, this '
            f'package reads {FORMAT_VERSION}: export it again, or update mono_depth_ros')
    try:
        return card_from_json(metadata.get('card', ''))
    except ValueError as error:
        raise ValueError(f'{path} has a card that cannot be read ({_short(error)}): export it '
                         'again, or update mono_depth_ros') from error


def _unfilled(path: str | os.PathLike, card: ModelCard) -> MultiScaleNetwork:
    """The network of a card without memory for its weights."""
    import torch

    from mono_depth_ros.networks.registry import build

    try:
        with torch.device('meta'):
            return build(card.network)
    except ValueError as error:
        raise ValueError(f'{path} holds a network this version does not have ({_short(error)}): '
                         'update mono_depth_ros') from error


def _check_tensors(path: str | os.PathLike, card: ModelCard, network: MultiScaleNetwork) -> None:
    """Raise ValueError where names, shapes or types of the weights are not the network's."""
    tensors, expected = _tensors(path), network.state_dict()
    wrong = [f'missing {name}' for name in expected if name not in tensors]
    wrong += [f'unknown {name}' for name in tensors if name not in expected]
    for name in expected.keys() & tensors.keys():
        kind, shape = tensors[name]
        if shape != tuple(expected[name].shape):
            wrong.append(f'{name} has shape {shape}, expected {tuple(expected[name].shape)}')
        elif (kind in FLOAT_TYPES) != expected[name].is_floating_point():
            wrong.append(f'{name} is of type {kind}')
    if wrong:
        raise ValueError(
            f'{path}: the weights do not fit network {card.network.name!r} '
            f'({_short("; ".join(wrong))}): export it again, or update mono_depth_ros')


def _short(text: object) -> str:
    """One line of at most 300 characters."""
    return ' '.join(str(text).split())[:300]
