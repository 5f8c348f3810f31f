"""Furniture standing on z = 0 around the origin, front to -y.

Sizes are metres and those of ordinary furniture; the materials' random generator decides the rest.
"""

from __future__ import annotations

from dataclasses import replace
import math

import numpy as np

from mono_depth_ros.simulation.room.desk_objects import (
    cables,
    computer,
    keyboard_and_mouse,
    monitor,
)
from mono_depth_ros.simulation.room.random_objects import (
    DESK_OBJECTS,
    LOW_OBJECTS,
    objects_on_top,
    random_object,
)
from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import (
    box,
    cylinder,
    four_of,
    join,
    Mesh,
    quad,
    rotation_x,
    rounded,
)
from mono_depth_ros.simulation.scene.scene import Material, moved, Parts
from mono_depth_ros.simulation.textures import printed
from mono_depth_ros.simulation.textures.colours import tinted


def table(materials: Materials, length: float, depth: float, height: float,
          objects: int | None = None) -> Parts:
    """Table of any size (dining, coffee, desk) with `objects` on it, None for any number."""
    if objects is None:
        objects = int(materials.rng.integers(1, 4 + round(3 * length)))
    wood, leg = materials.wood(), materials.rng.choice([0.03, 0.05, 0.07])
    top, inset = 0.035, leg / 2 + 0.03
    x, y = length / 2 - inset, depth / 2 - inset
    solids = [box((length, depth, top), (0, 0, height - top / 2)),
              *four_of(box((leg, leg, height - top), (0, 0, (height - top) / 2)), x, y)]
    solids += [box((length - 2 * inset, 0.02, 0.08), (0, side * y, height - top - 0.04))
               for side in (-1, 1)]
    return [(join(solids), wood)] + objects_on_top(materials, length, depth, height, objects)


def desk(materials: Materials) -> Parts:
    """Desk with one or two displays, keyboard, papers and more, often drawers or a computer."""
    rng = materials.rng
    length, height = rng.uniform(1.1, 1.6), rng.uniform(0.7, 0.78)
    parts = table(materials, length, 0.68, height, 0)
    side = rng.choice((-1, 1))
    if rng.random() < 0.5:
        parts += moved(cabinet(materials, 0.42, height - 0.06, 0.58, objects=0),
                       side * (length / 2 - 0.3), 0.0, 0.0, 0.0)
    if rng.random() < 0.4:
        parts += moved(computer(materials), -side * (length / 2 - 0.2), rng.uniform(-0.1, 0.1),
                       height if rng.random() < 0.4 else 0.0, rng.uniform(-0.1, 0.1))
    turn = rng.uniform(0.0, 0.35)
    for x in ((-0.32, 0.32) if length > 1.25 and rng.random() < 0.5 else
              (rng.uniform(-0.2, 0.2),)):
        parts += moved(monitor(materials), x, 0.2, height,
                       -turn * np.sign(x) + rng.uniform(-0.1, 0.1))
    if rng.random() < 0.5:
        parts += moved(cables(materials), rng.uniform(-0.3, 0.3), 0.1, height,
                       rng.uniform(-0.6, 0.6))
    if rng.random() < 0.8:
        parts += moved(keyboard_and_mouse(materials), rng.uniform(-0.15, 0.1), -0.14, height,
                       rng.uniform(-0.1, 0.1))
    return parts + objects_on_top(materials, length, 0.6, height, int(rng.integers(2, 9)),
                                  DESK_OBJECTS)


def chair(materials: Materials) -> Parts:
    """Dining chair with a padded seat and a slatted or solid back."""
    wood, fabric = materials.wood(), materials.fabric()
    frame = four_of(box((0.035, 0.035, 0.44), (0, 0, 0.22)), 0.19, 0.19)
    frame += [box((0.035, 0.035, 0.5), (x, 0.19, 0.69)) for x in (-0.19, 0.19)]
    frame += [box((0.4, 0.4, 0.03), (0, 0, 0.43))]
    pads = [rounded((0.42, 0.42, 0.07), (0, 0, 0.465), 0.25)]
    if materials.rng.random() < 0.5:
        frame += [box((0.36, 0.02, 0.06), (0, 0.19, z)) for z in (0.62, 0.75, 0.89)]
    else:
        pads.insert(0, rounded((0.37, 0.06, 0.4), (0, 0.18, 0.72), 0.25))
    return [(join(frame), wood), (join(pads), fabric)]


