"""Furniture of kitchens, bathrooms and workshops: standing on z = 0, front to -y, back near +y."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.simulation.room.floor_objects import carton, toolbox
from mono_depth_ros.simulation.room.furniture import table
from mono_depth_ros.simulation.room.household_objects import cans, pan, plate
from mono_depth_ros.simulation.room.random_objects import (
    FLOOR_OBJECTS,
    objects_on_top,
    random_object,
)
from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import (
    box,
    cylinder,
    four_of,
    join,
    lathe,
    quad,
    rounded,
    vessel,
)
from mono_depth_ros.simulation.scene.scene import Material, Parts
from mono_depth_ros.simulation.textures import masonry, wood
from mono_depth_ros.simulation.textures.colours import any_colour, tinted


def counter(materials: Materials, width: float) -> Parts:
    """Kitchen counter with a hob, tiles behind it, and often cupboards above."""
    rng, depth = materials.rng, 0.6
    front = materials.wood() if rng.random() < 0.5 else materials.paint('gloss')
    middles = np.arange(0.3 - width / 2, width / 2 - 0.2, 0.58)
    doors = [box((0.56, 0.02, 0.72), (x, -depth / 2 - 0.01, 0.49)) for x in middles]
    handles = [box((0.14, 0.025, 0.015), (x, -depth / 2 - 0.03, 0.78)) for x in middles]
    top = box((width, depth + 0.04, 0.04), (0, -0.01, 0.88))
    wall = quad((-width / 2, depth / 2 - 0.01, 1.45), (width, 0, 0), (0, 0, -0.55))
    colour = tinted(rng, any_colour(rng, 150, 240))
    tiles = materials.scene.textured(masonry.brick_tiles(rng, colour), 0.6, specular=0.4)
    plinth = box((width, depth - 0.1, 0.1), (0, 0.04, 0.05))
    parts = [(box((width, depth - 0.02, 0.78), (0, 0, 0.47)), front), (join(doors), front),
             (plinth, materials.grey(60)), (join(handles), materials.grey(170)),
             (top, _worktop(materials)), (wall, tiles)]
    makers = (pan, cans, plate, random_object, random_object)
    parts += objects_on_top(materials, width, depth * 0.7, 0.9, round(width * 2.5), makers)
    parts += _hob(materials, width)
    return parts + (_cupboards(materials, middles, front) if rng.random() < 0.7 else [])


def _worktop(materials: Materials) -> Material:
    rng = materials.rng
    make = (masonry.marble, masonry.terrazzo, masonry.concrete, wood.plain_wood)[rng.integers(4)]
    colour = tinted(rng, (200, 190, 180)) * rng.choice([0.3, 0.7, 1.0])
    return materials.scene.textured(make(rng, colour), 0.8, specular=0.3)


def _hob(materials: Materials, width: float) -> Parts:
    x = materials.rng.uniform(-0.3, 0.3) * width
    glass = box((0.56, 0.5, 0.008), (x, 0, 0.904))
    rings = [cylinder(r, 0.006, (x + dx, dy, 0.908)) for dx, dy, r in (
        (-0.14, -0.12, 0.09), (0.14, -0.12, 0.07), (-0.14, 0.12, 0.07), (0.14, 0.12, 0.09))]
    return [(glass, materials.grey(25)), (join(rings), materials.grey(60))]


def _cupboards(materials: Materials, middles: np.ndarray, front: Material) -> Parts:
    """Cupboards over most of a counter's doors."""
    boxes = [box((0.57, 0.34, 0.66), (x, 0.13, 1.8)) for x in middles
             if materials.rng.random() < 0.8]
    return [(join(boxes), front)] if boxes else []


def fridge(materials: Materials) -> Parts:
    """A fridge of 0.85 to 2 m, with notes on it."""
    rng = materials.rng
    height = rng.choice([0.85, 1.5, 1.8, 2.0])
    split = height * 0.65
    doors = [box((0.58, 0.04, split - 0.02), (0, -0.3, split / 2)),
             box((0.58, 0.04, height - split - 0.02), (0, -0.3, (height + split) / 2))]
    grips = [box((0.02, 0.03, 0.3), (0.24, -0.34, z)) for z in (split - 0.25, split + 0.12)]
    notes = [(quad((x, -0.322, z), (0.1, 0, 0), (0, 0, -0.14), fit=True), materials.paper())
             for x, z in rng.uniform((-0.25, 0.4), (0.1, height - 0.1), (3, 2))]
    case = materials.grey(rng.choice([60, 170, 235]))
    return [(join([box((0.6, 0.6, height), (0, 0.01, height / 2)), *doors]), case),
            (join(grips), materials.grey(120)), *notes]


