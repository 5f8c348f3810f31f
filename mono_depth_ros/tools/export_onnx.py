"""`python -m mono_depth_ros.tools.export_onnx MODEL OUT.onnx`: a model file as ONNX, card and all.

OUT.onnx is itself a model file: the node and `DepthEstimator.load` take it, and so does whatever
else reads ONNX.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys

from mono_depth_ros.exit_code import exit_code
from mono_depth_ros.model_file import (
    check_seal,
    find_model,
    has_graph,
    load_model,
    onnx_of,
    read_card,
)
from mono_depth_ros.tools.model_writing import write_model


def export_onnx(model: str, out: Path) -> None:
    """Write the model as ONNX after its self-test, and tell; OSError or ValueError, a sentence."""
    path = find_model(model)
    card = read_card(path)
    check_seal(path)
    onnx = onnx_of(path) if has_graph(path) else _from_weights(path)
    write_model(out, onnx, card)
    print(f'{out}: {out.stat().st_size / 1e6:.1f} MB')


def _from_weights(path: Path) -> bytes:
    """The ONNX graph of a file that holds weights alone; needs torch, onnx and onnxscript."""
    from mono_depth_ros.networks.onnx_graph import graph_of
    from mono_depth_ros.onnx_bytes import weight_bytes

    network, card = load_model(path)
    return graph_of(card.network) + weight_bytes({
        name: tensor.numpy() for name, tensor in network.state_dict().items()
        if tensor.is_floating_point()})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the process's exit code."""
    parser = argparse.ArgumentParser(
        prog='python -m mono_depth_ros.tools.export_onnx', description=(__doc__ or '').strip())
    parser.add_argument('model', help='shipped model by name, or path of a model file')
    parser.add_argument('out', type=Path, help='file to write, ending in .onnx')
    options = parser.parse_args(arguments)
    return exit_code('export_onnx', lambda: export_onnx(options.model, options.out))


if __name__ == '__main__':
    sys.exit(main())
