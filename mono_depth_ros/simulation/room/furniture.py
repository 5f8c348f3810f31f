"""Furniture as items: [(mesh, finish), ...] standing on z = 0 around the origin, front to -y.

Sizes are metres and usual ones; the Style's random generator decides the rest.
"""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.room.clutter import clutter, desk_thing
from mono_depth_ros.simulation.room.table_objects import (
    cables,
    computer,
    keyboard_and_mouse,
    monitor,
)
from mono_depth_ros.simulation.scene.mesh import (
    box,
    cylinder,
    join,
    lathe,
    quad,
    rotation_x,
    rounded,
    surface,
)
from mono_depth_ros.simulation.scene.style import Style
from mono_depth_ros.simulation.textures import indoor as textures


def table(style: Style, length: float, depth: float, height: float,
          things: int | None = None) -> list:
    """Table of any size (dining, coffee, desk) with so many things on it, or any number."""
    if things is None:
        things = int(style.rng.integers(1, 4 + round(3 * length)))
    finish, legs = style.wood(), style.rng.choice([0.03, 0.05, 0.07])
    top = 0.035
    inset = legs / 2 + 0.03
    spots = [(x, y) for x in (inset - length / 2, length / 2 - inset)
             for y in (inset - depth / 2, depth / 2 - inset)]
    parts = [box((length, depth, top), (0, 0, height - top / 2))]
    parts += [box((legs, legs, height - top), (x, y, (height - top) / 2)) for x, y in spots]
    parts += [box((length - 2 * inset, 0.02, 0.08), (0, y, height - top - 0.04))
              for y in (inset - depth / 2, depth / 2 - inset)]
    return [(join(parts), finish)] + on_top(style, length, depth, height, things)


def on_top(style: Style, length: float, depth: float, height: float, count: int,
           make=clutter) -> list:
    """`count` small things side by side on a top of this size at this height."""
    items = []
    for slot in np.linspace(-0.5, 0.5, count + 2)[1:-1]:
        x = slot * length + style.rng.uniform(-0.04, 0.04)
        y = style.rng.uniform(-0.25, 0.25) * depth
        turn = style.rng.uniform(-0.6, 0.6)
        items += [(mesh.moved(x, y, height, turn), finish) for mesh, finish in make(style)]
    return items


def chair(style: Style) -> list:
    """Dining chair with a padded seat and a slatted or solid back."""
    wood, seat = style.wood(), style.fabric()
    frame = [box((0.035, 0.035, 0.44), (x, y, 0.22)) for x in (-0.19, 0.19) for y in (-0.19, 0.19)]
    frame += [box((0.035, 0.035, 0.5), (x, 0.19, 0.69)) for x in (-0.19, 0.19)]
    frame += [box((0.4, 0.4, 0.03), (0, 0, 0.43))]
    if style.rng.random() < 0.5:
        frame += [box((0.36, 0.02, 0.06), (0, 0.19, z)) for z in (0.62, 0.75, 0.89)]
        back = []
    else:
        back = [rounded((0.37, 0.06, 0.4), (0, 0.18, 0.72), 0.25)]
    return [(join(frame), wood), (join(back + [rounded((0.42, 0.42, 0.07), (0, 0, 0.465), 0.25)]),
                                  seat)]


def sofa(style: Style, seats: int) -> list:
    """Sofa (or armchair, one seat) with cushions."""
    cover, extra = style.fabric(), style.fabric()
    width, depth = 0.62 * seats, 0.85
    parts = [rounded((width + 0.36, depth, 0.28), (0, 0, 0.21), 0.12),
             rounded((width + 0.3, 0.24, 0.62), (0, depth / 2 - 0.13, 0.5), 0.2)]
    parts += [rounded((0.2, depth - 0.02, 0.52), (side * (width / 2 + 0.1), 0, 0.33), 0.25)
              for side in (-1, 1)]
    places = [0.62 * (seat + 0.5) - width / 2 for seat in range(seats)]
    parts += [rounded((0.61, 0.62, 0.17), (x, -0.08, 0.39), 0.22) for x in places]
    parts += [rounded((0.59, 0.2, 0.4), (x, 0.2, 0.64), 0.3) for x in places]
    feet = join(box((0.06, 0.06, 0.08), (x, y, 0.04)) for x in (-width / 2, width / 2)
                for y in (-0.35, 0.35))
    cushion = rounded((0.42, 0.15, 0.4), (0, 0, 0), 0.5).turned(rotation_x(-0.35))
    cushions = [cushion.moved(x + style.rng.uniform(-0.1, 0.1), 0.06, 0.62,
                              style.rng.uniform(-0.4, 0.4))
                for x in places if style.rng.random() < 0.6]
    loose = [(join(cushions), extra)] if cushions else []
    return [(join(parts), cover), (feet, style.wood())] + loose


