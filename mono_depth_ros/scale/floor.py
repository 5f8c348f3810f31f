"""The scale of depth by the floor: how far a level surface seems below a camera of known height.

A camera's height over the floor is known on a robot, and so is its tilt. Every pixel below the
horizon then has a depth that the floor would have there. Where a large level surface is seen, the
ratio of that to the depth shown is the factor. A table top is a level surface too: it lies above
the floor, never below, so factors above 1 are doubtful (`CAUTION`).
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from mono_depth_ros.camera import Camera, rays
from mono_depth_ros.scale.slow_factor import Caution

# Pixels are looked at on a grid of about this many columns.
COLUMNS = 64
# Pixels of the floor lie at least this far below the horizon, and their surface is at most this
# far from level.
LEAST_BELOW_DEG, MOST_TILT_DEG = 4.0, 30.0
# Networks err most nearest: the floor counts from this many times the model's nearest depth.
NEAREST_TIMES = 1.5
# Bins of the histogram of log height, and how far from its middle a pixel is still floor.
BIN, REACH = 0.06, 0.18
# A lower surface counts where it is at least this share of the largest.
LEAST_PEAK = 0.35
# What the floor must be: its share of the pixels below the horizon and of all, of the columns of
# the lowest rows, the tilt of the plane through it, and what may lie lower than it.
LEAST_SHARE, LEAST_OF_IMAGE, LEAST_BOTTOM = 0.15, 0.06, 0.4
MOST_PLANE_TILT_DEG, MOST_LOWER = 12.0, 0.03
LEAST_PIXELS = 40
# Measured in simulation and on rooms (docs/scale.md): less is within the error of the method.
CAUTION = Caution(below=0.15, above=0.30)


@dataclass(frozen=True, kw_only=True)
class FloorFinding:
    """What one image says: true over shown depth by the floor, or why it says nothing.

    `factor` is None where no floor was found; `reason` is then one of a few words.
    """

    factor: float | None = None
    reason: str = ''


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """Points (h, w, 3) in metres of a grid of pixels, as shown; `below` (h, w) is how far each
    ray goes down for one metre of depth, and `candidate` (h, w) says where the floor may be.
    """

    points: np.ndarray
    below: np.ndarray
    candidate: np.ndarray


def find_floor(depth_HW: np.ndarray, camera: Camera, up_3: np.ndarray, height_m: float,
               nearest_m: float = 0.0) -> FloorFinding:
    """Factor that brings the floor in the shown depth (H, W) to `height_m` below the camera.

    `up_3` is the unit vector of the optical frame that points up, `nearest_m` the nearest depth
    the model knows. Takes below a millisecond.
    """
    grid = _grid(depth_HW, camera, -np.asarray(up_3, float), height_m, nearest_m)
    number = int(grid.candidate.sum())
    if number < LEAST_PIXELS:
        return FloorFinding(reason='too little is seen below the horizon')
    shown_m_hw = np.where(grid.candidate, grid.points[..., 2] * grid.below, 1.0)
    log_hw = np.log(np.maximum(shown_m_hw, 1e-6))
    level_hw = grid.candidate & _level(grid.points, up_3)
    if level_hw.sum() < LEAST_PIXELS:
        return FloorFinding(reason='nothing level is seen')
    middle = _lowest_surface(log_hw[level_hw])
    floor_hw = level_hw & (np.abs(log_hw - middle) < REACH)
    lower = ((log_hw > middle + 1.4 * REACH) & grid.candidate).sum() / number
    reason = _doubt(grid, floor_hw, lower, up_3)
    if reason:
        return FloorFinding(reason=reason)
    depth_N = grid.points[..., 2][floor_hw]
    far = depth_N >= np.median(depth_N)
    return FloorFinding(factor=height_m / math.exp(float(np.median(log_hw[floor_hw][far]))))


def _grid(depth_HW: np.ndarray, camera: Camera, down_3: np.ndarray, height_m: float,
          nearest_m: float) -> _Grid:
    step = max(1, round(camera.width / COLUMNS))
    part = (slice(step // 2, None, step),) * 2
    seen = rays(camera)
    x_hw, y_hw = (np.broadcast_to(plane, depth_HW.shape)[part] for plane in (seen.x, seen.y))
    z_hw = depth_HW[part]
    below_hw = x_hw * down_3[0] + y_hw * down_3[1] + down_3[2]
    length_hw = np.sqrt(x_hw * x_hw + y_hw * y_hw + 1)
    candidate_hw = (np.isfinite(z_hw) & (z_hw > 0)
                    & (below_hw > length_hw * math.sin(math.radians(LEAST_BELOW_DEG)))
                    & (height_m > below_hw * nearest_m * NEAREST_TIMES))
    z_hw = np.where(candidate_hw, z_hw, np.float32(np.nan))
    return _Grid(points=np.stack([x_hw * z_hw, y_hw * z_hw, z_hw], -1), below=below_hw,
                 candidate=candidate_hw)


def _level(points_hw3: np.ndarray, up_3: np.ndarray) -> np.ndarray:
    """Mask (h, w): the surface through the four neighbours is level within MOST_TILT_DEG."""
    right_hw3 = points_hw3[1:-1, 2:] - points_hw3[1:-1, :-2]
    down_hw3 = points_hw3[2:, 1:-1] - points_hw3[:-2, 1:-1]
    normal_hw3 = np.cross(right_hw3, down_hw3)
    length_hw = np.sqrt((normal_hw3 * normal_hw3).sum(-1))
    level_hw = np.zeros(points_hw3.shape[:2], bool)
    level_hw[1:-1, 1:-1] = (np.abs(normal_hw3 @ np.asarray(up_3, np.float32))
                            > length_hw * math.cos(math.radians(MOST_TILT_DEG)))
    return level_hw


def _lowest_surface(log_N: np.ndarray) -> float:
    """Log of how far below the camera the lowest of the large surfaces is."""
    start = float(log_N.min()) - 3 * BIN
    counts, edges = np.histogram(log_N, np.arange(start, float(log_N.max()) + 4 * BIN, BIN))
    smooth = np.convolve(counts, [1, 2, 3, 2, 1], 'same')
    peak = (smooth >= np.roll(smooth, 1)) & (smooth >= np.roll(smooth, -1))
    middle = float(edges[np.nonzero(peak & (smooth > LEAST_PEAK * smooth.max()))[0][-1]]) + BIN / 2
    for _ in range(4):
        near = log_N[np.abs(log_N - middle) < REACH]
        middle = float(np.median(near)) if near.size else middle
    return middle


def _doubt(grid: _Grid, floor_hw: np.ndarray, lower: float, up_3: np.ndarray) -> str:
    """Why the surface is hardly the floor, '' where it may well be."""
    number = floor_hw.sum()
    if number < max(LEAST_PIXELS, LEAST_SHARE * grid.candidate.sum(),
                    LEAST_OF_IMAGE * floor_hw.size):
        return 'the level surface is small'
    if lower > MOST_LOWER:
        return 'something lies lower than the level surface'
    candidate_hw, seen_hw = (_lowest_last(mask, up_3) for mask in (grid.candidate, floor_hw))
    rows = np.nonzero(candidate_hw.any(1))[0]
    lowest = seen_hw[max(rows[-1] - 6, 0):max(rows[-1], 1)]
    if lowest.any(0).mean() < LEAST_BOTTOM:
        return 'the level surface does not reach the bottom of the image'
    if _tilt_deg(grid.points[floor_hw], up_3) > MOST_PLANE_TILT_DEG:
        return 'the surface is not level'
    return ''


def _lowest_last(mask_hw: np.ndarray, up_3: np.ndarray) -> np.ndarray:
    """The mask with the edge of the image that is the lowest in the world as its last row."""
    across, down = -up_3[0], -up_3[1]
    if abs(across) > abs(down):  # a camera that lies on its side
        mask_hw, down = mask_hw.T, across
    return mask_hw if down >= 0 else mask_hw[::-1]


def _tilt_deg(points_N3: np.ndarray, up_3: np.ndarray) -> float:
    """Angle between up and the normal of the plane through points, relative errors least."""
    depth_N1 = points_N3[:, 2:].astype(np.float64)
    normal_3 = np.linalg.lstsq(points_N3 / depth_N1, 1 / depth_N1[:, 0], rcond=None)[0]
    cosine = -float(normal_3 @ up_3) / max(float(np.linalg.norm(normal_3)), 1e-9)
    return math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))
