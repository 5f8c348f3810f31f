"""Where the floor lies in true depth: which way is up, and how high the camera is above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mono_depth_ros.camera import Camera, points_from_depth

TRIES = 400
# A plane's points lie this near to it (m); lower ones by more than LOWER_M speak against it.
NEAR_M, LOWER_M = 0.03, 0.08
# Triples of points are drawn within this many metres of each other.
TOGETHER_M = 0.6
# A floor is this large a share of the known pixels, this flat, with so little below it.
LEAST_SHARE, MOST_ROUGH_M, MOST_LOWER = 0.04, 0.0135, 0.015
HEIGHT_M = (0.05, 2.4)
# Cameras look up or down and are turned about their axis by no more than this.
MOST_PITCH_DEG, MOST_ROLL_DEG = 60.0, 20.0


@dataclass(frozen=True, kw_only=True)
class TrueFloor:
    """Unit vector (3,) that points up in the optical frame, and the camera's height in metres."""

    up: np.ndarray
    height_m: float


def true_floor(depth_HW: np.ndarray, camera: Camera, rng: np.random.Generator) -> TrueFloor | None:
    """The lowest large level plane of true depth (RANSAC; Fischler and Bolles 1981), or None."""
    planes = np.stack(points_from_depth(depth_HW, camera), axis=-1)[::3, ::3]
    points_N3 = planes[np.isfinite(planes).all(-1)].astype(np.float64)
    if len(points_N3) < 500:
        return None
    lower_N3 = points_N3[points_N3[:, 1] > np.quantile(points_N3[:, 1], 0.3)]
    drawn = [plane for _ in range(TRIES) if (plane := _drawn(lower_N3, rng))]
    if not drawn:
        return None
    down, height_m = max(drawn, key=lambda plane: _score(points_N3, *plane))
    for _ in range(5):
        near_N3 = points_N3[np.abs(points_N3 @ down - height_m) < NEAR_M]
        if len(near_N3) < 50:
            return None
        middle = near_N3.mean(0)
        down = np.linalg.svd(near_N3 - middle, full_matrices=False)[2][2]
        down *= np.sign(down[1])
        height_m = float(down @ middle)
    off_N = points_N3 @ down - height_m
    near = np.abs(off_N) < NEAR_M
    good = (near.mean() > LEAST_SHARE and off_N[near].std() < MOST_ROUGH_M
            and (off_N > LOWER_M).mean() < MOST_LOWER)
    return TrueFloor(up=-down, height_m=height_m) if good else None


def _drawn(points_N3: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float] | None:
    """Normal that points down, and distance, of the plane through three near points."""
    first = points_N3[rng.integers(len(points_N3))]
    near_N3 = points_N3[np.linalg.norm(points_N3 - first, axis=1) < TOGETHER_M]
    a, b, c = near_N3[rng.integers(len(near_N3), size=3)]
    normal = np.cross(b - a, c - a)
    length = float(np.linalg.norm(normal))
    if length < 1e-4:
        return None
    normal *= np.sign(normal[1]) / length
    height_m = float(normal @ a)
    level = (normal[1] > np.cos(np.radians(MOST_PITCH_DEG))
             and abs(normal[0]) < np.sin(np.radians(MOST_ROLL_DEG)))
    return (normal, height_m) if level and HEIGHT_M[0] < height_m < HEIGHT_M[1] else None


def _score(points_N3: np.ndarray, down: np.ndarray, height_m: float) -> float:
    off_N = points_N3 @ down - height_m
    return float((np.abs(off_N) < NEAR_M).mean() - (off_N > LOWER_M).mean())
