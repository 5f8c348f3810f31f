"""`scripts/train show`: the card of a model file."""

from __future__ import annotations

import argparse

from mono_depth_ros.model_file import find_model, read_card, sha256_of


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('show', help='print the card of a model file')
    one.add_argument('model', help='path of a model file, or the name of a shipped one')
    one.set_defaults(command=_show)


def _show(options: argparse.Namespace) -> None:
    path = find_model(options.model)
    print(read_card(path).to_json())
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256_of(path)}')
