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
from train.metrics import bootstrap, depth_errors, DepthErrors, interval, pooled_errors
from train.protocol import Protocol
from train.sample import Sample

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
    """Errors on one data set by one protocol: together, by distance, and image by image.

    `intervals` holds the 95 % intervals, over images, of metrics.HEADLINE; `blank` names images
    that could not count, for the protocol found no known depth in them.
    """

    data: str
    split: str
    protocol: str
    mean: DepthErrors
    intervals: dict[str, tuple[float, float]]
    bands: tuple[Band, ...]
    images: dict[str, DepthErrors]
    blank: tuple[str, ...] = ()

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
    """Errors of `predictor` on the samples of `source` that have depth the protocol counts.

    Raises ValueError where none has, and for a failing sample, which it names.
    """
    images: dict[str, DepthErrors] = {}
    blank: list[str] = []
    by_band: list[list[DepthErrors]] = [[] for _ in BANDS_M[1:]]
    for index in tqdm(range(len(source)), desc=f'evaluate {source.name} {split}', unit='image',
                      leave=False):
        sample = protocol.view(source[index])
        prediction_N, truth_N = _counted(predictor, sample, protocol)
        if not truth_N.size:
            blank.append(sample.name)
            continue
        images[sample.name] = depth_errors(prediction_N, truth_N)
        _add_bands(by_band, prediction_N, truth_N)
    if not images:
        raise ValueError(f'{source.name} {split}: none of {len(blank)} images has known depth '
                         f'that protocol {protocol.name} counts ({protocol.min_depth_m:g} to '
                         f'{protocol.max_depth_m:g} m within its window)')
    errors = list(images.values())
    drawn = bootstrap(errors, protocol.pooled, np.random.default_rng(0))
    return Report(
        data=source.name, split=split, protocol=protocol.name, mean=protocol.combine(errors),
        intervals={name: interval(drawn_D) for name, drawn_D in drawn.items()},
        bands=_bands(by_band), images=images, blank=tuple(blank))


def _counted(predictor: Predictor, sample: Sample,
             protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
    depth_HW = predictor.estimate(sample.rgb, sample.camera).depth
    try:
        return protocol.counted(depth_HW, sample.depth)
    except ValueError as error:
        raise ValueError(f'{sample.name}: {error}') from error


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
