"""The result of a cross-validation over cameras as Markdown and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np

from train.cross_validation.figures import combined, Figures
from train.cross_validation.folds import Fold
from train.recipes.camera_groups import CameraTable

HEAD = ('cameras', 'images', 'delta1', 'promised', 'AbsRel', 'RMSE m', 'scale', 'scale error',
        'step kept')
MEAN, SELECT = 'mean', 'select'


def summary(results: Mapping[Fold, Mapping[str, Figures]]) -> dict[str, list[Figures]]:
    """Per left-out group, for their mean and for the selection set: one Figures a seed.

    The mean counts every group alike. A group that several folds of a seed leave out has their
    mean, as has the selection set.
    """
    rows: dict[str, list[Figures]] = {}
    for seed in sorted({fold.seed for fold in results}):
        folds = [figures for fold, figures in results.items() if fold.seed == seed]
        names = dict.fromkeys(name for figures in folds for name in figures if name != SELECT)
        groups = {name: _of_group([figures[name] for figures in folds if name in figures])
                  for name in names}
        for name, one in groups.items():
            rows.setdefault(name, []).append(one)
        rows.setdefault(MEAN, []).append(combined(list(groups.values())))
        selected = [figures[SELECT] for figures in folds if SELECT in figures]
        if selected:
            rows.setdefault(SELECT, []).append(combined(selected))
    last = [name for name in (MEAN, SELECT) if name in rows]
    return {name: rows[name] for name in (*(n for n in rows if n not in last), *last)}


def _of_group(found: Sequence[Figures]) -> Figures:
    """The mean over folds that leave out one group, so measure on the same images."""
    return replace(combined(found), images=found[0].images)


def as_markdown(title: str, table: CameraTable, rows: Mapping[str, Sequence[Figures]],
                notes: Sequence[str]) -> str:
    """A page: what was measured how, and a line a group; of several seeds the mean and range."""
    lines = [f'# {title}', '', *notes, *_protocol_lines(table), '',
             f'| {" | ".join(HEAD)} |', '|---' * len(HEAD) + '|']
    for name, seeds in rows.items():
        label = f'{table.select} {SELECT}' if name == SELECT else name
        lines.append(f'| {" | ".join([label, *_cells(seeds)])} |')
    return '\n'.join(lines) + '\n'


def _protocol_lines(table: CameraTable) -> list[str]:
    lines = [f'All images of a group, whole, one pass, protocol `{table.protocol}`; a group is '
             'the mean over its data sets, the mean is over groups. Nothing is aligned to the '
             'truth. Scale is the median over images of the median of prediction / truth; its '
             'error exp(mean |log scale|) - 1. Promised is the mean confidence, which should be '
             'delta1.']
    if table.select:
        lines.append(f'`{table.select} {SELECT}` is its validation split, protocol '
                     f'`{table.select_protocol}`, averaged over the folds; step kept: the share '
                     f'of a true depth step found within 4 pixels of a 280-pixel-wide map.')
    return lines


def _cells(seeds: Sequence[Figures]) -> list[str]:
    return [str(seeds[0].images),
            *(_cell([getattr(one, name) for one in seeds], '.3f')
              for name in ('delta1', 'promised', 'abs_rel', 'rmse_m', 'scale')),
            _cell([one.scale_error for one in seeds], '.0%'),
            _cell([one.step_kept for one in seeds], '.3f')]


def _cell(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return ''
    text = format(np.mean(known), form)
    spread = f' ({min(known):{form}} to {max(known):{form}})'
    return text if len(known) == 1 else text + spread


def as_json(rows: Mapping[str, Sequence[Figures]]) -> dict:
    """Plain lists, one item a seed."""
    return {name: [asdict(one) for one in seeds] for name, seeds in rows.items()}
