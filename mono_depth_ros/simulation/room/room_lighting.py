"""Light in a room: sun, sky through the window, one lamp or several lamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mono_depth_ros.simulation.room.room_shell import Wall
from mono_depth_ros.simulation.scene.scene import add_light, set_up_rendering

NEAR_M, FAR_M = 0.05, 100.0
WARM, NEUTRAL, COLD = (1.0, 0.86, 0.66), (1.0, 0.96, 0.9), (0.9, 0.97, 1.0)
# Darkest and brightest ambient light.
AMBIENT = {'sun': (0.4, 0.6), 'window': (0.4, 0.6), 'lamp': (0.3, 0.58), 'lamps': (0.18, 0.45)}


@dataclass(frozen=True, kw_only=True)
class Light:
    """What lights a room: `source` sun, window, lamp or lamps; `night`: it is dark outside."""

    source: str
    night: bool


def random_light(rng: np.random.Generator) -> Light:
    """A light at random."""
    source = str(rng.choice(['sun', 'window', 'lamp', 'lamps'], p=[0.32, 0.2, 0.28, 0.2]))
    return Light(source=source, night='lamp' in source and bool(rng.random() < 0.6))


def add_room_lights(rng, spec, size, wall: Wall, light: Light) -> None:
    """Add the light to a mujoco.MjSpec of a room of `size` m whose main window is in `wall`."""
    ambient = rng.uniform(*AMBIENT[light.source]) * rng.uniform(0.93, 1.0, 3)
    set_up_rendering(spec, NEAR_M, FAR_M, ambient, shadow_reach_m=6.0)
    spec.stat.center, spec.visual.map.shadowscale = (0.0, 0.0, 1.2), 1.0
    if light.source in ('sun', 'window'):
        window_x = sum((wall.window or (0, 0, 0, 0))[:2]) / 2
        if light.source == 'sun':
            _sun(rng, spec, window_x, wall.distance)
        _sky_light(rng, spec, window_x, wall.distance)
    elif light.source == 'lamp':
        _ceiling_lamp(rng, spec, size)
    else:
        _lamps(rng, spec, size)


def _sun(rng, spec, window_x: float, wall_y: float) -> None:
    """The sun through the window."""
    direction = np.array([rng.uniform(-1.0, 1.0), -1.0, -rng.uniform(0.3, 1.3)])
    add_light(spec, 'DIRECTIONAL', np.array([window_x, wall_y, 1.5]) - 8 * direction,
              rng.uniform((0.65, 0.55, 0.42), (0.85, 0.78, 0.68)), dir=direction,
              specular=[0.3] * 3, castshadow=True)


def _sky_light(rng, spec, window_x: float, wall_y: float) -> None:
    """Light of the sky through the window."""
    attenuation = (1, 0.0, rng.uniform(0.02, 0.06))
    add_light(spec, 'SPOT', (window_x, wall_y - 0.1, 1.7),
              rng.uniform(0.4, 0.6) * np.array([1.0, 1.03, 1.1]), dir=(0, -1, -0.15), cutoff=90,
              exponent=0.2, attenuation=attenuation, specular=[0.2] * 3, castshadow=False)


def _ceiling_lamp(rng, spec, size) -> None:
    """One lamp near the middle of the ceiling, and what walls and floor reflect of it."""
    x, y = rng.uniform(-0.2, 0.2, 2) * size[:2]
    colour = rng.uniform(0.5, 0.75) * _tone(rng)
    add_light(spec, 'SPOT', (x, y, size[2] - 0.15), colour, dir=(0, 0, -1), cutoff=78,
              exponent=0.5, attenuation=(1, 0.0, 0.02), specular=[0.2] * 3, castshadow=True)
    _add_bulb(spec, (x, y, size[2] - 0.5), 0.4 * colour, 0.05)


def _lamps(rng, spec, size) -> None:
    """A few lamps about the room; the first hangs from the ceiling and throws shadows."""
    tone = _tone(rng)
    for index in range(int(rng.integers(2, 5))):
        x, y = rng.uniform(-0.42, 0.42, 2) * size[:2]
        z = rng.uniform(0.9, size[2] - 0.3)
        if index:
            _add_bulb(spec, (x, y, z), rng.uniform(0.3, 0.65) * tone, rng.uniform(0.1, 0.4))
            continue
        add_light(spec, 'SPOT', (x, y, size[2] - 0.25), rng.uniform(0.45, 0.75) * tone,
                  dir=(-x, -y, -1.0), cutoff=80, exponent=0.3, attenuation=(1, 0.0, 0.04),
                  specular=[0.2] * 3, castshadow=True)


def _add_bulb(spec, place, colour, fading: float) -> None:
    add_light(spec, 'POINT', place, colour, attenuation=(1, 0.0, fading), specular=[0] * 3,
              castshadow=False)


def _tone(rng) -> np.ndarray:
    return np.array((WARM, WARM, NEUTRAL, NEUTRAL, COLD)[rng.integers(5)])
