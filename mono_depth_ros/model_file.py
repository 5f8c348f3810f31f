"""The model file: one .safetensors with the weights, and the card as JSON in its header.

safetensors holds numbers and text only, so loading an untrusted file cannot run code.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import safe_open, SafetensorError

from mono_depth_ros.model_card import card_from_json, ModelCard

if TYPE_CHECKING:
    from mono_depth_ros.networks.multi_scale import MultiScaleNetwork

FORMAT = 'mono_depth_ros'
FORMAT_VERSION = '2'
SUFFIX = '.safetensors'
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
        f'`scripts/train export`, or a shipped model (here: {shipped})')


def save_model(path: str | os.PathLike, network: MultiScaleNetwork, card: ModelCard) -> None:
    """Write weights (matrices as fp16, vectors as fp32) and card; whole or not at all."""
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
    save_file(tensors, unfinished, metadata={
        'format': FORMAT, 'format_version': FORMAT_VERSION, 'card': card.to_json()})
    unfinished.chmod(0o644)  # safetensors writes 0600, but a robot's node may run as another user
    unfinished.replace(path)


def read_card(path: str | os.PathLike) -> ModelCard:
    """Card of a model file, without torch; ValueError or OSError in one sentence."""
    try:
        with safe_open(path, framework='numpy') as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(
            f'{path} is not a whole {SUFFIX} file ({error}): copy or export it again') from error
    if metadata.get('format') != FORMAT:
        raise ValueError(
            f'{path} holds no {FORMAT} model (format {metadata.get("format")!r}): make one with '
            '`scripts/train export`')
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
