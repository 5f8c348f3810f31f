"""Vehicles, standing on z = 0 around the origin, front to +x."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import (
    box,
    cylinder,
    extruded,
    four_of,
    join,
    lathe,
    Mesh,
    rotation_x,
    rotation_y,
)
from mono_depth_ros.simulation.scene.scene import Parts
from mono_depth_ros.simulation.textures.colours import tinted

CAR_PAINTS = ((225, 225, 225), (35, 36, 40), (150, 155, 160), (150, 30, 30), (35, 60, 110),
              (85, 90, 95), (190, 180, 160), (45, 80, 60))


def car(materials: Materials) -> Parts:
    """A car or, one in five, a van."""
    rng = materials.rng
    length, height, van = rng.uniform(3.8, 4.7), rng.uniform(1.42, 1.6), rng.random() < 0.2
    body, cabin = _van(length) if van else _saloon(length, height, rng)
    width, half = 1.74, length / 2
    paint = materials.scene.coloured(
        tinted(rng, CAR_PAINTS[rng.integers(len(CAR_PAINTS))]), 'gloss')
    dark = materials.scene.coloured((26, 28, 32), 'gloss')
    bright = materials.scene.coloured((225, 225, 215), 'gloss')
    red = materials.scene.coloured((150, 20, 20), 'gloss')
    mirrors = [box((0.1, 0.12, 0.1), (half * 0.33, side * (width / 2 + 0.04), 0.95))
               for side in (-1, 1)]
    painted = [extruded(body, width), extruded(cabin, width - 0.24), *mirrors]
    windows = extruded(_glass(cabin), width - 0.2)
    wheels = four_of(_wheel(0.31, 0.22).moved(z=0.31), 0.31 * length, width / 2 - 0.08)
    hubs = four_of(_wheel(0.19, 0.2).moved(z=0.31), 0.31 * length, width / 2 - 0.07)
    lamps = [box((0.05, 0.32, 0.12), (half - 0.04, side * 0.6, 0.62)) for side in (-1, 1)]
    plates = [box((0.03, 0.5, 0.11), (side * (half + 0.005), 0, 0.42)) for side in (-1, 1)]
    rear = [box((0.05, 0.2, 0.2), (0.05 - half, side * 0.7, 0.7)) for side in (-1, 1)]
    sills = box((length * 0.98, width * 0.96, 0.2), (0, 0, 0.26))
    return [(join(painted), paint), (join([windows, *wheels, sills]), dark),
            (join(lamps + plates), bright), (join(hubs), materials.grey(165)), (join(rear), red)]


def _saloon(length: float, height: float, rng):
    """Outlines (x, z) of body and cabin of a car."""
    h, belt = length / 2, 0.86
    bonnet = rng.uniform(0.2, 0.3) * length
    boot = rng.uniform(0.02, 0.2) * length
    body = [(-h, 0.3), (h - 0.03, 0.3), (h, 0.55), (h - 0.12, 0.72), (h - bonnet, belt + 0.05),
            (boot - h, belt + 0.04), (-h + 0.03, belt - 0.06)]
    cabin = [(h - bonnet, belt), (h - bonnet - 0.65, height), (boot - h + 0.5, height - 0.02),
             (boot - h + 0.05, belt)]
    return body, cabin


def _van(length: float):
    """Outlines (x, z) of body and cabin of a van."""
    h, height = length / 2, 2.0
    body = [(-h, 0.3), (h - 0.03, 0.3), (h, 0.6), (h - 0.1, 0.9), (h - 0.6, 1.05), (-h, 1.05)]
    return body, [(h - 0.6, 1.0), (h - 1.15, height), (0.05 - h, height), (0.02 - h, 1.0)]


def _glass(cabin):
    """Outline of the windows: lower than the cabin, so that the roof keeps its paint."""
    top = max(z for _, z in cabin) - 0.07
    return [(x, min(z, top)) for x, z in cabin]


def _wheel(radius: float, width: float) -> Mesh:
    return cylinder(radius, width, sides=14).turned(rotation_x(math.pi / 2))


def lorry(materials: Materials) -> Parts:
    """A lorry with its cab and load."""
    rng = materials.rng
    length, height = rng.uniform(5.5, 8.5), rng.uniform(2.6, 3.5)
    h = length / 2
    cab = extruded([(h - 1.7, 0.6), (h, 0.6), (h, 1.5), (h - 0.25, 2.4), (h - 1.7, 2.5)], 2.2)
    glass = extruded([(h - 0.8, 1.6), (h + 0.01, 1.6), (h - 0.24, 2.3), (h - 0.8, 2.3)], 2.22)
    wheels = [_wheel(0.46, 0.3).moved(x, side * 0.98, 0.46)
              for x in (h - 0.9, -h + 1.0, -h + 2.1) for side in (-1, 1)]
    print_or_paint = materials.label() if rng.random() < 0.3 else materials.any_colour()
    load = box((length - 1.9, 2.3, height - 0.9), (-0.95, 0, 0.9 + (height - 0.9) / 2), fit=True)
    return [(cab, materials.any_colour('gloss')), (join([glass, *wheels]), materials.grey(30)),
            (load, print_or_paint),
            (box((length - 0.3, 1.0, 0.25), (0, 0, 0.75)), materials.grey(50))]


def bus(materials: Materials) -> Parts:
    """A city bus."""
    length = materials.rng.uniform(9, 12)
    body = join([box((length, 2.5, 1.0), (0, 0, 0.85)), box((length, 2.5, 0.5), (0, 0, 2.75))])
    glass = box((length - 0.05, 2.46, 1.2), (0, 0, 1.93))
    posts = [box((0.12, 2.51, 1.2), (x, 0, 1.93))
             for x in np.arange(-length / 2 + 0.1, length / 2, 1.5)]
    wheels = four_of(_wheel(0.48, 0.3).moved(z=0.48), 0.3 * length, 1.12)
    return [(join([body, *posts]), materials.any_colour('gloss')),
            (join([glass, *wheels]), materials.grey(35))]


def bicycle(materials: Materials) -> Parts:
    """A bicycle, standing."""
    ring = lathe([(0.32, -0.02), (0.34, 0.0), (0.32, 0.02), (0.3, 0.0), (0.32, -0.02)], 20)
    wheels = [ring.turned(rotation_x(math.pi / 2)).moved(x, 0, 0.34) for x in (-0.53, 0.53)]

    def tube(x0, z0, x1, z1):
        length = math.hypot(x1 - x0, z1 - z0)
        return cylinder(0.018, length, sides=6).turned(
            rotation_y(math.atan2(x1 - x0, z1 - z0))).moved((x0 + x1) / 2, 0, (z0 + z1) / 2)
    frame = [tube(-0.53, 0.34, -0.1, 0.3), tube(-0.1, 0.3, -0.2, 0.85),
             tube(-0.53, 0.34, -0.18, 0.75), tube(-0.18, 0.75, 0.4, 0.78),
             tube(-0.1, 0.3, 0.4, 0.75), tube(0.53, 0.34, 0.38, 0.98)]
    handlebar = box((0.03, 0.5, 0.03), (0.36, 0, 1.0))
    saddle = box((0.24, 0.13, 0.05), (-0.2, 0, 0.9))
    return [(join([*wheels, handlebar, saddle]), materials.grey(35)),
            (join(frame), materials.any_colour('gloss'))]
