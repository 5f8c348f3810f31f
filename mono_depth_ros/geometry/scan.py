"""A planar laser scan of what depth shows between two heights of the robot's base frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
import math

import numpy as np

from mono_depth_ros.bytes_cache import BytesCache
from mono_depth_ros.camera import Camera, rays
from mono_depth_ros.geometry.camera_pose import CameraPose

# Columns and rows of pixels looked at; networks put out fewer.
COLUMNS, ROWS = 640, 240
CACHE_BYTES = 50_000_000
# Depth counts as far enough from this share of what it must be: rays are float32.
ROUNDING = 1e-4


@dataclass(frozen=True, kw_only=True)
class ScanSpec:
    """Heights (m) of what counts, angles (rad, counter-clockwise from x) and ranges (m) of a scan.

    Raises ValueError where no height, angle or range is left.
    """

    min_height: float
    max_height: float
    angle_min: float
    angle_max: float
    angle_increment: float
    range_min: float
    range_max: float

    def __post_init__(self):
        for low, high, unit in (('min_height', 'max_height', 'm'), ('range_min', 'range_max', 'm'),
                                ('angle_min', 'angle_max', 'rad')):
            if not getattr(self, low) < getattr(self, high):
                raise ValueError(f'scan.{low} must be below scan.{high}, got '
                                 f'{getattr(self, low):g} and {getattr(self, high):g} {unit}')

    @property
    def bins(self) -> int:
        """Number of ranges; range i is at angle_min + i * angle_increment."""
        return int((self.angle_max - self.angle_min) / self.angle_increment + 1e-6) + 1

    def bin_of(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Index of the bin of points in the base frame; -1 outside the angles."""
        index = np.round((np.arctan2(y, x) - self.angle_min) / self.angle_increment)
        return np.where((index >= 0) & (index < self.bins), index, -1).astype(np.int32)


@dataclass(frozen=True, kw_only=True)
class _Directions:
    """Rays (3, N) of the N pixels looked at, in the base frame, for a depth of 1 m.

    `slope` (N,) is how far each goes up in a horizontal metre.
    """

    base_3N: np.ndarray
    slope: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.base_3N.nbytes + self.slope.nbytes


@dataclass(frozen=True, kw_only=True)
class _Far:
    """Of the N pixels looked at, those that are between the two heights at the largest range.

    `pixel` (F,) are their indices, `depth` (F,) the metres along the optical axis and `bin` (F,)
    the bins they meet that range at, `in_bin` (bins,) how many of them each has.
    """

    pixel: np.ndarray
    depth: np.ndarray
    bin: np.ndarray
    in_bin: np.ndarray

    def mostly(self, far_F: np.ndarray) -> np.ndarray:
        """Bins (bins,) bool of most of whose pixels (F,) something is true."""
        return 2 * np.bincount(self.bin[far_F], minlength=self.in_bin.size) > self.in_bin


def scan_from_depth(depth_HW: np.ndarray, camera: Camera, pose: CameraPose, spec: ScanSpec,
                    range_m: tuple[float, float] = (0.0, math.inf),
                    nearest_m: float = 0.0) -> np.ndarray:
    """Ranges (bins,) float32 in metres of depth (H, W), NaN unknown, infinite out of `range_m`.

    A bin has the horizontal distance from the base frame's origin to its nearest point between
    the two heights, and -inf where that is below `range_min`. Depth of -inf is somewhere before
    range_m[0]: it counts between the two heights where it would there, as far as a depth of
    `nearest_m`, the nearest that can be told, for costmaps ignore -inf. A bin is +inf where most
    of the pixels that look into it between the two heights at `range_max` see as far as that,
    those of depth +inf as far as range_m[1], and NaN otherwise (REP 117).
    """
    base_3N, far = _directions((camera, pose)).base_3N, _far(camera, pose, spec)
    depth_N = depth_HW[_every(camera.height, ROWS), _every(camera.width, COLUMNS)].flatten()
    seen_F = np.minimum(depth_N[far.pixel], np.float32(range_m[1]))
    free = far.mostly(seen_F >= far.depth)
    ranges = np.where(free, np.float32(np.inf), np.float32(np.nan))
    start_x, start_y, start_z = map(np.float32, pose.translation)
    nearer_N = np.isneginf(depth_N)
    depth_N[np.isposinf(depth_N)], depth_N[nearer_N] = np.nan, range_m[0]
    z = base_3N[2] * depth_N + start_z
    depth_N[nearer_N] = nearest_m
    _take_nearest(ranges, base_3N[0] * depth_N + start_x, base_3N[1] * depth_N + start_y, z, spec)
    return ranges


