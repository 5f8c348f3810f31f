"""Surface normals of depth, in the optical frame."""

from __future__ import annotations

import cv2
import numpy as np

from mono_depth_ros.camera import Camera, points_from_depth

# Cells of the grid of neighbours on the longer side: about what networks put out.
CELLS = 160


def normals_from_depth(
        depth_HW: np.ndarray, camera: Camera, out_HW3: np.ndarray | None = None) -> np.ndarray:
    """Unit normals (H, W, 3) float32 in the optical frame, towards the camera; NaN where unknown.

    They are at right angles to the lines between the neighbours left and right, and above and
    below, each about one 160th of the longer side away; a pixel with an unknown or infinite
    neighbour has none. On a plane they are exact, whatever the lens. Written to `out_HW3` where
    given.
    """
    step = max(1, round(max(depth_HW.shape) / CELLS))
    xyz = points_from_depth(depth_HW, camera)
    across, down = ([_change(plane_HW, step, axis) for plane_HW in xyz] for axis in (1, 0))
    # y of the image crossed with its x: against the optical axis.
    normal = [down[i] * across[j] - down[j] * across[i] for i, j in ((1, 2), (2, 0), (0, 1))]
    length_HW = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    with np.errstate(divide='ignore', invalid='ignore'):
        for plane_HW in normal:
            plane_HW /= length_HW
    return cv2.merge(normal, out_HW3)


def _change(plane_HW: np.ndarray, step: int, axis: int) -> np.ndarray:
    """Difference of the neighbours `step` after and before, at the borders of the nearest."""
    at = np.arange(plane_HW.shape[axis])
    return (np.take(plane_HW, np.minimum(at + step, at[-1]), axis)
            - np.take(plane_HW, np.maximum(at - step, 0), axis))
