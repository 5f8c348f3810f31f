"""`scripts/bench`: how fast depth is on this machine, part by part, with its baselines.

estimate: every backend against plain torch. overhead: all but the network on one core, against
the transport alone and plain Python nodes. cloud: against C++. start: process to first depth.
stream: camera, node and listener over DDS.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
import json
import os
from pathlib import Path
import subprocess
import sys

from mono_depth_ros.backends.machine import identity, this_machine
from mono_depth_ros.bench.findings import Findings, read_rows
from mono_depth_ros.bench.options import options_of, PARTS

# These are about one core; libraries count the cores when they are loaded.
ONE_CORE = ('overhead', 'cloud')


def main(arguments: list[str] | None = None) -> int:
    """Run the parts, each in a process of its own, and write bench.json and bench.png."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = options_of(__doc__, arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = options.out.resolve() / 'rows.jsonl'
    rows.unlink(missing_ok=True)
    for part in options.part or PARTS:
        _run(part, [*arguments, '--rows', str(rows)], rows)
    return _report(options, rows)


def _run(part: str, arguments: list[str], rows: Path) -> None:
    cores = os.sched_getaffinity(0)
    used = {max(cores)} if part in ONE_CORE else cores
    print(f'{part} ...', flush=True)
    code = subprocess.run(
        [sys.executable, '-m', f'mono_depth_ros.bench.{part}', *arguments], check=False,
        stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, used)).returncode
    if code and not any(row.part == part for row in read_rows(rows)):
        Findings(part, rows, 0).add('the whole part', 'failed', f'it ended with code {code}')


def _report(options: argparse.Namespace, rows: Path) -> int:
    found = read_rows(rows)
    for row in found:
        numbers = ', '.join(f'{name} {value}' for name, value in row.values.items())
        print(f'{row.part:9s} {row.name:44s} {row.reason or numbers}')
    machine = f'{identity(this_machine())}; load {os.getloadavg()[0]:.1f}'
    (options.out / 'bench.json').write_text(json.dumps(
        {'machine': machine, 'rows': [asdict(row) for row in found]}, indent=1) + '\n')
    try:
        from mono_depth_ros.bench.chart import draw
    except ModuleNotFoundError as error:
        print(f'no chart: {error}', file=sys.stderr)
    else:
        draw(options.out / 'bench.png', machine, found)
    print(f'{machine}\n{options.out}/bench.json, bench.png')
    return int(any(row.state == 'failed' for row in found))


if __name__ == '__main__':
    sys.exit(main())
