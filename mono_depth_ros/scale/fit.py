"""The factor, or factor and offset, that brings depth of one image to measured distances."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

# Trimming: samples farther from the middle than this many robust standard deviations.
TRIM_SIGMAS = 2.5
# Standard deviation of a normal distribution over its median absolute deviation.
SIGMA_PER_MAD = 1.4826
# An offset needs samples at different depths: 90th over 10th percentile of them.
LEAST_RANGE = 1.5


@dataclass(frozen=True, kw_only=True)
class ScaleFit:
    """True depth is `factor` times the shown one, plus `offset_m`.

    `spread` is the robust standard deviation of log true over shown depth around that: 0.1 means
    that most samples agree within 10 %. `samples` counts those that were compared.
    """

    factor: float
    spread: float
    samples: int
    offset_m: float = 0.0


def fit_factor(shown_N: np.ndarray, true_N: np.ndarray) -> ScaleFit:
    """Factor of N pairs of shown and true depth (m): the median of their log ratio, trimmed.

    Pairs that are not finite or not above 0 do not count. Raises ValueError where none does.
    """
    shown_N, true_N = _known(shown_N, true_N)
    log_N = np.log(true_N) - np.log(shown_N)
    middle, spread = trimmed_middle(log_N)
    return ScaleFit(factor=math.exp(middle), spread=spread, samples=log_N.size)


def fit_factor_and_offset(shown_N: np.ndarray, true_N: np.ndarray, rounds: int = 8) -> ScaleFit:
    """Factor and offset of N pairs of shown and true depth (m), by trimmed least squares.

    Errors count in proportion to depth. Raises ValueError where the shown depths lie within a
    factor of LEAST_RANGE of each other, which leaves the offset open, or the factor would not be
    above 0.
    """
    shown_N, true_N = _known(shown_N, true_N)
    low, high = np.percentile(shown_N, (10, 90))
    if high < LEAST_RANGE * low:
        raise ValueError(
            f'an offset needs samples at different depths: these lie at {low:.2f} to {high:.2f} '
            f'm, expected a factor of {LEAST_RANGE:g} or more; fit the factor alone')
    fit = fit_factor(shown_N, true_N)
    factor, offset_m, spread = fit.factor, 0.0, fit.spread
    for _ in range(rounds):
        off_N = np.log(np.maximum(factor * shown_N + offset_m, 1e-3)) - np.log(true_N)
        spread = SIGMA_PER_MAD * float(np.median(np.abs(off_N)))
        kept = np.abs(off_N) <= TRIM_SIGMAS * max(spread, 1e-6)
        basis_N2 = np.stack([shown_N, np.ones_like(shown_N)], 1)[kept] / true_N[kept, None]
        factor, offset_m = np.linalg.lstsq(basis_N2, np.ones(len(basis_N2)), rcond=None)[0]
    if factor <= 0:
        raise ValueError(f'shown and true depth disagree: the best factor is {factor:.2f}')
    return ScaleFit(factor=float(factor), offset_m=float(offset_m), spread=spread,
                    samples=shown_N.size)


def trimmed_middle(values_N: np.ndarray) -> tuple[float, float]:
    """Median of values after trimming, and their robust standard deviation before it."""
    middle = float(np.median(values_N))
    off_N = np.abs(values_N - middle)
    spread = SIGMA_PER_MAD * float(np.median(off_N))
    return float(np.median(values_N[off_N <= TRIM_SIGMAS * spread])), spread


def _known(shown_N: np.ndarray, true_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shown_N, true_N = (np.asarray(depth_N, np.float64).ravel() for depth_N in (shown_N, true_N))
    if shown_N.shape != true_N.shape:
        raise ValueError(f'{shown_N.size} shown and {true_N.size} true depths: expected pairs')
    known = np.isfinite(shown_N) & np.isfinite(true_N) & (shown_N > 0) & (true_N > 0)
    if not known.any():
        raise ValueError('no pixel with both a shown and a measured depth')
    return shown_N[known], true_N[known]
