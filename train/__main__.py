"""Command line of the train module: `scripts/train COMMAND`, or `python -m train COMMAND`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import sys

from mono_depth_ros.exit_code import exit_code
from train.commands import (
    cameras,
    compare,
    data,
    densify,
    evaluate,
    export,
    fit,
    holes,
    leave_one_out,
    pack,
    report,
    scale,
    show,
    simulate,
    steady,
    table1,
)
from train.data.samples.data_notes import printed_notes
from train.data.samples.splits import MissingSplit

COMMANDS = (fit, evaluate, export, compare, cameras, leave_one_out, report, pack, holes, densify,
            data, simulate, show, table1, scale, steady)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when done, 1 with one sentence when it cannot be, 130 after Ctrl-C."""
    options = parser().parse_args(arguments)
    return exit_code('error', lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    with printed_notes():
        try:
            options.command(options)
        except MissingSplit as error:
            if 'split' not in options:
                raise
            raise ValueError(f'{error}; --split NAME takes another one') from error


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog='scripts/train', description='Train, measure and export depth networks.')
    commands = top.add_subparsers(required=True, metavar='COMMAND')
    for module in COMMANDS:
        module.add_command(commands)
    return top


if __name__ == '__main__':
    sys.exit(main())
