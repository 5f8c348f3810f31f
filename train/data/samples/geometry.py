"""A sample seen by another camera: pixels and camera move together, depth values never change.

Zooming multiplies the focal length, which canonical depth turns into Eigen's "divide depth by
the scale" by itself.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.distortion import distort
from train.data.samples.sample import Sample

BORDER_GREY = (127, 127, 127)


def flipped(sample: Sample) -> Sample:
    """The sample seen in a mirror, left to right."""
    return replace(sample, rgb=np.ascontiguousarray(sample.rgb[:, ::-1]),
                   depth=np.ascontiguousarray(sample.depth[:, ::-1]),
                   camera=sample.camera.flipped())


def tilted(sample: Sample, pitch_deg: float, yaw_deg: float) -> Sample:
    """What the camera would see from the same place, turned up or down and sideways.

    Its principal point moves so that the middle of the image stays where it is. Depth is that
    along the new optical axis.
    """
    camera, matrix, along_3 = tilt(sample.camera, pitch_deg, yaw_deg)
    size = camera.width, camera.height
    along_HW = (along_3[0] * np.arange(size[0]) + along_3[1] * np.arange(size[1])[:, None]
                + along_3[2])
    depth_HW = cv2.warpPerspective(sample.depth, matrix, size, flags=cv2.INTER_NEAREST,
                                   borderMode=cv2.BORDER_CONSTANT, borderValue=float('nan'))
    rgb_HW3 = cv2.warpPerspective(sample.rgb, matrix, size, flags=cv2.INTER_LINEAR,
                                  borderMode=cv2.BORDER_CONSTANT, borderValue=BORDER_GREY)
    return replace(sample, rgb=rgb_HW3, depth=(depth_HW / along_HW).astype(np.float32),
                   camera=camera)


def tilt(camera: Camera, pitch_deg: float,
         yaw_deg: float) -> tuple[Camera, np.ndarray, np.ndarray]:
    """The turned camera, the 3x3 map of pixels to its own, and how depth changes.

    Depth before divided by (the last (3,), times a pixel (u, v, 1)) is that of the turned camera.
    """
    turn = cv2.Rodrigues(np.radians([0.0, yaw_deg, 0.0]))[0] @ cv2.Rodrigues(
        np.radians([pitch_deg, 0.0, 0.0]))[0]
    rays = np.linalg.inv(camera.matrix)
    middle = np.array([camera.width / 2 - 0.5, camera.height / 2 - 0.5])
    seen = camera.matrix @ turn @ rays @ (*middle, 1)
    dx, dy = middle - seen[:2] / seen[2]
    camera = replace(camera, cx=camera.cx + dx, cy=camera.cy + dy)
    matrix = camera.matrix @ turn @ rays
    # A point at depth z' on the new ray r' was at z' (turn^-1 r')_z before.
    return camera, matrix, turn[:, 2] @ np.linalg.inv(camera.matrix)


def warped(sample: Sample, matrix: np.ndarray, scale: float, width: int, height: int) -> Sample:
    """The sample through a similarity `matrix` of that `scale`, with its camera.

    Colour is averaged before it is made smaller; depth takes the nearest pixel, so that no
    depth appears between an edge's two sides.
    """
    rgb_HW3, colour_matrix = sample.rgb, matrix
    if scale < 1:
        rgb_HW3 = cv2.resize(rgb_HW3, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        colour_matrix = matrix @ _upscaling(1 / scale)
    depth_HW = cv2.warpAffine(sample.depth, matrix, (width, height), flags=cv2.INTER_NEAREST,
                              borderMode=cv2.BORDER_CONSTANT, borderValue=float('nan'))
    rgb_HW3 = cv2.warpAffine(rgb_HW3, colour_matrix, (width, height), flags=cv2.INTER_LINEAR,
                             borderMode=cv2.BORDER_CONSTANT, borderValue=BORDER_GREY)
    return replace(sample, rgb=rgb_HW3, depth=depth_HW,
                   camera=seen_through(sample.camera, matrix, scale, width, height))


def _upscaling(factor: float) -> np.ndarray:
    """3x3 map from the shrunken image back to the full one (pixel centres are integers)."""
    shift = 0.5 * factor - 0.5
    return np.array([[factor, 0, shift], [0, factor, shift], [0, 0, 1]])


def seen_through(camera: Camera, matrix: np.ndarray, scale: float, width: int,
                 height: int) -> Camera:
    """The camera of an image mapped by a similarity `matrix` (2x3) of that `scale`."""
    cx, cy = matrix @ (camera.cx, camera.cy, 1)
    return Camera(fx=camera.fx * scale, fy=camera.fy * scale, cx=cx, cy=cy,
                  width=width, height=height)


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
    camera = replace(sample.camera, distortion=(), distortion_model='plumb_bob')
    return replace(sample, rgb=rgb_HW3, depth=depth_HW, camera=camera)


@lru_cache(maxsize=4)
def _maps(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Column and row of the taken image, (H, W) float32, for every pixel of the ideal one.

    -1e4, outside the image, for rays that the distortion model does not reach.
    """
    x_HW, y_HW = np.broadcast_arrays(
        ((np.arange(camera.width) - camera.cx) / camera.fx)[None],
        ((np.arange(camera.height) - camera.cy) / camera.fy)[:, None])
    x_HW, y_HW = distort(x_HW, y_HW, camera.distortion_model, camera.distortion)
    columns_HW, rows_HW = x_HW * camera.fx + camera.cx, y_HW * camera.fy + camera.cy
    return (np.nan_to_num(columns_HW, nan=-1e4).astype(np.float32),
            np.nan_to_num(rows_HW, nan=-1e4).astype(np.float32))


def without_edges(depth_HW: np.ndarray, factor: float = 1.2) -> np.ndarray:
    """Copy of depth (H, W) that is unknown beside its edges.

    That is where it changes by more than `factor` within the 3x3 pixels about a pixel.
    """
    known = np.isfinite(depth_HW)
    square = np.ones((3, 3), np.uint8)
    farthest = cv2.dilate(np.where(known, depth_HW, np.float32(0)), square)
    nearest = cv2.erode(np.where(known, depth_HW, np.float32(np.inf)), square)
    return np.where(farthest / factor > nearest, np.float32(np.nan), depth_HW)
