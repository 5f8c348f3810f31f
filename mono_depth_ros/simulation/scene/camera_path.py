"""Smooth, closed camera paths that keep clear of all obstacles on a floor plan."""

from __future__ import annotations

from dataclasses import dataclass
import math

import cv2
import numpy as np


@dataclass(frozen=True, kw_only=True)
class CameraPath:
    """A closed path: knots of position (N, 3) m, yaw (N,) unwrapped and pitch (N,) radians.

    Knots are equally spaced in time over `period_s`; between them the path is linear in each.
    """

    positions: np.ndarray
    yaws: np.ndarray
    pitches: np.ndarray
    period_s: float

    def at(self, t_s: float) -> tuple[np.ndarray, float, float]:
        """Position (3,), yaw and pitch at a time of any size."""
        knot = (t_s / self.period_s % 1.0) * len(self.yaws)
        i, weight = int(knot) % len(self.yaws), knot - int(knot)
        j = (i + 1) % len(self.yaws)
        turn = _wrapped(self.yaws[j] - self.yaws[i])
        return (self.positions[i] + weight * (self.positions[j] - self.positions[i]),
                float(self.yaws[i] + weight * turn),
                float(self.pitches[i] + weight * (self.pitches[j] - self.pitches[i])))


def _wrapped(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi


@dataclass(frozen=True, kw_only=True)
class FloorPlan:
    """Distance in metres from each 5 cm cell (rows y, columns x) to the nearest obstacle."""

    CELL_M = 0.05

    clearance: np.ndarray
    origin: tuple[float, float]

    def at(self, points_N2: np.ndarray) -> np.ndarray:
        """Clearance in metres of points (..., 2); 0 outside the plan."""
        cells = np.floor((points_N2 - self.origin) / self.CELL_M).astype(int)
        limit = np.array(self.clearance.shape)[::-1]
        inside = ((cells >= 0) & (cells < limit)).all(-1)
        cells = np.clip(cells, 0, limit - 1)
        return np.where(inside, self.clearance[cells[..., 1], cells[..., 0]], 0.0)


def floor_plan(x_range, y_range, triangles: np.ndarray, heights: tuple[float, float]) -> FloorPlan:
    """Plan of the rectangle, obstacles being the triangles (N, 3, 3) m within `heights` m."""
    cell = FloorPlan.CELL_M
    shape = [math.ceil((high - low) / cell) for low, high in (y_range, x_range)]
    free = np.full(shape, 1, np.uint8)
    free[[0, -1]], free[:, [0, -1]] = 0, 0
    z = triangles[..., 2]
    tall = triangles[(z.max(1) > heights[0]) & (z.min(1) < heights[1])]
    corners = np.round((tall[..., :2] - (x_range[0], y_range[0])) / cell).astype(np.int32)
    for corner in corners:
        cv2.fillConvexPoly(free, corner, 0)
    distance = cv2.distanceTransform(free, cv2.DIST_L2, 5) * cell
    return FloorPlan(clearance=distance.astype(np.float32), origin=(x_range[0], y_range[0]))


def random_walk(rng, plan: FloorPlan, clear_m: float, height_m: float, speed_mps: float = 0.35,
                tries: int = 800, knots: int = 240) -> CameraPath:
    """A closed walk through the free part of a plan, at least `clear_m` from every obstacle.

    The camera looks across to the far side of its own loop and to both sides of that.
    Raises ValueError if no such loop is found.
    """
    loops = _random_loops(rng, plan, tries, knots)
    clearance = plan.at(loops).min(1)
    length = np.linalg.norm(np.diff(loops, axis=1, append=loops[:, :1]), axis=-1).sum(1)
    longest = np.argsort(np.where(clearance >= clear_m, length, -1))[-8:]
    if not (clearance[longest] >= clear_m).any():
        raise ValueError(f'no camera path {clear_m} m clear of everything')
    walks = [_looking_across(rng, loops[i], height_m, length[i] / speed_mps)
             for i in longest if clearance[i] >= clear_m]
    return max(walks, key=lambda walk: _free_view(plan, walk))


def _free_view(plan: FloorPlan, walk: CameraPath, reach_m: float = 6.0) -> float:
    """Mean log of the free distance ahead of the camera, so that near obstacles count most."""
    steps = np.arange(0.2, reach_m, 0.2)
    ahead = np.stack([np.cos(walk.yaws), np.sin(walk.yaws)], -1)
    free = plan.at(walk.positions[:, None, :2] + steps[:, None] * ahead[:, None]) > 0
    return float(np.log(0.2 * (1 + np.cumprod(free, axis=1).sum(1))).mean())


def _random_loops(rng, plan: FloorPlan, tries: int, knots: int) -> np.ndarray:
    """Random ellipse-like closed curves (tries, knots, 2) around the free places of the plan."""
    rows, columns = np.nonzero(plan.clearance > np.quantile(plan.clearance, 0.93))
    pick = rng.integers(len(rows), size=tries)
    centre = np.stack([columns[pick], rows[pick]], -1) * plan.CELL_M + plan.origin
    phase = np.linspace(0, 2 * math.pi, knots, endpoint=False)
    waves = [np.cos(phase), np.sin(phase), np.cos(2 * phase), np.sin(2 * phase)]
    size = rng.uniform(0.3, 2.2, (tries, 2, 1)) * np.array([1, 1, 0.25, 0.25])
    weight = size * rng.uniform(-1, 1, (tries, 2, 4))
    return centre[:, None] + np.einsum('tdw,wk->tkd', weight, np.stack(waves))


def _looking_across(rng, loop: np.ndarray, height_m: float, period_s: float) -> CameraPath:
    """Path along a loop (N, 2) that looks to the loop's middle and swings left and right of it."""
    knots = len(loop)
    turn = np.linspace(0, 2 * math.pi, knots, endpoint=False)
    to_middle = np.unwrap(np.arctan2(*(loop.mean(0) - loop).T[::-1]))
    round_trip = 2 * math.pi * np.sign(to_middle[-1] - to_middle[0])
    even = to_middle[0] + round_trip * np.arange(knots) / knots
    phase = rng.uniform(0, 2 * math.pi, 4)
    swing = 0.45 * np.sin(2 * turn + phase[0]) + 0.25 * np.sin(3 * turn + phase[1])
    height = height_m + 0.08 * np.sin(2 * turn + phase[2])
    pitch = -0.16 + 0.12 * np.sin(3 * turn + phase[3])
    # Near the loop's middle that direction changes fast: turn evenly there.
    yaw = np.where(abs(to_middle - even) < 1.0, to_middle, even) + swing
    return CameraPath(positions=np.column_stack([loop, height]), yaws=_smoothed(yaw, round_trip),
                      pitches=pitch, period_s=max(period_s, 25.0))


def _smoothed(angles: np.ndarray, round_trip: float, reach: int = 12) -> np.ndarray:
    """Moving average of unwrapped angles along a closed path that gain `round_trip` a lap."""
    padded = np.concatenate([angles[-reach:] - round_trip, angles, angles[:reach] + round_trip])
    return np.convolve(padded, np.full(2 * reach + 1, 1 / (2 * reach + 1)), 'valid')
