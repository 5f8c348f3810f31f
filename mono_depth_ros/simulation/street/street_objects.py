"""Objects of streets but for vehicles, standing on z = 0 around the origin."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import (
    box,
    cylinder,
    four_of,
    join,
    lathe,
    Mesh,
    quad,
    rotation_y,
    rounded,
)
from mono_depth_ros.simulation.scene.scene import Parts
from mono_depth_ros.simulation.textures import facades


def tree(materials: Materials) -> Parts:
    """Street tree: trunk and a crown of many clumps."""
    rng = materials.rng
    stem, crown = rng.uniform(2.2, 3.2), rng.uniform(1.1, 2.0)
    trunk = cylinder(0.16, stem + 0.6, (0, 0, (stem + 0.6) / 2), top=0.1, sides=10)
    clumps = []
    for _ in range(int(rng.integers(8, 13))):
        place = rng.standard_normal(3) * crown * (0.38, 0.38, 0.42)
        size = rng.uniform(0.7, 1.25, 3) * crown
        clumps.append(rounded(size, place + (0, 0, stem + crown * 0.9), 1.0, 5))
    return [(trunk, materials.woods[0]), (join(clumps), materials.leaves)]


def lamp_post(materials: Materials) -> Parts:
    """Street lamp whose arm reaches to -y."""
    post = [cylinder(0.09, 5.5, (0, 0, 2.75), top=0.05), cylinder(0.14, 0.7, (0, 0, 0.35)),
            box((0.07, 1.3, 0.07), (0, -0.6, 5.5)), box((0.2, 0.55, 0.1), (0, -1.2, 5.47))]
    lamp = box((0.16, 0.4, 0.02), (0, -1.2, 5.41))
    return [(join(post), materials.grey(95)),
            (lamp, materials.scene.coloured((255, 235, 190), 'glow'))]


def sign(materials: Materials) -> Parts:
    """Sign on a pole, its face to -x."""
    w, h, z = 0.6, materials.rng.uniform(0.4, 0.7), materials.rng.uniform(2.1, 2.5)
    face = materials.scene.textured(facades.sign(materials.rng), 1.0)
    board = quad((-0.05, w / 2, z + h / 2), (0, -w, 0), (0, 0, -h), fit=True)
    pole = cylinder(0.035, z + h / 2, (0, 0, (z + h / 2) / 2))
    return [(join([pole, box((0.02, w, h), (-0.037, 0, z))]), materials.grey(150)), (board, face)]


def person(materials: Materials) -> Parts:
    """A person standing or in mid-step, facing +x, in one of many clothes and sizes."""
    rng = materials.rng
    height, stride = rng.uniform(1.55, 1.88), rng.uniform(0, 0.35)
    s = height / 1.75
    trousers = [_limb(0.085 * s, 0.84 * s).turned(rotation_y(swing)).moved(
                    0, side * 0.09 * s, 0.86 * s)
                for side, swing in ((-1, stride), (1, -stride))]
    arms = [_limb(0.055 * s, 0.6 * s).turned(rotation_y(swing)).moved(0, side * 0.25 * s, 1.4 * s)
            for side, swing in ((-1, -stride), (1, stride))]
    torso = [rounded((0.27 * s, 0.46 * s, 0.66 * s), (0, 0, 1.15 * s), 0.7, 6)] + arms
    head = [rounded((0.2 * s, 0.17 * s, 0.25 * s), (0.01, 0, 1.63 * s), 1.0, 6),
            cylinder(0.055 * s, 0.12 * s, (0, 0, 1.47 * s))]
    hair = rounded((0.22 * s, 0.19 * s, 0.2 * s), (-0.02, 0, 1.68 * s), 1.0, 6)
    step = 0.84 * s * math.sin(stride)
    shoes = [box((0.27 * s, 0.1 * s, 0.08 * s), (0.05 + side * step, side * 0.09 * s, 0.05))
             for side in (-1, 1)]
    skin = np.array([225, 185, 155]) * rng.uniform(0.45, 1.0)
    return [(join(torso), materials.any_colour()), (join(trousers), materials.grey(60, 'matt')),
            (join(head), materials.scene.coloured(skin)), (hair, materials.grey(45, 'matt')),
            (join(shoes), materials.grey(35))]


def _limb(radius: float, length: float) -> Mesh:
    """A limb that hangs from the origin."""
    return lathe([(0, -length), (radius * 0.6, -length), (radius, -length * 0.1),
                  (radius * 0.6, 0), (0, 0.02)], 8)


def kerbside_box(materials: Materials) -> Parts:
    """A litter bin, a hydrant, a cable cabinet or a planter."""
    kind = materials.rng.integers(4)
    if kind == 0:
        return [(cylinder(0.24, 0.9, (0, 0, 0.45), top=0.27), materials.grey(60, 'matt'))]
    if kind == 1:
        body = lathe([(0, 0), (0.14, 0), (0.11, 0.06), (0.11, 0.5), (0.14, 0.52), (0.06, 0.7),
                      (0, 0.72)], 14)
        return [(body, materials.scene.coloured((190, 45, 35), 'gloss'))]
    if kind == 2:
        return [(box((0.8, 0.35, 1.15), (0, 0, 0.575)), materials.grey(140, 'matt'))]
    plants = [rounded((0.5, 0.45, 0.5), (x, 0, 0.62), 1.0, 6) for x in (-0.4, 0, 0.4)]
    return [(box((1.3, 0.5, 0.45), (0, 0, 0.225)), materials.grey(160, 'matt')),
            (join(plants), materials.leaves)]


def bench(materials: Materials) -> Parts:
    """A bench, front to -y."""
    slats = [box((1.6, 0.1, 0.03), (0, y, 0.45)) for y in (-0.2, -0.07, 0.06)]
    slats += [box((1.6, 0.03, 0.1), (0, 0.2, z)) for z in (0.6, 0.75)]
    legs = [box((0.06, 0.45, 0.44), (x, 0, 0.22)) for x in (-0.65, 0.65)]
    return [(join(slats), materials.wood()), (join(legs), materials.grey(50))]


def cone(materials: Materials) -> Parts:
    """A traffic cone."""
    return [(join([box((0.38, 0.38, 0.03), (0, 0, 0.015)),
                   cylinder(0.14, 0.7, (0, 0, 0.38), top=0.03)]),
             materials.scene.coloured((225, 90, 35)))]


def container(materials: Materials) -> Parts:
    """A shipping container, ribbed."""
    length = materials.rng.choice([6.06, 12.19])
    ribs = [box((0.1, 2.46, 2.3), (x, 0, 1.3))
            for x in np.arange(0.3 - length / 2, length / 2, 0.45)]
    return [(join([box((length, 2.4, 2.55), (0, 0, 1.3)), *ribs]), materials.any_colour())]


def shelter(materials: Materials) -> Parts:
    """A bus shelter, open to -y."""
    posts = four_of(box((0.08, 0.08, 2.4), (0, 0, 1.2)), 1.8, 0.6)
    seat = box((2.4, 0.35, 0.06), (0, 0.35, 0.48))
    return [(join([*posts, box((3.9, 1.6, 0.1), (0, 0, 2.45)), seat]), materials.grey(80)),
            (box((1.0, 0.06, 1.6), (-1.2, 0.6, 1.2), fit=True), materials.label())]


def traffic_light(materials: Materials) -> Parts:
    """Traffic lights on a pole, facing -x."""
    pole = [cylinder(0.06, 3.0, (0, 0, 1.5)), box((0.2, 0.3, 0.9), (0, 0, 2.8))]
    lamps = [(box((0.02, 0.18, 0.18), (-0.11, 0, 3.08 - 0.28 * i)),
              materials.scene.coloured(rgb, 'glow' if i == materials.rng.integers(3) else 'matt'))
             for i, rgb in enumerate(((220, 40, 30), (230, 170, 40), (50, 200, 90)))]
    return [(join(pole), materials.grey(55)), *lamps]
