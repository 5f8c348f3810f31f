"""Pairs of shown and measured distance, and how they are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mono_depth_ros.scale.fit import fit_factor

# Edges of the distances (m) by which many pairs are told.
EDGES_M = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0, np.inf)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One distance: what the model shows at a depth_scale of 1, and what was measured (m)."""

    shown_m: float
    true_m: float
    pairs: int = 1

    def residual(self, factor: float) -> float:
        """Relative error that is left with a factor; above 0: shown too far."""
        return factor * self.shown_m / self.true_m - 1


def centre_median(depth_HW: np.ndarray, box: float) -> float:
    """Median depth (m) of a box in the middle, `box` (0 to 1) of each side; NaN without any."""
    height, width = depth_HW.shape
    rows, columns = (max(1, round(size * box)) for size in (height, width))
    top, left = (height - rows) // 2, (width - columns) // 2
    part = depth_HW[top:top + rows, left:left + columns]
    known = part[np.isfinite(part)]
    return float(np.median(known)) if known.size else float('nan')


def by_distance(samples: Sequence[Sample]) -> list[Sample]:
    """Many pairs as one sample for each range of true distance, of their trimmed ratio."""
    shown_N, true_N = np.array([(sample.shown_m, sample.true_m) for sample in samples]).T
    groups = []
    for low_m, high_m in zip(EDGES_M, EDGES_M[1:]):
        inside = (true_N >= low_m) & (true_N < high_m)
        if inside.any():
            true_m = float(np.median(true_N[inside]))
            factor = fit_factor(shown_N[inside], true_N[inside]).factor
            groups.append(Sample(shown_m=true_m / factor, true_m=true_m, pairs=int(inside.sum())))
    return groups


def table(samples: Sequence[Sample], factor: float) -> str:
    """One line a sample: measured, shown, with the factor, what is left."""
    lines = ['  measured      shown   with factor   error left']
    for sample in samples:
        pairs = f'   ({sample.pairs} pixels)' if sample.pairs > 1 else ''
        lines.append(f'{sample.true_m:8.3f} m {sample.shown_m:8.3f} m '
                     f'{factor * sample.shown_m:10.3f} m {sample.residual(factor):+11.1%}{pairs}')
    return '\n'.join(lines)
