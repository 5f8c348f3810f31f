"""What lines a street: town houses, gardens with houses, works, a park."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.scene.mesh import box, extruded, join, quad, rounded
from mono_depth_ros.simulation.scene.scene import Finish
from mono_depth_ros.simulation.scene.style import Style
from mono_depth_ros.simulation.street import street_objects as street_things
from mono_depth_ros.simulation.street import vehicles
from mono_depth_ros.simulation.textures import facade, stone
from mono_depth_ros.simulation.textures import indoor as textures

SIDES = ('town', 'suburb', 'works', 'park')
SIDE_SHARES = (0.48, 0.26, 0.13, 0.13)


def build_side(style: Style, side: int, y: float, reach: float, kind: str, lit: float) -> None:
    """Build what stands behind the pavement of one side (-1 or 1), from `y` m on, for `reach` m
    both ways; `lit` is the share of windows with light.
    """
    {'town': _town, 'suburb': _suburb, 'works': _works, 'park': _park}[kind](
        style, side, y, reach, lit)


def _suburb(style: Style, side: int, y: float, reach: float, lit: float) -> None:
    """Small houses in gardens behind hedges or fences."""
    rng = style.rng
    _lawn(style, side, y, reach)
    hedge = rng.random() < 0.6
    x = -reach - 4
    while x < reach + 4:
        width, back = rng.uniform(7, 11), rng.uniform(3, 8)
        style.scene.place(_house(style, width, lit, int(rng.integers(1, 3))), x + width / 2,
                          side * (y + back), 0.0 if side > 0 else math.pi)
        if rng.random() < 0.85:
            _border(style, x, x + width - 1.5, side * (y + 0.3), hedge)
        if rng.random() < 0.5:
            style.scene.place(street_things.tree(style), x + rng.uniform(0, width),
                              side * (y + rng.uniform(1.5, max(2.0, back - 1))))
        x += width + rng.uniform(2, 7)


def _border(style: Style, x0: float, x1: float, y: float, hedge: bool) -> None:
    """A hedge or a fence of pickets from x0 to x1."""
    high = style.rng.uniform(0.7, 1.7)
    middle, long = (x0 + x1) / 2, x1 - x0
    if hedge:
        style.scene.add(rounded((long, 0.6, high), (middle, y, high / 2), 0.15), style.leaves)
        return
    pickets = [box((0.09, 0.03, high), (x, y, high / 2)) for x in np.arange(x0, x1, 0.22)]
    rails = [box((long, 0.05, 0.08), (middle, y, z)) for z in (0.25, high - 0.2)]
    style.scene.add(join(pickets + rails), style.wood())


def _works(style: Style, side: int, y: float, reach: float, lit: float) -> None:
    """Halls, containers and lorries behind a fence."""
    rng = style.rng
    x = -reach - 4
    while x < reach:
        width, back, high = rng.uniform(14, 30), rng.uniform(2, 10), rng.uniform(4.5, 9)
        image = facade.house_front(rng, width, max(1, round(high / 4)), 4.0, lit)
        hall = [(quad((-width / 2, 0, high), (width, 0, 0), (0, 0, -high), (6, 2), fit=True),
                 style.scene.texture(image, 1.0, specular=0.05)),
                (box((width, 14, high), (0, 7.02, high / 2)), style.grey(150, 'matt'))]
        style.scene.place(hall, x + width / 2, side * (y + back), 0.0 if side > 0 else math.pi)
        if back > 4:
            item = (vehicles.container if rng.random() < 0.6 else vehicles.lorry)(style)
            style.scene.place(item, x + rng.uniform(0.3, 0.7) * width, side * (y + back - 2),
                              rng.normal(0, 0.1))
        if rng.random() < 0.6:
            _border(style, x, x + width, side * (y + 0.3), False)
        x += width + rng.uniform(1, 8)


def _park(style: Style, side: int, y: float, reach: float, lit: float) -> None:
    """A lawn with trees and bushes, houses far behind."""
    rng = style.rng
    _lawn(style, side, y, reach)
    for _ in range(int(rng.integers(14, 26))):
        place = rng.uniform(-1, 1) * (reach + 6), side * (y + rng.uniform(1, 26))
        if rng.random() < 0.7:
            style.scene.place(street_things.tree(style), *place)
        else:
            size = rng.uniform((0.8, 0.8, 0.6), (2.5, 2.0, 1.6))
            style.scene.add(rounded(size, (*place, size[2] / 2), 0.8, 6), style.leaves)
    _town(style, side, y + rng.uniform(28, 40), reach, lit)


def _lawn(style: Style, side: int, y: float, reach: float) -> None:
    grass = style.scene.texture(textures.leaves(
        style.rng, textures.tinted(style.rng, (95, 120, 60))), style.rng.uniform(1.5, 4.0),
        specular=0.0)
    near, far = side * y, side * (y + 45)
    style.scene.add(quad((-reach - 8, max(near, far), 0.08), (2 * reach + 16, 0, 0), (0, -45, 0),
                         (20, 8)), grass)


def _town(style: Style, side: int, y: float, reach: float, lit: float) -> None:
    """A row of houses, now and then a gap; fronts to the street."""
    x = -reach - 4
    while x < reach + 4:
        width = style.rng.uniform(7, 14)
        if style.rng.random() < 0.86:
            style.scene.place(_house(style, width, lit), x + width / 2,
                              side * (y + style.rng.choice([0.0, 0.0, 0.6, 1.5])),
                              0.0 if side > 0 else math.pi)
        x += width + (style.rng.uniform(1.5, 4) if style.rng.random() < 0.12 else 0.0)


def _house(style: Style, width: float, lit: float, floors: int | None = None) -> list:
    """House with its front at y = 0 facing -y: front with real depth, sides, roof, door, steps."""
    rng = style.rng
    floors, floor_m = floors or int(rng.integers(2, 6)), rng.uniform(2.8, 3.4)
    high, deep = floors * floor_m, 9.0
    image = facade.house_front(rng, width, floors, floor_m, lit)
    front = style.scene.texture(image, 1.0, specular=0.05, emission=0.35 if lit else 0.0)
    sides = facade.FRONTS[rng.integers(len(facade.FRONTS))]
    plain = style.scene.colour(textures.tinted(rng, sides))
    face = quad((-width / 2, 0, high), (width, 0, 0), (0, 0, -high), (4, floors), fit=True)
    block = box((width, deep, high), (0, deep / 2 + 0.01, high / 2))
    trims = [box((width + 0.1, 0.35, 0.3), (0, -0.1, high)),
             box((width, 0.12, 0.5), (0, -0.05, 0.25))]
    items = [(face, front), (block, plain),
             (join(trims), style.scene.colour(textures.tinted(rng, (200, 195, 185))))]
    return (items + _house_extras(style, width, floors, floor_m)
            + _house_roof(style, width, deep, high))


def _house_extras(style: Style, width: float, floors: int, floor_m: float) -> list:
    rng = style.rng
    x = rng.uniform(-0.35, 0.35) * width
    door, step = box((1.0, 0.1, 2.15), (x, -0.04, 1.2)), box((1.3, 0.5, 0.15), (x, -0.25, 0.075))
    items = [(join([door, step]), style.wood())]
    if rng.random() < 0.4:
        awning = extruded([(-1.2, 2.4), (0.0, 2.9), (0.0, 2.5)], width * 0.8)
        items.append((awning.moved(yaw=math.pi / 2), style.fabric()))
    if rng.random() < 0.5 and floors > 2:
        balconies = [part for floor in range(1, floors) for part in (
            box((2.4, 0.9, 0.12), (-x, -0.45, floor * floor_m)),
            box((2.4, 0.04, 0.9), (-x, -0.88, floor * floor_m + 0.5)))]
        items.append((join(balconies), style.grey(150, 'matt')))
    return items


def _house_roof(style: Style, width: float, deep: float, high: float) -> list:
    if style.rng.random() < 0.4:
        return []
    rise = style.rng.uniform(2, 4)
    gable = extruded([(-0.3, high), (deep / 2, high + rise), (deep + 0.3, high)], width + 0.2)
    return [(gable.moved(yaw=math.pi / 2), _roof(style))]


def _roof(style: Style) -> Finish:
    if style.rng.random() < 0.3:
        return style.scene.texture(stone.concrete(style.rng, (85, 82, 80)), 2.0, specular=0.0)
    return style.scene.texture(facade.roof(style.rng), 2.0, specular=0.0)


def close_end(style: Style, end: int, reach: float, lit: float) -> None:
    """What one sees past the end: houses across a junction, trees and open sky between."""
    rng = style.rng
    for y in np.arange(-50, 50, 13.0):
        if rng.random() < 0.75:
            x = end * (reach + 22 + rng.uniform(0, 18))
            style.scene.place(_house(style, 12.0, lit), x, y, -end * math.pi / 2)
        else:
            style.scene.place(street_things.tree(style), end * (reach + 19), y)
