"""Camera poses in a simulated room: handheld, on a robot, on the ceiling, close up, at a table."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.simulation.scene.camera_path import floor_plan
from mono_depth_ros.simulation.scene.world import looking, World
from train.simulate.views import CandidateView, free_place, towards

KINDS = ('hand', 'near', 'table', 'robot', 'ceiling')
SHARES = (0.34, 0.16, 0.28, 0.14, 0.08)
NEAR_M = (0.3, 1.3)
TABLE_M = (0.35, 1.6)
# A level triangle of at least this area between knee and chest is a top to put things on.
TOP_M2 = 0.08


class RoomViews:
    """Draws views of one room at random; not every one is useful: `CandidateView.quality`."""

    def __init__(self, world: World):
        self._low, self._high = world.bounds
        inside = ((world.triangles > self._low - 0.1) & (world.triangles < self._high + 0.1))
        self._triangles = world.triangles[inside.all((1, 2))]
        x, y = (-self._high[0], self._high[0]), (-self._high[1], self._high[1])
        self._plans = {'hand': floor_plan(x, y, self._triangles, (1.0, 2.2)),
                       'robot': floor_plan(x, y, self._triangles, (0.03, 2.2))}
        self._normals, double_area = _faces(self._triangles)
        middle_z = self._triangles[..., 2].mean(1)
        self._weights = _interest(self._normals, double_area, middle_z)
        self._tops = _tops(self._normals, double_area, middle_z)

    def view(self, rng: np.random.Generator) -> CandidateView:
        """A view of one of KINDS at random."""
        kind = str(rng.choice(KINDS, p=SHARES))
        return {'hand': self._hand, 'near': self._near, 'table': self._table,
                'robot': self._robot, 'ceiling': self._ceiling}[kind](rng)

    def _hand(self, rng) -> CandidateView:
        x, y = free_place(rng, self._plans['hand'], 0.3)
        height = min(rng.uniform(1.1, 1.75), self._high[2] - 0.4)
        pose = looking((x, y, height), rng.uniform(-np.pi, np.pi), rng.normal(-0.12, 0.22),
                       rng.normal(0, 0.06))
        return CandidateView(kind='hand', pose=pose, nearest_m=0.25)

    def _robot(self, rng) -> CandidateView:
        x, y = free_place(rng, self._plans['robot'], 0.25)
        pose = looking((x, y, rng.uniform(0.12, 0.65)), rng.uniform(-np.pi, np.pi),
                       rng.normal(0.05, 0.12), rng.normal(0, 0.02))
        return CandidateView(kind='robot', pose=pose, nearest_m=0.15)

    def _ceiling(self, rng) -> CandidateView:
        """Below the ceiling, mostly near the walls, looking down into the room."""
        place = self._high[:2] * rng.choice((-1, 1), 2) * (1 - rng.beta(1, 3, 2)) * 0.95
        position = (*place, self._high[2] - rng.uniform(0.08, 0.45))
        target = (*(rng.uniform(-0.5, 0.5, 2) * self._high[:2]), rng.uniform(0, 1.0))
        return CandidateView(kind='ceiling', pose=towards(position, target, rng.normal(0, 0.04)),
                             nearest_m=0.3)

    def _near(self, rng) -> CandidateView:
        """Handheld, at arm's length from a table, a shelf, a wall or a small object."""
        for _ in range(50):
            face = rng.choice(len(self._triangles), p=self._weights)
            target = rng.dirichlet((1, 1, 1)) @ self._triangles[face]
            away = self._normals[face] + rng.normal(0, 0.45, 3) + (0, 0, 0.25)
            distance_m = np.exp(rng.uniform(*np.log(NEAR_M)))
            position = target + distance_m * away / np.linalg.norm(away)
            if self._inside(position, 0.3):
                break
        roll = rng.normal(0, 0.08 if rng.random() < 0.9 else 0.5)
        return CandidateView(kind='near', pose=towards(position, target, roll), nearest_m=0.12,
                             target_m=distance_m, plain=bool(rng.random() < 0.15))

    def _table(self, rng) -> CandidateView:
        """Handheld or on a robot's arm, at the top of a table, desk, counter or shelf."""
        if not self._tops.any():
            return self._near(rng)
        for _ in range(50):
            face = rng.choice(len(self._triangles), p=self._tops)
            target = rng.dirichlet((1, 1, 1)) @ self._triangles[face]
            turn, rise = rng.uniform(-np.pi, np.pi), np.radians(rng.uniform(3, 55))
            away = np.array([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn),
                             np.sin(rise)])
            position = target + np.exp(rng.uniform(*np.log(TABLE_M))) * away
            if self._inside(position, 0.1):
                break
        # Aim at the objects on the top rather than at the top itself.
        aim = target + (0, 0, rng.uniform(-0.1, 0.25))
        roll = rng.normal(0, 0.08)
        if rng.random() < 0.15:
            roll += rng.choice((-1, 1)) * np.pi / 2
        return CandidateView(kind='table', pose=towards(position, aim, roll), nearest_m=0.15)

    def _inside(self, position: np.ndarray, height_m: float) -> bool:
        """Whether a camera (3,) m is that high above the floor and clear of walls and ceiling."""
        return bool((position > self._low + (0.1, 0.1, height_m)).all()
                    and (position < self._high - 0.1).all())


def _faces(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals (N, 3) and twice the areas (N,) m^2 of triangles (N, 3, 3) m."""
    across = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    double_area = np.maximum(np.linalg.norm(across, axis=1), 1e-12)
    return across / double_area[:, None], double_area


def _interest(normals: np.ndarray, double_area: np.ndarray, middle_z: np.ndarray) -> np.ndarray:
    """Weights (N,) of triangles as targets of close views; sum 1."""
    # Small objects count more than their area; floor, ceiling and undersides not at all.
    weights = np.minimum(np.sqrt(double_area), 0.1) * ((middle_z > 0.2) & (middle_z < 2.0))
    weights *= np.where(normals[:, 2] < -0.5, 0.0, 1.0)
    return weights / weights.sum()


def _tops(normals: np.ndarray, double_area: np.ndarray, middle_z: np.ndarray) -> np.ndarray:
    """Weights (N,) of triangles as tops of tables and the like; sum 1, or all 0."""
    top = ((normals[:, 2] > 0.99) & (double_area > 2 * TOP_M2) & (middle_z > 0.35)
           & (middle_z < 1.3))
    weights = np.where(top, double_area, 0.0)
    return weights / max(weights.sum(), TOP_M2)
