"""Depth errors of one image: predicted and true metres of the pixels whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, kw_only=True)
class DepthErrors:
    """Errors as the field names them: delta1-3 are shares (more is better), RMSE is in metres.

    Eigen et al. 2014, section 4; `silog` is sqrt(mean(d^2) - mean(d)^2) of the log difference.
    """

    delta1: float
    delta2: float
    delta3: float
    abs_rel: float
    sq_rel: float
    rmse_m: float
    rmse_log: float
    log10: float
    silog: float


def depth_errors(prediction_N: np.ndarray, truth_N: np.ndarray) -> DepthErrors:
    """Errors over N known pixels, both in metres above 0; ValueError where there is none."""
    if truth_N.size == 0:
        raise ValueError('no pixel with known true depth in the window of the protocol')
    prediction_N, truth_N = prediction_N.astype(np.float64), truth_N.astype(np.float64)
    ratio = np.maximum(prediction_N / truth_N, truth_N / prediction_N)
    difference = prediction_N - truth_N
    d = np.log(prediction_N) - np.log(truth_N)
    return DepthErrors(
        delta1=float(np.mean(ratio < 1.25)),
        delta2=float(np.mean(ratio < 1.25 ** 2)),
        delta3=float(np.mean(ratio < 1.25 ** 3)),
        abs_rel=float(np.mean(np.abs(difference) / truth_N)),
        sq_rel=float(np.mean(difference ** 2 / truth_N)),
        rmse_m=float(np.sqrt(np.mean(difference ** 2))),
        rmse_log=float(np.sqrt(np.mean(d ** 2))),
        log10=float(np.mean(np.abs(d)) / np.log(10)),
        silog=float(np.sqrt(max(np.mean(d ** 2) - np.mean(d) ** 2, 0))))


def mean_errors(errors: Sequence[DepthErrors]) -> DepthErrors:
    """Mean over images of every error; ValueError for none."""
    if not errors:
        raise ValueError('no image to average over')
    return DepthErrors(**{
        field.name: float(np.mean([getattr(e, field.name) for e in errors]))
        for field in fields(DepthErrors)})
