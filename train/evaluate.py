"""Measures a model on a data set by a protocol, with the DepthEstimator the robot runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol as TypingProtocol

import numpy as np
from tqdm import tqdm

from mono_depth_ros.card import Measured
from mono_depth_ros.estimator import DepthEstimate
from mono_depth_ros.geometry import Camera
from train.data import DataSet
from train.metrics import confidence_interval, depth_errors, DepthErrors, pooled_errors
from train.protocol import Protocol

# Edges in metres of the distance bands of a report.
BANDS_M = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 80.0)


class Predictor(TypingProtocol):
    """Anything that turns an image into metres, as DepthEstimator does."""

    def estimate(self, rgb_HW3: np.ndarray, camera: Camera | None = None) -> DepthEstimate: ...


@dataclass(frozen=True, kw_only=True)
class Band:
    """Errors of the pixels whose truth lies in (near_m, far_m], over all images."""

    near_m: float
    far_m: float
    errors: DepthErrors


@dataclass(frozen=True, kw_only=True)
class Report:
    """Errors on one data set by one protocol: together, by distance, and image by image."""

    data: str
    split: str
    protocol: str
    mean: DepthErrors
    delta1_interval: tuple[float, float]
    bands: tuple[Band, ...]
    images: dict[str, DepthErrors]

    def as_json(self) -> dict:
        """Plain dictionaries, for a JSON file."""
        return asdict(self)

    def measured(self) -> Measured:
        """The line a model card keeps."""
        return Measured(data=self.data, split=self.split, protocol=self.protocol,
                        frames=len(self.images), delta1=self.mean.delta1,
                        abs_rel=self.mean.abs_rel, rmse_m=self.mean.rmse_m,
                        silog=self.mean.silog)


def evaluate(predictor: Predictor, source: DataSet, split: str, protocol: Protocol) -> Report:
    """Errors of `predictor` on every sample of `source`; ValueError names a failing sample."""
    images: dict[str, DepthErrors] = {}
    by_band: list[list[DepthErrors]] = [[] for _ in BANDS_M[1:]]
    for index in tqdm(range(len(source)), desc=f'evaluate {source.name} {split}', unit='image',
                      leave=False):
        sample = protocol.view(source[index])
        depth_HW = predictor.estimate(sample.rgb, sample.camera).depth
        try:
            prediction_N, truth_N = protocol.counted(depth_HW, sample.depth)
            images[sample.name] = depth_errors(prediction_N, truth_N)
        except ValueError as error:
            raise ValueError(f'{sample.name}: {error}') from error
        _add_bands(by_band, prediction_N, truth_N)
    errors = list(images.values())
    return Report(
        data=source.name, split=split, protocol=protocol.name, mean=protocol.combine(errors),
        delta1_interval=confidence_interval([e.delta1 for e in errors], np.random.default_rng(0)),
        bands=_bands(by_band), images=images)


def _add_bands(by_band: Sequence[list[DepthErrors]], prediction_N: np.ndarray,
               truth_N: np.ndarray) -> None:
    which_N = np.digitize(truth_N, BANDS_M, right=True) - 1
    for band, found in enumerate(by_band):
        inside = which_N == band
        if inside.any():
            found.append(depth_errors(prediction_N[inside], truth_N[inside]))


def _bands(by_band: Sequence[list[DepthErrors]]) -> tuple[Band, ...]:
    return tuple(Band(near_m=BANDS_M[i], far_m=BANDS_M[i + 1], errors=pooled_errors(found))
                 for i, found in enumerate(by_band) if found)
