"""Fills the holes of a depth sensor with a network's depth.

The paper lets its network repair what the Kinect could not measure. The prediction is brought to
the sensor's scale around each hole, in log depth, where a wrong scale is a constant; not by
one scale for the whole image, for networks err by regions.
"""

from __future__ import annotations

import cv2
import numpy as np

# Width of the mean carried into a hole, as a share of the distance from its border.
SMOOTHNESS = 0.5
# Pixels; wider means are taken of smaller images, though of none with a shorter side than this.
SMALL_SIGMA, LEAST_SIDE = 4.0, 8


def fill_depth(sensor_depth: np.ndarray, predicted_depth: np.ndarray) -> np.ndarray:
    """The sensor's depth with each NaN replaced by the prediction, fitted to what is around it.

    Both (H, W) float32 metres. The prediction is scaled by what the sensor says of it at the
    border (median of 3x3 log ratios), carried into the hole the smoother the farther in, so
    there is no seam and the prediction's own scale does not matter. Finite and infinite pixels of
    the sensor keep their bits; a pixel unknown in both stays NaN. Without a pixel known in both
    the prediction is taken as it is. Raises ValueError where the two differ in size.
    """
    if sensor_depth.shape != predicted_depth.shape:
        raise ValueError(f'sensor {sensor_depth.shape} and predicted depth '
                         f'{predicted_depth.shape} (rows, columns) must agree')
    filled_HW = sensor_depth.copy()
    hole_HW = np.isnan(sensor_depth) & usable(predicted_depth)
    log_ratio_HW = aligned_log_ratio(sensor_depth, predicted_depth)
    filled_HW[hole_HW] = predicted_depth[hole_HW] * np.exp(log_ratio_HW[hole_HW])
    return filled_HW


def aligned_log_ratio(sensor_HW: np.ndarray, predicted_HW: np.ndarray) -> np.ndarray:
    """log(sensor / prediction) where both are known, carried to all pixels; (H, W) float32."""
    both_HW = usable(sensor_HW) & usable(predicted_HW)
    if not both_HW.any():
        return np.zeros(sensor_HW.shape, np.float32)
    ratio_HW = np.zeros(sensor_HW.shape, np.float32)
    ratio_HW[both_HW] = np.log(sensor_HW[both_HW]) - np.log(predicted_HW[both_HW])
    return carried(ratio_HW, both_HW)


def carried(values_HW: np.ndarray, known_HW: np.ndarray) -> np.ndarray:
    """Values (H, W) float32 carried from known pixels (H, W) bool into the others.

    An unknown pixel takes a Gaussian mean, as wide as half its distance from the nearest known
    one, of the nearest known values around it: beside the border that of the border.
    """
    distance_HW, nearest_HW = nearest_known(values_HW, known_HW)
    # A single flying pixel at the border would fill a whole strip of the hole: take the median.
    nearest_HW = cv2.medianBlur(nearest_HW, 3)
    level_HW = np.log2(np.maximum(SMOOTHNESS * distance_HW, 0.5)) + 1  # 0: none; k: sigma 2^(k-1)
    carried_HW, finer_HW = nearest_HW.copy(), nearest_HW
    for level in range(1, int(np.ceil(level_HW.max())) + 1):
        blurred_HW = _blurred(nearest_HW, 2.0 ** (level - 1))
        carried_HW += np.clip(level_HW - (level - 1), 0, 1) * (blurred_HW - finer_HW)
        finer_HW = blurred_HW
    return carried_HW


def _blurred(values_HW: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean; a wide one on an image so much smaller that it is SMALL_SIGMA wide there."""
    height, width = values_HW.shape
    shrink = min(int(sigma / SMALL_SIGMA), min(height, width) // LEAST_SIDE)
    if shrink <= 1:
        return cv2.GaussianBlur(values_HW, (0, 0), sigma)
    small_hw = cv2.resize(values_HW, (width // shrink, height // shrink),
                          interpolation=cv2.INTER_AREA)
    small_hw = cv2.GaussianBlur(small_hw, (0, 0), sigma / shrink)
    return cv2.resize(small_hw, (width, height), interpolation=cv2.INTER_LINEAR)


def nearest_known(values_HW: np.ndarray, known_HW: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance in pixels from the nearest known pixel (H, W bool), and the value there; (H, W)."""
    distance_HW, label_HW = cv2.distanceTransformWithLabels(
        (~known_HW).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    value_of_label = np.zeros(label_HW.max() + 1, np.float32)
    value_of_label[label_HW[known_HW]] = values_HW[known_HW]
    return distance_HW, value_of_label[label_HW]


def usable(depth_HW: np.ndarray) -> np.ndarray:
    """Mask (H, W) of the pixels with a depth: finite and above 0."""
    return np.isfinite(depth_HW) & (depth_HW > 0)