def washing_machine(materials: Materials) -> Parts:
    """A washing machine."""
    porthole = lathe([(0, 0), (0.2, 0), (0.17, 0.03), (0, 0.03)], 24).turned(
        np.array([[1, 0, 0], [0, 0, -1.0], [0, 1, 0]])).moved(0, -0.3, 0.45)
    return [(box((0.6, 0.58, 0.85), (0, 0, 0.425)), materials.grey(235)),
            (join([porthole, box((0.5, 0.01, 0.09), (0, -0.295, 0.77))]), materials.grey(90))]


def rack(materials: Materials, width: float, height: float) -> Parts:
    """Open metal shelves with cartons, tools and tins."""
    depth = 0.45
    levels = np.linspace(0.1, height - 0.03, max(2, round(height / 0.5)))
    boards = [box((width, depth, 0.025), (0, 0, z)) for z in levels]
    posts = four_of(box((0.035, 0.035, height), (0, 0, height / 2)), width / 2, depth / 2)
    parts = [(join(posts), materials.grey(materials.rng.choice([70, 140]))),
             (join(boards), materials.wood() if materials.rng.random() < 0.4
              else materials.grey(120))]
    makers = (carton, carton, toolbox, random_object, cans)
    for z in levels[:-1]:
        objects = objects_on_top(materials, width, 0.2, z + 0.013, round(width * 1.8), makers)
        ceiling = z + (levels[1] - levels[0]) - 0.02
        parts += [part for part in objects if part[0].points[..., 2].max() < ceiling]
    return parts


def workbench(materials: Materials) -> Parts:
    """A bench with tools on it and on a board above it."""
    rng = materials.rng
    width = rng.uniform(1.3, 2.0)
    makers = (toolbox, cans, lambda materials: random_object(materials, FLOOR_OBJECTS),
              random_object)
    parts = table(materials, width, 0.65, 0.88, 0) + objects_on_top(
        materials, width, 0.4, 0.88, int(rng.integers(3, 7)), makers)
    board = box((width, 0.02, 0.6), (0, 0.31, 1.4))
    tools = [box(rng.uniform((0.02, 0.02, 0.1), (0.08, 0.05, 0.35)), (x, 0.28, 1.4))
             for x in np.arange(0.12 - width / 2, width / 2, 0.13)]
    return parts + [(board, materials.wood()), (join(tools), materials.grey(80))]


def wash_basin(materials: Materials) -> Parts:
    """A wash basin with its tap, over a cupboard."""
    basin = vessel(0.14, 0.24, 0.12, 0.22, 0.12, 0.02, 20).moved(0, 0, 0.8)
    tap = join([cylinder(0.018, 0.2, (0, 0.18, 0.92)), box((0.02, 0.14, 0.02), (0, 0.12, 1.0))])
    return [(box((0.6, 0.44, 0.8), (0, 0.02, 0.4)), materials.wood()),
            (join([basin, box((0.62, 0.46, 0.03), (0, 0.02, 0.79))]), materials.grey(238)),
            (tap, materials.grey(180))]


def toilet(materials: Materials) -> Parts:
    """A toilet with its cistern."""
    bowl = lathe([(0, 0), (0.13, 0), (0.12, 0.2), (0.19, 0.4), (0, 0.41)], 18)
    return [(join([bowl.moved(0, -0.08), box((0.38, 0.18, 0.36), (0, 0.2, 0.62)),
                   rounded((0.4, 0.5, 0.05), (0, -0.06, 0.42), 0.7)]), materials.grey(240))]


def bath_tub(materials: Materials) -> Parts:
    """A bath tub."""
    rim = [box((1.6, 0.06, 0.56), (0, y, 0.28)) for y in (-0.34, 0.34)]
    rim += [box((0.06, 0.74, 0.56), (x, 0, 0.28)) for x in (-0.8, 0.8)]
    return [(join([*rim, box((1.6, 0.7, 0.15), (0, 0, 0.075))]), materials.grey(240))]