def office_chair(materials: Materials) -> Parts:
    """Swivel chair on five legs."""
    seat = materials.rng.uniform(0.42, 0.52)
    frame = [box((0.3, 0.05, 0.04), (0.15, 0, 0.07)).moved(yaw=k * 2 * math.pi / 5)
             for k in range(5)]
    frame += [cylinder(0.03, seat, (0, 0, seat / 2)),
              box((0.06, 0.03, 0.35), (0, 0.24, seat + 0.2))]
    frame += [box((0.05, 0.25, 0.03), (side * 0.27, 0, seat + 0.22)) for side in (-1, 1)]
    pads = [rounded((0.48, 0.48, 0.09), (0, 0, seat), 0.3),
            rounded((0.44, 0.08, 0.5), (0, 0.24, seat + 0.38), 0.35)]
    return [(join(frame), materials.grey(45)), (join(pads), materials.fabric())]


def stool(materials: Materials) -> Parts:
    """Round stool."""
    height = materials.rng.uniform(0.42, 0.75)
    legs = four_of(cylinder(0.015, height, (0, 0, height / 2)), 0.12, 0.12)
    return [(join(legs), materials.grey(90)),
            (cylinder(0.17, 0.04, (0, 0, height)), materials.wood())]


def sofa(materials: Materials, seats: int) -> Parts:
    """Sofa (or armchair, one seat) with cushions."""
    rng = materials.rng
    cover, cushion_cover = materials.fabric(), materials.fabric()
    width, depth = 0.62 * seats, 0.85
    solids = [rounded((width + 0.36, depth, 0.28), (0, 0, 0.21), 0.12),
              rounded((width + 0.3, 0.24, 0.62), (0, depth / 2 - 0.13, 0.5), 0.2)]
    solids += [rounded((0.2, depth - 0.02, 0.52), (side * (width / 2 + 0.1), 0, 0.33), 0.25)
               for side in (-1, 1)]
    middles = [0.62 * (seat + 0.5) - width / 2 for seat in range(seats)]
    solids += [rounded((0.61, 0.62, 0.17), (x, -0.08, 0.39), 0.22) for x in middles]
    solids += [rounded((0.59, 0.2, 0.4), (x, 0.2, 0.64), 0.3) for x in middles]
    feet = join(four_of(box((0.06, 0.06, 0.08), (0, 0, 0.04)), width / 2, 0.35))
    cushion = rounded((0.42, 0.15, 0.4), (0, 0, 0), 0.5).turned(rotation_x(-0.35))
    cushions = [cushion.moved(x + rng.uniform(-0.1, 0.1), 0.06, 0.62, rng.uniform(-0.4, 0.4))
                for x in middles if rng.random() < 0.6]
    return [(join(solids), cover), (feet, materials.wood()),
            *([(join(cushions), cushion_cover)] if cushions else [])]


def bed(materials: Materials, width: float) -> Parts:
    """Bed with its head to +y, mattress, blanket and pillows."""
    frame = [box((width + 0.1, 2.1, 0.12), (0, 0, 0.27)),
             box((width + 0.1, 0.05, 1.0), (0, 1.05, 0.5)),
             *four_of(box((0.07, 0.07, 0.22), (0, 0, 0.11)), width / 2, 0.95)]
    pillows = [rounded((0.62, 0.4, 0.16), (x, 0.78, 0.62), 0.45)
               for x in ((-0.35, 0.35) if width > 1.2 else (0.0,))]
    mattress = rounded((width, 2.0, 0.24), (0, 0, 0.43), 0.1)
    blanket = rounded((width + 0.12, 1.35, 0.3), (0, -0.32, 0.45), 0.16)
    return [(join(frame), materials.wood()),
            (join([mattress, *pillows]),
             materials.scene.coloured(tinted(materials.rng, (232, 230, 225)))),
            (blanket, materials.fabric())]


