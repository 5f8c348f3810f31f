"""Evaluation protocols: which pixels of a truth count. Figures of two protocols never compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.metrics import depth_errors, DepthErrors


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A window (top, bottom, left, right as shares of 480 rows and 640 columns) and a range."""

    name: str
    window: tuple[float, float, float, float] = (0, 1, 0, 1)
    min_depth_m: float = 1e-3
    max_depth_m: float = 10.0

    def errors(self, prediction_HW: np.ndarray, truth_HW: np.ndarray) -> DepthErrors:
        """Errors of one image at the truth's size, prediction held to the protocol's range.

        Raises ValueError for another size, or a prediction that is unknown where truth counts.
        """
        if prediction_HW.shape != truth_HW.shape:
            raise ValueError(f'prediction {prediction_HW.shape} and truth {truth_HW.shape} differ '
                             'in size')
        rows, columns = self._slices(*truth_HW.shape)
        truth, prediction = truth_HW[rows, columns], prediction_HW[rows, columns]
        counts = (truth > self.min_depth_m) & (truth < self.max_depth_m)
        if np.isnan(prediction[counts]).any():
            raise ValueError('the prediction has unknown pixels where the truth is known')
        held = np.clip(prediction[counts], self.min_depth_m, self.max_depth_m)
        return depth_errors(held, truth[counts])

    def _slices(self, height: int, width: int) -> tuple[slice, slice]:
        top, bottom, left, right = self.window
        return (slice(round(top * height), round(bottom * height)),
                slice(round(left * width), round(right * width)))


PROTOCOLS = {protocol.name: protocol for protocol in (
    # Eigen's crop as BTS, AdaBins and ZoeDepth use it on NYU-Depth-v2: rows 45:471, columns
    # 41:601 of 480x640, scaled to the truth's size.
    Protocol(name='eigen-crop', window=(45 / 480, 471 / 480, 41 / 640, 601 / 640)),
    Protocol(name='full'),
)}
