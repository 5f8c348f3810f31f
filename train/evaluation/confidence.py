"""How well confidence is calibrated: where it is low are errors, and it predicts delta1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.metrics import DELTA, factor_apart
from train.data.data_sets import DataSet
from train.data.readable_samples import readable
from train.evaluation.protocols import Protocol

BINS = 5


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Pixels of similar confidence: their share of all, mean confidence and true delta1."""

    share: float
    confidence: float
    delta1: float


@dataclass(frozen=True, kw_only=True)
class ConfidenceCalibration:
    """Confidence against errors over all counted pixels of a data set.

    `abs_rel_surest_half` is AbsRel of the half with the highest confidence; `abs_rel_best_half`
    what it would be if confidence ordered pixels by their true error.
    """

    abs_rel: float
    abs_rel_surest_half: float
    abs_rel_best_half: float
    delta1: float
    promised_delta1: float
    bins: tuple[Bin, ...]

    def text(self) -> str:
        """Two lines and a table for a person."""
        rows = '\n'.join(f'{b.share:>10.1%}{b.confidence:>12.3f}{b.delta1:>9.3f}'
                         for b in self.bins)
        ratio = self.abs_rel_surest_half / self.abs_rel
        return (f'AbsRel of the surest half of the pixels {self.abs_rel_surest_half:.4f}, '
                f'{ratio:.2f} of the whole (at best, sorted by true error, '
                f'{self.abs_rel_best_half:.4f})\n'
                f'delta1 promised {self.promised_delta1:.3f}, true {self.delta1:.3f}\n'
                f'{"pixels":>10}{"confidence":>12}{"delta1":>9}\n{rows}')


def measure_calibration(estimator: DepthEstimator, source: DataSet, protocol: Protocol,
                        pixels_an_image: int = 4000) -> ConfidenceCalibration | None:
    """Calibration over evenly drawn pixels of every image; None for a model without confidence.

    Raises ValueError where no image has known depth the protocol counts.
    """
    if not estimator.has_confidence:
        return None
    rng = np.random.default_rng(0)
    found = []
    for _, whole in readable(source, tqdm(
            range(len(source)), desc=f'calibration {source.name}', unit='image', leave=False)):
        sample = protocol.view(whole)
        estimate = estimator.estimate(sample.rgb, sample.camera)
        depth_N, truth_N = protocol.counted(estimate.clipped, sample.depth)
        assert estimate.confidence is not None
        # The same pixels; clipping to the range of the protocol leaves values of 0 to 1 alone.
        confidence_N, _ = protocol.counted(estimate.confidence, sample.depth)
        chosen = rng.permutation(truth_N.size)[:pixels_an_image]
        found.append(np.stack([depth_N[chosen], truth_N[chosen], confidence_N[chosen]]))
    return calibration(*np.concatenate(found, axis=1).astype(np.float64))


def calibration(depth_N: np.ndarray, truth_N: np.ndarray,
                confidence_N: np.ndarray) -> ConfidenceCalibration:
    """Calibration of N pixels, depths in metres. ValueError for fewer than two."""
    if truth_N.size < 2:
        raise ValueError('no pixels with known true depth to measure the confidence by')
    relative_N = np.abs(depth_N - truth_N) / truth_N
    close_N = factor_apart(depth_N, truth_N) < DELTA
    order = np.argsort(-confidence_N, kind='stable')
    half = truth_N.size // 2
    bins = tuple(
        Bin(share=part.size / truth_N.size, confidence=float(confidence_N[part].mean()),
            delta1=float(close_N[part].mean()))
        for part in np.array_split(order, min(BINS, truth_N.size)))
    return ConfidenceCalibration(
        abs_rel=float(relative_N.mean()),
        abs_rel_surest_half=float(relative_N[order[:half]].mean()),
        abs_rel_best_half=float(np.sort(relative_N)[:half].mean()),
        delta1=float(close_N.mean()), promised_delta1=float(confidence_N.mean()), bins=bins)