def bookcase(style: Style, width: float, height: float) -> list:
    """Open shelves with rows of books, boxes and ornaments."""
    depth, board = 0.3, 0.022
    levels = np.linspace(0.08, height - board, max(2, int(height / 0.34)) + 1)
    parts = [box((width, depth, board), (0, 0, z)) for z in levels]
    parts += [box((board, depth, height), (side * width / 2, 0, height / 2)) for side in (-1, 1)]
    parts += [box((width, 0.01, height - 0.08), (0, depth / 2, height / 2 + 0.04))]
    items = [(join(parts), style.wood())]
    for low, high in zip(levels, levels[1:]):
        items += _shelf(style, width - 2 * board, low + board / 2, high - low - board)
    return items + on_top(style, width, depth, height, int(style.rng.integers(0, 3)))


def _shelf(style: Style, width: float, z: float, clear: float) -> list:
    """One row: stretches of books, a gap or a thing between them."""
    items, x = [], -width / 2
    while x < width / 2 - 0.12:
        run = min(style.rng.uniform(0.15, 0.5), width / 2 - x)
        if style.rng.random() < 0.68:
            items.append(_books(style, x, run, z, clear * style.rng.uniform(0.6, 0.92)))
        elif clear > 0.27:
            items += [(mesh.moved(x + run / 2, 0, z, style.rng.uniform(-0.3, 0.3)), finish)
                      for mesh, finish in clutter(style, tall=False)]
        x += run + 0.02
    return items


def _books(style: Style, x: float, run: float, z: float, height: float):
    finish = style.books[style.rng.integers(len(style.books))]
    start = style.rng.uniform(0, 0.5)
    depth = style.rng.uniform(0.16, 0.22)
    block = box((run, depth, height), (x + run / 2, 0.02, z + height / 2), fit=True)
    stretch = np.array([run / 0.9, 1.0])
    return (type(block)(points=block.points, normals=block.normals,
                        texture=block.texture * stretch + (start, 0.0)), finish)


def cabinet(style: Style, width: float, height: float, depth: float, things: int = 2) -> list:
    """Wardrobe, sideboard or chest of drawers: fronts with gaps and handles."""
    body, knob = style.wood(), style.grey(150)
    columns = max(1, round(width / 0.5))
    rows = 1 if height > 1.4 else max(1, round(height / 0.3)) if style.rng.random() < 0.6 else 1
    wide, high = width / columns, (height - 0.08) / rows
    fronts, knobs = [], []
    for column in range(columns):
        for row in range(rows):
            x, z = wide * (column + 0.5) - width / 2, 0.08 + high * (row + 0.5)
            fronts.append(box((wide - 0.012, 0.02, high - 0.012), (x, -depth / 2 - 0.011, z)))
            side = wide / 2 - 0.05 if rows == 1 else 0
            knobs.append(box((0.02 if rows == 1 else 0.12, 0.025, 0.12 if rows == 1 else 0.015),
                             (x + (side if column % 2 == 0 else -side), -depth / 2 - 0.03, z)))
    parts = [box((width, depth, height - 0.08), (0, 0, 0.04 + height / 2)),
             box((width - 0.06, depth - 0.06, 0.08), (0, 0, 0.04))]
    front = body if style.rng.random() < 0.6 else style.paint()
    return [(join(parts), body), (join(fronts), front),
            (join(knobs), knob)] + on_top(style, width, depth, height, things)


def bed(style: Style, width: float) -> list:
    """Bed with its head to +y, mattress, blanket and pillows."""
    frame = [box((width + 0.1, 2.1, 0.12), (0, 0, 0.27)),
             box((width + 0.1, 0.05, 1.0), (0, 1.05, 0.5))]
    frame += [box((0.07, 0.07, 0.22), (x, y, 0.11)) for x in (-width / 2, width / 2)
              for y in (-0.95, 0.95)]
    pillows = [rounded((0.62, 0.4, 0.16), (x, 0.78, 0.62), 0.45)
               for x in ((-0.35, 0.35) if width > 1.2 else (0.0,))]
    return [(join(frame), style.wood()),
            (join([rounded((width, 2.0, 0.24), (0, 0, 0.43), 0.1)] + pillows),
             style.scene.colour(textures.tinted(style.rng, (232, 230, 225)))),
            (rounded((width + 0.12, 1.35, 0.3), (0, -0.32, 0.45), 0.16), style.fabric())]


