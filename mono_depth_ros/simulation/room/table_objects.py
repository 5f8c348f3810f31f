"""What lies on desks, tables and floors: items [(mesh, finish), ...] on z = 0 round the origin."""

from __future__ import annotations

import math

import numpy as np

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
from mono_depth_ros.simulation.scene.style import Style


def papers(style: Style) -> list:
    """A few loose sheets or magazines, flat."""
    items = []
    for level in range(int(style.rng.integers(1, 5))):
        sheet = quad((-0.105, 0.148, 0.003 + 0.002 * level), (0.21, 0, 0), (0, -0.297, 0),
                     fit=True)
        x, y = style.rng.uniform(-0.06, 0.06, 2)
        items.append((sheet.moved(x, y, 0, style.rng.uniform(-0.6, 0.6)), style.paper()))
    return items


def laptop(style: Style) -> list:
    """An open laptop."""
    shell = style.grey(style.rng.choice([40, 150, 190]))
    lean = style.rng.uniform(0.1, 0.5)
    lid = [box((0.32, 0.008, 0.22), (0, 0, 0.11))]
    face = quad((-0.15, -0.006, 0.21), (0.3, 0, 0), (0, 0, -0.19), fit=True)
    turn = rotation_x(-lean)
    keys = quad((-0.145, 0.07, 0.0185), (0.29, 0, 0), (0, -0.1, 0), fit=True)
    return [(join([box((0.32, 0.22, 0.017), (0, 0, 0.0095)),
                   join(lid).turned(turn).moved(0, 0.11, 0.012)]), shell),
            (face.turned(turn).moved(0, 0.11, 0.012), style.screen()), (keys, style.keys)]


def keyboard_and_mouse(style: Style) -> list:
    """A keyboard with a mouse to its right."""
    case = style.grey(style.rng.choice([35, 60, 200]))
    keys = quad((-0.215, 0.065, 0.0225), (0.43, 0, 0), (0, -0.13, 0), fit=True)
    mouse = rounded((0.065, 0.11, 0.04), (0.3, 0, 0.02), 0.8, 6)
    return [(join([box((0.44, 0.14, 0.02), (0, 0, 0.012)), mouse]), case), (keys, style.keys)]


def monitor(style: Style) -> list:
    """A display on its foot, facing -y."""
    wide = style.rng.uniform(0.45, 0.8)
    high, low = wide * 0.58, style.rng.uniform(0.08, 0.16)
    case = join([box((wide, 0.03, high), (0, 0, low + high / 2)),
                 box((0.05, 0.04, low + 0.1), (0, 0.03, (low + 0.1) / 2)),
                 box((0.24, 0.18, 0.012), (0, 0.02, 0.006))])
    face = quad((-wide / 2 + 0.01, -0.017, low + high - 0.01), (wide - 0.02, 0, 0),
                (0, 0, 0.02 - high), fit=True)
    return [(case, style.grey(style.rng.choice([30, 60, 170]))), (face, style.screen())]


def computer(style: Style) -> list:
    """A desktop computer's upright case, facing -y."""
    wide, deep, high = style.rng.uniform((0.1, 0.35, 0.32), (0.2, 0.45, 0.45))
    slots = [box((wide * 0.7, 0.01, 0.012), (0, -deep / 2 - 0.004, high * level))
             for level in (0.5, 0.62, 0.74, 0.86)]
    return [(box((wide, deep, high), (0, 0, high / 2)),
             style.grey(style.rng.choice([30, 60, 190]))), (join(slots), style.grey(110))]


def cables(style: Style) -> list:
    """A few cables lying in curves."""
    parts, along = [], np.linspace(0, 1, 9)[:, None]
    for _ in range(int(style.rng.integers(1, 4))):
        ends = style.rng.uniform(-0.25, 0.25, (3, 2))
        line = ((1 - along) ** 2 * ends[0] + 2 * along * (1 - along) * ends[1]
                + along ** 2 * ends[2])
        for (x, y), (dx, dy) in zip(line, np.diff(line, axis=0)):
            piece = box((math.hypot(dx, dy) + 0.004, 0.007, 0.007), (0, 0, 0.004))
            parts.append(piece.moved(x + dx / 2, y + dy / 2, 0, math.atan2(dy, dx)))
    return [(join(parts), style.grey(style.rng.choice([25, 40, 210])))]


def clothes(style: Style) -> list:
    """A jacket or jumper thrown down in a heap."""
    heap = []
    for _ in range(int(style.rng.integers(4, 9))):
        size = style.rng.uniform((0.12, 0.1, 0.07), (0.34, 0.24, 0.16))
        x, y, z = style.rng.uniform((-0.14, -0.1, 0.03), (0.14, 0.1, 0.16))
        heap.append(rounded(size, (0, 0, 0), 0.9).turned(
            rotation_x(style.rng.uniform(-0.5, 0.5))).moved(x, y, z, style.rng.uniform(0, 6.28)))
    return [(join(heap), style.fabric())]


def storage_box(style: Style) -> list:
    """A plastic box with a lid and a label on its front."""
    wide, deep, high = style.rng.uniform((0.25, 0.18, 0.12), (0.42, 0.3, 0.28))
    face = quad((-0.06, -deep / 2 - 0.002, high * 0.65), (0.12, 0, 0), (0, 0, -0.08), fit=True)
    return [(box((wide * 0.95, deep * 0.95, high), (0, 0, high / 2)), style.grey(205)),
            (box((wide, deep, 0.03), (0, 0, high + 0.01)), style.paint('gloss')),
            (face, style.paper())]


