"""The model file: .safetensors with the weights, or .onnx; the card as JSON in its metadata.

safetensors holds numbers and text only, and ONNX a graph of known operators, so loading an
untrusted file cannot run code. Beside its card a .safetensors file holds its network as an ONNX
graph whose weights are the file's tensors: whoever runs ONNX needs neither torch nor `networks/`.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING
import zlib

import numpy as np
from safetensors import safe_open, SafetensorError

from mono_depth_ros.model_card import card_from_json, ModelCard
from mono_depth_ros.onnx_bytes import metadata_of, weight_bytes

if TYPE_CHECKING:
    from mono_depth_ros.networks.multi_scale import MultiScaleNetwork

FORMAT = 'mono_depth_ros'
FORMAT_VERSION = '2'
SUFFIX = '.safetensors'
ONNX_SUFFIX = '.onnx'
LARGEST_GRAPH = 64 << 20
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
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + '.part')
    save_file(tensors, unfinished, metadata=metadata_for(card) | (
        {'graph': base64.b64encode(zlib.compress(graph, 9)).decode()} if graph else {}))
    unfinished.chmod(0o644)  # safetensors writes 0600, but a robot's node may run as another user
    unfinished.replace(path)


def metadata_for(card: ModelCard) -> dict[str, str]:
    """What makes a .safetensors or .onnx file a model file, in its metadata."""
    return {'format': FORMAT, 'format_version': FORMAT_VERSION, 'card': card.to_json()}


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
        graph = zlib.decompressobj().decompress(base64.b64decode(packed), LARGEST_GRAPH)
    except (ValueError, zlib.error) as error:
        raise ValueError(f'{path} has a graph that cannot be read ({error}): export it again'
                         ) from error
    with safe_open(path, framework='numpy') as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}
    return graph + weight_bytes({
        name: weight for name, weight in weights.items() if np.issubdtype(weight.dtype,
                                                                          np.floating)})


def _metadata(path: str | os.PathLike) -> dict[str, str]:
    if Path(path).suffix == ONNX_SUFFIX:
        return metadata_of(path)
    try:
        with safe_open(path, framework='numpy') as file:
            return file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(
            f'{path} is not a whole {SUFFIX} file ({error}): copy or export it again') from error


def read_card(path: str | os.PathLike) -> ModelCard:
    """Card of a model file, without torch; ValueError or OSError in one sentence."""
    metadata = _metadata(path)
    if metadata.get('format') != FORMAT:
        raise ValueError(
            f'{path} holds no {FORMAT} model (format {metadata.get("format")!r}): make one with '
            '`scripts/train export`, or of an ONNX network with '
            '`python -m mono_depth_ros.tools.wrap`')
    if metadata.get('format_version') != FORMAT_VERSION:
        raise ValueError(
            f'{path} is of format version {metadata.get("format_version")!r}, this package reads '
            f'{FORMAT_VERSION}: export it again, or update mono_depth_ros')
    try:
        return card_from_json(metadata.get('card', ''))
    except ValueError as error:
        raise ValueError(f'{path} has a card that cannot be read ({error}): export it again, or '
                         'update mono_depth_ros') from error


def load_model(path: str | os.PathLike) -> tuple[MultiScaleNetwork, ModelCard]:
    """Network in fp32 on the CPU, in evaluation mode, and its card; errors as `read_card`."""
    from safetensors.torch import load_file

    from mono_depth_ros.networks.registry import build

    card = read_card(path)
    try:
        network = build(card.network)
    except ValueError as error:
        raise ValueError(f'{path} holds a network this version does not have ({error}): update '
                         'mono_depth_ros') from error
    weights = {name: t.float() if t.is_floating_point() else t
               for name, t in load_file(path).items()}
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(
            f'{path}: the weights do not fit network {card.network.name!r} '
            f'({" ".join(str(error).split())[:200]}): export it again, or update mono_depth_ros'
        ) from error
    return network.eval(), card


def sha256_of(path: str | os.PathLike) -> str:
    """Hex SHA-256 of the whole file: the identity of a model in diagnostics and reports."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
