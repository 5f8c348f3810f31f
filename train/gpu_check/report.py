"""A check as JSON and as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
import json
import os
from pathlib import Path
import platform
import subprocess

import torch

from mono_depth_ros.bench.findings import Row, Values

TITLES = {'right': 'Right', 'fast': 'Fast', 'learns': 'Learns', 'node': 'The node'}


def machine(device: str) -> Values:
    """Card, driver and versions that the numbers belong to."""
    cuda = device.startswith('cuda')
    return {
        'date': datetime.now(timezone.utc).date().isoformat(),
        'device': torch.cuda.get_device_name(device) if cuda else _cpu(),
        'driver': _said('nvidia-smi', '--query-gpu=driver_version', '--format=csv,noheader')
        if cuda else 'none', 'cores': len(os.sched_getaffinity(0)),
        'torch': torch.__version__, 'cuda': torch.version.cuda or 'none',
        'python': platform.python_version(),
        'commit': _said('git', 'rev-parse', '--short=12', 'HEAD')}


def _cpu() -> str:
    text = Path('/proc/cpuinfo').read_text()
    lines = [line for line in text.splitlines() if 'model name' in line]
    return lines[0].partition(':')[2].strip() if lines else platform.machine()


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              cwd=Path(__file__).parent)
    except OSError:
        return 'unknown'
    lines = done.stdout.strip().splitlines()
    return lines[0] if done.returncode == 0 and lines else 'unknown'


def write_report(folder: Path, facts: Values, rows: Sequence[Row]) -> str:
    """Write gpu_check.json and gpu_check.md into `folder`; the Markdown."""
    data = {'machine': facts, 'rows': [asdict(row) for row in rows]}
    (folder / 'gpu_check.json').write_text(json.dumps(data, indent=1) + '\n')
    text = markdown(facts, rows)
    (folder / 'gpu_check.md').write_text(text)
    return text


def markdown(facts: Values, rows: Sequence[Row]) -> str:
    """One table for each part that was run: what was tried, how it went, its numbers."""
    lines = ['# GPU check', '', ', '.join(f'{name} {value}' for name, value in facts.items()), '']
    for part, title in TITLES.items():
        found = [row for row in rows if row.part == part]
        if not found:
            continue
        good = sum(row.state == 'ok' for row in found)
        lines += [f'## {title}', '', f'{good} of {len(found)} ok.', '',
                  '| tried | went | numbers |', '|---|---|---|']
        lines += [f'| {row.name} | {row.state} | {_numbers(row)} |' for row in found] + ['']
    return '\n'.join(lines)


def _numbers(row: Row) -> str:
    text = ', '.join(f'{name} {value}' for name, value in row.values.items())
    # One line, without a column's end: it is a cell of a table.
    return ' '.join((row.reason or text).split()).replace('|', '/')
