"""Kinds of rooms: their sizes, surfaces, and which furniture they hold how often."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from mono_depth_ros.simulation.room import built_in_furniture as built_in
from mono_depth_ros.simulation.room import floor_objects, furniture
from mono_depth_ros.simulation.room.random_objects import Maker
from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.textures import cloth, masonry, wood

Size = tuple[float, float, float]
# (maker, width m, depth m, whether it is too tall to stand before a window)
Piece = tuple[Maker, float, float, bool]

# (texture, usual colour, metres of a repeat)
FLOORS = ((wood.planks, (165, 120, 75), 1.0), (wood.planks, (110, 75, 50), 1.2),
          (wood.planks, (205, 175, 135), 1.1), (masonry.tiles, (190, 185, 175), 1.6),
          (masonry.tiles, (120, 110, 105), 2.0), (cloth.carpet, (150, 140, 125), 1.0),
          (cloth.carpet, (95, 100, 110), 1.0), (cloth.carpet, (110, 60, 55), 1.0),
          (wood.herringbone, (160, 115, 75), 1.2), (masonry.terrazzo, (190, 185, 175), 1.0),
          (masonry.concrete, (135, 132, 128), 2.5), (masonry.marble, (205, 198, 188), 2.0))
WALLS = ((masonry.plaster, (228, 224, 214), 1.2), (masonry.plaster, (200, 205, 200), 1.2),
         (masonry.plaster, (215, 200, 170), 1.2), (masonry.wallpaper, (205, 200, 190), 0.8),
         (masonry.wallpaper, (180, 190, 200), 0.8), (masonry.bricks, (165, 95, 75), 1.0),
         (masonry.plaster, (160, 175, 180), 1.2), (cloth.striped, (205, 195, 180), 0.8),
         (cloth.dotted, (200, 200, 195), 0.7), (masonry.concrete, (170, 168, 162), 2.5),
         (masonry.bricks, (215, 212, 205), 1.0), (wood.planks, (190, 170, 140), 1.4))
TILED = ((masonry.tiles, (220, 222, 220), 0.8), (masonry.brick_tiles, (225, 225, 220), 0.8),
         (masonry.tiles, (150, 180, 190), 0.6), (masonry.marble, (215, 212, 205), 1.5))


@dataclass(frozen=True, kw_only=True)
class RoomKind:
    """One kind of room: its share of all rooms, smallest and largest size (x, y, z) m, weights of
    the furniture along its walls (names of `random_piece`) and in its middle (names of
    `layout.furnish_middle`), small objects per square metre of floor, whether it may be tiled.
    """

    share: float
    smallest: Size
    largest: Size
    along_walls: dict[str, float]
    middle: dict[str, float] = field(default_factory=dict)
    floor_objects_per_m2: float = 0.1
    tiled: bool = False


# The room of the demo, with a walk through it.
DEMO_ROOM = RoomKind(
    share=0, smallest=(4.4, 3.8, 2.45), largest=(7.0, 6.0, 2.9), floor_objects_per_m2=0.0,
    middle={'dining table': 1, 'coffee table': 1},
    along_walls={'bookcase': 3, 'low bookcase': 2, 'sofa': 3, 'armchair': 2, 'wardrobe': 2,
                 'sideboard': 2, 'television': 2, 'desk': 2, 'bed': 1, 'floor lamp': 1, 'plant': 2,
                 'chair': 1, 'carton': 1, 'basket': 1})
LIVING_ROOM = replace(DEMO_ROOM, share=0.26, smallest=(3.2, 3.0, 2.3), largest=(8.0, 6.5, 3.1),
                      floor_objects_per_m2=0.15)
BEDROOM = RoomKind(
    share=0.14, smallest=(2.7, 2.6, 2.3), largest=(5.5, 4.8, 2.8), floor_objects_per_m2=0.25,
    middle={'coffee table': 0.3},
    along_walls={'bed': 4, 'wardrobe': 2, 'sideboard': 2, 'low bookcase': 1, 'desk': 1.5,
                 'chair': 1, 'plant': 1, 'floor lamp': 1, 'basket': 2, 'armchair': 1})
OFFICE = RoomKind(
    share=0.22, smallest=(3.0, 2.7, 2.4), largest=(10.5, 8.0, 3.2), floor_objects_per_m2=0.1,
    middle={'desk': 3, 'dining table': 1},
    along_walls={'desk': 5, 'bookcase': 2, 'low bookcase': 2, 'sideboard': 1, 'plant': 1,
                 'office chair': 2, 'rack': 1, 'carton': 1, 'basket': 1})
KITCHEN = RoomKind(
    share=0.16, smallest=(2.4, 2.4, 2.3), largest=(6.0, 5.0, 2.9), floor_objects_per_m2=0.08,
    tiled=True, middle={'dining table': 1},
    along_walls={'counter': 6, 'fridge': 2, 'washing machine': 1, 'stool': 1.5, 'sideboard': 1,
                 'chair': 1, 'basket': 1, 'plant': 0.5})
WORKSHOP = RoomKind(
    share=0.12, smallest=(3.0, 2.8, 2.5), largest=(11.0, 9.0, 4.2), floor_objects_per_m2=0.35,
    middle={'rack': 2, 'workbench': 1},
    along_walls={'rack': 5, 'workbench': 3, 'carton': 4, 'wardrobe': 1, 'stool': 1,
                 'washing machine': 0.5, 'basket': 1})
CORRIDOR = RoomKind(
    share=0.05, smallest=(5.5, 1.9, 2.3), largest=(11.0, 2.8, 3.0), floor_objects_per_m2=0.06,
    along_walls={'low bookcase': 1, 'chair': 1, 'plant': 1, 'carton': 1, 'wardrobe': 0.5,
                 'sideboard': 1})
BATHROOM = RoomKind(
    share=0.05, smallest=(2.0, 1.9, 2.2), largest=(4.0, 3.2, 2.7), floor_objects_per_m2=0.2,
    tiled=True,
    along_walls={'wash basin': 2, 'toilet': 2, 'bath tub': 1.5, 'washing machine': 1,
                 'basket': 1.5})
KINDS = (LIVING_ROOM, BEDROOM, OFFICE, KITCHEN, WORKSHOP, CORRIDOR, BATHROOM)


def random_kind(rng: np.random.Generator) -> RoomKind:
    """One of KINDS by its share."""
    shares = np.array([kind.share for kind in KINDS])
    return KINDS[rng.choice(len(KINDS), p=shares / shares.sum())]


def random_piece(materials: Materials, kind: RoomKind) -> Piece:
    """Furniture to put along a wall of such a room; its maker is called once it has a place."""
    weights = np.array(list(kind.along_walls.values()), float)
    index = materials.rng.choice(len(weights), p=weights / weights.sum())
    return _piece(materials, list(kind.along_walls)[index])


def _piece(materials: Materials, name: str) -> Piece:
    rng = materials.rng
    wide, high = rng.uniform(0.7, 1.4), rng.uniform(1.5, 2.1)
    seats, bed, counter = int(rng.integers(2, 4)), rng.uniform(0.95, 1.6), rng.uniform(1.2, 2.8)
    pieces: dict[str, Piece] = {
        'bookcase': (partial(furniture.bookcase, width=wide, height=high), wide, 0.32, True),
        'low bookcase': (partial(furniture.bookcase, width=wide, height=0.9), wide, 0.32, False),
        'sofa': (partial(furniture.sofa, seats=seats), 0.62 * seats + 0.4, 0.9, False),
        'armchair': (partial(furniture.sofa, seats=1), 1.05, 0.9, False),
        'wardrobe': (partial(furniture.cabinet, width=wide, height=high, depth=0.55, objects=0),
                     wide, 0.6, True),
        'sideboard': (partial(furniture.cabinet, width=wide, height=0.8, depth=0.42), wide, 0.45,
                      False),
        'television': (furniture.television, 1.65, 0.45, False),
        'desk': (furniture.desk, 1.65, 0.72, False),
        'bed': (partial(furniture.bed, width=bed), bed + 0.15, 2.15, False),
        'floor lamp': (floor_objects.floor_lamp, 0.45, 0.45, False),
        'plant': (floor_objects.plant, 0.6, 0.6, False),
        'chair': (furniture.chair, 0.5, 0.5, False),
        'carton': (floor_objects.carton, 0.6, 0.5, False),
        'basket': (floor_objects.basket, 0.45, 0.45, False),
        'counter': (partial(built_in.counter, width=counter), counter + 0.02, 0.66, True),
        'fridge': (built_in.fridge, 0.64, 0.66, True),
        'washing machine': (built_in.washing_machine, 0.64, 0.62, False),
        'rack': (partial(built_in.rack, width=wide, height=high), wide + 0.05, 0.5, True),
        'office chair': (furniture.office_chair, 0.66, 0.66, False),
        'stool': (furniture.stool, 0.4, 0.4, False),
        'workbench': (built_in.workbench, 2.05, 0.7, True),
        'wash basin': (built_in.wash_basin, 0.66, 0.5, False),
        'toilet': (built_in.toilet, 0.5, 0.66, False),
        'bath tub': (built_in.bath_tub, 1.7, 0.76, False)}
    return pieces[name]
