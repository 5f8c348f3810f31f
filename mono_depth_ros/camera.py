"""Cameras, the ray of every pixel, and points of depth.

Pixel centres are integers: the image covers x from -0.5 to width - 0.5. Frames are optical
frames of REP 103 (x right, y down, z forward); depth is z in metres (REP 118), not range.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
import math

import numpy as np

from mono_depth_ros.bytes_cache import BytesCache
from mono_depth_ros.distortion import canonical, undistort

# What `rays` may keep of cameras with distortion, all together.
RAYS_BYTES = 200_000_000
# Rows of pixels undistorted at a time, so that intermediate arrays stay in the cache of a CPU.
ROWS = 16
# Rays are computed one by one where an image has fewer than twice as many pixels a side.
NODES = 960


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Intrinsics of one camera at one image size, all in pixels.

    `distortion` holds the coefficients of `distortion_model`, as `distortion.canonical` brings
    names and counts to those of sensor_msgs/CameraInfo; none is an ideal pinhole.
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
        model, coefficients = canonical(self.distortion_model, self.distortion)
        object.__setattr__(self, 'distortion_model', model)
        object.__setattr__(self, 'distortion', coefficients)

    @property
    def focal(self) -> float:
        """One focal length in pixels: the geometric mean of fx and fy."""
        return math.sqrt(self.fx * self.fy)

    @property
    def matrix(self) -> np.ndarray:
        """K (3, 3) float64: a ray to a pixel, in homogeneous coordinates."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]], float)

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


def focal_of(hfov_deg: float, width: int) -> float:
    """Focal length in pixels of a pinhole whose `width` pixels see this many degrees."""
    return width / 2 / math.tan(math.radians(hfov_deg) / 2)


@dataclass(frozen=True, kw_only=True)
class Rays:
    """Directions x/z and y/z of every pixel, float32, read-only; NaN where there is none.

    Shapes broadcast to (H, W): (1, W) and (H, 1) for a pinhole, (H, W) both with distortion.
    `missing` is the share (0 to 1) of pixels without a direction.
    """

    x: np.ndarray
    y: np.ndarray
    missing: float = 0.0

    def points(self, depth_nW: np.ndarray, rows: slice,
               out_xy_2nW: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Planes x, y and z (n, W) of the depth of these rows, as `points_from_depth`."""
        x, y = (rays_HW if len(rays_HW) == 1 else rays_HW[rows] for rays_HW in (self.x, self.y))
        infinite_nW = np.isinf(depth_nW)
        if infinite_nW.any():  # before the product: 0 * inf on the optical axis is invalid
            depth_nW = np.where(infinite_nW, np.float32(np.nan), depth_nW)
        if self.missing:
            depth_nW = np.where(np.isnan(x), np.float32(np.nan), depth_nW)
        np.multiply(x, depth_nW, out=out_xy_2nW[0])
        np.multiply(y, depth_nW, out=out_xy_2nW[1])
        return out_xy_2nW[0], out_xy_2nW[1], depth_nW


def _rays(camera: Camera) -> Rays:
    return _undistorted(camera) if camera.distortion else _pinhole(camera)


# Rays of a camera's pixels, computed when they are first asked for.
rays = BytesCache(_rays, lambda kept: kept.x.nbytes + kept.y.nbytes, RAYS_BYTES)


@lru_cache(maxsize=16)
def missing_rays(camera: Camera) -> float:
    """Share (0 to 1) of pixels without a ray, of a sample of them: takes milliseconds."""
    if not camera.distortion:
        return 0.0
    scale = min(1.0, 128 / max(camera.width, camera.height))
    return _undistorted(camera.resized(
        max(1, round(camera.width * scale)), max(1, round(camera.height * scale)))).missing


def _pinhole(camera: Camera) -> Rays:
    x_W = (np.arange(camera.width) - camera.cx) / camera.fx
    y_H = (np.arange(camera.height) - camera.cy) / camera.fy
    return Rays(x=_frozen(x_W[None, :]), y=_frozen(y_H[:, None]))


def _undistorted(camera: Camera) -> Rays:
    """Rays with distortion: of large images every `step`-th pixel's, and lines between them.

    A lens bends little over four pixels of 4000: 99 % of the rays are within 0.02 pixels, and all
    within one, for a seventh of the time. The equidistant model is fast without.
    """
    wide = camera.distortion_model == 'equidistant'
    step = 1 if wide else max(1, max(camera.width, camera.height) // NODES)
    u_w = np.arange((camera.width - 1) // step + 2) * step
    v_h = np.arange((camera.height - 1) // step + 2) * step
    x_1w, y_h1 = ((u_w - camera.cx) / camera.fx)[None], ((v_h - camera.cy) / camera.fy)[:, None]
    x_hw = np.empty((v_h.size, u_w.size), np.float32)
    y_hw = np.empty_like(x_hw)
    for top in range(0, v_h.size, ROWS):
        rows = slice(top, top + ROWS)
        x, y = np.broadcast_arrays(x_1w, y_h1[rows])
        x_hw[rows], y_hw[rows] = undistort(
            x, y, camera.distortion_model, camera.distortion, camera.focal)
    x_HW, y_HW = (np.ascontiguousarray(_lines(_lines(nodes_hw, step).T, step).T[
        :camera.height, :camera.width]) for nodes_hw in (x_hw, y_hw))
    return Rays(x=_frozen(x_HW), y=_frozen(y_HW), missing=float(np.isnan(x_HW).mean()))


def _lines(nodes_hw: np.ndarray, step: int) -> np.ndarray:
    """Rows (h - 1) * step on straight lines between those of the nodes (h, w)."""
    rows_HW = np.empty(((nodes_hw.shape[0] - 1) * step, nodes_hw.shape[1]), np.float32)
    rows_HW[::step] = nodes_hw[:-1]
    for part in range(1, step):
        after = np.float32(part / step)
        rows_HW[part::step] = nodes_hw[:-1] * (1 - after) + nodes_hw[1:] * after
    return rows_HW


def _frozen(array: np.ndarray) -> np.ndarray:
    array = array.astype(np.float32, copy=False)
    array.setflags(write=False)
    return array


def rays_of(depth_HW: np.ndarray, camera: Camera) -> Rays:
    """Rays of a camera's pixels; ValueError where the depth (H, W) is of another size."""
    if depth_HW.shape != (camera.height, camera.width):
        raise ValueError(
            f'depth is {depth_HW.shape[1]}x{depth_HW.shape[0]} (width x height) but the camera '
            f'is {camera.width}x{camera.height}: resize one of them')
    return rays(camera)


def points_from_depth(
        depth_HW: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Planes x, y and z (H, W) in metres, optical frame, of depth (H, W) float32 in metres.

    NaN stays NaN; infinite depth and pixels without a ray become NaN in all three. Raises
    ValueError where depth and camera differ in size.
    """
    return rays_of(depth_HW, camera).points(
        depth_HW, slice(None), np.empty((2, *depth_HW.shape), np.float32))
