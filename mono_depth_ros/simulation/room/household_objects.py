"""Objects of kitchens and living rooms, standing on z = 0 around the origin."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import box, cylinder, join, lathe, Mesh, rounded, vessel
from mono_depth_ros.simulation.scene.scene import Parts


def bowl(materials: Materials) -> Parts:
    """A bowl of fruit."""
    r = materials.rng.uniform(0.09, 0.15)
    outline = [(0, 0), (r * 0.45, 0), (r * 0.85, r * 0.3), (r, r * 0.6), (r * 0.92, r * 0.6),
               (r * 0.75, r * 0.3), (0, r * 0.15)]
    angles = materials.rng.uniform(0, 6.28) + np.arange(4) * 1.57
    fruit = [rounded((0.075,) * 3, (0.45 * r * np.cos(t), 0.45 * r * np.sin(t), r * 0.5), 1.0, 6)
             for t in angles]
    return [(lathe(outline, 18), materials.paint('gloss')), (join(fruit), materials.any_colour())]


def cup() -> Mesh:
    """The shape of a cup without handle, 10 cm high."""
    return vessel(0.04, 0.042, 0.1, 0.036, 0.034, 0.02, 14)


def mug(materials: Materials) -> Parts:
    """A mug with its handle."""
    return [(join([cup(), box((0.03, 0.012, 0.06), (0.055, 0, 0.05))]), materials.paint('gloss'))]


def bottle(materials: Materials) -> Parts:
    """A bottle."""
    h = materials.rng.uniform(0.24, 0.33)
    profile = [(0, 0), (0.037, 0), (0.037, h * 0.6), (0.014, h * 0.78), (0.014, h), (0, h)]
    return [(lathe(profile, 14), materials.any_colour('gloss'))]


def vase(materials: Materials) -> Parts:
    """A vase."""
    h = materials.rng.uniform(0.16, 0.24)
    z = np.linspace(0, 1, 9)
    waves = materials.rng.uniform(2.0, 6.0) * z + materials.rng.uniform(0, 3)
    r = 0.045 + 0.035 * np.sin(waves) + 0.02
    profile = [(0, 0), *zip(r.tolist(), (h * z).tolist()), (0, h * 0.9)]
    return [(lathe(profile, 18), materials.paint('gloss'))]


def printed_box(materials: Materials, smallest, largest) -> Parts:
    """A box with a label stretched over every side; its size (x, y, z) m within these bounds."""
    size = materials.rng.uniform(smallest, largest)
    return [(box(size, (0, 0, size[2] / 2), fit=True), materials.label())]


def packet(materials: Materials) -> Parts:
    """A printed packet, as of food."""
    return printed_box(materials, (0.08, 0.06, 0.08), (0.26, 0.2, 0.22))


def table_plant(materials: Materials) -> Parts:
    """A small plant in a pot."""
    pot = lathe([(0, 0), (0.05, 0), (0.07, 0.11), (0, 0.1)], 12)
    sizes = materials.rng.uniform(0.08, 0.16, (6, 3))
    centres = materials.rng.uniform((-0.06, -0.06, 0.16), (0.06, 0.06, 0.28), (6, 3))
    tufts = [rounded(size, centre, 1.0, 6) for size, centre in zip(sizes, centres)]
    return [(pot, materials.paint()), (join(tufts), materials.leaves)]


def plate(materials: Materials) -> Parts:
    """A plate, sometimes with food, and cutlery beside it."""
    r = materials.rng.uniform(0.09, 0.14)
    parts = [(lathe([(0, 0), (r * 0.6, 0), (r, 0.02), (r * 0.95, 0.022), (r * 0.6, 0.006),
                     (0, 0.006)], 20), materials.paint('gloss'))]
    cutlery = [box((0.018, 0.2, 0.004), (side * (r + 0.03), 0, 0.004)) for side in (-1, 1)]
    parts.append((join(cutlery), materials.grey(190)))
    if materials.rng.random() < 0.5:
        food = [rounded(materials.rng.uniform(0.03, 0.08, 3),
                        (*materials.rng.uniform(-0.04, 0.04, 2), 0.02), 1.0, 6) for _ in range(4)]
        parts.append((join(food), materials.any_colour()))
    return parts


def cans(materials: Materials) -> Parts:
    """One to three cans or jars in a row."""
    parts = []
    for x in np.arange(int(materials.rng.integers(1, 4))) * 0.085:
        height = materials.rng.uniform(0.08, 0.17)
        centre = (x, materials.rng.uniform(-0.03, 0.03), height / 2)
        parts.append((cylinder(0.034, height, centre), materials.label()))
    return parts


def pan(materials: Materials) -> Parts:
    """A pot or a pan with its handle."""
    r, height = materials.rng.uniform(0.09, 0.15), materials.rng.uniform(0.05, 0.18)
    pot = vessel(r * 0.9, r, height, r * 0.96, r * 0.86, 0.012, 20)
    handle = box((0.2, 0.022, 0.015), (r + 0.09, 0, height * 0.85))
    return [(join([pot, handle]), materials.grey(materials.rng.choice([35, 120, 190])))]
