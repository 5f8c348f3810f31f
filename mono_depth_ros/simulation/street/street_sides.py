"""What lines a street: town houses, houses in gardens, industrial halls, a park."""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

import numpy as np

from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import box, extruded, join, quad, rounded
from mono_depth_ros.simulation.scene.scene import Parts
from mono_depth_ros.simulation.street import street_objects, vehicles
from mono_depth_ros.simulation.textures import facades, masonry, wood
from mono_depth_ros.simulation.textures.colours import tinted

SIDES = ('town', 'suburb', 'industrial', 'park')
SIDE_SHARES = (0.48, 0.26, 0.13, 0.13)


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a street: `sign` of its y (-1 or 1), `y` m from the middle to the back of its
    pavement, `half_length` m along the street both ways, and the share of lit windows.
    """

    sign: int
    y: float
    half_length: float
    lit_share: float

    def place(self, materials: Materials, parts: Parts, x: float, behind: float) -> None:
        """Put an object, its front to the street, `behind` m behind the pavement."""
        materials.scene.place(parts, x, self.sign * (self.y + behind),
                              0.0 if self.sign > 0 else math.pi)


def add_street_side(materials: Materials, side: Side, kind: str) -> None:
    """Build one of SIDES behind the pavement."""
    {'town': _town, 'suburb': _suburb, 'industrial': _industrial, 'park': _park}[kind](
        materials, side)


def _suburb(materials: Materials, side: Side) -> None:
    """Small houses in gardens behind hedges or fences."""
    rng = materials.rng
    _add_lawn(materials, side)
    hedge = rng.random() < 0.6
    x = -side.half_length - 4
    while x < side.half_length + 4:
        width, behind = rng.uniform(7, 11), rng.uniform(3, 8)
        house = _house(materials, width, side.lit_share, int(rng.integers(1, 3)))
        side.place(materials, house, x + width / 2, behind)
        if rng.random() < 0.85:
            _add_border(materials, side, x, x + width - 1.5, hedge)
        if rng.random() < 0.5:
            materials.scene.place(
                street_objects.tree(materials), x + rng.uniform(0, width),
                side.sign * (side.y + rng.uniform(1.5, max(2.0, behind - 1))))
        x += width + rng.uniform(2, 7)


def _add_border(materials: Materials, side: Side, x0: float, x1: float, hedge: bool) -> None:
    """A hedge or a picket fence from x0 to x1 along the pavement."""
    y, height = side.sign * (side.y + 0.3), materials.rng.uniform(0.7, 1.7)
    middle, length = (x0 + x1) / 2, x1 - x0
    if hedge:
        solid = rounded((length, 0.6, height), (middle, y, height / 2), 0.15)
        materials.scene.add(solid, materials.leaves)
        return
    pickets = [box((0.09, 0.03, height), (x, y, height / 2)) for x in np.arange(x0, x1, 0.22)]
    rails = [box((length, 0.05, 0.08), (middle, y, z)) for z in (0.25, height - 0.2)]
    materials.scene.add(join(pickets + rails), materials.wood())


def _industrial(materials: Materials, side: Side) -> None:
    """Halls, containers and lorries behind a fence."""
    rng = materials.rng
    x = -side.half_length - 4
    while x < side.half_length:
        width, behind, height = rng.uniform(14, 30), rng.uniform(2, 10), rng.uniform(4.5, 9)
        image = facades.house_front(rng, width, max(1, round(height / 4)), 4.0, side.lit_share)
        hall = [(quad((-width / 2, 0, height), (width, 0, 0), (0, 0, -height), (6, 2), fit=True),
                 materials.scene.textured(image, 1.0, specular=0.05)),
                (box((width, 14, height), (0, 7.02, height / 2)), materials.grey(150, 'matt'))]
        side.place(materials, hall, x + width / 2, behind)
        if behind > 4:
            make = street_objects.container if rng.random() < 0.6 else vehicles.lorry
            materials.scene.place(make(materials), x + rng.uniform(0.3, 0.7) * width,
                                  side.sign * (side.y + behind - 2), rng.normal(0, 0.1))
        if rng.random() < 0.6:
            _add_border(materials, side, x, x + width, hedge=False)
        x += width + rng.uniform(1, 8)


def _park(materials: Materials, side: Side) -> None:
    """A lawn with trees and bushes, houses far behind."""
    rng = materials.rng
    _add_lawn(materials, side)
    for _ in range(int(rng.integers(14, 26))):
        x = rng.uniform(-1, 1) * (side.half_length + 6)
        y = side.sign * (side.y + rng.uniform(1, 26))
        if rng.random() < 0.7:
            materials.scene.place(street_objects.tree(materials), x, y)
        else:
            size = rng.uniform((0.8, 0.8, 0.6), (2.5, 2.0, 1.6))
            materials.scene.add(rounded(size, (x, y, size[2] / 2), 0.8, 6), materials.leaves)
    _town(materials, replace(side, y=side.y + rng.uniform(28, 40)))


def _add_lawn(materials: Materials, side: Side) -> None:
    rng, half_length = materials.rng, side.half_length + 8
    image = wood.leaves(rng, tinted(rng, (95, 120, 60)))
    grass = materials.scene.textured(image, rng.uniform(1.5, 4.0), specular=0.0)
    top = max(side.sign * side.y, side.sign * (side.y + 45))
    materials.scene.add(quad((-half_length, top, 0.08), (2 * half_length, 0, 0), (0, -45, 0),
                             (20, 8)), grass)


def _town(materials: Materials, side: Side) -> None:
    """A row of houses with a gap here and there; fronts to the street."""
    rng = materials.rng
    x = -side.half_length - 4
    while x < side.half_length + 4:
        width = rng.uniform(7, 14)
        if rng.random() < 0.86:
            house = _house(materials, width, side.lit_share)
            side.place(materials, house, x + width / 2, rng.choice([0.0, 0.0, 0.6, 1.5]))
        x += width + (rng.uniform(1.5, 4) if rng.random() < 0.12 else 0.0)


def _house(materials: Materials, width: float, lit_share: float,
           floors: int | None = None) -> Parts:
    """House with its front at y = 0 facing -y: walls, ledges, door and step, often a roof."""
    rng = materials.rng
    floors, floor_m = floors or int(rng.integers(2, 6)), rng.uniform(2.8, 3.4)
    height, depth = floors * floor_m, 9.0
    image = facades.house_front(rng, width, floors, floor_m, lit_share)
    front = materials.scene.textured(image, 1.0, specular=0.05,
                                     emission=0.35 if lit_share else 0.0)
    walls = materials.scene.coloured(
        tinted(rng, facades.FRONTS[rng.integers(len(facades.FRONTS))]))
    face = quad((-width / 2, 0, height), (width, 0, 0), (0, 0, -height), (4, floors), fit=True)
    block = box((width, depth, height), (0, depth / 2 + 0.01, height / 2))
    ledges = [box((width + 0.1, 0.35, 0.3), (0, -0.1, height)),
              box((width, 0.12, 0.5), (0, -0.05, 0.25))]
    parts = [(face, front), (block, walls),
             (join(ledges), materials.scene.coloured(tinted(rng, (200, 195, 185))))]
    return (parts + _house_extras(materials, width, floors, floor_m)
            + _house_roof(materials, width, depth, height))


def _house_extras(materials: Materials, width: float, floors: int, floor_m: float) -> Parts:
    rng = materials.rng
    x = rng.uniform(-0.35, 0.35) * width
    door, step = box((1.0, 0.1, 2.15), (x, -0.04, 1.2)), box((1.3, 0.5, 0.15), (x, -0.25, 0.075))
    parts = [(join([door, step]), materials.wood())]
    if rng.random() < 0.4:
        awning = extruded([(-1.2, 2.4), (0.0, 2.9), (0.0, 2.5)], width * 0.8)
        parts.append((awning.moved(yaw=math.pi / 2), materials.fabric()))
    if rng.random() < 0.5 and floors > 2:
        balconies = [part for floor in range(1, floors) for part in (
            box((2.4, 0.9, 0.12), (-x, -0.45, floor * floor_m)),
            box((2.4, 0.04, 0.9), (-x, -0.88, floor * floor_m + 0.5)))]
        parts.append((join(balconies), materials.grey(150, 'matt')))
    return parts


def _house_roof(materials: Materials, width: float, depth: float, height: float) -> Parts:
    rng = materials.rng
    if rng.random() < 0.4:
        return []
    top = height + rng.uniform(2, 4)
    gable = extruded([(-0.3, height), (depth / 2, top), (depth + 0.3, height)], width + 0.2)
    image = (masonry.concrete(rng, (85, 82, 80)) if rng.random() < 0.3 else facades.roof(rng))
    return [(gable.moved(yaw=math.pi / 2),
             materials.scene.textured(image, 2.0, specular=0.0))]


def add_street_end(materials: Materials, end: int, half_length: float, lit_share: float) -> None:
    """What is seen past the end: houses across a junction, trees and open sky between."""
    rng = materials.rng
    for y in np.arange(-50, 50, 13.0):
        if rng.random() < 0.75:
            x = end * (half_length + 22 + rng.uniform(0, 18))
            materials.scene.place(_house(materials, 12.0, lit_share), x, y, -end * math.pi / 2)
        else:
            materials.scene.place(street_objects.tree(materials), end * (half_length + 19), y)
