"""A network as ONNX becomes a model file: written whole, loaded and tested, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.file_seal import seal
from mono_depth_ros.model_card import ModelCard
from mono_depth_ros.model_file import metadata_for, ONNX_SUFFIX
from mono_depth_ros.onnx_bytes import metadata_bytes


def write_model(out: Path, onnx: bytes, card: ModelCard) -> DepthEstimator:
    """Write graph and card to `out`, and the estimator that serves it.

    Raises ValueError or OSError, and leaves no file, where the name does not end in .onnx or
    nothing here passes the self-test with it.
    """
    if out.suffix != ONNX_SUFFIX:
        raise ValueError(f'{out}: a model file of an ONNX graph ends in {ONNX_SUFFIX}')
    out.parent.mkdir(parents=True, exist_ok=True)
    # As whole_file.replacing names it, with the ending that tells what it is.
    unfinished = out.with_name(f'{out.stem}.{os.getpid()}.part{ONNX_SUFFIX}')
    try:
        unfinished.write_bytes(onnx + metadata_bytes(metadata_for(card)))
        seal(unfinished)
        estimator = DepthEstimator.load(unfinished, 'cpu', 'fp32')
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return estimator