def free_is_seen(camera: Camera, pose: CameraPose, spec: ScanSpec, farthest_m: float) -> bool:
    """Whether `range_max` is seen in half of its directions, or more, by depth to `farthest_m`.

    Another cannot be +inf. Of the directions count those in which a pixel looks between the two
    heights at `range_max`.
    """
    far = _far(camera, pose, spec)
    seen, directions = far.mostly(far.depth <= farthest_m), np.count_nonzero(far.in_bin)
    return 2 * np.count_nonzero(seen) >= max(directions, 1)


def _take_nearest(ranges: np.ndarray, x, y, z, spec: ScanSpec) -> None:
    """Put the nearest of the points between the two heights into each bin."""
    within = np.flatnonzero((z >= spec.min_height) & (z <= spec.max_height))
    x, y = x[within], y[within]
    distance, index = np.hypot(x, y), spec.bin_of(x, y)
    hit = (index >= 0) & (distance <= spec.range_max)
    nearest = np.full(spec.bins, np.inf, np.float32)
    np.minimum.at(nearest, index[hit], distance[hit])
    found = np.isfinite(nearest)
    ranges[found] = nearest[found]
    ranges[nearest < spec.range_min] = -np.inf


def _every(size: int, most: int) -> slice:
    step = max(1, size // most)
    return slice(step // 2, None, step)


def _make_directions(key: tuple[Camera, CameraPose]) -> _Directions:
    camera, pose = key
    rows, columns = _every(camera.height, ROWS), _every(camera.width, COLUMNS)
    x_HW, y_HW = np.broadcast_arrays(rays(camera).x, rays(camera).y)
    x_hw, y_hw = x_HW[rows, columns], y_HW[rows, columns]
    optical_N3 = np.stack([x_hw, y_hw, np.ones_like(x_hw)], axis=-1).reshape(-1, 3)
    base_3N = np.ascontiguousarray((optical_N3 @ np.array(pose.rotation, np.float32).T).T)
    with np.errstate(divide='ignore', invalid='ignore'):
        slope_N = base_3N[2] / np.hypot(base_3N[0], base_3N[1])
    return _Directions(base_3N=base_3N, slope=slope_N)


# Kept for the frames that follow, while the largest range stays; of a slow scale it does not.
@lru_cache(maxsize=16)
def _far(camera: Camera, pose: CameraPose, spec: ScanSpec) -> _Far:
    directions = _directions((camera, pose))
    pixel = _may_be_between(directions.slope, pose, spec)
    depth = _depth_at_range(directions.base_3N[:, pixel], pose, spec.range_max)
    x, y, height = (direction * depth + start for direction, start in zip(
        directions.base_3N[:, pixel], pose.translation))
    index = spec.bin_of(x, y)
    far = (height >= spec.min_height) & (height <= spec.max_height) & (index >= 0)
    return _Far(pixel=pixel[far], depth=depth[far] * (1 - ROUNDING), bin=index[far],
                in_bin=np.bincount(index[far], minlength=spec.bins))


def _may_be_between(slope_N: np.ndarray, pose: CameraPose, spec: ScanSpec) -> np.ndarray:
    """Indices of the rays that may be between the two heights at the largest range: few are."""
    start_x, start_y, start_z = pose.translation
    offset = math.hypot(start_x, start_y)
    if spec.range_max <= 2 * offset:
        return np.arange(slope_N.size)
    ways = (spec.range_max - offset, spec.range_max + offset)  # from the camera
    low = min((spec.min_height - start_z) / way for way in ways)
    high = max((spec.max_height - start_z) / way for way in ways)
    return np.flatnonzero((slope_N >= low - 1e-4) & (slope_N <= high + 1e-4))


def _depth_at_range(direction_3N: np.ndarray, pose: CameraPose, range_m: float) -> np.ndarray:
    """Depth (N,) at which rays leave a horizontal range from the base's origin; NaN if never."""
    start_x, start_y, _ = pose.translation
    dx, dy = direction_3N[:2].astype(float)
    a, b = dx * dx + dy * dy, start_x * dx + start_y * dy
    c = start_x ** 2 + start_y ** 2 - range_m ** 2
    with np.errstate(invalid='ignore', divide='ignore'):
        depth = (-b + np.sqrt(b * b - a * c)) / a
    depth[~(depth > 0)] = math.nan
    return depth


_directions = BytesCache(_make_directions, lambda kept: kept.nbytes, CACHE_BYTES)
