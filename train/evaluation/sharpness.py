"""How much of a true depth step a prediction keeps: what blur costs, where delta1 hardly sees it.

Between two surfaces a network that is unsure where the edge lies predicts the mean of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class StepRule:
    """Which places of a log depth map are steps, and how far apart its two sides are read.

    A step is where the truth changes by more than `factor` over 2 pixels, and also between the
    points `reach` pixels to either side.
    """

    factor: float = 1.2
    reach: int = 4


# The size, columns by rows, to which Eigen's crop (560x426 of 640x480) is brought for it.
STEP_SIZE = (280, 213)


def step_kept(prediction_HW: np.ndarray, truth_HW: np.ndarray,
              rule: StepRule | None = None) -> float | None:
    """Median over true depth steps, along rows and columns, of predicted over true log step.

    1 is an edge as sharp as the truth's, 0 none at all. Metres (H, W); where the truth is not
    finite and above 0 there is no step. None for an image without one.
    """
    if prediction_HW.shape != truth_HW.shape:
        raise ValueError(f'prediction {prediction_HW.shape} and truth {truth_HW.shape} differ in '
                         'size')
    rule = rule or StepRule()
    known_HW = np.isfinite(truth_HW) & (truth_HW > 0)
    truth_HW = np.log(np.where(known_HW, truth_HW, np.nan).astype(np.float64))
    prediction_HW = np.log(prediction_HW.astype(np.float64))
    kept = np.concatenate([_along_rows(prediction_HW, truth_HW, rule),
                           _along_rows(prediction_HW.T, truth_HW.T, rule)])
    return float(np.median(kept)) if kept.size else None


def _along_rows(prediction_HW: np.ndarray, truth_HW: np.ndarray, rule: StepRule) -> np.ndarray:
    """Predicted over true step (N,) at every step along the rows."""
    true_HW = _difference(truth_HW, rule.reach)
    near_HW = _difference(truth_HW, 1)[:, rule.reach - 1:][:, :true_HW.shape[1]]
    least = np.log(rule.factor)
    # A comparison with NaN is false: no step where truth is unknown.
    step_HW = (np.abs(near_HW) > least) & (np.abs(true_HW) > least)
    return _difference(prediction_HW, rule.reach)[step_HW] / true_HW[step_HW]


def _difference(map_HW: np.ndarray, reach: int) -> np.ndarray:
    """(H, W - 2 reach): each value `reach` to the right of a pixel less that to its left."""
    return map_HW[:, 2 * reach:] - map_HW[:, :-2 * reach]
