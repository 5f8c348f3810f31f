"""Kitchens, offices, workshops, bathrooms: items standing on z = 0, front to -y, back near +y."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.room.clutter import carton, clutter, floor_thing
from mono_depth_ros.simulation.room.furniture import on_top, table
from mono_depth_ros.simulation.room.table_objects import box_of_tools, can, pan, plate
from mono_depth_ros.simulation.scene.mesh import box, cylinder, join, lathe, quad, rounded
from mono_depth_ros.simulation.scene.style import Style
from mono_depth_ros.simulation.textures import indoor as textures
from mono_depth_ros.simulation.textures import prints, stone


def counter(style: Style, width: float) -> list:
    """Kitchen counter with stove or sink, splash tiles and cupboards above."""
    rng = style.rng
    front, depth = (style.wood() if rng.random() < 0.5 else style.paint('gloss')), 0.6
    doors = [box((0.56, 0.02, 0.72), (x, -depth / 2 - 0.01, 0.49))
             for x in np.arange(0.3 - width / 2, width / 2 - 0.2, 0.58)]
    handles = [box((0.14, 0.025, 0.015), (x, -depth / 2 - 0.03, 0.78))
               for x in np.arange(0.3 - width / 2, width / 2 - 0.2, 0.58)]
    top = box((width, depth + 0.04, 0.04), (0, -0.01, 0.88))
    splash = quad((-width / 2, depth / 2 - 0.01, 1.45), (width, 0, 0), (0, 0, -0.55))
    colour = textures.tinted(rng, textures.any_colour(rng, 150, 240))
    tiles = style.scene.texture(stone.brick_tiles(rng, colour), 0.6, specular=0.4)
    plinth = box((width, depth - 0.1, 0.1), (0, 0.04, 0.05))
    items = [(box((width, depth - 0.02, 0.78), (0, 0, 0.47)), front), (join(doors), front),
             (plinth, style.grey(60)),
             (join(handles), style.grey(170)), (top, _worktop(style)), (splash, tiles)]
    makers = (pan, can, plate, clutter, clutter)
    items += on_top(style, width, depth * 0.7, 0.9, round(width * 2.5),
                    lambda s: makers[s.rng.integers(len(makers))](s))
    return items + _hob(style, width) + (_hung(style, width, front) if rng.random() < 0.7 else [])


def _worktop(style: Style):
    kind = (stone.marble, stone.terrazzo, stone.concrete, textures.wood)[style.rng.integers(4)]
    colour = textures.tinted(style.rng, (200, 190, 180)) * style.rng.choice([0.3, 0.7, 1.0])
    return style.scene.texture(kind(style.rng, colour), 0.8, specular=0.3)


def _hob(style: Style, width: float) -> list:
    x = style.rng.uniform(-0.3, 0.3) * width
    plate_black = box((0.56, 0.5, 0.008), (x, 0, 0.904))
    rings = [cylinder(r, 0.006, (x + dx, dy, 0.908)) for dx, dy, r in (
        (-0.14, -0.12, 0.09), (0.14, -0.12, 0.07), (-0.14, 0.12, 0.07), (0.14, 0.12, 0.09))]
    return [(plate_black, style.grey(25)), (join(rings), style.grey(60))]


def _hung(style: Style, width: float, front) -> list:
    boxes = [box((0.57, 0.34, 0.66), (x, 0.13, 1.8))
             for x in np.arange(0.3 - width / 2, width / 2 - 0.2, 0.58)
             if style.rng.random() < 0.8]
    return [(join(boxes), front)] if boxes else []


def fridge(style: Style) -> list:
    """A fridge of 0.85 to 2 m, with notes on it."""
    high = style.rng.choice([0.85, 1.5, 1.8, 2.0])
    split = high * 0.65
    doors = [box((0.58, 0.04, split - 0.02), (0, -0.3, split / 2)),
             box((0.58, 0.04, high - split - 0.02), (0, -0.3, (high + split) / 2))]
    grips = [box((0.02, 0.03, 0.3), (0.24, -0.34, z)) for z in (split - 0.25, split + 0.12)]
    notes = [(quad((x, -0.322, z), (0.1, 0, 0), (0, 0, -0.14), fit=True), style.paper())
             for x, z in style.rng.uniform((-0.25, 0.4), (0.1, high - 0.1), (3, 2))]
    shell = style.grey(style.rng.choice([60, 170, 235]))
    return [(join([box((0.6, 0.6, high), (0, 0.01, high / 2)), *doors]), shell),
            (join(grips), style.grey(120))] + notes


def washer(style: Style) -> list:
    """A washing machine."""
    ring = lathe([(0, 0), (0.2, 0), (0.17, 0.03), (0, 0.03)], 24).turned(
        np.array([[1, 0, 0], [0, 0, -1.0], [0, 1, 0]])).moved(0, -0.3, 0.45)
    return [(box((0.6, 0.58, 0.85), (0, 0, 0.425)), style.grey(235)),
            (join([ring, box((0.5, 0.01, 0.09), (0, -0.295, 0.77))]), style.grey(90))]


def rack(style: Style, width: float, height: float) -> list:
    """Open metal shelves with cartons, tools and tins."""
    depth = 0.45
    levels = np.linspace(0.1, height - 0.03, max(2, round(height / 0.5)))
    boards = [box((width, depth, 0.025), (0, 0, z)) for z in levels]
    posts = [box((0.035, 0.035, height), (x, y, height / 2)) for x in (-width / 2, width / 2)
             for y in (-depth / 2, depth / 2)]
    items = [(join(posts), style.grey(style.rng.choice([70, 140]))),
             (join(boards), style.wood() if style.rng.random() < 0.4 else style.grey(120))]
    makers = (carton, carton, box_of_tools, clutter, can)
    for z in levels[:-1]:
        things = on_top(style, width, 0.2, z + 0.013, round(width * 1.8),
                        lambda s: makers[s.rng.integers(len(makers))](s))
        items += [(mesh, finish) for mesh, finish in things
                  if mesh.points[..., 2].max() < z + (levels[1] - levels[0]) - 0.02]
    return items


def office_chair(style: Style) -> list:
    """A swivel chair on five legs."""
    seat = style.rng.uniform(0.42, 0.52)
    legs = [box((0.3, 0.05, 0.04), (0.15, 0, 0.07)).moved(yaw=k * 2 * math.pi / 5)
            for k in range(5)]
    frame = [*legs, cylinder(0.03, seat, (0, 0, seat / 2)),
             box((0.06, 0.03, 0.35), (0, 0.24, seat + 0.2))]
    frame += [box((0.05, 0.25, 0.03), (side * 0.27, 0, seat + 0.22)) for side in (-1, 1)]
    pads = [rounded((0.48, 0.48, 0.09), (0, 0, seat), 0.3),
            rounded((0.44, 0.08, 0.5), (0, 0.24, seat + 0.38), 0.35)]
    return [(join(frame), style.grey(45)), (join(pads), style.fabric())]


def stool(style: Style) -> list:
    """A round stool."""
    high = style.rng.uniform(0.42, 0.75)
    legs = [cylinder(0.015, high, (x, y, high / 2)) for x in (-0.12, 0.12) for y in (-0.12, 0.12)]
    return [(join(legs), style.grey(90)), (cylinder(0.17, 0.04, (0, 0, high)), style.wood())]


def workbench(style: Style) -> list:
    """A bench with tools, a board of tools over it."""
    rng = style.rng
    width = rng.uniform(1.3, 2.0)
    makers = (box_of_tools, can, floor_thing, clutter)
    items = table(style, width, 0.65, 0.88, 0) + on_top(
        style, width, 0.4, 0.88, int(rng.integers(3, 7)),
        lambda s: makers[s.rng.integers(len(makers))](s))
    board = box((width, 0.02, 0.6), (0, 0.31, 1.4))
    tools = [box(rng.uniform((0.02, 0.02, 0.1), (0.08, 0.05, 0.35)), (x, 0.28, 1.4))
             for x in np.arange(0.12 - width / 2, width / 2, 0.13)]
    return items + [(board, style.wood()), (join(tools), style.grey(80))]


def basin(style: Style) -> list:
    """A wash basin with its tap, over a cupboard."""
    bowl = lathe([(0, 0), (0.14, 0), (0.24, 0.12), (0.22, 0.12), (0.12, 0.02), (0, 0.02)], 20)
    tap = join([cylinder(0.018, 0.2, (0, 0.18, 0.92)), box((0.02, 0.14, 0.02), (0, 0.12, 1.0))])
    return [(box((0.6, 0.44, 0.8), (0, 0.02, 0.4)), style.wood()),
            (join([bowl.moved(0, 0, 0.8), box((0.62, 0.46, 0.03), (0, 0.02, 0.79))]),
             style.grey(238)), (tap, style.grey(180))]


def toilet(style: Style) -> list:
    """A toilet with its cistern."""
    bowl = lathe([(0, 0), (0.13, 0), (0.12, 0.2), (0.19, 0.4), (0, 0.41)], 18)
    return [(join([bowl.moved(0, -0.08), box((0.38, 0.18, 0.36), (0, 0.2, 0.62)),
                   rounded((0.4, 0.5, 0.05), (0, -0.06, 0.42), 0.7)]), style.grey(240))]


def tub(style: Style) -> list:
    """A bath tub."""
    rim = [box((1.6, 0.06, 0.56), (0, y, 0.28)) for y in (-0.34, 0.34)]
    rim += [box((0.06, 0.74, 0.56), (x, 0, 0.28)) for x in (-0.8, 0.8)]
    return [(join([*rim, box((1.6, 0.7, 0.15), (0, 0, 0.075))]), style.grey(240))]


def on_wall(style: Style) -> tuple[list, float, float]:
    """(item, width, height of its middle) of what hangs on a wall, its back at y = 0."""
    rng = style.rng
    kind = rng.integers(5)
    if kind == 0:
        wide = rng.uniform(0.5, 1.2)
        board = box((wide, 0.22, 0.025), (0, -0.11, 0))
        things = on_top(style, wide, 0.15, 0.0125, int(wide * 4))
        return [(board, style.wood())] + [(mesh.moved(0, -0.11), finish)
                                          for mesh, finish in things], wide, 1.4
    make, size, deep = (
        (prints.poster, (0.5, 0.7), 0.004), (prints.whiteboard, (1.5, 0.95), 0.02),
        (prints.clock, (0.3, 0.3), 0.04), (prints.page, (0.21, 0.297), 0.002))[kind - 1]
    w, h = np.array(size) * rng.uniform(0.8, 1.25)
    face = quad((-w / 2, -deep - 0.004, h / 2), (w, 0, 0), (0, 0, -h), fit=True)
    finish = style.paper() if kind == 4 else style.scene.texture(make(rng), 1.0, specular=0.2)
    return [(box((w + 0.02, deep, h + 0.02), (0, -deep / 2, 0)), style.grey(120)),
            (face, finish)], w, rng.uniform(1.4, 1.7)
