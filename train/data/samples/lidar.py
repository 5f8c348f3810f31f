"""Lidar points to depth images, and the image-guided fill between the points.

The paper suggests camera + lidar made dense with a bilateral filter as a second source of truth.
Here a pixel takes a value only from measured pixels within a radius, of its own colour, that
agree on one surface; everything else stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True, kw_only=True)
class Fill:
    """How far depth is filled from measured pixels, and when it is left unknown.

    `colour_sigma` in grey levels of 0-255 (CIELAB distance); a pixel is filled where the weights
    of its neighbours sum to `least_weight` (one measured pixel beside it weighs about 1) and
    their log depths spread by at most `most_spread` (0.1 is about 10 %), else two surfaces are
    in reach and their mean would lie on neither.
    """

    radius_px: int = 6
    colour_sigma: float = 30.0
    least_weight: float = 0.01
    most_spread: float = 0.1


def splat(points_3N: np.ndarray, projection_34: np.ndarray, height: int,
          width: int) -> np.ndarray:
    """Depth (height, width) float32 of points seen by a camera; NaN where none falls.

    `projection_34` maps homogeneous points to (u z, v z, z) in pixels and metres, so z is along
    the optical axis. Of several points on a pixel the nearest counts; points behind the camera,
    outside the image or not finite are left out.
    """
    points_3N = points_3N[:, np.isfinite(points_3N).all(axis=0)]
    u_N, v_N, z_N = (projection_34[:, :3].astype(np.float64) @ points_3N.astype(np.float64)
                     + projection_34[:, 3:])
    ahead = z_N > 0
    u_N, v_N, z_N = u_N[ahead] / z_N[ahead], v_N[ahead] / z_N[ahead], z_N[ahead]
    # Pixel centres are integers: pixel 0 reaches from -0.5 to 0.5. Far outside, a float is no
    # index, so the comparison comes before the conversion.
    inside = (u_N >= -0.5) & (u_N < width - 0.5) & (v_N >= -0.5) & (v_N < height - 0.5)
    column_N = np.floor(u_N[inside] + 0.5).astype(np.intp)
    row_N = np.floor(v_N[inside] + 0.5).astype(np.intp)
    depth = np.full(height * width, np.inf, np.float32)
    np.minimum.at(depth, row_N * width + column_N, z_N[inside].astype(np.float32))
    depth[np.isinf(depth)] = np.nan
    return depth.reshape(height, width)


def densify(depth_HW: np.ndarray, rgb_HW3: np.ndarray, fill: Fill | None = None) -> np.ndarray:
    """Copy of `depth_HW` with NaN filled by a joint bilateral filter where that is safe.

    Measured pixels keep their bits, +inf (sky) neither spreads nor is filled, and a pixel with
    no measured one within `fill.radius_px` stays NaN. Averages log depth; shapes (H, W) float32
    and (H, W, 3) uint8. Raises ValueError where the two differ in size.
    """
    if depth_HW.shape != rgb_HW3.shape[:2]:
        raise ValueError(f'depth {depth_HW.shape} and image {rgb_HW3.shape[:2]} (rows, columns) '
                         'must agree')
    fill = Fill() if fill is None else fill
    weight, mean, spread = _log_statistics(depth_HW, rgb_HW3, fill)
    safe = np.isnan(depth_HW) & (weight >= fill.least_weight) & (spread <= fill.most_spread)
    filled_HW = depth_HW.copy()
    filled_HW[safe] = np.exp(mean[safe])
    return filled_HW


def _log_statistics(depth_HW: np.ndarray, rgb_HW3: np.ndarray,
                    fill: Fill) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum of weights, mean and standard deviation of log depth around each pixel, (H, W) each.

    Adds each measured pixel to its neighbours, one offset at a time: a shift maps different
    pixels to different pixels, so plain indexed addition is right, and lidar has few of them.
    """
    radius = fill.radius_px
    lab_P3 = _padded(cv2.cvtColor(rgb_HW3, cv2.COLOR_RGB2LAB), radius).reshape(-1, 3)
    lab_P3 = lab_P3.astype(np.float32)
    rows, columns = np.nonzero(_useful(depth_HW, radius))
    width = depth_HW.shape[1] + 2 * radius
    source_K = (rows + radius) * width + columns + radius
    log_K = np.log(depth_HW[rows, columns].astype(np.float64))
    sums_3P = np.zeros((3, len(lab_P3)))
    for shift, nearness in _offsets(radius, width):
        target_K = source_K + shift
        distance_K = np.square(lab_P3[target_K] - lab_P3[source_K]).sum(axis=1)
        weight_K = nearness * np.exp(distance_K * (-0.5 / fill.colour_sigma**2))
        for total, value in zip(sums_3P, (weight_K, weight_K * log_K, weight_K * log_K**2)):
            total[target_K] += value
    weight, first, second = sums_3P.reshape(3, -1, width)[:, radius:-radius, radius:-radius]
    with np.errstate(invalid='ignore', divide='ignore'):
        mean = first / weight
        return weight, mean, np.sqrt(np.maximum(second / weight - mean**2, 0))


def _useful(depth_HW: np.ndarray, radius: int) -> np.ndarray:
    """Measured pixels that have an unknown one within the radius."""
    near = cv2.dilate(np.isnan(depth_HW).astype(np.uint8),
                      np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
    return np.isfinite(depth_HW) & (depth_HW > 0) & (near > 0)


def _padded(image: np.ndarray, border: int) -> np.ndarray:
    return cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE)


def _offsets(radius: int, width: int) -> Iterator[tuple[int, float]]:
    """Shift in a flat image of that width, and weight, of every offset within the radius.

    The weight is a Gaussian whose standard deviation is a third of the radius.
    """
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if 0 < dx * dx + dy * dy <= radius * radius:
                yield dy * width + dx, float(np.exp(-4.5 * (dx * dx + dy * dy) / radius**2))
