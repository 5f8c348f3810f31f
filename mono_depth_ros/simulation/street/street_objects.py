"""What stands in a street: items [(mesh, finish), ...] on z = 0 around the origin."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.scene.mesh import (
    box,
    cylinder,
    extruded,
    join,
    lathe,
    quad,
    rotation_x,
    rotation_y,
    rounded,
)
from mono_depth_ros.simulation.scene.style import Style
from mono_depth_ros.simulation.textures import facade
from mono_depth_ros.simulation.textures import indoor as textures

CAR_PAINTS = ((225, 225, 225), (35, 36, 40), (150, 155, 160), (150, 30, 30), (35, 60, 110),
              (85, 90, 95), (190, 180, 160), (45, 80, 60))


def car(style: Style) -> list:
    """Parked car, front to +x: body, glass, wheels, lights, bumpers, plates, mirrors."""
    rng = style.rng
    length, high, van = rng.uniform(3.8, 4.7), rng.uniform(1.42, 1.6), rng.random() < 0.2
    high = 2.0 if van else high
    body, cabin = (_van if van else _saloon)(length, high, rng)
    width = 1.74
    paint = style.scene.colour(
        textures.tinted(rng, CAR_PAINTS[rng.integers(len(CAR_PAINTS))]), 'gloss')
    glass = _inset(cabin, 0.0, 0.07)
    dark = style.scene.colour((26, 28, 32), 'gloss')
    bright = style.scene.colour((225, 225, 215), 'gloss')
    red = style.scene.colour((150, 20, 20), 'gloss')
    half = length / 2
    mirrors = [box((0.1, 0.12, 0.1), (half * 0.33, side * (width / 2 + 0.04), 0.95))
               for side in (-1, 1)]
    shell = [extruded(body, width), extruded(cabin, width - 0.24), *mirrors]
    windows = [extruded(glass, width - 0.2)]
    wheels = [_wheel().moved(x * length, side * (width / 2 - 0.08), 0.31)
              for x in (-0.31, 0.31) for side in (-1, 1)]
    hubs = [_wheel(0.19, 0.2).moved(x * length, side * (width / 2 - 0.07), 0.31)
            for x in (-0.31, 0.31) for side in (-1, 1)]
    lamps = [box((0.05, 0.32, 0.12), (half - 0.04, side * 0.6, 0.62)) for side in (-1, 1)]
    plates = [box((0.03, 0.5, 0.11), (side * (half + 0.005), 0, 0.42)) for side in (-1, 1)]
    rear = [box((0.05, 0.2, 0.2), (0.05 - half, side * 0.7, 0.7)) for side in (-1, 1)]
    sills = [box((length * 0.98, width * 0.96, 0.2), (0, 0, 0.26))]
    return [(join(shell), paint), (join(windows + wheels + sills), dark),
            (join(lamps + plates), bright), (join(hubs), style.grey(165)), (join(rear), red)]


def _saloon(length: float, high: float, rng):
    h, belt = length / 2, 0.86
    bonnet = rng.uniform(0.2, 0.3) * length
    boot = rng.uniform(0.02, 0.2) * length
    body = [(-h, 0.3), (h - 0.03, 0.3), (h, 0.55), (h - 0.12, 0.72), (h - bonnet, belt + 0.05),
            (boot - h, belt + 0.04), (-h + 0.03, belt - 0.06)]
    cabin = [(h - bonnet, belt), (h - bonnet - 0.65, high), (boot - h + 0.5, high - 0.02),
             (boot - h + 0.05, belt)]
    return body, cabin


def _van(length: float, high: float, rng):
    h = length / 2
    body = [(-h, 0.3), (h - 0.03, 0.3), (h, 0.6), (h - 0.1, 0.9), (h - 0.6, 1.05), (-h, 1.05)]
    return body, [(h - 0.6, 1.0), (h - 1.15, high), (0.05 - h, high), (0.02 - h, 1.0)]


def _inset(outline, bottom: float, top: float):
    """The outline of the glass: lower than the roof, so that the roof stays painted."""
    z = [point[1] for point in outline]
    low, high = min(z), max(z)
    return [(x, low + bottom if level == low else min(level, high - top)) for x, level in outline]


def _wheel(radius: float = 0.31, width: float = 0.22):
    return cylinder(radius, width, sides=14).turned(rotation_x(math.pi / 2))


def tree(style: Style) -> list:
    """Street tree: trunk and a crown of many clumps."""
    rng = style.rng
    stem, crown = rng.uniform(2.2, 3.2), rng.uniform(1.1, 2.0)
    trunk = cylinder(0.16, stem + 0.6, (0, 0, (stem + 0.6) / 2), top=0.1, sides=10)
    clumps = []
    for _ in range(int(rng.integers(8, 13))):
        place = rng.standard_normal(3) * crown * (0.38, 0.38, 0.42)
        size = rng.uniform(0.7, 1.25, 3) * crown
        clumps.append(rounded(size, place + (0, 0, stem + crown * 0.9), 1.0, 5))
    return [(trunk, style.woods[0]), (join(clumps), style.leaves)]


def lamp_post(style: Style) -> list:
    """Street lamp whose arm reaches to -y."""
    post = [cylinder(0.09, 5.5, (0, 0, 2.75), top=0.05), cylinder(0.14, 0.7, (0, 0, 0.35)),
            box((0.07, 1.3, 0.07), (0, -0.6, 5.5)), box((0.2, 0.55, 0.1), (0, -1.2, 5.47))]
    lamp = box((0.16, 0.4, 0.02), (0, -1.2, 5.41))
    return [(join(post), style.grey(95)), (lamp, style.scene.colour((255, 235, 190), 'glow'))]


def sign(style: Style) -> list:
    """Sign on a pole, its face to -x."""
    w, h, z = 0.6, style.rng.uniform(0.4, 0.7), style.rng.uniform(2.1, 2.5)
    face = style.scene.texture(facade.sign(style.rng), 1.0)
    board = quad((-0.05, w / 2, z + h / 2), (0, -w, 0), (0, 0, -h), fit=True)
    pole = cylinder(0.035, z + h / 2, (0, 0, (z + h / 2) / 2))
    return [(join([pole, box((0.02, w, h), (-0.037, 0, z))]), style.grey(150)), (board, face)]


def person(style: Style) -> list:
    """A person standing or in mid-step, facing +x, in one of many clothes and sizes."""
    rng = style.rng
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
    return [(join(torso), style.bright()), (join(trousers), style.grey(60, 'matt')),
            (join(head), style.scene.colour(skin)), (hair, style.grey(45, 'matt')),
            (join(shoes), style.grey(35))]


def _limb(radius: float, length: float):
    """A limb that hangs from the origin."""
    return lathe([(0, -length), (radius * 0.6, -length), (radius, -length * 0.1),
                  (radius * 0.6, 0), (0, 0.02)], 8)


def bin_or_box(style: Style) -> list:
    """A litter bin, a hydrant, a cable cabinet or a planter."""
    kind = style.rng.integers(4)
    if kind == 0:
        return [(cylinder(0.24, 0.9, (0, 0, 0.45), top=0.27), style.grey(60, 'matt'))]
    if kind == 1:
        body = lathe([(0, 0), (0.14, 0), (0.11, 0.06), (0.11, 0.5), (0.14, 0.52), (0.06, 0.7),
                      (0, 0.72)], 14)
        return [(body, style.scene.colour((190, 45, 35), 'gloss'))]
    if kind == 2:
        return [(box((0.8, 0.35, 1.15), (0, 0, 0.575)), style.grey(140, 'matt'))]
    plants = [rounded((0.5, 0.45, 0.5), (x, 0, 0.62), 1.0, 6) for x in (-0.4, 0, 0.4)]
    return [(box((1.3, 0.5, 0.45), (0, 0, 0.225)), style.grey(160, 'matt')),
            (join(plants), style.leaves)]


def bench(style: Style) -> list:
    """A bench, front to -y."""
    slats = [box((1.6, 0.1, 0.03), (0, y, 0.45)) for y in (-0.2, -0.07, 0.06)]
    slats += [box((1.6, 0.03, 0.1), (0, 0.2, z)) for z in (0.6, 0.75)]
    legs = [box((0.06, 0.45, 0.44), (x, 0, 0.22)) for x in (-0.65, 0.65)]
    return [(join(slats), style.wood()), (join(legs), style.grey(50))]
