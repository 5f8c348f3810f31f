"""Objects that stand or lie on floors, on z = 0 around the origin."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.room.household_objects import printed_box
from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import (
    box,
    cylinder,
    join,
    Mesh,
    quad,
    rotation_x,
    rounded,
    surface,
    vessel,
)
from mono_depth_ros.simulation.scene.scene import Parts


def floor_lamp(materials: Materials) -> Parts:
    """A standing lamp with a lit shade."""
    height = materials.rng.uniform(1.4, 1.7)
    stand = join([cylinder(0.15, 0.03, (0, 0, 0.015)),
                  cylinder(0.012, height, (0, 0, height / 2))])
    shade = cylinder(0.2, 0.26, (0, 0, height), top=materials.rng.uniform(0.1, 0.2), sides=18)
    return [(stand, materials.grey(90)),
            (shade, materials.scene.coloured((250, 232, 200), 'glow'))]


def plant(materials: Materials) -> Parts:
    """A pot with a plant of long leaves."""
    height = materials.rng.uniform(0.8, 1.5)
    leaves = [_leaf(materials, height) for _ in range(int(materials.rng.integers(12, 24)))]
    return [(vessel(0.11, 0.16, 0.28, 0.14, 0.13, 0.24, 16), materials.paint('gloss')),
            (join(leaves), materials.leaves)]


def _leaf(materials: Materials, height: float) -> Mesh:
    """One bent leaf, both sides."""
    turn, lean = materials.rng.uniform(0, 2 * math.pi), materials.rng.uniform(0.1, 0.5)
    reach = height * materials.rng.uniform(0.45, 1.0) - 0.24
    along = np.linspace(0, 1, 6)[:, None]
    across = np.array([-1.0, 0.0, 1.0])[None, :]
    width = 0.05 * np.sin(math.pi * np.clip(along, 0.05, 0.98)) * materials.rng.uniform(0.7, 1.6)
    out = lean * along ** 2
    rise = 0.24 + reach * along * (1 - 0.3 * along * lean)
    points = np.stack(np.broadcast_arrays(out, width * across, rise), -1)
    return join([surface(points).moved(yaw=turn),
                 surface(points[:, ::-1]).moved(yaw=turn).flipped()])


def carton(materials: Materials) -> Parts:
    """A moving box."""
    return printed_box(materials, (0.3, 0.25, 0.2), (0.55, 0.45, 0.45))


def basket(materials: Materials) -> Parts:
    """A waste or laundry basket."""
    h = materials.rng.uniform(0.28, 0.5)
    r = h * 0.42
    return [(vessel(r * 0.8, r, h, r * 0.94, r * 0.75, 0.04, 18), materials.fabric())]


def ball(materials: Materials) -> Parts:
    """A ball or globe."""
    size = materials.rng.uniform(0.08, 0.2)
    return [(rounded((size,) * 3, (0, 0, size / 2), 1.0, 8), materials.any_colour('gloss'))]


def toy_blocks(materials: Materials) -> Parts:
    """Toy blocks and balls."""
    parts = []
    for _ in range(int(materials.rng.integers(3, 9))):
        side = materials.rng.uniform(0.03, 0.07)
        x, y = materials.rng.uniform(-0.14, 0.14, 2)
        solid = (box((side, side, side), (0, 0, side / 2)) if materials.rng.random() < 0.7
                 else rounded((side,) * 3, (0, 0, side / 2), 1.0, 6))
        parts.append((solid.moved(x, y, 0, materials.rng.uniform(0, 3)),
                      materials.any_colour('gloss')))
    return parts


def toolbox(materials: Materials) -> Parts:
    """A closed tool box with its handle."""
    x, y, z = materials.rng.uniform((0.3, 0.16, 0.14), (0.5, 0.24, 0.24))
    lid = box((x * 0.9, y * 0.7, 0.04), (0, 0, z + 0.02))
    handle = [box((0.02, 0.02, 0.07), (side * 0.07, 0, z + 0.07)) for side in (-1, 1)]
    handle.append(box((0.18, 0.025, 0.025), (0, 0, z + 0.11)))
    return [(box((x, y, z), (0, 0, z / 2)), materials.any_colour()),
            (join([lid, *handle]), materials.grey(40))]


def storage_box(materials: Materials) -> Parts:
    """A plastic box with a lid and a label on its front."""
    width, depth, height = materials.rng.uniform((0.25, 0.18, 0.12), (0.42, 0.3, 0.28))
    face = quad((-0.06, -depth / 2 - 0.002, height * 0.65), (0.12, 0, 0), (0, 0, -0.08), fit=True)
    return [(box((width * 0.95, depth * 0.95, height), (0, 0, height / 2)), materials.grey(205)),
            (box((width, depth, 0.03), (0, 0, height + 0.01)), materials.paint('gloss')),
            (face, materials.paper())]


def clothes(materials: Materials) -> Parts:
    """A jacket or jumper in a heap."""
    rng, heap = materials.rng, []
    for _ in range(int(rng.integers(4, 9))):
        size = rng.uniform((0.12, 0.1, 0.07), (0.34, 0.24, 0.16))
        x, y, z = rng.uniform((-0.14, -0.1, 0.03), (0.14, 0.1, 0.16))
        heap.append(rounded(size, (0, 0, 0), 0.9).turned(
            rotation_x(rng.uniform(-0.5, 0.5))).moved(x, y, z, rng.uniform(0, 6.28)))
    return [(join(heap), materials.fabric())]


def shoes(materials: Materials) -> Parts:
    """A pair of shoes."""
    shoe = join([rounded((0.1, 0.28, 0.08), (0, 0, 0.04), 0.6, 6),
                 rounded((0.09, 0.14, 0.1), (0, 0.06, 0.08), 0.7, 6)])
    pair = [shoe.moved(x, materials.rng.uniform(-0.05, 0.05), 0, materials.rng.uniform(-0.3, 0.3))
            for x in (-0.07, 0.07)]
    return [(join(pair), materials.any_colour())]


def bag(materials: Materials) -> Parts:
    """A standing rucksack or handbag."""
    w, d, h = materials.rng.uniform((0.25, 0.14, 0.3), (0.36, 0.24, 0.48))
    body = [rounded((w, d, h), (0, 0, h / 2), 0.4),
            rounded((w * 0.7, d * 0.5, h * 0.4), (0, -d / 2, h * 0.3), 0.4)]
    straps = [box((0.03, 0.02, h * 0.7), (x, d / 2, h * 0.5)) for x in (-w / 4, w / 4)]
    return [(join(body), materials.fabric()), (join(straps), materials.grey(40))]


def bucket(materials: Materials) -> Parts:
    """A bucket or paint pot."""
    r, h = materials.rng.uniform((0.09, 0.15), (0.16, 0.32))
    return [(vessel(r * 0.8, r, h, r * 0.95, r * 0.76, 0.02, 18), materials.any_colour('gloss'))]


def cushion(materials: Materials) -> Parts:
    """A cushion, leaning."""
    lean = rotation_x(materials.rng.uniform(0, 0.4))
    return [(rounded((0.45, 0.45, 0.15), (0, 0, 0.09), 0.5).turned(lean).moved(
        yaw=materials.rng.uniform(0, math.pi)), materials.fabric())]
