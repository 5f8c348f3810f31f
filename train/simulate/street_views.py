"""Camera poses in a simulated street: on a car, on a robot, handheld, on a lamp post."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.scene.camera_path import floor_plan
from mono_depth_ros.simulation.scene.world import looking, World
from mono_depth_ros.simulation.street.street import LANE_M
from train.simulate.views import CandidateView, free_place

KINDS = ('drive', 'robot', 'hand', 'above')
SHARES = (0.46, 0.26, 0.20, 0.08)


class StreetViews:
    """Draws views of one street at random; not every one is useful: `CandidateView.quality`."""

    def __init__(self, world: World):
        low, high = world.bounds
        self._reach = high[0] - 4
        near = (np.abs(world.triangles[..., 1]) < high[1] + 0.5).all(1)
        self._plan = floor_plan((low[0] + 3, high[0] - 3), (low[1], high[1]),
                                world.triangles[near], (0.2, 2.0))

    def view(self, rng: np.random.Generator) -> CandidateView:
        """A view of one of KINDS at random."""
        kind = str(rng.choice(KINDS, p=SHARES))
        return {'drive': self._drive, 'robot': self._robot, 'hand': self._hand,
                'above': self._above}[kind](rng)

    def _drive(self, rng) -> CandidateView:
        side = rng.choice((-1, 1))
        place = (rng.uniform(-1, 1) * self._reach, side * LANE_M / 2 + rng.normal(0, 0.35),
                 rng.uniform(1.1, 2.0))
        ahead = 0.0 if side < 0 else math.pi
        turn = rng.normal(0, 0.1) if rng.random() < 0.7 else rng.uniform(-1.3, 1.3)
        pose = looking(place, ahead + turn, rng.normal(-0.03, 0.05), rng.normal(0, 0.02))
        return CandidateView(kind='drive', pose=pose, nearest_m=0.6)

    def _robot(self, rng) -> CandidateView:
        turn = rng.normal(0, 0.5) + rng.choice((0, math.pi))
        pose = looking((*free_place(rng, self._plan, 0.4), rng.uniform(0.3, 1.0)), turn,
                       rng.normal(0.02, 0.1), rng.normal(0, 0.03))
        return CandidateView(kind='robot', pose=pose, nearest_m=0.4)

    def _hand(self, rng) -> CandidateView:
        pose = looking((*free_place(rng, self._plan, 0.5), rng.uniform(1.35, 1.85)),
                       rng.uniform(-math.pi, math.pi), rng.normal(0, 0.12), rng.normal(0, 0.05))
        return CandidateView(kind='hand', pose=pose, nearest_m=0.5)

    def _above(self, rng) -> CandidateView:
        place = (rng.uniform(-1, 1) * self._reach, rng.uniform(-1, 1) * LANE_M,
                 rng.uniform(3.0, 6.5))
        turn = rng.normal(0, 0.4) + rng.choice((0, math.pi))
        pose = looking(place, turn, -rng.uniform(0.1, 0.7), rng.normal(0, 0.03))
        return CandidateView(kind='above', pose=pose, nearest_m=0.8)
