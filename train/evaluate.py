"""Measures a model on a source by a protocol, with the DepthEstimator the robot runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Protocol as TypingProtocol

import numpy as np
from tqdm import tqdm

from mono_depth_ros.card import Measured
from mono_depth_ros.estimator import DepthEstimate
from mono_depth_ros.geometry import Camera
from train.data import DataSet
from train.metrics import DepthErrors, mean_errors
from train.protocol import Protocol


class Predictor(TypingProtocol):
    """Anything that turns an image into metres, as DepthEstimator does."""

    def estimate(self, rgb_HW3: np.ndarray, camera: Camera | None = None) -> DepthEstimate: ...


@dataclass(frozen=True, kw_only=True)
class Report:
    """Errors on one source by one protocol: image by image, and their mean."""

    data: str
    split: str
    protocol: str
    mean: DepthErrors
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
    images = {}
    for index in tqdm(range(len(source)), desc=f'evaluate {source.name} {split}', unit='image',
                      leave=False):
        sample = source[index]
        depth_HW = predictor.estimate(sample.rgb, sample.camera).depth
        try:
            images[sample.name] = protocol.errors(depth_HW, sample.depth)
        except ValueError as error:
            raise ValueError(f'{sample.name}: {error}') from error
    return Report(data=source.name, split=split, protocol=protocol.name,
                  mean=mean_errors(list(images.values())), images=images)
