"""A furnished room with windows and a door, and a walk through it."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.room import shell
from mono_depth_ros.simulation.room.fitted_furniture import on_wall
from mono_depth_ros.simulation.room.layout import along_walls, fill_middle
from mono_depth_ros.simulation.room.room_kinds import (
    FLOORS,
    random_kind,
    RoomKind,
    TILED,
    USUAL,
    WALLS,
)
from mono_depth_ros.simulation.room.room_light import FAR_M, light_room, NEAR_M, random_light
from mono_depth_ros.simulation.room.shell import Wall
from mono_depth_ros.simulation.scene.camera_path import floor_plan, Path, stroll
from mono_depth_ros.simulation.scene.gl import load_mujoco
from mono_depth_ros.simulation.scene.mesh import box, cylinder, join, quad, rounded
from mono_depth_ros.simulation.scene.scene import add_texture, Scene
from mono_depth_ros.simulation.scene.style import new_style, Style
from mono_depth_ros.simulation.scene.world import World
from mono_depth_ros.simulation.textures import indoor as textures
from mono_depth_ros.simulation.textures.sky import sky


def build_room(rng: np.random.Generator, walk: bool = True, tries: int = 8) -> World:
    """A furnished room as `rng` decides; the same rng state gives the same room.

    With `walk` of a usual size and with a path through it; else of any size and without.
    Raises OSError where no OpenGL library is found.
    """
    for _ in range(tries):
        style, walls, size = _furnished(rng, USUAL if walk else random_kind(rng))
        try:
            path = _path(rng, style, size) if walk else None
        except ValueError:
            continue  # furnished too full to walk through: furnish another
        return _compiled(rng, style, walls, size, path)
    raise RuntimeError(f'{tries} rooms in a row were too full to walk through')


def _furnished(rng, room: RoomKind):
    """Style of a scene without floor and lights yet, walls, and size (x, y, z) in metres."""
    size = rng.uniform(room.smallest, room.largest)
    style = new_style(rng, Scene())
    walls = _walls(rng, size)
    tile, metres = _covering(rng, TILED if room.tiled and rng.random() < 0.6 else WALLS)
    for wall in walls:
        shell.add_wall(style, wall, tile, metres)
        _fit_out(style, wall)
    shell.add_ceiling(style, size[:2], size[2])
    taken = along_walls(style, walls, room)
    fill_middle(style, size, taken, room)
    _ceiling_lamp(style, size)
    return style, walls, size


def _covering(rng, choices) -> tuple[np.ndarray, float]:
    """A tile of wall or floor in its usual colour, or any, and its metres."""
    make, colour, metres = choices[rng.integers(len(choices))]
    if rng.random() < 0.25:
        colour = textures.any_colour(rng, 110, 240)
    return make(rng, textures.tinted(rng, colour, 0.06)), metres * rng.uniform(0.8, 1.25)


def _walls(rng, size) -> list[Wall]:
    """Four walls; the first has the big window, one other the door, maybe one a second window."""
    door_wall = int(rng.integers(1, 4))
    second = int(rng.integers(1, 4))
    walls = []
    for k in range(4):
        length, reach = (size[0], size[1] / 2) if k % 2 == 0 else (size[1], size[0] / 2)
        opening = door = None
        if k == 0 or (k == second != door_wall and rng.random() < 0.6):
            wide = rng.uniform(min(1.2, length - 1.7), min(2.4, length - 1.6))
            x = rng.uniform(-0.25, 0.25) * (length - wide)
            opening = (x - wide / 2, x + wide / 2, 0.9, rng.uniform(2.05, 2.25))
        if k == door_wall:
            x = rng.choice([-1, 1]) * (length / 2 - 0.75)
            door = (x - 0.43, x + 0.43, 0.0, 2.03)
        walls.append(Wall(length=length, reach=reach, yaw=-k * math.pi / 2, height=size[2],
                          window=opening, door=door))
    return walls


def _fit_out(style: Style, wall: Wall) -> None:
    if wall.window:
        wall.place(style.scene, shell.window(style, wall.window), 0.0)
    if wall.door:
        wall.place(style.scene, shell.door(style, wall.door), 0.0)
    else:
        _pictures(style, wall)


def _pictures(style: Style, wall: Wall) -> None:
    for x in np.linspace(-0.35, 0.35, 3) * wall.length:
        width, height = style.rng.uniform((0.35, 0.3), (0.95, 0.7))
        low = wall.window and wall.window[0] - 0.6 < x < wall.window[1] + 0.6
        if low or style.rng.random() < 0.35:
            continue
        if style.rng.random() < 0.4:
            item, _, high = on_wall(style)
            wall.place(style.scene, item, x, 0.0, high)
            continue
        finish = style.scene.texture(textures.picture(style.rng), 1.0, specular=0.2)
        face = quad((-width / 2, -0.022, height / 2), (width, 0, 0), (0, 0, -height), fit=True)
        frame = box((width + 0.05, 0.03, height + 0.05))
        wall.place(style.scene, [(frame, style.wood()), (face, finish)], x, 0.015,
                   style.rng.uniform(1.45, 1.7))


def _ceiling_lamp(style: Style, size) -> None:
    lit = style.scene.colour((255, 248, 232), 'glow')
    style.scene.add(rounded((0.4, 0.4, 0.16), (0, 0, size[2] - 0.05), 1.0), lit)
    style.scene.add(cylinder(0.22, 0.02, (0, 0, size[2] - 0.012)), style.grey(200))


def _path(rng, style: Style, size) -> Path:
    """A walk at eye level: round the furniture, or over the low pieces where it is too full."""
    x, y = size[:2] / 2
    triangles = style.scene.triangles()
    height = rng.uniform(1.2, 1.6)
    for low, clear in ((0.2, 0.45), (0.85, 0.55)):
        plan = floor_plan((-x, x), (-y, y), triangles, (low, 2.0))
        try:
            return stroll(rng, plan, clear, height)
        except ValueError:
            if low > 0.5:
                raise
    raise AssertionError('unreachable')


def _compiled(rng, style: Style, walls, size, path: Path | None) -> World:
    x, y = size[:2] / 2
    triangles = style.scene.triangles()
    near = floor_plan((-x, x), (-y, y), triangles, (0.012, 0.35)).clearance
    shell.add_floor(style, size[:2], *_covering(rng, FLOORS), near)
    light = random_light(rng)
    _outside(style, walls[0])
    mujoco = load_mujoco()
    spec = mujoco.MjSpec()
    style.scene.fill(spec)
    add_texture(spec, 'sky', sky(rng, 'night' if light.night else 'day'), 'mjTEXTURE_SKYBOX')
    light_room(rng, spec, size, walls[0], light)
    return World(name='room', model=spec.compile(), path=path, near_m=NEAR_M, far_m=FAR_M,
                 triangles=triangles, bounds=np.array([(-x, -y, 0), (x, y, size[2])]))


def _outside(style: Style, wall: Wall) -> None:
    """What the windows look out on: a lawn one floor down, hedges, trees and a house."""
    lawn = style.scene.texture(textures.leaves(style.rng, (95, 125, 60)), 4.0, specular=0.0)
    style.scene.add(quad((-45, 45, -3), (90, 0, 0), (0, -90, 0)), lawn)
    for _ in range(14):
        turn, far = style.rng.uniform(0, 2 * math.pi), style.rng.uniform(11, 35)
        crown = style.rng.uniform(2.5, 5.5)
        tree = [(rounded((crown, crown, crown * 1.2), (0, 0, 0.2), 1.0), style.leaves),
                (cylinder(0.2, 3.0, (0, 0, -2.0)), style.wood())]
        style.scene.place(tree, far * math.cos(turn), far * math.sin(turn))
    house = style.scene.texture(textures.bricks(style.rng, (165, 110, 90)), 1.5)
    block = join([box((9, 6, 7), (0, 0, 0.5))])
    wall.place(style.scene, [(block, house)], style.rng.uniform(-8, 8), -24.0)
