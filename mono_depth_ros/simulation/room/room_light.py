"""Light in a room: sun, overcast windows, one lamp or several; at most one throws shadows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mono_depth_ros.simulation.room.shell import Wall
from mono_depth_ros.simulation.scene.gl import load_mujoco

NEAR_M, FAR_M = 0.05, 100.0
WARM, NEUTRAL, COLD = (1.0, 0.86, 0.66), (1.0, 0.96, 0.9), (0.9, 0.97, 1.0)


@dataclass(frozen=True, kw_only=True)
class Light:
    """What lights a room: `source` sun, window, lamp or lamps; `night` is seen outside."""

    source: str
    night: bool


def random_light(rng: np.random.Generator) -> Light:
    """A light at random."""
    source = str(rng.choice(['sun', 'window', 'lamp', 'lamps'], p=[0.32, 0.2, 0.28, 0.2]))
    return Light(source=source, night='lamp' in source and bool(rng.random() < 0.6))


def light_room(rng, spec, size, wall: Wall, light: Light) -> None:
    """Add the light to a mujoco.MjSpec of a room of `size` m whose main window is in `wall`."""
    spec.stat.extent, spec.stat.center = 1.0, (0.0, 0.0, 1.2)
    quality, plane, head = spec.visual.quality, spec.visual.map, spec.visual.headlight
    quality.shadowsize, quality.offsamples = 1024, 0
    plane.znear, plane.zfar, plane.shadowclip, plane.shadowscale = NEAR_M, FAR_M, 6.0, 1.0
    ambient = {'sun': (0.4, 0.6), 'window': (0.4, 0.6), 'lamp': (0.3, 0.58),
               'lamps': (0.18, 0.45)}[light.source]
    head.ambient = rng.uniform(*ambient) * rng.uniform(0.93, 1.0, 3)
    head.diffuse, head.specular = [0] * 3, [0] * 3
    {'sun': _sun, 'window': _window, 'lamp': _lamp, 'lamps': _lamps}[light.source](
        rng, spec, size, wall)


def _sun(rng, spec, size, wall: Wall) -> None:
    left, right = (wall.window or (0, 0, 0, 0))[:2]
    aim = np.array([rng.uniform(-1.0, 1.0), -1.0, -rng.uniform(0.3, 1.3)])
    spec.worldbody.add_light(
        type=_kinds().mjLIGHT_DIRECTIONAL, dir=aim, castshadow=True, specular=[0.3] * 3,
        pos=np.array([(left + right) / 2, wall.reach, 1.5]) - 8 * aim,
        diffuse=rng.uniform((0.65, 0.55, 0.42), (0.85, 0.78, 0.68)))
    _window(rng, spec, size, wall)


def _window(rng, spec, size, wall: Wall) -> None:
    """What comes from the sky through the window."""
    left, right = (wall.window or (0, 0, 0, 0))[:2]
    spec.worldbody.add_light(
        type=_kinds().mjLIGHT_SPOT, pos=((left + right) / 2, wall.reach - 0.1, 1.7),
        dir=(0, -1, -0.15), cutoff=90, exponent=0.2, attenuation=(1, 0.0, rng.uniform(0.02, 0.06)),
        diffuse=rng.uniform(0.4, 0.6) * np.array([1.0, 1.03, 1.1]), specular=[0.2] * 3,
        castshadow=False)


def _lamp(rng, spec, size, wall: Wall) -> None:
    """One lamp under the ceiling, near its middle, and what the room throws back."""
    x, y = rng.uniform(-0.2, 0.2, 2) * size[:2]
    colour = rng.uniform(0.5, 0.75) * _tone(rng)
    spec.worldbody.add_light(
        type=_kinds().mjLIGHT_SPOT, pos=(x, y, size[2] - 0.15), dir=(0, 0, -1), cutoff=78,
        exponent=0.5, attenuation=(1, 0.0, 0.02), diffuse=colour, specular=[0.2] * 3,
        castshadow=True)
    _point(spec, (x, y, size[2] - 0.5), 0.4 * colour, 0.05)


def _lamps(rng, spec, size, wall: Wall) -> None:
    """A few lamps about the room, the first with shadows."""
    tone = _tone(rng)
    for index in range(int(rng.integers(2, 5))):
        place = (*(rng.uniform(-0.42, 0.42, 2) * size[:2]), rng.uniform(0.9, size[2] - 0.3))
        if index:
            _point(spec, place, rng.uniform(0.3, 0.65) * tone, rng.uniform(0.1, 0.4))
            continue
        aim = np.array([*(-np.array(place[:2])), -1.0])
        spec.worldbody.add_light(
            type=_kinds().mjLIGHT_SPOT, pos=(*place[:2], size[2] - 0.25), dir=aim, cutoff=80,
            exponent=0.3, attenuation=(1, 0.0, 0.04), diffuse=rng.uniform(0.45, 0.75) * tone,
            specular=[0.2] * 3, castshadow=True)


def _point(spec, place, colour, fading: float) -> None:
    spec.worldbody.add_light(
        type=_kinds().mjLIGHT_POINT, pos=place, attenuation=(1, 0.0, fading), diffuse=colour,
        specular=[0] * 3, castshadow=False)


def _tone(rng) -> np.ndarray:
    return np.array((WARM, WARM, NEUTRAL, NEUTRAL, COLD)[rng.integers(5)])


def _kinds():
    return load_mujoco().mjtLightType
