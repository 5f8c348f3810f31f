"""Where furniture goes: along the walls, clear of door and windows, and about the room."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.room import fitted_furniture as fitted
from mono_depth_ros.simulation.room import furniture
from mono_depth_ros.simulation.room.clutter import floor_thing
from mono_depth_ros.simulation.room.room_kinds import random_piece, RoomKind
from mono_depth_ros.simulation.room.shell import Opening, Wall
from mono_depth_ros.simulation.scene.mesh import quad
from mono_depth_ros.simulation.scene.style import Style
from mono_depth_ros.simulation.textures import indoor as textures


def along_walls(style: Style, walls, kind: RoomKind) -> list[np.ndarray]:
    """Put furniture along the walls; returns the taken floor rectangles (x0, y0, x1, y1)."""
    taken = [_door_way(wall, wall.door) for wall in walls if wall.door]
    for index in style.rng.permutation(4):
        wall = walls[index]
        x = -wall.length / 2 + 0.05
        for _ in range(12):
            item, width, depth, tall = random_piece(style, kind)
            place = x + width / 2
            if place + width / 2 > wall.length / 2 - 0.05:
                x += 0.3
                continue
            spot = _footprint(wall, place, width, depth)
            blocked = tall and wall.window and (wall.window[0] - 0.3 < place + width / 2
                                                and place - width / 2 < wall.window[1] + 0.3)
            if blocked or any(_overlap(spot, other) for other in taken):
                x += 0.35
                continue
            wall.place(style.scene, item(), place, depth / 2 + 0.03 + 0.1 * bool(wall.window))
            taken.append(spot)
            x += width + style.rng.uniform(0.05, 0.5)
    return taken


def _footprint(wall: Wall, x: float, width: float, depth: float) -> np.ndarray:
    c, s = math.cos(wall.yaw), math.sin(wall.yaw)
    ends = np.array([(x - width / 2, wall.reach), (x + width / 2, wall.reach - depth - 0.13)])
    turned = ends @ np.array([[c, s], [-s, c]])
    return np.concatenate([turned.min(0), turned.max(0)])


def _door_way(wall: Wall, door: Opening) -> np.ndarray:
    middle = (door[0] + door[1]) / 2
    return _footprint(wall, middle, 1.0, 0.9)


def _overlap(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a[:2] < b[2:]).all() and (b[:2] < a[2:]).all())


def fill_middle(style: Style, size, taken, kind: RoomKind) -> None:
    """Tables, desks or racks where the floor is free, and what lies about on it."""
    names, weights = list(kind.middle), np.array(list(kind.middle.values()))
    for _ in range(max(1, int(size[0] * size[1] / 14)) if names else 0):
        name = names[style.rng.choice(len(names), p=weights / weights.sum())]
        _middle_piece(style, size, taken, name)
    for _ in range(style.rng.poisson(kind.litter * size[0] * size[1])):
        spot = _free_spot(style, size, taken, 0.3, 10)
        if spot is not None:
            style.scene.place(floor_thing(style), spot[0], spot[1], style.rng.uniform(0, 6.28))


def _middle_piece(style: Style, size, taken, name: str) -> None:
    rng = style.rng
    length, depth = rng.uniform((0.9, 0.7), (1.6, 0.95))
    turn = rng.choice([0.0, math.pi / 2]) + rng.uniform(-0.08, 0.08)
    reach = max(length, depth) / 2 + (0.05 if name == 'coffee' else 0.45)
    spot = _free_spot(style, size, taken, reach)
    if spot is None:
        return
    x, y = spot
    if name == 'dining':
        _dining(style, x, y, turn, length, depth)
    elif name == 'desks':
        _desks(style, x, y, turn)
    elif name == 'coffee':
        style.scene.place(furniture.table(style, length, depth, 0.45), x, y, turn)
    else:
        item = (fitted.rack(style, 1.3, rng.uniform(1.2, 2.0)) if name == 'racks' else
                furniture.table(style, 1.5, 0.8, 0.88, 5))
        style.scene.place(item, x, y, turn)
    if name in ('dining', 'coffee') and rng.random() < 0.7:
        rug = style.scene.texture(textures.rug(rng), 1.0, specular=0.0)
        wide, deep = length + rng.uniform(0.5, 1.2), depth + rng.uniform(0.5, 1.0)
        mesh = quad((-wide / 2, deep / 2, 0.008), (wide, 0, 0), (0, -deep, 0), (4, 4), fit=True)
        style.scene.place([(mesh, rug)], x, y, turn)


def _free_spot(style: Style, size, taken, reach: float,
               tries: int = 30) -> tuple[float, float] | None:
    """Middle (x, y) of a free square of floor that reaches so far, now taken; None if none is."""
    for _ in range(tries):
        x, y = style.rng.uniform(-0.5, 0.5, 2) * (size[:2] - 2 * reach)
        spot = np.array([x - reach, y - reach, x + reach, y + reach])
        if not any(_overlap(spot, other) for other in taken):
            taken.append(spot)
            return x, y
    return None


def _desks(style: Style, x: float, y: float, turn: float) -> None:
    """A desk with its chair, standing free."""
    c, s = math.cos(turn), math.sin(turn)
    style.scene.place(furniture.desk(style), x - s * 0.2, y + c * 0.2, turn)
    style.scene.place(fitted.office_chair(style), x + s * 0.45, y - c * 0.45,
                      turn + math.pi + style.rng.uniform(-0.5, 0.5))


def _dining(style: Style, x: float, y: float, turn: float, length: float, depth: float) -> None:
    style.scene.place(furniture.table(style, length, depth, 0.75), x, y, turn)
    c, s = math.cos(turn), math.sin(turn)
    maker = style.rng.bit_generator.state
    for side in (-1, 1):
        for along in ((-0.25, 0.25) if length > 1.2 else (0.0,)):
            now = style.rng.bit_generator.state
            style.rng.bit_generator.state = maker  # the chairs of a set are alike
            item = furniture.chair(style)
            style.rng.bit_generator.state = now
            dx, dy = along * length, side * (depth / 2 + style.rng.uniform(0.0, 0.2))
            style.scene.place(item, x + c * dx - s * dy, y + s * dx + c * dy,
                              turn + (0.0 if side > 0 else math.pi) + style.rng.uniform(-0.3, 0.3))