def floor_lamp(style: Style) -> list:
    """Standing lamp with a shade that glows."""
    height = style.rng.uniform(1.4, 1.7)
    metal = join([cylinder(0.15, 0.03, (0, 0, 0.015)),
                  cylinder(0.012, height, (0, 0, height / 2))])
    shade = cylinder(0.2, 0.26, (0, 0, height), top=style.rng.uniform(0.1, 0.2), sides=18)
    return [(metal, style.grey(90)), (shade, style.scene.colour((250, 232, 200), 'glow'))]


def plant(style: Style, height: float) -> list:
    """Pot with a plant of leaves on stalks."""
    pot = lathe([(0, 0), (0.11, 0), (0.16, 0.28), (0.14, 0.28), (0.13, 0.24), (0, 0.24)], 16)
    blades = [_blade(style, height) for _ in range(int(style.rng.integers(12, 24)))]
    return [(pot, style.paint('gloss')), (join(blades), style.leaves)]


def _blade(style: Style, height: float):
    """One bent leaf, both sides."""
    turn, lean = style.rng.uniform(0, 2 * math.pi), style.rng.uniform(0.1, 0.5)
    reach = height * style.rng.uniform(0.45, 1.0) - 0.24
    along = np.linspace(0, 1, 6)[:, None]
    across = np.array([-1.0, 0.0, 1.0])[None, :]
    width = 0.05 * np.sin(math.pi * np.clip(along, 0.05, 0.98)) * style.rng.uniform(0.7, 1.6)
    out = lean * along ** 2
    rise = 0.24 + reach * along * (1 - 0.3 * along * lean)
    points = np.stack(np.broadcast_arrays(out, width * across, rise), -1)
    front = surface(points).moved(yaw=turn)
    back = surface(points[:, ::-1]).moved(yaw=turn)
    return join([front, type(back)(points=back.points[:, ::-1], normals=-back.normals[:, ::-1],
                                   texture=back.texture[:, ::-1])])


def television(style: Style) -> list:
    """Low sideboard with a television on it."""
    width = style.rng.uniform(1.2, 1.6)
    screen = style.rng.uniform(0.9, min(1.3, width))
    high = screen * 0.58
    low = cabinet(style, width, 0.48, 0.4, things=0)
    case = join([box((screen, 0.05, high), (0, 0.05, 0.56 + high / 2)),
                 box((0.3, 0.2, 0.02), (0, 0.05, 0.49)), box((0.08, 0.04, 0.1), (0, 0.07, 0.53))])
    face = quad((-screen / 2 + 0.015, 0.024, 0.545 + high), (screen - 0.03, 0, 0),
                (0, 0, 0.03 - high), fit=True)
    picture = style.scene.texture(
        (textures.picture(style.rng) * style.rng.choice([0.15, 0.9])).astype(np.uint8), 1.0,
        emission=0.6, specular=0.5)
    return low + [(case, style.grey(28)), (face, picture)]


def desk(style: Style) -> list:
    """Desk with one or two displays, keyboard, papers and more, often drawers or a computer."""
    rng = style.rng
    length, height = rng.uniform(1.1, 1.6), rng.uniform(0.7, 0.78)
    items = table(style, length, 0.68, height, 0)
    side = rng.choice((-1, 1))
    if rng.random() < 0.5:
        items += _put(cabinet(style, 0.42, height - 0.06, 0.58, things=0),
                      side * (length / 2 - 0.3), 0.0, 0.0, 0.0)
    if rng.random() < 0.4:
        items += _put(computer(style), -side * (length / 2 - 0.2), rng.uniform(-0.1, 0.1),
                      height if rng.random() < 0.4 else 0.0, rng.uniform(-0.1, 0.1))
    turn = rng.uniform(0.0, 0.35)
    for x in ((-0.32, 0.32) if length > 1.25 and rng.random() < 0.5 else
              (rng.uniform(-0.2, 0.2),)):
        items += _put(monitor(style), x, 0.2, height, -turn * np.sign(x) + rng.uniform(-0.1, 0.1))
    if rng.random() < 0.5:
        items += _put(cables(style), rng.uniform(-0.3, 0.3), 0.1, height, rng.uniform(-0.6, 0.6))
    if rng.random() < 0.8:
        items += _put(keyboard_and_mouse(style), rng.uniform(-0.15, 0.1), -0.14, height,
                      rng.uniform(-0.1, 0.1))
    return items + on_top(style, length, 0.6, height, int(rng.integers(2, 9)), desk_thing)


def _put(item, x: float, y: float, z: float, turn: float) -> list:
    return [(mesh.moved(x, y, z, turn), finish) for mesh, finish in item]