def bookcase(materials: Materials, width: float, height: float) -> Parts:
    """Open shelves with rows of books, boxes and ornaments."""
    depth, board = 0.3, 0.022
    levels = np.linspace(0.08, height - board, max(2, int(height / 0.34)) + 1)
    solids = [box((width, depth, board), (0, 0, z)) for z in levels]
    solids += [box((board, depth, height), (side * width / 2, 0, height / 2)) for side in (-1, 1)]
    solids += [box((width, 0.01, height - 0.08), (0, depth / 2, height / 2 + 0.04))]
    parts = [(join(solids), materials.wood())]
    for low, high in zip(levels, levels[1:]):
        parts += _shelf(materials, width - 2 * board, low + board / 2, high - low - board)
    return parts + objects_on_top(materials, width, depth, height,
                                  int(materials.rng.integers(0, 3)))


def _shelf(materials: Materials, width: float, z: float, clear: float) -> Parts:
    """What stands on one board: stretches of books, gaps and single objects."""
    rng = materials.rng
    parts, x = [], -width / 2
    while x < width / 2 - 0.12:
        run = min(rng.uniform(0.15, 0.5), width / 2 - x)
        if rng.random() < 0.68:
            parts.append(_books(materials, x, run, z, clear * rng.uniform(0.6, 0.92)))
        elif clear > 0.27:
            parts += [(mesh.moved(x + run / 2, 0, z, rng.uniform(-0.3, 0.3)), material)
                      for mesh, material in random_object(materials, LOW_OBJECTS)]
        x += run + 0.02
    return parts


def _books(materials: Materials, x: float, run: float, z: float,
           height: float) -> tuple[Mesh, Material]:
    """A stretch of books, `run` metres from x on: a piece of a row of spines on one box."""
    spines, start = materials.book_row(), materials.rng.uniform(0, 0.5)
    size = (run, materials.rng.uniform(0.16, 0.22), height)
    block = box(size, (x + run / 2, 0.02, z + height / 2), fit=True)
    return replace(block, texture=block.texture * (run / 0.9, 1.0) + (start, 0.0)), spines


def cabinet(materials: Materials, width: float, height: float, depth: float,
            objects: int = 2) -> Parts:
    """Wardrobe, sideboard or chest of drawers: fronts with gaps and handles, `objects` on top."""
    body, handle = materials.wood(), materials.grey(150)
    columns = max(1, round(width / 0.5))
    drawers = height <= 1.4 and materials.rng.random() < 0.6
    rows = max(1, round(height / 0.3)) if drawers else 1
    wide, high = width / columns, (height - 0.08) / rows
    fronts, handles = [], []
    for column in range(columns):
        for row in range(rows):
            x, z = wide * (column + 0.5) - width / 2, 0.08 + high * (row + 0.5)
            fronts.append(box((wide - 0.012, 0.02, high - 0.012), (x, -depth / 2 - 0.011, z)))
            side = wide / 2 - 0.05 if rows == 1 else 0
            size = (0.02, 0.025, 0.12) if rows == 1 else (0.12, 0.025, 0.015)
            handles.append(box(size, (x + (side if column % 2 == 0 else -side),
                                      -depth / 2 - 0.03, z)))
    solids = [box((width, depth, height - 0.08), (0, 0, 0.04 + height / 2)),
              box((width - 0.06, depth - 0.06, 0.08), (0, 0, 0.04))]
    front = body if materials.rng.random() < 0.6 else materials.paint()
    return [(join(solids), body), (join(fronts), front),
            (join(handles), handle)] + objects_on_top(materials, width, depth, height, objects)


def television(materials: Materials) -> Parts:
    """Low sideboard with a television on it."""
    rng = materials.rng
    width = rng.uniform(1.2, 1.6)
    screen = rng.uniform(0.9, min(1.3, width))
    height = screen * 0.58
    sideboard = cabinet(materials, width, 0.48, 0.4, objects=0)
    case = join([box((screen, 0.05, height), (0, 0.05, 0.56 + height / 2)),
                 box((0.3, 0.2, 0.02), (0, 0.05, 0.49)), box((0.08, 0.04, 0.1), (0, 0.07, 0.53))])
    face = quad((-screen / 2 + 0.015, 0.024, 0.545 + height), (screen - 0.03, 0, 0),
                (0, 0, 0.03 - height), fit=True)
    image_HW3 = (printed.picture(rng) * rng.choice([0.15, 0.9])).astype(np.uint8)
    picture = materials.scene.textured(image_HW3, 1.0, emission=0.6, specular=0.5)
    return sideboard + [(case, materials.grey(28)), (face, picture)]
