"""A furnished room with windows and a door, and a walk through it."""

from __future__ import annotations

from contextlib import suppress
import math

import numpy as np

from mono_depth_ros.simulation.room import room_shell
from mono_depth_ros.simulation.room.layout import furnish_middle, furnish_walls
from mono_depth_ros.simulation.room.room_kinds import (
    DEMO_ROOM,
    FLOORS,
    random_kind,
    RoomKind,
    TILED,
    WALLS,
)
from mono_depth_ros.simulation.room.room_lighting import (
    add_room_lights,
    FAR_M,
    NEAR_M,
    random_light,
)
from mono_depth_ros.simulation.room.room_shell import Wall
from mono_depth_ros.simulation.room.wall_objects import hang_wall_objects
from mono_depth_ros.simulation.scene.camera_path import CameraPath, floor_plan, random_walk
from mono_depth_ros.simulation.scene.materials import Materials, random_materials
from mono_depth_ros.simulation.scene.mesh import box, cylinder, quad, rounded
from mono_depth_ros.simulation.scene.opengl import load_mujoco
from mono_depth_ros.simulation.scene.scene import add_texture, Scene
from mono_depth_ros.simulation.scene.world import World
from mono_depth_ros.simulation.textures import masonry, wood
from mono_depth_ros.simulation.textures.colours import any_colour, tinted
from mono_depth_ros.simulation.textures.sky import sky

# (lowest obstacle that counts m, distance kept from obstacles m): round the furniture, or, where
# the room is too full for that, over the low pieces.
WALKS = ((0.2, 0.45), (0.85, 0.55))


def build_room(rng: np.random.Generator, walk: bool = True, tries: int = 8) -> World:
    """A furnished room as `rng` decides; the same rng state gives the same room.

    With `walk` the room of the demo with a walk through it, else a room of any kind without.
    Raises OSError where no OpenGL library is found.
    """
    for _ in range(tries):
        materials, walls, size = _furnished(rng, DEMO_ROOM if walk else random_kind(rng))
        path = _walk(rng, materials, size) if walk else None
        if path or not walk:
            return _compiled(rng, materials, walls, size, path)
    raise RuntimeError(f'{tries} rooms in a row were too full to walk through')


def _furnished(rng, room: RoomKind):
    """Materials of a scene still without floor and lights, walls, and size (x, y, z) in metres."""
    size = rng.uniform(room.smallest, room.largest)
    materials = random_materials(rng, Scene())
    walls = _walls(rng, size)
    tile, metres = _covering(rng, TILED if room.tiled and rng.random() < 0.6 else WALLS)
    for wall in walls:
        room_shell.add_wall(materials, wall, tile, metres)
        _add_fittings(materials, wall)
    room_shell.add_ceiling(materials, size[:2], size[2])
    taken = furnish_walls(materials, walls, room)
    furnish_middle(materials, size, taken, room)
    _add_ceiling_lamp(materials, size)
    return materials, walls, size


def _covering(rng, choices) -> tuple[np.ndarray, float]:
    """A tile of wall or floor in its usual colour, or any, and its metres."""
    make, colour, metres = choices[rng.integers(len(choices))]
    if rng.random() < 0.25:
        colour = any_colour(rng, 110, 240)
    return make(rng, tinted(rng, colour, 0.06)), metres * rng.uniform(0.8, 1.25)


def _walls(rng, size) -> list[Wall]:
    """Four walls; the first has the big window, one other the door, maybe one a second window."""
    door_wall = int(rng.integers(1, 4))
    second = int(rng.integers(1, 4))
    walls = []
    for k in range(4):
        length, distance = (size[0], size[1] / 2) if k % 2 == 0 else (size[1], size[0] / 2)
        opening = door = None
        if k == 0 or (k == second != door_wall and rng.random() < 0.6):
            wide = rng.uniform(min(1.2, length - 1.7), min(2.4, length - 1.6))
            x = rng.uniform(-0.25, 0.25) * (length - wide)
            opening = (x - wide / 2, x + wide / 2, 0.9, rng.uniform(2.05, 2.25))
        if k == door_wall:
            x = rng.choice([-1, 1]) * (length / 2 - 0.75)
            door = (x - 0.43, x + 0.43, 0.0, 2.03)
        walls.append(Wall(length=length, distance=distance, yaw=-k * math.pi / 2, height=size[2],
                          window=opening, door=door))
    return walls


def _add_fittings(materials: Materials, wall: Wall) -> None:
    """The window and the door of a wall; where it has no door, what hangs on it."""
    if wall.window:
        wall.place(materials.scene, room_shell.window(materials, wall.window), 0.0)
    if wall.door:
        wall.place(materials.scene, room_shell.door(materials, wall.door), 0.0)
    else:
        hang_wall_objects(materials, wall)


def _add_ceiling_lamp(materials: Materials, size) -> None:
    lit = materials.scene.coloured((255, 248, 232), 'glow')
    materials.scene.add(rounded((0.4, 0.4, 0.16), (0, 0, size[2] - 0.05), 1.0), lit)
    materials.scene.add(cylinder(0.22, 0.02, (0, 0, size[2] - 0.012)), materials.grey(200))


def _walk(rng, materials: Materials, size) -> CameraPath | None:
    """A walk at eye level, None where the room is too full for one."""
    x, y = size[:2] / 2
    triangles = materials.scene.triangles()
    height = rng.uniform(1.2, 1.6)
    for lowest_m, clear_m in WALKS:
        plan = floor_plan((-x, x), (-y, y), triangles, (lowest_m, 2.0))
        with suppress(ValueError):
            return random_walk(rng, plan, clear_m, height)
    return None


def _compiled(rng, materials: Materials, walls, size, path: CameraPath | None) -> World:
    x, y = size[:2] / 2
    triangles = materials.scene.triangles()
    clearance = floor_plan((-x, x), (-y, y), triangles, (0.012, 0.35)).clearance
    room_shell.add_floor(materials, size[:2], *_covering(rng, FLOORS), clearance)
    light = random_light(rng)
    _add_outside(materials, walls[0])
    spec = load_mujoco().MjSpec()
    materials.scene.add_to(spec)
    add_texture(spec, 'sky', sky(rng, 'night' if light.night else 'day'), 'mjTEXTURE_SKYBOX')
    add_room_lights(rng, spec, size, walls[0], light)
    return World(name='room', model=spec.compile(), path=path, near_m=NEAR_M, far_m=FAR_M,
                 triangles=triangles, bounds=np.array([(-x, -y, 0), (x, y, size[2])]))


def _add_outside(materials: Materials, wall: Wall) -> None:
    """What is seen through the windows: a lawn one floor below, trees and a house."""
    rng, scene = materials.rng, materials.scene
    lawn = scene.textured(wood.leaves(rng, (95, 125, 60)), 4.0, specular=0.0)
    scene.add(quad((-45, 45, -3), (90, 0, 0), (0, -90, 0)), lawn)
    for _ in range(14):
        angle, distance = rng.uniform(0, 2 * math.pi), rng.uniform(11, 35)
        crown = rng.uniform(2.5, 5.5)
        tree = [(rounded((crown, crown, crown * 1.2), (0, 0, 0.2), 1.0), materials.leaves),
                (cylinder(0.2, 3.0, (0, 0, -2.0)), materials.wood())]
        scene.place(tree, distance * math.cos(angle), distance * math.sin(angle))
    bricks = scene.textured(masonry.bricks(rng, (165, 110, 90)), 1.5)
    wall.place(scene, [(box((9, 6, 7), (0, 0, 0.5)), bricks)], rng.uniform(-8, 8), -24.0)
