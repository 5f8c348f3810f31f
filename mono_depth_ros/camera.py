"""Pinhole cameras, the ray of every pixel, and points of depth (NumPy; OpenCV for distortion).

Pixel centres are integers: the image covers x from -0.5 to width - 0.5. Frames are optical
frames of REP 103 (x right, y down, z forward); depth is z in metres (REP 118), not range.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
import math

import cv2
import numpy as np

# Distortion model, as sensor_msgs/CameraInfo names it -> how many coefficients it may have.
DISTORTION_MODELS = {'plumb_bob': (4, 5), 'rational_polynomial': (8, 12, 14), 'equidistant': (4,)}
DISTORTION_ALIASES = {'fisheye': 'equidistant'}


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Intrinsics of one camera at one image size, all in pixels.

    `distortion` holds the coefficients of `distortion_model` (named as in
    sensor_msgs/CameraInfo: plumb_bob and rational_polynomial as OpenCV orders them, equidistant =
    fisheye). Empty or all zero means an ideal pinhole, whatever the model is called ('none',
    ''): it becomes plumb_bob.
    Raises ValueError for numbers that no camera can have.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    distortion: tuple[float, ...] = ()
    distortion_model: str = 'plumb_bob'

    def __post_init__(self):
        numbers = (self.fx, self.fy, self.cx, self.cy, *self.distortion)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f'camera with a number that is not finite: {self}')
        if self.fx <= 0 or self.fy <= 0:
            raise ValueError(f'focal length must be above 0 pixels, got {self.fx} x {self.fy}')
        if self.width < 1 or self.height < 1:
            raise ValueError(f'image size must be at least 1 x 1, got {self.width}x{self.height}')
        distorted = any(self.distortion)
        model = 'plumb_bob'
        if distorted:
            model = DISTORTION_ALIASES.get(self.distortion_model, self.distortion_model)
        if distorted and len(self.distortion) not in DISTORTION_MODELS.get(model, ()):
            known = ', '.join(f'{name} ({" or ".join(map(str, counts))})'
                              for name, counts in DISTORTION_MODELS.items())
            raise ValueError(f'{len(self.distortion)} coefficients of distortion model '
                             f'{self.distortion_model!r}; known: {known}')
        object.__setattr__(self, 'distortion_model', model)
        object.__setattr__(self, 'distortion', self.distortion if distorted else ())

    @property
    def focal(self) -> float:
        """One focal length in pixels: the geometric mean of fx and fy."""
        return math.sqrt(self.fx * self.fy)

    def fits(self, width: int, height: int) -> bool:
        """Whether an image of this size has the same shape: it may be the same view, resized.

        One side may be rounded to whole pixels (1920x1080 -> 854x480).
        """
        return (abs(self.width * height / self.height - width) < 1
                or abs(self.height * width / self.width - height) < 1)

    def resized(self, width: int, height: int) -> Camera:
        """Camera of the same view sampled at width x height pixels."""
        sx, sy = width / self.width, height / self.height
        return replace(
            self, fx=self.fx * sx, fy=self.fy * sy, cx=(self.cx + 0.5) * sx - 0.5,
            cy=(self.cy + 0.5) * sy - 0.5, width=width, height=height)

    def cropped(self, x: int, y: int, width: int, height: int) -> Camera:
        """Camera of the window whose top left pixel is (x, y); negative x or y is a border."""
        return replace(self, cx=self.cx - x, cy=self.cy - y, width=width, height=height)

    def flipped(self) -> Camera:
        """Camera of the image mirrored left to right; ideal pinhole only, else ValueError."""
        if self.distortion:
            raise ValueError('a distorted camera cannot be mirrored: rectify the image first')
        return replace(self, cx=self.width - 1 - self.cx)


@lru_cache(maxsize=16)
def rays(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Directions x/z and y/z of every pixel, float32, read-only, cached.

    Shapes broadcast to (H, W): (1, W) and (H, 1) for a pinhole, (H, W) both with distortion.
    """
    x_W = ((np.arange(camera.width) - camera.cx) / camera.fx).astype(np.float32)
    y_H = ((np.arange(camera.height) - camera.cy) / camera.fy).astype(np.float32)
    pair = (x_W[None, :], y_H[:, None])
    if camera.distortion:
        pair = _undistorted(camera)
    for array in pair:
        array.setflags(write=False)
    return pair


def _undistorted(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1.0]])
    v_HW, u_HW = np.indices((camera.height, camera.width), np.float64)
    pixels = np.stack([u_HW, v_HW], axis=-1).reshape(-1, 1, 2)
    if camera.distortion_model == 'equidistant':
        directions = cv2.fisheye.undistortPoints(pixels, matrix, np.array(camera.distortion))
    else:
        directions = _invert_polynomial(pixels, matrix, np.array(camera.distortion))
    x, y = directions.reshape(camera.height, camera.width, 2).astype(np.float32).transpose(2, 0, 1)
    return np.ascontiguousarray(x), np.ascontiguousarray(y)


def _invert_polynomial(
        pixels: np.ndarray, matrix: np.ndarray, distortion: np.ndarray) -> np.ndarray:
    """OpenCV's inverse of the distortion; its default of 5 iterations leaves 0.02 pixels."""
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-8)
    if hasattr(cv2, 'undistortPointsIter'):  # OpenCV 4; from 5 on undistortPoints takes criteria
        return cv2.undistortPointsIter(pixels, matrix, distortion, np.eye(3), np.eye(3), criteria)
    return cv2.undistortPoints(pixels, matrix, distortion, criteria=criteria)


def points_from_depth(
        depth_HW: np.ndarray, camera: Camera, out_xy_2HW: np.ndarray | None = None,
        ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Planes x, y and z (H, W) in metres, optical frame, of depth (H, W) float32 in metres.

    NaN stays NaN; infinite depth becomes NaN in all three. x and y are written
    to `out_xy_2HW` where given. Raises ValueError where depth and camera differ in size.
    """
    if depth_HW.shape != (camera.height, camera.width):
        raise ValueError(
            f'depth is {depth_HW.shape[1]}x{depth_HW.shape[0]} (width x height) but the camera '
            f'is {camera.width}x{camera.height}: resize one of them')
    if out_xy_2HW is None:
        out_xy_2HW = np.empty((2, *depth_HW.shape), np.float32)
    infinite_HW = np.isinf(depth_HW)
    if infinite_HW.any():  # before the product: 0 * inf on the optical axis is invalid
        depth_HW = np.where(infinite_HW, np.float32(np.nan), depth_HW)
    for ray, plane_HW in zip(rays(camera), out_xy_2HW):
        np.multiply(ray, depth_HW, out=plane_HW)
    return out_xy_2HW[0], out_xy_2HW[1], depth_HW
