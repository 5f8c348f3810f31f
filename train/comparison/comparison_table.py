"""The comparison as text that may be pasted into a page: a Markdown table and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from mono_depth_ros.metrics import HEADLINE
from mono_depth_ros.sentences import counted
from train.comparison.comparison import difference, Row, training_of
from train.comparison.cost import machine
from train.evaluation.protocols import Protocol

LABELS = {'delta1': 'delta1', 'abs_rel': 'AbsRel', 'rmse_m': 'RMSE m'}
# Whether more is better.
RISES = {'delta1': True, 'abs_rel': False, 'rmse_m': False}


def sorted_rows(rows: Sequence[Row], by: str) -> list[Row]:
    """The best first, by one of LABELS; `given` keeps the order."""
    if by == 'given':
        return list(rows)
    return sorted(rows, key=lambda row: getattr(row.report.mean, by), reverse=RISES[by])


def table_text(rows: Sequence[Row], protocol: Protocol) -> str:
    """Markdown: where and how measured, one line a network, and differences to the first."""
    devices = list(rows[0].ms)
    head = ['model', 'network', 'stages', 'images seen',
            *(f'{LABELS[name]} (95 %)' for name in HEADLINE), 'parameters', 'multiply-adds',
            *(f'ms {device.partition(":")[0].upper()}' for device in devices)]
    lines = [_caption(rows), '', markdown_row(head), '|---' * len(head) + '|',
             *(markdown_row(_cells(row)) for row in rows)]
    if len(rows) > 1:
        lines += ['', f'delta1 less that of {rows[0].entry.name}, image by image (95 %): '
                  + '; '.join(_difference(row, rows[0], protocol) for row in rows[1:]) + '.']
    return '\n'.join(lines + _notes(rows))


def _caption(rows: Sequence[Row]) -> str:
    report = rows[0].report
    times = ' and '.join(machine(device) for device in rows[0].ms)
    return (f'{report.data} {report.split}, {counted(len(report.images), "image")}'
            f'{report.left_out_text()}, protocol {report.protocol}, one pass; '
            f'{report.truth_text()}. Milliseconds inside the network, batch 1, interleaved, '
            f'median, on {times}.')


def _cells(row: Row) -> list[str]:
    spec, (stages, images) = row.entry.card.network, training_of(row.entry.card)
    errors = []
    for name in HEADLINE:
        low, high = row.report.intervals[name]
        errors.append(f'{getattr(row.report.mean, name):.3f} ({low:.3f} to {high:.3f})')
    return [row.entry.name, f'{spec.name} {spec.input_width}x{spec.input_height}', stages,
            '-' if images is None else f'{images:,}', *errors,
            *row.cost.texts(),
            *(f'{ms:.1f}' for ms in row.ms.values())]


def markdown_row(cells: Sequence[str]) -> str:
    """One line of a table in Markdown."""
    return f'| {" | ".join(cells)} |'


def _difference(row: Row, first: Row, protocol: Protocol) -> str:
    value, low, high = difference(row, first, protocol)
    return f'{row.entry.name} {value:+.3f} ({low:+.3f} to {high:+.3f})'


def _notes(rows: Sequence[Row]) -> list[str]:
    """A warning for every row that learned from other images than the first."""
    learned = [{use.keys_sha256 for use in row.entry.card.provenance.data} for row in rows]
    others = [row.entry.name for row, keys in zip(rows, learned) if keys != learned[0]]
    return ['', f'Not trained on the same images as {rows[0].entry.name}: '
            f'{", ".join(others)}.'] if others else []
