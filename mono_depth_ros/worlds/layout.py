"""Where furniture goes: along the walls, clear of door and windows, and in the middle."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.worlds import furniture, textures
from mono_depth_ros.worlds.clutter import basket, carton
from mono_depth_ros.worlds.mesh import quad
from mono_depth_ros.worlds.shell import Opening, Wall
from mono_depth_ros.worlds.style import Style


def along_walls(style: Style, walls) -> list[np.ndarray]:
    """Put furniture along the walls; returns the taken floor rectangles (x0, y0, x1, y1)."""
    taken = [_door_way(wall, wall.door) for wall in walls if wall.door]
    for index in style.rng.permutation(4):
        wall = walls[index]
        x = -wall.length / 2 + 0.05
        for _ in range(12):
            item, width, depth, tall = _choose(style)
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


def _choose(style: Style):
    """(maker, width, depth, tall) of one piece for a wall; made only when it has found a place."""
    rng = style.rng
    wide, high = rng.uniform(0.7, 1.4), rng.uniform(1.5, 2.1)
    seats = int(rng.integers(2, 4))
    broad = rng.uniform(0.95, 1.6)
    choices = (
        (lambda: furniture.bookcase(style, wide, high), wide, 0.32, True),
        (lambda: furniture.bookcase(style, wide, 0.9), wide, 0.32, False),
        (lambda: furniture.sofa(style, seats), 0.62 * seats + 0.4, 0.9, False),
        (lambda: furniture.sofa(style, 1), 1.05, 0.9, False),
        (lambda: furniture.cabinet(style, wide, high, 0.55, 0), wide, 0.6, True),
        (lambda: furniture.cabinet(style, wide, 0.8, 0.42), wide, 0.45, False),
        (lambda: furniture.television(style), 1.65, 0.45, False),
        (lambda: furniture.desk(style), 1.65, 0.7, False),
        (lambda: furniture.bed(style, broad), broad + 0.15, 2.15, False),
        (lambda: furniture.floor_lamp(style), 0.45, 0.45, False),
        (lambda: furniture.plant(style, rng.uniform(0.8, 1.5)), 0.6, 0.6, False),
        (lambda: furniture.chair(style), 0.5, 0.5, False),
        (lambda: carton(style), 0.6, 0.5, False),
        (lambda: basket(style), 0.45, 0.45, False))
    likely = np.array([3, 2, 3, 2, 2, 2, 2, 2, 1, 1, 2, 1, 1, 1.0])
    return choices[rng.choice(len(choices), p=likely / likely.sum())]


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


def centre_piece(style: Style, size, taken) -> None:
    """A dining table with chairs or a coffee table on a rug, where the floor is free."""
    rng = style.rng
    dining = rng.random() < 0.5
    length, depth = rng.uniform((0.9, 0.7), (1.6, 0.95))
    turn = rng.choice([0.0, math.pi / 2]) + rng.uniform(-0.08, 0.08)
    reach = max(length, depth) / 2 + (0.45 if dining else 0.05)
    for _ in range(30):
        x, y = rng.uniform(-0.5, 0.5, 2) * (size[:2] - 2 * reach)
        spot = np.array([x - reach, y - reach, x + reach, y + reach])
        if not any(_overlap(spot, other) for other in taken):
            break
    else:
        return
    if dining:
        _dining(style, x, y, turn, length, depth)
    else:
        style.scene.place(furniture.table(style, length, depth, 0.45), x, y, turn)
    if rng.random() < 0.7:
        rug = style.scene.texture(textures.rug(rng), 1.0, specular=0.0)
        wide, deep = length + rng.uniform(0.5, 1.2), depth + rng.uniform(0.5, 1.0)
        mesh = quad((-wide / 2, deep / 2, 0.008), (wide, 0, 0), (0, -deep, 0), (4, 4), fit=True)
        style.scene.place([(mesh, rug)], x, y, turn)


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
