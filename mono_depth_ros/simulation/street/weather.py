"""Weather over a street: sun at any height, overcast, dusk with lamps; haze on some days."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from mono_depth_ros.simulation.scene.scene import add_light, set_up_rendering
from mono_depth_ros.simulation.scene.world import Air

NEAR_M, FAR_M = 0.1, 400.0
# Darkest and brightest ambient light of a sky, and its tint (R, G, B).
AMBIENT = {'day': (0.38, 0.54, (1, 1, 1.03)), 'low': (0.3, 0.48, (0.92, 0.95, 1.08)),
           'overcast': (0.5, 0.66, (0.98, 1, 1.03)), 'dusk': (0.2, 0.34, (0.85, 0.92, 1.15))}


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Light of a street: a kind of sky (see `textures.sky`; low means a low sun), the sun's height
    in radians (None: no sun, so no shadows), and haze or fog (None: clear air).
    """

    sky: str
    sun: float | None
    air: Air | None = None


NOON = Weather(sky='day', sun=0.9)


def random_weather(rng: np.random.Generator) -> Weather:
    """A weather at random: one street in four has haze or fog."""
    kind = str(rng.choice(['day', 'low', 'overcast', 'dusk'], p=[0.38, 0.22, 0.26, 0.14]))
    sun = {'day': rng.uniform(0.5, 1.3), 'low': rng.uniform(0.12, 0.5)}.get(kind)
    pale = {'day': (215, 220, 226), 'low': (228, 205, 180), 'overcast': (200, 203, 207),
            'dusk': (70, 68, 85)}[kind]
    # Visibility (5 % of the contrast is left) from 30 m to 600 m.
    air = Air(per_m=3.0 / float(np.exp(rng.uniform(np.log(30), np.log(600)))),
              colour=tuple(np.array(pale) * rng.uniform(0.95, 1.03, 3)))
    return Weather(sky=kind, sun=sun, air=air if rng.random() < 0.25 else None)


def add_street_lights(rng, spec, weather: Weather, half_length_m: float) -> None:
    """Add the light to a mujoco.MjSpec of a street of this half length."""
    low, high, tone = AMBIENT[weather.sky]
    ambient = np.minimum(rng.uniform(low, high) * np.array(tone), 1.0)
    set_up_rendering(spec, NEAR_M, FAR_M, ambient, shadow_reach_m=half_length_m + 5)
    spec.stat.center = (0.0, 0.0, 1.0)
    _add_sun(rng, spec, weather)
    if weather.sky == 'dusk':
        _add_lamps(rng, spec)


def _add_sun(rng, spec, weather: Weather) -> None:
    """The sun, or else the brighter part of the sky, which throws no shadow."""
    height = weather.sun if weather.sun is not None else rng.uniform(0.9, 1.4)
    turn = rng.uniform(0, 2 * math.pi)
    direction = -np.array([math.cos(turn) * math.cos(height), math.sin(turn) * math.cos(height),
                           math.sin(height)])
    if weather.sun is None:
        colour = rng.uniform(0.1, 0.3) * np.array([1, 1, 1.05])
    else:
        colour = rng.uniform(0.5, 0.75) * np.array([1, 0.97, 0.9])
        colour = colour * ((1.1, 0.85, 0.6) if weather.sky == 'low' else (1, 1, 1))
    add_light(spec, 'DIRECTIONAL', -70 * direction, colour, dir=direction,
              castshadow=weather.sun is not None,
              specular=[0.3 if weather.sun is not None else 0.05] * 3)


def _add_lamps(rng, spec) -> None:
    """Light of a few street lamps."""
    for _ in range(5):
        place = (*rng.uniform((-40, -6), (40, 6)), 5.2)
        add_light(spec, 'POINT', place, rng.uniform(0.5, 0.9) * np.array([1.0, 0.8, 0.5]),
                  attenuation=(1, 0.0, 0.03), specular=[0.1] * 3, castshadow=False)
