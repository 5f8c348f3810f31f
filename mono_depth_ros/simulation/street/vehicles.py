"""Lorries, buses, bicycles, and what stands at works: items on z = 0, front to +x."""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.scene.mesh import (
    box,
    cylinder,
    extruded,
    join,
    lathe,
    rotation_x,
    rotation_y,
)
from mono_depth_ros.simulation.scene.style import Style


def lorry(style: Style) -> list:
    """A lorry with its cab and box."""
    rng = style.rng
    length, high = rng.uniform(5.5, 8.5), rng.uniform(2.6, 3.5)
    h = length / 2
    cab = extruded([(h - 1.7, 0.6), (h, 0.6), (h, 1.5), (h - 0.25, 2.4), (h - 1.7, 2.5)], 2.2)
    glass = extruded([(h - 0.8, 1.6), (h + 0.01, 1.6), (h - 0.24, 2.3), (h - 0.8, 2.3)], 2.22)
    load = box((length - 1.9, 2.3, high - 0.9), (-0.95, 0, 0.9 + (high - 0.9) / 2))
    wheels = [cylinder(0.46, 0.3, sides=14).turned(rotation_x(math.pi / 2)).moved(
        x, side * 0.98, 0.46) for x in (h - 0.9, -h + 1.0, -h + 2.1) for side in (-1, 1)]
    finish = style.label() if rng.random() < 0.3 else style.bright()
    load = box((length - 1.9, 2.3, high - 0.9), load.points.reshape(-1, 3).mean(0), fit=True)
    return [(cab, style.bright('gloss')), (join([glass, *wheels]), style.grey(30)),
            (load, finish), (box((length - 0.3, 1.0, 0.25), (0, 0, 0.75)), style.grey(50))]


def bus(style: Style) -> list:
    """A city bus."""
    length = style.rng.uniform(9, 12)
    body = join([box((length, 2.5, 1.0), (0, 0, 0.85)), box((length, 2.5, 0.5), (0, 0, 2.75))])
    glass = box((length - 0.05, 2.46, 1.2), (0, 0, 1.93))
    posts = [box((0.12, 2.51, 1.2), (x, 0, 1.93))
             for x in np.arange(-length / 2 + 0.1, length / 2, 1.5)]
    wheels = [cylinder(0.48, 0.3, sides=14).turned(rotation_x(math.pi / 2)).moved(
        x * length, side * 1.12, 0.48) for x in (-0.3, 0.3) for side in (-1, 1)]
    return [(join([body, *posts]), style.bright('gloss')), (join([glass, *wheels]),
                                                            style.grey(35))]


def bicycle(style: Style) -> list:
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
    rest = [box((0.03, 0.5, 0.03), (0.36, 0, 1.0)), box((0.24, 0.13, 0.05), (-0.2, 0, 0.9))]
    return [(join([*wheels, *rest]), style.grey(35)), (join(frame), style.bright('gloss'))]


def cone(style: Style) -> list:
    """A traffic cone."""
    return [(join([box((0.38, 0.38, 0.03), (0, 0, 0.015)),
                   cylinder(0.14, 0.7, (0, 0, 0.38), top=0.03)]),
             style.scene.colour((225, 90, 35)))]


def container(style: Style) -> list:
    """A shipping container, ribbed."""
    length = style.rng.choice([6.06, 12.19])
    ribs = [box((0.1, 2.46, 2.3), (x, 0, 1.3)) for x in np.arange(0.3 - length / 2, length / 2,
                                                                  0.45)]
    return [(join([box((length, 2.4, 2.55), (0, 0, 1.3)), *ribs]), style.bright())]


def shelter(style: Style) -> list:
    """A bus shelter, open to -y."""
    posts = [box((0.08, 0.08, 2.4), (x, y, 1.2)) for x in (-1.8, 1.8) for y in (-0.6, 0.6)]
    seat = box((2.4, 0.35, 0.06), (0, 0.35, 0.48))
    return [(join([*posts, box((3.9, 1.6, 0.1), (0, 0, 2.45)), seat]), style.grey(80)),
            (box((1.0, 0.06, 1.6), (-1.2, 0.6, 1.2), fit=True), style.label())]


def traffic_light(style: Style) -> list:
    """Traffic lights on a pole, facing -x."""
    pole = [cylinder(0.06, 3.0, (0, 0, 1.5)), box((0.2, 0.3, 0.9), (0, 0, 2.8))]
    lamps = [(box((0.02, 0.18, 0.18), (-0.11, 0, 3.08 - 0.28 * i)),
              style.scene.colour(rgb, 'glow' if i == style.rng.integers(3) else 'matt'))
             for i, rgb in enumerate(((220, 40, 30), (230, 170, 40), (50, 200, 90)))]
    return [(join(pole), style.grey(55)), *lamps]
