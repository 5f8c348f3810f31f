"""Views: camera poses, and whether what they show is useful for training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math

import numpy as np

from mono_depth_ros.simulation.scene.camera_path import FloorPlan
from mono_depth_ros.simulation.scene.world import looking, Pose

TRIES = 16


@dataclass(frozen=True, kw_only=True)
class CandidateView:
    """A camera pose to try: nothing may be nearer than `nearest_m`, and the surface on the optical
    axis should be `target_m` away (None: any distance). A view of a single plane shows no clue of
    its distance and is accepted only where `plain`.
    """

    kind: str
    pose: Pose
    nearest_m: float
    target_m: float | None = None
    plain: bool = False

    def quality(self, depth_hw: np.ndarray) -> float:
        """How good the view is by its coarse depth (h, w) m; 1 or more is good enough."""
        known = depth_hw[np.isfinite(depth_hw)]
        if not known.size:
            return 0.0
        fit = float(known.min()) / self.nearest_m
        if not self.plain and is_plain(depth_hw):
            fit = min(fit, 0.5)
        if self.target_m is not None:
            centre_m = float(depth_hw[depth_hw.shape[0] // 2, depth_hw.shape[1] // 2])
            off = abs(centre_m - self.target_m) / self.target_m
            return min(fit, 0.15 / max(off, 1e-6))
        # Views without a target should not be filled by one near object.
        return min(fit, float(np.median(known)) / (3 * self.nearest_m))


def best_view(draw: Callable[[], CandidateView],
              probe: Callable[[Pose], np.ndarray]) -> CandidateView:
    """The first view of `draw` that is good by its `probe` depth, or the best of TRIES."""
    best, most = None, -1.0
    for _ in range(TRIES):
        view = draw()
        quality = view.quality(probe(view.pose))
        if quality > most:
            best, most = view, quality
        if quality >= 1:
            break
    assert best is not None
    return best


def is_plain(depth_hw: np.ndarray) -> bool:
    """Whether a depth (h, w) m shows little more than one plane.

    The inverse depth of a plane is linear in the pixel.
    """
    rows, columns = depth_hw.shape
    y, x = np.mgrid[0:rows:3, 0:columns:3] - np.array([rows, columns])[:, None, None] / 2
    inverse = np.nan_to_num(1 / depth_hw[::3, ::3]).ravel()
    basis = np.stack([np.ones(inverse.size), x.ravel() / columns, y.ravel() / rows], 1)
    fitted = basis @ np.linalg.lstsq(basis, inverse, rcond=None)[0]
    off = np.abs(fitted - inverse) > 0.02 * np.abs(inverse)
    return bool(off.mean() < 0.15)


def free_place(rng: np.random.Generator, plan: FloorPlan, clear_m: float) -> np.ndarray:
    """A place (2,) m at least `clear_m` from every obstacle, or else one of the freest 3 %."""
    enough = min(clear_m, float(np.quantile(plan.clearance, 0.97)))
    rows, columns = np.nonzero(plan.clearance >= max(enough, 1e-3))
    pick = rng.integers(len(rows))
    return (np.array([columns[pick], rows[pick]]) + rng.random(2)) * plan.CELL_M + plan.origin


def towards(position, target, roll: float = 0.0) -> Pose:
    """Camera at `position` that looks at `target`, both (3,) m; roll in radians."""
    x, y, z = np.asarray(target, float) - position
    return looking(position, math.atan2(y, x), math.atan2(z, math.hypot(x, y)), roll)
