"""Where furniture stands: along the walls, clear of door and windows, and in the middle."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.room import built_in_furniture as built_in
from mono_depth_ros.simulation.room import furniture
from mono_depth_ros.simulation.room.random_objects import FLOOR_OBJECTS, random_object
from mono_depth_ros.simulation.room.room_kinds import random_piece, RoomKind
from mono_depth_ros.simulation.room.room_shell import Opening, Wall
from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import quad
from mono_depth_ros.simulation.textures import cloth


def furnish_walls(materials: Materials, walls, kind: RoomKind) -> list[np.ndarray]:
    """Put furniture along the walls; returns the taken floor rectangles (x0, y0, x1, y1)."""
    taken = [_door_way(wall, wall.door) for wall in walls if wall.door]
    for index in materials.rng.permutation(4):
        _furnish_wall(materials, walls[index], kind, taken)
    return taken


def _furnish_wall(materials: Materials, wall: Wall, kind: RoomKind,
                  taken: list[np.ndarray]) -> None:
    """Try a dozen pieces from left to right; what does not fit is left out."""
    left = -wall.length / 2 + 0.05
    for _ in range(12):
        make, width, depth, tall = random_piece(materials, kind)
        x = left + width / 2
        if x + width / 2 > wall.length / 2 - 0.05:
            left += 0.3
            continue
        rectangle = _footprint(wall, x, width, depth)
        hides_window = tall and wall.window and (wall.window[0] - 0.3 < x + width / 2
                                                 and x - width / 2 < wall.window[1] + 0.3)
        if hides_window or any(_overlap(rectangle, other) for other in taken):
            left += 0.35
            continue
        wall.place(materials.scene, make(materials), x, depth / 2 + 0.03 + 0.1 * bool(wall.window))
        taken.append(rectangle)
        left += width + materials.rng.uniform(0.05, 0.5)


def _footprint(wall: Wall, x: float, width: float, depth: float) -> np.ndarray:
    c, s = math.cos(wall.yaw), math.sin(wall.yaw)
    ends = np.array([(x - width / 2, wall.distance),
                     (x + width / 2, wall.distance - depth - 0.13)])
    turned = ends @ np.array([[c, s], [-s, c]])
    return np.concatenate([turned.min(0), turned.max(0)])


def _door_way(wall: Wall, door: Opening) -> np.ndarray:
    return _footprint(wall, (door[0] + door[1]) / 2, 1.0, 0.9)


def _overlap(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a[:2] < b[2:]).all() and (b[:2] < a[2:]).all())


def furnish_middle(materials: Materials, size, taken: list[np.ndarray], kind: RoomKind) -> None:
    """Put tables, desks or racks where the floor is free, and small objects on it."""
    rng = materials.rng
    names, weights = list(kind.middle), np.array(list(kind.middle.values()))
    for _ in range(max(1, int(size[0] * size[1] / 14)) if names else 0):
        name = names[rng.choice(len(names), p=weights / weights.sum())]
        _place_in_middle(materials, size, taken, name)
    for _ in range(rng.poisson(kind.floor_objects_per_m2 * size[0] * size[1])):
        spot = _free_spot(rng, size, taken, 0.3, 10)
        if spot is not None:
            materials.scene.place(random_object(materials, FLOOR_OBJECTS), *spot,
                                  rng.uniform(0, 6.28))


def _place_in_middle(materials: Materials, size, taken: list[np.ndarray], name: str) -> None:
    rng, scene = materials.rng, materials.scene
    length, depth = rng.uniform((0.9, 0.7), (1.6, 0.95))
    yaw = rng.choice([0.0, math.pi / 2]) + rng.uniform(-0.08, 0.08)
    reach = max(length, depth) / 2 + (0.05 if name == 'coffee table' else 0.45)
    spot = _free_spot(rng, size, taken, reach)
    if spot is None:
        return
    if name == 'dining table':
        _place_dining_table(materials, *spot, yaw, length, depth)
    elif name == 'coffee table':
        scene.place(furniture.table(materials, length, depth, 0.45), *spot, yaw)
    elif name == 'desk':
        _place_desk(materials, *spot, yaw)
    elif name == 'rack':
        scene.place(built_in.rack(materials, 1.3, rng.uniform(1.2, 2.0)), *spot, yaw)
    elif name == 'workbench':
        scene.place(furniture.table(materials, 1.5, 0.8, 0.88, 5), *spot, yaw)
    else:
        raise ValueError(f'no furniture for the middle of a room is called {name!r}')
    if name in ('dining table', 'coffee table') and rng.random() < 0.7:
        rug = scene.textured(cloth.rug(rng), 1.0, specular=0.0)
        wide, deep = length + rng.uniform(0.5, 1.2), depth + rng.uniform(0.5, 1.0)
        mesh = quad((-wide / 2, deep / 2, 0.008), (wide, 0, 0), (0, -deep, 0), (4, 4), fit=True)
        scene.place([(mesh, rug)], *spot, yaw)


def _free_spot(rng, size, taken: list[np.ndarray], reach: float,
               tries: int = 30) -> tuple[float, float] | None:
    """Middle (x, y) of a free square of floor of half width `reach`, which is then taken; None
    where none is found.
    """
    for _ in range(tries):
        x, y = rng.uniform(-0.5, 0.5, 2) * (size[:2] - 2 * reach)
        square = np.array([x - reach, y - reach, x + reach, y + reach])
        if not any(_overlap(square, other) for other in taken):
            taken.append(square)
            return x, y
    return None


def _place_desk(materials: Materials, x: float, y: float, yaw: float) -> None:
    """A desk with its chair."""
    c, s = math.cos(yaw), math.sin(yaw)
    materials.scene.place(furniture.desk(materials), x - s * 0.2, y + c * 0.2, yaw)
    materials.scene.place(furniture.office_chair(materials), x + s * 0.45, y - c * 0.45,
                          yaw + math.pi + materials.rng.uniform(-0.5, 0.5))


def _place_dining_table(materials: Materials, x: float, y: float, yaw: float, length: float,
                        depth: float) -> None:
    """A table with chairs on two sides."""
    rng, scene = materials.rng, materials.scene
    scene.place(furniture.table(materials, length, depth, 0.75), x, y, yaw)
    c, s = math.cos(yaw), math.sin(yaw)
    state_of_chair = rng.bit_generator.state
    for side in (-1, 1):
        for along in ((-0.25, 0.25) if length > 1.2 else (0.0,)):
            state = rng.bit_generator.state
            rng.bit_generator.state = state_of_chair  # every chair the same
            chair = furniture.chair(materials)
            rng.bit_generator.state = state
            dx, dy = along * length, side * (depth / 2 + rng.uniform(0.0, 0.2))
            scene.place(chair, x + c * dx - s * dy, y + s * dx + c * dy,
                        yaw + (0.0 if side > 0 else math.pi) + rng.uniform(-0.3, 0.3))
