"""The experiment's table, what holds of the paper's claims, and how rates were chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mono_depth_ros.sentences import counted
from train.comparison.comparison_table import markdown_row
from train.comparison.cost import Cost
from train.comparison.experiment import Claim, CLAIMS, Entrant, PRINTED
from train.comparison.experiment_statistics import (
    conclusion,
    difference,
    Estimate,
    estimate,
    Images,
    pooled_deviation,
    SeedDeviation,
    table_of,
)

ERRORS = {'delta1': 'delta1', 'abs_rel': 'AbsRel', 'rmse_m': 'RMSE m', 'silog': 'SILog',
          'roughness': 'roughness'}
DIGITS = {error: 4 if error == 'roughness' else 3 for error in ERRORS}
BASELINE = 'mean depth map'
NOT_METRES = ("The paper's printed figures are not metres: its public code learns the low byte "
              'of the raw Kinect disparity and tests on neighbours of training frames.')


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One network: the figures of its seeds, its cost, its milliseconds by device.

    `trained` is (staged, joint or one scale, images seen); None for the baseline.
    """

    name: str
    seeds: Sequence[Images]
    cost: Cost | None = None
    ms: Mapping[str, float] | None = None
    trained: tuple[str, int | None] | None = None

    def on(self, data: str) -> TableRow:
        """The same row for the images of one data set."""
        return replace(self, seeds=[{name: image for name, image in seed.items()
                                     if name.startswith(f'{data}/')} for seed in self.seeds])


def table_text(title: str, rows: Sequence[TableRow]) -> str:
    """Markdown: the table, differences to the baseline, and the claims."""
    devices = list(next((row.ms for row in rows if row.ms), {}))
    head = ['network', 'trained', 'images seen', 'seeds',
            *(f'{name} (95 %)' for name in ERRORS.values()),
            'delta1 of the seeds', 'parameters', 'multiply-adds',
            *(f'ms {device}' for device in devices), 'printed in the paper']
    return '\n'.join([
        f'# {title}', '', f'{counted(len(rows[0].seeds[0]), "image")}.', '', markdown_row(head),
        '|---' * len(head) + '|',
        *(markdown_row(_cells(row, devices)) for row in rows), '',
        NOT_METRES, '', *differences_text(rows), *claims_text(rows), ''])


def _cells(row: TableRow, devices: Sequence[str]) -> list[str]:
    found = {error: estimate(table_of(row.seeds, error)) for error in ERRORS}
    trained, images = row.trained or ('-', None)
    cost = row.cost
    return [row.name, trained, '-' if images is None else f'{images:,}', str(len(row.seeds)),
            *(_estimate(one, DIGITS[error]) for error, one in found.items()),
            _range(found['delta1'].seeds),
            *(cost.texts() if cost else ('-', '-')),
            *(f'{row.ms[device]:.1f}' if row.ms else '-' for device in devices),
            PRINTED.get(row.name, '-')]


def seed_deviation(rows: Sequence[TableRow], error: str) -> SeedDeviation | None:
    """How far trainings of one network lie apart, by all networks of the table."""
    return pooled_deviation([table_of(row.seeds, error) for row in rows if row.name != BASELINE])


def differences_text(rows: Sequence[TableRow]) -> list[str]:
    """A table of every network less the baseline; SILog alone is not of the scale."""
    base = next((row for row in rows if row.name == BASELINE), None)
    if base is None or len(rows) == 1:
        return []
    errors = [error for error in ERRORS if error != 'roughness']
    deviations = {error: seed_deviation(rows, error) for error in errors}
    return [markdown_row([f'less {BASELINE}', *(ERRORS[error] for error in errors)]),
            '|---' * (len(errors) + 1) + '|',
            *(markdown_row([row.name, *(_signed(difference(
                table_of(row.seeds, error), table_of(base.seeds, error), deviations[error],
                second_learned=False), DIGITS[error]) for error in errors)])
              for row in rows if row is not base),
            '']


def _estimate(found: Estimate, digits: int) -> str:
    return f'{found.mean:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})'


def _signed(found: Estimate, digits: int) -> str:
    return f'{found.mean:+.{digits}f} ({found.low:+.{digits}f} to {found.high:+.{digits}f})'


def _range(values: Sequence[float]) -> str:
    return f'{min(values):.3f} to {max(values):.3f}' if len(values) > 1 else '-'


def claims_text(rows: Sequence[TableRow]) -> list[str]:
    """A line for each claim of the paper of which both networks are there."""
    by_name = {row.name: row for row in rows}
    lines = [f'- {claim.text}: **{told}** ({why})' for claim in CLAIMS
             if claim.first in by_name and claim.second in by_name
             for told, why in [claim_told(claim, by_name)]]
    return ["What holds of the paper's claims:", '', *lines] if lines else []


def claim_told(claim: Claim, by_name: Mapping[str, TableRow]) -> tuple[str, str]:
    """The conclusion on a claim, and the figures it rests on."""
    first, second = by_name[claim.first], by_name[claim.second]
    if claim.error == 'parameters':
        counts = [row.cost.parameters for row in (first, second) if row.cost]
        return ('holds' if counts[0] < counts[1] else 'does not hold',
                ' against '.join(f'{count / 1e6:.2f} M' for count in counts))
    of_seeds = seed_deviation(list(by_name.values()), claim.error)
    found = difference(table_of(first.seeds, claim.error), table_of(second.seeds, claim.error),
                       of_seeds)
    told = conclusion(found, claim.rises, claim.margin, of_seeds)
    return told, f'{ERRORS[claim.error]} {_signed(found, DIGITS[claim.error])}'


def sweep_text(scores: Mapping[Entrant, Sequence[float | None]]) -> list[str]:
    """A table of the sweeps: AbsRel on the held-out training scenes by rate, the best in bold."""
    lines = []
    for entrant, found in scores.items():
        best = min((score for score in found if score is not None), default=None)
        cells = [f'{" ".join(rate)}: ' + ('-' if score is None else f'**{score:.3f}**' if
                                          score == best else f'{score:.3f}')
                 for rate, score in zip(entrant.rates, found)]
        lines.append(markdown_row([entrant.name, *cells]))
    return [markdown_row(['sweep', 'first', 'second', 'third']), '|---' * 4 + '|', *lines]
