"""Pairs of shown and measured depth, from another sensor's depth image or points."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.distortion import distort
from mono_depth_ros.scale.fit import fit_factor, fit_factor_and_offset, ScaleFit

# A reference is believed from this many pairs on, and while most agree within this (log).
LEAST_PAIRS = 30
MOST_SPREAD = 0.35
# Of a dense reference about this many pairs are used.
MOST_PAIRS = 20_000


def pairs_of_depth(reference_hw: np.ndarray, depth_HW: np.ndarray
                   ) -> tuple[np.ndarray, np.ndarray]:
    """Shown (N,) and measured (N,) depth where a reference image (h, w) in metres has any.

    The reference shows the same view at any size; what is not finite or not above 0 is unknown.
    Raises ValueError where the two images have another shape.
    """
    check_same_view(reference_hw.shape, depth_HW.shape)
    (rows, columns), (height, width) = reference_hw.shape, depth_HW.shape
    with np.errstate(invalid='ignore'):
        row_N, column_N = np.nonzero(np.isfinite(reference_hw) & (reference_hw > 0))
    step = max(1, row_N.size // MOST_PAIRS)
    row_N, column_N = row_N[::step], column_N[::step]
    shown_N = depth_HW[(2 * row_N + 1) * height // (2 * rows),
                       (2 * column_N + 1) * width // (2 * columns)]
    return shown_N, reference_hw[row_N, column_N]


def check_same_view(of_hw: tuple[int, ...], image_HW: tuple[int, ...]) -> None:
    """Raise ValueError where depth of size (h, w) cannot be that of an image (H, W), resized."""
    (rows, columns), (height, width) = of_hw, image_HW
    if abs(rows * width - columns * height) > max(width, height):
        raise ValueError(
            f'the measured depth is {columns}x{rows} and the image {width}x{height} (width x '
            'height): expected depth of the same view, registered to the image')


def check_same_frame(of: str, image: str) -> None:
    """Raise ValueError where depth of frame `of` is that of another camera than the image's.

    A frame without a name may be any.
    """
    of, image = of.lstrip('/'), image.lstrip('/')
    if of and image and of != image:
        raise ValueError(
            f'the measured depth is in frame {of!r}, the image in {image!r}: expected depth '
            "registered to the image, which has the image's frame (a driver's aligned depth)")


def pairs_of_points(points_N3: np.ndarray, depth_HW: np.ndarray, camera: Camera
                    ) -> tuple[np.ndarray, np.ndarray]:
    """Shown (M,) and measured (M,) depth of points (N, 3) in metres of the optical frame.

    Points behind the camera, outside the image or not finite are left out.
    """
    points_N3 = points_N3[np.isfinite(points_N3).all(1)]
    points_N3 = points_N3[points_N3[:, 2] > 0.01]
    points_N3 = points_N3[::max(1, len(points_N3) // MOST_PAIRS)]
    x_N, y_N = (points_N3[:, axis] / points_N3[:, 2] for axis in (0, 1))
    if camera.distortion:
        x_N, y_N = distort(x_N, y_N, camera.distortion_model, camera.distortion)
    with np.errstate(invalid='ignore'):
        column_N = np.round(x_N * camera.fx + camera.cx)
        row_N = np.round(y_N * camera.fy + camera.cy)
        inside = ((column_N >= 0) & (column_N < camera.width)
                  & (row_N >= 0) & (row_N < camera.height))
    shown_M = depth_HW[row_N[inside].astype(int), column_N[inside].astype(int)]
    return shown_M, points_N3[inside, 2]


def believable_fit(shown_N: np.ndarray, measured_N: np.ndarray, offset: bool = False) -> ScaleFit:
    """Factor, and with `offset` the offset, of pairs of depth.

    Raises ValueError with why they are not to be believed: too few, too much disagreement, too
    little range for an offset.
    """
    fit = (fit_factor_and_offset if offset else fit_factor)(shown_N, measured_N)
    if fit.samples < LEAST_PAIRS:
        raise ValueError(f'{fit.samples} pixels have a measured depth, expected {LEAST_PAIRS} or '
                         'more')
    if fit.spread > MOST_SPREAD:
        raise ValueError(f'shown and measured depth disagree by {fit.spread:.2f} (log) around one '
                         f'factor, expected {MOST_SPREAD:g} or less: look at the frames of both, '
                         'and whether they see the same')
    return fit
