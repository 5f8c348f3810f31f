"""Objects of desks and offices, standing on z = 0 around the origin, front to -y."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.room.household_objects import cup
from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import (
    box,
    cylinder,
    join,
    lathe,
    quad,
    rotation_x,
    rotation_y,
    rounded,
)
from mono_depth_ros.simulation.scene.scene import Parts


def papers(materials: Materials) -> Parts:
    """A few loose sheets or magazines, flat."""
    parts = []
    for level in range(int(materials.rng.integers(1, 5))):
        sheet = quad((-0.105, 0.148, 0.003 + 0.002 * level), (0.21, 0, 0), (0, -0.297, 0),
                     fit=True)
        x, y = materials.rng.uniform(-0.06, 0.06, 2)
        parts.append((sheet.moved(x, y, 0, materials.rng.uniform(-0.6, 0.6)), materials.paper()))
    return parts


def laptop(materials: Materials) -> Parts:
    """An open laptop."""
    case = materials.grey(materials.rng.choice([40, 150, 190]))
    turn = rotation_x(-materials.rng.uniform(0.1, 0.5))
    base = box((0.32, 0.22, 0.017), (0, 0, 0.0095))
    lid = box((0.32, 0.008, 0.22), (0, 0, 0.11)).turned(turn).moved(0, 0.11, 0.012)
    face = quad((-0.15, -0.006, 0.21), (0.3, 0, 0), (0, 0, -0.19), fit=True)
    keys = quad((-0.145, 0.07, 0.0185), (0.29, 0, 0), (0, -0.1, 0), fit=True)
    return [(join([base, lid]), case),
            (face.turned(turn).moved(0, 0.11, 0.012), materials.screen()), (keys, materials.keys)]


def keyboard_and_mouse(materials: Materials) -> Parts:
    """A keyboard with a mouse to its right."""
    case = materials.grey(materials.rng.choice([35, 60, 200]))
    keys = quad((-0.215, 0.065, 0.0225), (0.43, 0, 0), (0, -0.13, 0), fit=True)
    mouse = rounded((0.065, 0.11, 0.04), (0.3, 0, 0.02), 0.8, 6)
    return [(join([box((0.44, 0.14, 0.02), (0, 0, 0.012)), mouse]), case), (keys, materials.keys)]


def monitor(materials: Materials) -> Parts:
    """A display on its foot."""
    width = materials.rng.uniform(0.45, 0.8)
    height, bottom = width * 0.58, materials.rng.uniform(0.08, 0.16)
    case = join([box((width, 0.03, height), (0, 0, bottom + height / 2)),
                 box((0.05, 0.04, bottom + 0.1), (0, 0.03, (bottom + 0.1) / 2)),
                 box((0.24, 0.18, 0.012), (0, 0.02, 0.006))])
    face = quad((-width / 2 + 0.01, -0.017, bottom + height - 0.01), (width - 0.02, 0, 0),
                (0, 0, 0.02 - height), fit=True)
    return [(case, materials.grey(materials.rng.choice([30, 60, 170]))),
            (face, materials.screen())]


def computer(materials: Materials) -> Parts:
    """The upright case of a desktop computer."""
    width, depth, height = materials.rng.uniform((0.1, 0.35, 0.32), (0.2, 0.45, 0.45))
    slots = [box((width * 0.7, 0.01, 0.012), (0, -depth / 2 - 0.004, height * level))
             for level in (0.5, 0.62, 0.74, 0.86)]
    return [(box((width, depth, height), (0, 0, height / 2)),
             materials.grey(materials.rng.choice([30, 60, 190]))),
            (join(slots), materials.grey(110))]


def cables(materials: Materials) -> Parts:
    """A few cables lying in curves."""
    pieces, along = [], np.linspace(0, 1, 9)[:, None]
    for _ in range(int(materials.rng.integers(1, 4))):
        ends = materials.rng.uniform(-0.25, 0.25, (3, 2))
        line = ((1 - along) ** 2 * ends[0] + 2 * along * (1 - along) * ends[1]
                + along ** 2 * ends[2])
        for (x, y), (dx, dy) in zip(line, np.diff(line, axis=0)):
            piece = box((math.hypot(dx, dy) + 0.004, 0.007, 0.007), (0, 0, 0.004))
            pieces.append(piece.moved(x + dx / 2, y + dy / 2, 0, math.atan2(dy, dx)))
    return [(join(pieces), materials.grey(materials.rng.choice([25, 40, 210])))]


def phone(materials: Materials) -> Parts:
    """A telephone or remote control lying flat."""
    size = (0.07, 0.15, 0.009) if materials.rng.random() < 0.6 else (0.045, 0.18, 0.02)
    face = quad((-size[0] / 2 + 0.004, size[1] / 2 - 0.006, size[2] + 0.001),
                (size[0] - 0.008, 0, 0), (0, 0.012 - size[1], 0), fit=True)
    return [(box(size, (0, 0, size[2] / 2)), materials.grey(40)), (face, materials.screen())]


def pen_cup(materials: Materials) -> Parts:
    """A cup of pens."""
    pens = [cylinder(0.004, 0.16, (0, 0, 0.09), sides=6).turned(
        rotation_x(materials.rng.uniform(-0.2, 0.2))).turned(
        rotation_y(materials.rng.uniform(-0.2, 0.2))) for _ in range(5)]
    return [(cup(), materials.paint()), (join(pens), materials.any_colour())]


def pile_of_books(materials: Materials) -> Parts:
    """Books lying on each other, each turned a little."""
    parts, z = [], 0.0
    for _ in range(int(materials.rng.integers(2, 6))):
        size = materials.rng.uniform((0.18, 0.13, 0.015), (0.26, 0.2, 0.045))
        book = box(size, (0, 0, z + size[2] / 2)).moved(yaw=materials.rng.uniform(-0.3, 0.3))
        parts.append((book, materials.any_colour()))
        z += size[2]
    return parts


def picture_frame(materials: Materials) -> Parts:
    """A small standing frame."""
    width, height = materials.rng.uniform(0.12, 0.2, 2)
    picture, frame, z = materials.label(), materials.wood(), (height + 0.03) / 2
    return [(box((width + 0.03, 0.02, height + 0.03), (0, 0.012, z)), frame),
            (box((width, 0.01, height), (0, 0, z), fit=True), picture)]


def table_lamp(materials: Materials) -> Parts:
    """A lamp with a lit shade."""
    foot = lathe([(0, 0), (0.07, 0), (0.06, 0.02), (0.015, 0.05), (0.012, 0.28), (0, 0.28)], 14)
    shade = cylinder(0.12, 0.16, (0, 0, 0.33), top=0.08)
    return [(foot, materials.paint('gloss')),
            (shade, materials.scene.coloured((248, 230, 195), 'glow'))]
