"""Means of several predictions: of several models, and of an image and its mirror image."""

from __future__ import annotations

from collections.abc import Sequence
import time

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate
from train.evaluation.measurement import Predictor


class Ensemble:
    """Predicts the geometric mean of the depths of several models, the mean of their logarithms.

    It costs what all of them cost together, so it is measured here and never run on a robot.
    ValueError without a model.
    """

    def __init__(self, members: Sequence[Predictor]):
        if not members:
            raise ValueError('an ensemble needs at least one model')
        self._members = tuple(members)

    def estimate(self, rgb_HW3: np.ndarray, camera: Camera | None = None) -> DepthEstimate:
        """Their mean; raises what any member raises."""
        start = time.perf_counter()
        found = [member.estimate(rgb_HW3, camera) for member in self._members]
        mean_log_HW = np.mean([np.log(estimate.clipped) for estimate in found], axis=0)
        return DepthEstimate(depth=np.exp(mean_log_HW), camera=found[0].camera,
                             network_ms=(time.perf_counter() - start) * 1e3)


class Flipped:
    """Predicts what `model` predicts of the mirror image, mirrored back.

    Flip test-time augmentation (TTA) is an Ensemble of the model and this.
    """

    def __init__(self, model: Predictor):
        self._model = model

    def estimate(self, rgb_HW3: np.ndarray, camera: Camera | None = None) -> DepthEstimate:
        """Depth of the image as given, with the camera that was given or assumed."""
        seen = self._model.estimate(np.ascontiguousarray(rgb_HW3[:, ::-1]),
                                    camera and camera.flipped())
        return DepthEstimate(depth=np.ascontiguousarray(seen.clipped[:, ::-1]),
                             camera=camera or seen.camera.flipped(), network_ms=seen.network_ms)
