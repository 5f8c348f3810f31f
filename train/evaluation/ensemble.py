"""Several models answering as one: what teachers say together, and what mirroring is worth."""

from __future__ import annotations

from collections.abc import Sequence
import time

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate
from train.evaluation.measurement import Predictor


class Ensemble:
    """Predicts the geometric mean of the depths of several models, the mean of their logarithms.

    It costs what all of them cost together, so it is measured here and never run on a robot;
    one network may learn it (train/fitting/distillation.py). ValueError for none.
    """

    def __init__(self, members: Sequence[Predictor]):
        if not members:
            raise ValueError('an ensemble of no model')
        self._members = tuple(members)

    def estimate(self, rgb_HW3: np.ndarray, camera: Camera | None = None) -> DepthEstimate:
        """Their mean; what a member does not accept is not accepted here."""
        start = time.perf_counter()
        said = [member.estimate(rgb_HW3, camera) for member in self._members]
        mean_log_HW = np.mean([np.log(estimate.depth) for estimate in said], axis=0)
        return DepthEstimate(depth=np.exp(mean_log_HW), camera=said[0].camera,
                             network_ms=(time.perf_counter() - start) * 1e3)


class Mirrored:
    """Predicts what `model` says of the mirror image, mirrored back."""

    def __init__(self, model: Predictor):
        self._model = model

    def estimate(self, rgb_HW3: np.ndarray, camera: Camera | None = None) -> DepthEstimate:
        """The mirrored answer, with the camera that was given or assumed."""
        seen = self._model.estimate(np.ascontiguousarray(rgb_HW3[:, ::-1]),
                                    camera and camera.flipped())
        return DepthEstimate(depth=np.ascontiguousarray(seen.depth[:, ::-1]),
                             camera=camera or seen.camera.flipped(), network_ms=seen.network_ms)
