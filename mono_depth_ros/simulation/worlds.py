"""The simulated worlds by name, and how to build one."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.simulation.room.room import build_room
from mono_depth_ros.simulation.scene.world import World
from mono_depth_ros.simulation.street.street import build_street

WORLDS = ('room', 'street')


def build_world(name: str, rng: np.random.Generator, walk: bool = True) -> World:
    """The world `name` (one of WORLDS), furnished as `rng` decides; the same rng state, the same
    world. Not `walk`: of any size and light, and without a path through it.
    Raises ValueError for an unknown name, OSError where no OpenGL library is found.
    """
    if name not in WORLDS:
        raise ValueError(f'unknown world {name!r}; known worlds: {", ".join(WORLDS)}')
    build = build_room if name == 'room' else build_street
    return build(rng, walk)
