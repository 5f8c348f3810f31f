"""The simulated worlds by name, and how to build one.

A world is built by makers, functions that draw from one random generator, and rendered by MuJoCo
(`rendering/renderer.py`). The same seed gives the same world. To add

- an object: write `def NAME(materials: Materials) -> Parts` in `room/desk_objects.py`,
  `household_objects.py` or `floor_objects.py`: meshes of `scene/mesh.py`, each with one of the
  `materials`, standing on z = 0 around the origin. Name it in a tuple of
  `room/random_objects.py`, which says where it may lie;
- a piece of furniture: the same in `room/furniture.py` or `built_in_furniture.py`, its front to
  -y; name it with its width and depth in `_piece` of `room/room_kinds.py` and in the
  `along_walls` of the rooms that have it;
- a kind of room: one more `RoomKind` in `room/room_kinds.py`: its size, furniture and share;
- a street object or vehicle: `street/street_objects.py` or `vehicles.py`, and in the makers of
  `_add_pavement_objects`, `_add_traffic` or `street_sides.py`;
- a texture: `def NAME(rng, ...) -> image (H, W, 3) uint8` in `textures/`, used as
  `scene.textured(image, metres)`. Floors and walls choose theirs from FLOORS, WALLS and TILED of
  `room/room_kinds.py`, all other objects from `scene/materials.py`;
- a world: `def build_NAME(rng, walk) -> World` in a folder beside `room/` and `street/`, and its
  name below. Views for training sets are in `train/simulate/`.

Any of these changes what a seed draws: raise GENERATION in `train/simulate/simulated_set.py`, and
write the record in `test/record/` anew, as docs/testing.md says.
"""

from __future__ import annotations

import numpy as np

from mono_depth_ros.simulation.room.room import build_room
from mono_depth_ros.simulation.scene.world import World
from mono_depth_ros.simulation.street.street import build_street

BUILDERS = {'room': build_room, 'street': build_street}
WORLDS = tuple(BUILDERS)


def build_world(name: str, rng: np.random.Generator, walk: bool = True) -> World:
    """The world `name` (one of WORLDS) as `rng` decides; the same rng state, the same world.

    With `walk` a world with a camera path, for the demo; else one of any size and light without
    a path, for training sets. Raises ValueError for an unknown name, OSError where no OpenGL
    library is found.
    """
    if name not in BUILDERS:
        raise ValueError(f'unknown world {name!r}; known worlds: {", ".join(WORLDS)}')
    return BUILDERS[name](rng, walk)
