"""Depth errors between predicted and true metres, over the pixels whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

# A pixel counts in delta1 where prediction and truth are less than this factor apart.
DELTA = 1.25


def factor_apart(prediction_N: np.ndarray, truth_N: np.ndarray | float) -> np.ndarray:
    """Prediction over truth or truth over prediction, whichever is above 1."""
    return np.maximum(prediction_N / truth_N, truth_N / prediction_N)


@dataclass(frozen=True, kw_only=True)
class DepthErrors:
    """The usual errors: delta1-3 are shares (more is better), RMSE is in metres.

    Eigen et al. 2014, section 4; with d = log prediction - log truth, `silog` is
    sqrt(mean(d^2) - mean(d)^2) and `bias_log` is mean(d), above 0 where depth is too far.
    """

    pixels: int
    delta1: float
    delta2: float
    delta3: float
    abs_rel: float
    sq_rel: float
    rmse_m: float
    rmse_log: float
    log10: float
    silog: float
    bias_log: float


def depth_errors(prediction_N: np.ndarray, truth_N: np.ndarray) -> DepthErrors:
    """Errors over N known pixels, both in metres above 0; ValueError where there is none."""
    if truth_N.size == 0:
        raise ValueError('no pixel with known true depth in the window of the protocol')
    prediction_N, truth_N = prediction_N.astype(np.float64), truth_N.astype(np.float64)
    ratio = factor_apart(prediction_N, truth_N)
    difference = prediction_N - truth_N
    d = np.log(prediction_N) - np.log(truth_N)
    return DepthErrors(
        pixels=int(truth_N.size),
        delta1=float(np.mean(ratio < DELTA)),
        delta2=float(np.mean(ratio < DELTA ** 2)),
        delta3=float(np.mean(ratio < DELTA ** 3)),
        abs_rel=float(np.mean(np.abs(difference) / truth_N)),
        sq_rel=float(np.mean(difference ** 2 / truth_N)),
        rmse_m=float(np.sqrt(np.mean(difference ** 2))),
        rmse_log=float(np.sqrt(np.mean(d ** 2))),
        log10=float(np.mean(np.abs(d)) / np.log(10)),
        silog=float(np.sqrt(max(np.mean(d ** 2) - np.mean(d) ** 2, 0))),
        bias_log=float(np.mean(d)))


def mean_errors(errors: Sequence[DepthErrors]) -> DepthErrors:
    """Mean over images of every error, pixels summed; ValueError for none."""
    return _combined(errors, np.ones(len(errors)))


def pooled_errors(errors: Sequence[DepthErrors]) -> DepthErrors:
    """Errors as if all pixels were one image's; ValueError for none."""
    counts = np.array([e.pixels for e in errors], float)
    mean = _combined(errors, counts)
    rmse_m, rmse_log = (float(np.sqrt(np.average(
        [getattr(e, name) ** 2 for e in errors], weights=counts)))
        for name in ('rmse_m', 'rmse_log'))
    return DepthErrors(**{**vars(mean), 'rmse_m': rmse_m, 'rmse_log': rmse_log,
                          'silog': float(np.sqrt(max(rmse_log ** 2 - mean.bias_log ** 2, 0)))})


def _combined(errors: Sequence[DepthErrors], weights: np.ndarray) -> DepthErrors:
    if not errors:
        raise ValueError('no image to average over')
    names = [field.name for field in fields(DepthErrors) if field.name != 'pixels']
    means = {name: float(np.average([getattr(e, name) for e in errors], weights=weights))
             for name in names}
    return DepthErrors(pixels=sum(e.pixels for e in errors), **means)


# The errors that tables show with a confidence interval.
HEADLINE = ('delta1', 'abs_rel', 'rmse_m')


def bootstrap(errors: Sequence[DepthErrors], pooled: bool, rng: np.random.Generator,
              draws: int = 2000) -> dict[str, np.ndarray]:
    """Bootstrap results (draws,) of each of HEADLINE, by resampling images (Efron 1979).

    The same seed and number of images draw the same images, so two results may be compared
    draw by draw. `pooled` as in the protocol.
    """
    number = len(errors)
    weight_DN = rng.multinomial(number, np.full(number, 1 / number), draws).astype(float)
    if pooled:
        weight_DN *= [e.pixels for e in errors]
    weight_DN /= weight_DN.sum(axis=1, keepdims=True)
    drawn = {name: weight_DN @ np.array([getattr(e, name) for e in errors])
             for name in HEADLINE}
    if pooled:
        drawn['rmse_m'] = np.sqrt(weight_DN @ np.array([e.rmse_m ** 2 for e in errors]))
    return drawn


def interval(drawn_D: np.ndarray) -> tuple[float, float]:
    """95 % interval of bootstrap results, by percentiles."""
    low, high = np.percentile(drawn_D, (2.5, 97.5))
    return float(low), float(high)