def plate(style: Style) -> list:
    """A plate, at times with food, and cutlery beside it."""
    r = style.rng.uniform(0.09, 0.14)
    items = [(lathe([(0, 0), (r * 0.6, 0), (r, 0.02), (r * 0.95, 0.022), (r * 0.6, 0.006),
                     (0, 0.006)], 20), style.paint('gloss'))]
    tools = [box((0.018, 0.2, 0.004), (side * (r + 0.03), 0, 0.004)) for side in (-1, 1)]
    items.append((join(tools), style.grey(190)))
    if style.rng.random() < 0.5:
        food = [rounded(style.rng.uniform(0.03, 0.08, 3), (*style.rng.uniform(-0.04, 0.04, 2),
                                                           0.02), 1.0, 6) for _ in range(4)]
        items.append((join(food), style.bright()))
    return items


def can(style: Style) -> list:
    """Cans and jars in a little row."""
    items = []
    for x in np.arange(int(style.rng.integers(1, 4))) * 0.085:
        high = style.rng.uniform(0.08, 0.17)
        items.append((cylinder(0.034, high, (x, style.rng.uniform(-0.03, 0.03), high / 2)),
                      style.label()))
    return items


def pen_cup(style: Style) -> list:
    """A cup of pens."""
    cup = lathe([(0, 0), (0.04, 0), (0.042, 0.1), (0.036, 0.1), (0.034, 0.02), (0, 0.02)], 14)
    pens = [cylinder(0.004, 0.16, (0, 0, 0.09), sides=6).turned(
        rotation_x(style.rng.uniform(-0.2, 0.2))).turned(
        rotation_y(style.rng.uniform(-0.2, 0.2))) for _ in range(5)]
    return [(cup, style.paint()), (join(pens), style.bright())]


def phone(style: Style) -> list:
    """A telephone or remote control lying flat."""
    size = (0.07, 0.15, 0.009) if style.rng.random() < 0.6 else (0.045, 0.18, 0.02)
    face = quad((-size[0] / 2 + 0.004, size[1] / 2 - 0.006, size[2] + 0.001),
                (size[0] - 0.008, 0, 0), (0, 0.012 - size[1], 0), fit=True)
    return [(box(size, (0, 0, size[2] / 2)), style.grey(40)), (face, style.screen())]


def pan(style: Style) -> list:
    """A pot or a pan with its handle."""
    r, high = style.rng.uniform(0.09, 0.15), style.rng.uniform(0.05, 0.18)
    pot = lathe([(0, 0), (r * 0.9, 0), (r, high), (r * 0.96, high), (r * 0.86, 0.012),
                 (0, 0.012)], 20)
    return [(join([pot, box((0.2, 0.022, 0.015), (r + 0.09, 0, high * 0.85))]),
             style.grey(style.rng.choice([35, 120, 190])))]


def box_of_tools(style: Style) -> list:
    """A tool box, closed, with its handle."""
    size = style.rng.uniform((0.3, 0.16, 0.14), (0.5, 0.24, 0.24))
    body = box(size, (0, 0, size[2] / 2))
    lid = box((size[0] * 0.9, size[1] * 0.7, 0.04), (0, 0, size[2] + 0.02))
    handle = [box((0.02, 0.02, 0.07), (x, 0, size[2] + 0.07)) for x in (-0.07, 0.07)]
    handle.append(box((0.18, 0.025, 0.025), (0, 0, size[2] + 0.11)))
    return [(body, style.bright()), (join([lid, *handle]), style.grey(40))]


def blocks(style: Style) -> list:
    """Toy blocks and balls."""
    items = []
    for _ in range(int(style.rng.integers(3, 9))):
        side = style.rng.uniform(0.03, 0.07)
        x, y = style.rng.uniform(-0.14, 0.14, 2)
        solid = (box((side, side, side), (0, 0, side / 2)) if style.rng.random() < 0.7
                 else rounded((side,) * 3, (0, 0, side / 2), 1.0, 6))
        items.append((solid.moved(x, y, 0, style.rng.uniform(0, 3)), style.bright('gloss')))
    return items


def shoes(style: Style) -> list:
    """A pair of shoes."""
    pair = [join([rounded((0.1, 0.28, 0.08), (0, 0, 0.04), 0.6, 6),
                  rounded((0.09, 0.14, 0.1), (0, 0.06, 0.08), 0.7, 6)]).moved(
        x, style.rng.uniform(-0.05, 0.05), 0, style.rng.uniform(-0.3, 0.3)) for x in (-0.07, 0.07)]
    return [(join(pair), style.bright())]


def bag(style: Style) -> list:
    """A rucksack or handbag standing."""
    w, d, h = style.rng.uniform((0.25, 0.14, 0.3), (0.36, 0.24, 0.48))
    return [(join([rounded((w, d, h), (0, 0, h / 2), 0.4),
                   rounded((w * 0.7, d * 0.5, h * 0.4), (0, -d / 2, h * 0.3), 0.4)]),
             style.fabric()),
            (join([box((0.03, 0.02, h * 0.7), (x, d / 2, h * 0.5)) for x in (-w / 4, w / 4)]),
             style.grey(40))]


def bucket(style: Style) -> list:
    """A bucket or paint pot."""
    r, h = style.rng.uniform((0.09, 0.15), (0.16, 0.32))
    profile = [(0, 0), (r * 0.8, 0), (r, h), (r * 0.95, h), (r * 0.76, 0.02), (0, 0.02)]
    return [(lathe(profile, 18), style.bright('gloss'))]


def cushion(style: Style) -> list:
    """A cushion thrown down."""
    lean = rotation_x(style.rng.uniform(0, 0.4))
    return [(rounded((0.45, 0.45, 0.15), (0, 0, 0.09), 0.5).turned(lean).moved(
        yaw=style.rng.uniform(0, math.pi)), style.fabric())]
