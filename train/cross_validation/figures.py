"""Figures of a model on a camera it has not learned from: per set, per group and as a mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import math

import cv2
import numpy as np
from tqdm import tqdm

from mono_depth_ros.metrics import depth_errors
from train.data.data_sets import DataSet
from train.data.readable_samples import readable
from train.evaluation.measurement import Predictor
from train.evaluation.protocols import Protocol
from train.evaluation.sharpness import step_kept, STEP_SIZE


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Errors on some images, sets or groups.

    `scale` is predicted over true depth (above 1: too far), `scale_error` how far that is off
    by either way, as a share (0.1: 10 % too far or as much too near). `promised` is the mean
    confidence, which should be delta1, None of a model that tells none; `step_kept` as
    evaluation/sharpness.py, None where it was not measured.
    """

    images: int
    delta1: float
    abs_rel: float
    rmse_m: float
    scale: float
    scale_error: float
    promised: float | None = None
    step_kept: float | None = None


def measure(predictor: Predictor, source: DataSet, protocol: Protocol,
            steps: bool = False) -> Figures:
    """Means over the images of a set; its scale is the median of the images' median ratios.

    With `steps` also the mean share of depth steps kept, inside the protocol's window at
    STEP_SIZE. Images without a pixel the protocol counts do not count; ValueError for none.
    """
    found = []
    for _, whole in readable(source, tqdm(
            range(len(source)), desc=f'measure {source.name}', unit='image', leave=False)):
        sample = protocol.view(whole)
        estimate = predictor.estimate(sample.rgb, sample.camera)
        depth_HW, confidence_HW = estimate.clipped, estimate.confidence
        prediction_N, truth_N = protocol.counted(depth_HW, sample.depth)
        if not truth_N.size:
            continue
        one = _figures(prediction_N, truth_N)
        if confidence_HW is not None:
            confidence_N, _ = protocol.counted(confidence_HW, sample.depth)
            one = replace(one, promised=float(confidence_N.mean()))
        if steps:
            one = replace(one, step_kept=_steps(protocol, depth_HW, sample.depth))
        found.append(one)
    if not found:
        raise ValueError(f'{source.name}: none of its {len(source)} images has known depth that '
                         f'protocol {protocol.name} counts')
    scale = math.exp(float(np.median([math.log(one.scale) for one in found])))
    return replace(combined(found), scale=scale, scale_error=scale_error([scale]))


def combined(found: Sequence[Figures]) -> Figures:
    """Each figure's mean, all counting alike; scales and their errors as mean logarithms.

    What is promised of only some, as where figures of a version before told none, is None: it
    stands beside delta1, which is that of all.
    """
    def mean(name: str) -> float:
        return float(np.mean([getattr(one, name) for one in found]))

    kept = [one.step_kept for one in found if one.step_kept is not None]
    return Figures(
        images=sum(one.images for one in found), delta1=mean('delta1'), abs_rel=mean('abs_rel'),
        rmse_m=mean('rmse_m'), scale=math.exp(np.mean([math.log(one.scale) for one in found])),
        scale_error=math.expm1(np.mean([math.log1p(one.scale_error) for one in found])),
        promised=None if None in [one.promised for one in found] else mean('promised'),
        step_kept=float(np.mean(kept)) if kept else None)


def scale_error(scales: Sequence[float]) -> float:
    """exp(mean |log scale|) - 1: too far and too near do not cancel."""
    return math.expm1(np.mean([abs(math.log(scale)) for scale in scales]))


def _figures(prediction_N: np.ndarray, truth_N: np.ndarray) -> Figures:
    errors = depth_errors(prediction_N, truth_N)
    scale = float(np.median(prediction_N / truth_N))
    return Figures(images=1, delta1=errors.delta1, abs_rel=errors.abs_rel, rmse_m=errors.rmse_m,
                   scale=scale, scale_error=scale_error([scale]))


def _steps(protocol: Protocol, depth_HW: np.ndarray, truth_HW: np.ndarray) -> float | None:
    """Share of the steps kept inside the protocol's window.

    The truth takes the nearest pixel: a mean across an edge would be no step.
    """
    prediction_hw, truth_hw = (
        cv2.resize(protocol.windowed(map_HW), STEP_SIZE, interpolation=how)
        for map_HW, how in ((depth_HW, cv2.INTER_LINEAR), (truth_HW, cv2.INTER_NEAREST_EXACT)))
    return step_kept(prediction_hw, truth_hw)
