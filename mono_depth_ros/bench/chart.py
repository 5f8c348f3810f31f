"""The benchmark's rows as one picture; needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import re
import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mono_depth_ros.bench.findings import Row

STEPS = ('deserialise image', 'rgb and camera', 'pixels to network and back',
         'fill and publish depth, points', 'floor: transport alone',
         'plain Python nodes, all but the network')


def draw(path: Path, machine: str, rows: Sequence[Row]) -> None:
    """Write a PNG with a panel for every part that has numbers."""
    good = [row for row in rows if row.state == 'ok']
    panels = [(title, panel) for title, panel in (
        ('RGB in, metres out', _estimates), ('beside the network, one core', _overhead),
        ('image size', _sizes), ('cameras, depth and points', _stream)) if panel(None, good)]
    if not panels:
        return
    columns, lines = min(len(panels), 2), -(-len(panels) // 2)
    figure = Figure(figsize=(6 * columns, 3.4 * lines), layout='constrained')
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in grid[len(panels):]:
        axes.remove()
    for axes, (title, panel) in zip(grid, panels):
        panel(axes, good)
        axes.set_title(title)
    figure.suptitle(textwrap.fill(machine, 70 * columns), fontsize=8)
    figure.savefig(path, dpi=110)


def _bars(axes: Axes | None, names: Sequence[str], times_ms: Sequence[float]) -> bool:
    if axes and names:
        axes.barh(list(names)[::-1], list(times_ms)[::-1], color='tab:blue')
        axes.set_xlabel('ms')
        for at, time_ms in enumerate(list(times_ms)[::-1]):
            axes.text(time_ms, at, f' {time_ms:.1f}', va='center', fontsize=8)
        axes.margins(x=0.15)
    return bool(names)


def _estimates(axes: Axes | None, rows: Sequence[Row]) -> bool:
    found = [row for row in rows if row.part == 'estimate']
    size = found[0].name.rpartition(', ')[2] if found else ''
    found = [row for row in found if row.name.endswith(size)]
    return _bars(axes, [row.name for row in found], [row.values['median_ms'] for row in found])


def _overhead(axes: Axes | None, rows: Sequence[Row]) -> bool:
    found = [row for row in rows if row.part == 'overhead' and row.name in STEPS]
    return _bars(axes, [row.name for row in found], [row.values['wall_ms'] for row in found])


def _sizes(axes: Axes | None, rows: Sequence[Row]) -> bool:
    """Time over megapixels, with the line that the smallest image begins."""
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        size = re.search(r'(\d+)x(\d+)', row.name)
        name, key = ('cloud', 'ours_ms') if row.part == 'cloud' else (
            row.name.partition(',')[0], 'median_ms')
        if row.part in ('estimate', 'cloud') and size and not name.startswith('plain'):
            series.setdefault(name, []).append(
                (int(size[1]) * int(size[2]) / 1e6, row.values[key]))
    series = {name: sorted(points) for name, points in series.items() if len(points) > 1}
    if axes and series:
        for name, points in series.items():
            axes.loglog(*zip(*points), marker='o', label=name)
        first = series[next(iter(series))]
        axes.loglog([x for x, _ in first], [first[0][1] * x / first[0][0] for x, _ in first],
                    'k:', label='as the pixels')
        axes.set(xlabel='megapixels', ylabel='ms')
        axes.legend(fontsize=7)
    return bool(series)


def _stream(axes: Axes | None, rows: Sequence[Row]) -> bool:
    found = [row for row in rows if row.part == 'stream']
    if axes and found:
        names = [f'{row.name.partition(" at ")[0]}, {row.values["rate_hz"]} Hz,\n'
                 f'{row.values["cpu_ms_a_depth"]} ms of a core a depth' for row in found]
        for key, colour in (('p99_ms', 'lightsteelblue'), ('p50_ms', 'tab:blue')):
            axes.barh(names[::-1], [row.values[key] for row in found][::-1], color=colour,
                      label=key[:-3])
        axes.set_xlabel('ms from camera to depth and points')
        axes.legend(fontsize=8)
    return bool(found)
