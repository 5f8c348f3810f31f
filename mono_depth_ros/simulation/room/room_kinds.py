"""Kinds of rooms: their sizes, surfaces, and which furniture they have how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mono_depth_ros.simulation.room import fitted_furniture as fitted
from mono_depth_ros.simulation.room import furniture
from mono_depth_ros.simulation.room.clutter import basket, carton
from mono_depth_ros.simulation.scene.style import Style
from mono_depth_ros.simulation.textures import indoor as textures
from mono_depth_ros.simulation.textures import stone

Size = tuple[float, float, float]
# (maker, width m, depth m, whether it hides a window)
Piece = tuple[Callable[[], list], float, float, bool]

FLOORS = ((textures.planks, (165, 120, 75), 1.0), (textures.planks, (110, 75, 50), 1.2),
          (textures.planks, (205, 175, 135), 1.1), (textures.tiles, (190, 185, 175), 1.6),
          (textures.tiles, (120, 110, 105), 2.0), (textures.carpet, (150, 140, 125), 1.0),
          (textures.carpet, (95, 100, 110), 1.0), (textures.carpet, (110, 60, 55), 1.0),
          (stone.herringbone, (160, 115, 75), 1.2), (stone.terrazzo, (190, 185, 175), 1.0),
          (stone.concrete, (135, 132, 128), 2.5), (stone.marble, (205, 198, 188), 2.0))
WALLS = ((textures.plaster, (228, 224, 214), 1.2), (textures.plaster, (200, 205, 200), 1.2),
         (textures.plaster, (215, 200, 170), 1.2), (textures.wallpaper, (205, 200, 190), 0.8),
         (textures.wallpaper, (180, 190, 200), 0.8), (textures.bricks, (165, 95, 75), 1.0),
         (textures.plaster, (160, 175, 180), 1.2), (stone.striped, (205, 195, 180), 0.8),
         (stone.dotted, (200, 200, 195), 0.7), (stone.concrete, (170, 168, 162), 2.5),
         (textures.bricks, (215, 212, 205), 1.0), (textures.planks, (190, 170, 140), 1.4))
TILED = ((textures.tiles, (220, 222, 220), 0.8), (stone.brick_tiles, (225, 225, 220), 0.8),
         (textures.tiles, (150, 180, 190), 0.6), (stone.marble, (215, 212, 205), 1.5))


@dataclass(frozen=True, kw_only=True)
class RoomKind:
    """One kind of room: smallest and largest size (x, y, z) m, weights of the pieces along its
    walls and of what stands in its middle, things on a square metre of floor, whether its walls
    may be tiled, and its share of all rooms.
    """

    share: float
    smallest: Size
    largest: Size
    pieces: dict[str, float]
    middle: dict[str, float] = field(default_factory=dict)
    litter: float = 0.1
    tiled: bool = False


# The room one walks through in the demo.
USUAL = RoomKind(
    share=0, smallest=(4.4, 3.8, 2.45), largest=(7.0, 6.0, 2.9), litter=0.0,
    middle={'dining': 1, 'coffee': 1},
    pieces={'bookcase': 3, 'low_bookcase': 2, 'sofa': 3, 'armchair': 2, 'wardrobe': 2,
            'sideboard': 2, 'television': 2, 'desk': 2, 'bed': 1, 'floor_lamp': 1, 'plant': 2,
            'chair': 1, 'carton': 1, 'basket': 1})
KINDS = (
    RoomKind(share=0.26, smallest=(3.2, 3.0, 2.3), largest=(8.0, 6.5, 3.1),
             pieces=USUAL.pieces, middle={'dining': 1, 'coffee': 1}, litter=0.15),
    RoomKind(share=0.14, smallest=(2.7, 2.6, 2.3), largest=(5.5, 4.8, 2.8), litter=0.25,
             middle={'coffee': 0.3},
             pieces={'bed': 4, 'wardrobe': 2, 'sideboard': 2, 'low_bookcase': 1, 'desk': 1.5,
                     'chair': 1, 'plant': 1, 'floor_lamp': 1, 'basket': 2, 'armchair': 1}),
    RoomKind(share=0.22, smallest=(3.0, 2.7, 2.4), largest=(10.5, 8.0, 3.2), litter=0.1,
             middle={'desks': 3, 'dining': 1},
             pieces={'desk': 5, 'bookcase': 2, 'low_bookcase': 2, 'sideboard': 1, 'plant': 1,
                     'office_chair': 2, 'rack': 1, 'carton': 1, 'basket': 1}),
    RoomKind(share=0.16, smallest=(2.4, 2.4, 2.3), largest=(6.0, 5.0, 2.9), tiled=True,
             middle={'dining': 1}, litter=0.08,
             pieces={'counter': 6, 'fridge': 2, 'washer': 1, 'stool': 1.5, 'sideboard': 1,
                     'chair': 1, 'basket': 1, 'plant': 0.5}),
    RoomKind(share=0.12, smallest=(3.0, 2.8, 2.5), largest=(11.0, 9.0, 4.2), litter=0.35,
             middle={'racks': 2, 'bench': 1},
             pieces={'rack': 5, 'workbench': 3, 'carton': 4, 'wardrobe': 1, 'stool': 1,
                     'washer': 0.5, 'basket': 1}),
    RoomKind(share=0.05, smallest=(5.5, 1.9, 2.3), largest=(11.0, 2.8, 3.0), litter=0.06,
             pieces={'low_bookcase': 1, 'chair': 1, 'plant': 1, 'carton': 1, 'wardrobe': 0.5,
                     'sideboard': 1}),
    RoomKind(share=0.05, smallest=(2.0, 1.9, 2.2), largest=(4.0, 3.2, 2.7), tiled=True,
             litter=0.2,
             pieces={'basin': 2, 'toilet': 2, 'tub': 1.5, 'washer': 1, 'basket': 1.5}))


def random_kind(rng: np.random.Generator) -> RoomKind:
    """One of KINDS by its share."""
    shares = np.array([kind.share for kind in KINDS])
    return KINDS[rng.choice(len(KINDS), p=shares / shares.sum())]


def random_piece(style: Style, kind: RoomKind) -> Piece:
    """A piece for a wall of such a room; made only when it has found a place."""
    weights = np.array(list(kind.pieces.values()), float)
    name = list(kind.pieces)[style.rng.choice(len(weights), p=weights / weights.sum())]
    return _piece(style, name)


def _piece(style: Style, name: str) -> Piece:
    rng = style.rng
    wide, high = rng.uniform(0.7, 1.4), rng.uniform(1.5, 2.1)
    seats, broad, long = int(rng.integers(2, 4)), rng.uniform(0.95, 1.6), rng.uniform(1.2, 2.8)
    pieces: dict[str, Piece] = {
        'bookcase': (lambda: furniture.bookcase(style, wide, high), wide, 0.32, True),
        'low_bookcase': (lambda: furniture.bookcase(style, wide, 0.9), wide, 0.32, False),
        'sofa': (lambda: furniture.sofa(style, seats), 0.62 * seats + 0.4, 0.9, False),
        'armchair': (lambda: furniture.sofa(style, 1), 1.05, 0.9, False),
        'wardrobe': (lambda: furniture.cabinet(style, wide, high, 0.55, 0), wide, 0.6, True),
        'sideboard': (lambda: furniture.cabinet(style, wide, 0.8, 0.42), wide, 0.45, False),
        'television': (lambda: furniture.television(style), 1.65, 0.45, False),
        'desk': (lambda: furniture.desk(style), 1.65, 0.72, False),
        'bed': (lambda: furniture.bed(style, broad), broad + 0.15, 2.15, False),
        'floor_lamp': (lambda: furniture.floor_lamp(style), 0.45, 0.45, False),
        'plant': (lambda: furniture.plant(style, rng.uniform(0.8, 1.5)), 0.6, 0.6, False),
        'chair': (lambda: furniture.chair(style), 0.5, 0.5, False),
        'carton': (lambda: carton(style), 0.6, 0.5, False),
        'basket': (lambda: basket(style), 0.45, 0.45, False),
        'counter': (lambda: fitted.counter(style, long), long + 0.02, 0.66, True),
        'fridge': (lambda: fitted.fridge(style), 0.64, 0.66, True),
        'washer': (lambda: fitted.washer(style), 0.64, 0.62, False),
        'rack': (lambda: fitted.rack(style, wide, high), wide + 0.05, 0.5, True),
        'office_chair': (lambda: fitted.office_chair(style), 0.66, 0.66, False),
        'stool': (lambda: fitted.stool(style), 0.4, 0.4, False),
        'workbench': (lambda: fitted.workbench(style), 2.05, 0.7, True),
        'basin': (lambda: fitted.basin(style), 0.66, 0.5, False),
        'toilet': (lambda: fitted.toilet(style), 0.5, 0.66, False),
        'tub': (lambda: fitted.tub(style), 1.7, 0.76, False)}
    return pieces[name]
