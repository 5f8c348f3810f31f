"""Random choices of small objects for tops, shelves, desks and floors.

An object that is listed twice in a tuple comes twice as often.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mono_depth_ros.simulation.room import desk_objects as desk
from mono_depth_ros.simulation.room import floor_objects as floor
from mono_depth_ros.simulation.room import household_objects as household
from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.scene import moved, Parts

Maker = Callable[[Materials], Parts]

# At most 25 cm high: they fit between the boards of a bookcase.
LOW_OBJECTS: tuple[Maker, ...] = (
    household.bowl, household.mug, household.packet, desk.pile_of_books, household.vase,
    desk.picture_frame, floor.ball, household.cans, floor.toy_blocks, desk.pen_cup,
    household.plate, household.pan)
SMALL_OBJECTS: tuple[Maker, ...] = (
    *LOW_OBJECTS, household.bottle, desk.table_lamp, household.table_plant, floor.storage_box,
    floor.clothes)
DESK_OBJECTS: tuple[Maker, ...] = (
    desk.papers, desk.papers, desk.laptop, desk.keyboard_and_mouse, desk.phone, desk.pen_cup,
    household.mug, desk.pile_of_books, household.packet, desk.table_lamp, household.bottle,
    household.cans, floor.storage_box, floor.clothes, desk.picture_frame, household.table_plant)
FLOOR_OBJECTS: tuple[Maker, ...] = (
    floor.shoes, floor.bag, floor.bucket, floor.toy_blocks, floor.toolbox, desk.papers,
    floor.cushion, floor.clothes, floor.carton, floor.basket, floor.ball, desk.pile_of_books)


def random_object(materials: Materials, makers: tuple[Maker, ...] = SMALL_OBJECTS) -> Parts:
    """An object of one of the makers at random."""
    return makers[materials.rng.integers(len(makers))](materials)


def objects_on_top(materials: Materials, length: float, depth: float, height: float, count: int,
                   makers: tuple[Maker, ...] = SMALL_OBJECTS) -> Parts:
    """`count` objects side by side on a top of this size (m) at this height."""
    rng = materials.rng
    parts = []
    for slot in np.linspace(-0.5, 0.5, count + 2)[1:-1]:
        x = slot * length + rng.uniform(-0.04, 0.04)
        y = rng.uniform(-0.25, 0.25) * depth
        yaw = rng.uniform(-0.6, 0.6)
        parts += moved(random_object(materials, makers), x, y, height, yaw)
    return parts
