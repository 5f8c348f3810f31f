"""Removes the lens from a training pair, so that views may be mirrored, turned and mixed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from train.data.samples.sample import Sample


def rectified(sample: Sample) -> Sample:
    """The sample as an ideal pinhole of the same fx, fy, cx, cy and size would have taken it.

    Colour is interpolated, depth takes the nearest pixel (a mean across an edge would lie
    between two surfaces) and stays z, for the optical axis does not turn. Where the new view
    sees past the old one the image is black and depth NaN. Without a lens: the sample itself.
    """
    if not sample.camera.distortion:
        return sample
    x_HW, y_HW = _maps(sample.camera)
    rgb_HW3 = cv2.remap(sample.rgb, x_HW, y_HW, cv2.INTER_LINEAR)
    depth_HW = cv2.remap(sample.depth, x_HW, y_HW, cv2.INTER_NEAREST,
                         borderMode=cv2.BORDER_CONSTANT, borderValue=float('nan'))
    camera = replace(sample.camera, distortion=(), lens='plumb_bob')
    return replace(sample, rgb=rgb_HW3, depth=depth_HW, camera=camera)


@lru_cache(maxsize=4)
def _maps(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Column and row of the taken image, (H, W) float32, for every pixel of the ideal one."""
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1.0]])
    fisheye = camera.lens == 'equidistant'
    make = cv2.fisheye.initUndistortRectifyMap if fisheye else cv2.initUndistortRectifyMap
    return make(matrix, np.array(camera.distortion), np.eye(3), matrix,
                (camera.width, camera.height), cv2.CV_32FC1)
