"""Small things that lie about: [(mesh, finish), ...] standing on z = 0 around the origin."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.simulation.room import table_objects as things
from mono_depth_ros.simulation.scene.mesh import box, cylinder, join, lathe, rounded
from mono_depth_ros.simulation.scene.style import Style


def clutter(style: Style, tall: bool = True) -> list:
    """One small thing at random; not `tall`: at most 25 cm high."""
    makers = [bowl, mug, box_of_goods, pile_of_books, vase, picture_frame, ball]
    makers += [things.can, things.blocks, things.pen_cup, things.plate, things.pan]
    makers += [bottle, table_lamp, table_plant, things.storage_box, things.clothes] if tall else []
    return makers[style.rng.integers(len(makers))](style)


def desk_thing(style: Style) -> list:
    """One thing of a desk at random."""
    makers = (things.papers, things.papers, things.laptop, things.keyboard_and_mouse, things.phone,
              things.pen_cup, mug, pile_of_books, box_of_goods, table_lamp, bottle, things.can,
              things.storage_box, things.clothes, picture_frame, table_plant)
    return makers[style.rng.integers(len(makers))](style)


def floor_thing(style: Style) -> list:
    """One thing left on a floor at random."""
    makers = (things.shoes, things.bag, things.bucket, things.blocks, things.box_of_tools,
              things.papers, things.cushion, things.clothes, carton, basket, ball, pile_of_books)
    return makers[style.rng.integers(len(makers))](style)


def bowl(style: Style) -> list:
    """A bowl, often with fruit."""
    r = style.rng.uniform(0.09, 0.15)
    shell = lathe([(0, 0), (r * 0.45, 0), (r * 0.85, r * 0.3), (r, r * 0.6), (r * 0.92, r * 0.6),
                   (r * 0.75, r * 0.3), (0, r * 0.15)], 18)
    turns = style.rng.uniform(0, 6.28) + np.arange(4) * 1.57
    fruit = [rounded((0.075,) * 3, (0.45 * r * np.cos(t), 0.45 * r * np.sin(t), r * 0.5), 1.0, 6)
             for t in turns]
    return [(shell, style.paint('gloss')), (join(fruit), style.bright())]


def mug(style: Style) -> list:
    """A mug."""
    inside = [(0, 0), (0.04, 0), (0.042, 0.1), (0.036, 0.1), (0.034, 0.02), (0, 0.02)]
    return [(join([lathe(inside, 14), box((0.03, 0.012, 0.06), (0.055, 0, 0.05))]),
             style.paint('gloss'))]


def bottle(style: Style) -> list:
    """A bottle."""
    h = style.rng.uniform(0.24, 0.33)
    profile = [(0, 0), (0.037, 0), (0.037, h * 0.6), (0.014, h * 0.78), (0.014, h), (0, h)]
    return [(lathe(profile, 14), style.bright('gloss'))]


def vase(style: Style) -> list:
    """A turned vase."""
    h = style.rng.uniform(0.16, 0.24)
    z = np.linspace(0, 1, 9)
    r = 0.045 + 0.035 * np.sin(style.rng.uniform(2.0, 6.0) * z + style.rng.uniform(0, 3)) + 0.02
    profile = [(0, 0)] + [(float(radius), float(h * level)) for radius, level in zip(r, z)]
    return [(lathe(profile + [(0, h * 0.9)], 18), style.paint('gloss'))]


def box_of_goods(style: Style) -> list:
    """A printed box."""
    size = style.rng.uniform((0.08, 0.06, 0.08), (0.26, 0.2, 0.22))
    finish = style.labels[style.rng.integers(len(style.labels))]
    return [(box(size, (0, 0, size[2] / 2), fit=True), finish)]


def pile_of_books(style: Style) -> list:
    """Books lying on each other, each a little turned."""
    items, z = [], 0.0
    for _ in range(int(style.rng.integers(2, 6))):
        size = style.rng.uniform((0.18, 0.13, 0.015), (0.26, 0.2, 0.045))
        block = box(size, (0, 0, z + size[2] / 2)).moved(yaw=style.rng.uniform(-0.3, 0.3))
        items.append((block, style.bright()))
        z += size[2]
    return items


def picture_frame(style: Style) -> list:
    """A small standing frame."""
    w, h = style.rng.uniform(0.12, 0.2, 2)
    finish = style.labels[style.rng.integers(len(style.labels))]
    return [(box((w + 0.03, 0.02, h + 0.03), (0, 0.012, (h + 0.03) / 2)), style.wood()),
            (box((w, 0.01, h), (0, 0, (h + 0.03) / 2), fit=True), finish)]


def ball(style: Style) -> list:
    """A ball or globe."""
    size = style.rng.uniform(0.08, 0.2)
    return [(rounded((size,) * 3, (0, 0, size / 2), 1.0, 8), style.bright('gloss'))]


def table_lamp(style: Style) -> list:
    """A lamp with a lit shade."""
    foot = lathe([(0, 0), (0.07, 0), (0.06, 0.02), (0.015, 0.05), (0.012, 0.28), (0, 0.28)], 14)
    shade = cylinder(0.12, 0.16, (0, 0, 0.33), top=0.08)
    return [(foot, style.paint('gloss')), (shade, style.scene.colour((248, 230, 195), 'glow'))]


def table_plant(style: Style) -> list:
    """A small plant in a pot."""
    pot = lathe([(0, 0), (0.05, 0), (0.07, 0.11), (0, 0.1)], 12)
    sizes = style.rng.uniform(0.08, 0.16, (6, 3))
    places = style.rng.uniform((-0.06, -0.06, 0.16), (0.06, 0.06, 0.28), (6, 3))
    tufts = [rounded(size, place, 1.0, 6) for size, place in zip(sizes, places)]
    return [(pot, style.paint()), (join(tufts), style.leaves)]


def carton(style: Style) -> list:
    """A moving box for the floor."""
    size = style.rng.uniform((0.3, 0.25, 0.2), (0.55, 0.45, 0.45))
    finish = style.labels[style.rng.integers(len(style.labels))]
    return [(box(size, (0, 0, size[2] / 2), fit=True), finish)]


def basket(style: Style) -> list:
    """A waste or laundry basket."""
    h = style.rng.uniform(0.28, 0.5)
    r = h * 0.42
    profile = [(0, 0), (r * 0.8, 0), (r, h), (r * 0.94, h), (r * 0.75, 0.04), (0, 0.04)]
    return [(lathe(profile, 18), style.fabric())]
