"""A street between houses, with parked cars, trees and people, and a drive up and down it.

The road runs along x; y is across it. The path goes up one lane, turns, and comes back.
"""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.scene.camera_path import Path
from mono_depth_ros.simulation.scene.gl import load_mujoco
from mono_depth_ros.simulation.scene.mesh import box, join, quad
from mono_depth_ros.simulation.scene.scene import add_texture, Scene
from mono_depth_ros.simulation.scene.style import new_style, Style
from mono_depth_ros.simulation.scene.world import World
from mono_depth_ros.simulation.street import street_objects as street_things
from mono_depth_ros.simulation.street import vehicles
from mono_depth_ros.simulation.street.street_light import (
    FAR_M,
    light_street,
    NEAR_M,
    NOON,
    random_weather,
    Weather,
)
from mono_depth_ros.simulation.street.street_side import build_side, close_end, SIDE_SHARES, SIDES
from mono_depth_ros.simulation.textures import facade
from mono_depth_ros.simulation.textures.sky import sky

HALF_LENGTH_M = 46.0
LANE_M = 3.1
PARKING_M = 2.1
ROAD_M = LANE_M + PARKING_M
KERB_M = 0.12
SPEED_MPS = 2.5


def build_street(rng: np.random.Generator, walk: bool = True) -> World:
    """A street as `rng` decides; the same rng state gives the same street.

    With `walk` at noon and with a drive through it; else under any sky and without.
    Raises OSError where no OpenGL library is found.
    """
    style = new_style(rng, Scene())
    pavement = rng.uniform(2.6, 4.0)
    _ground(style, pavement)
    weather = NOON if walk else random_weather(rng)
    lit = 0.5 if weather.sky == 'dusk' else 0.0
    for side in (-1, 1):
        kind = 'town' if walk else str(rng.choice(SIDES, p=SIDE_SHARES))
        build_side(style, side, ROAD_M + pavement, HALF_LENGTH_M, kind, lit)
        _parked(style, side, rng.uniform(0.4, 0.8))
        _pavement_things(style, side, pavement)
    for end in (-1, 1):
        close_end(style, end, HALF_LENGTH_M, lit)
    if not walk:
        _traffic(style)
    return _compiled(rng, style, ROAD_M + pavement, weather, _path(rng) if walk else None)


def _ground(style: Style, pavement: float) -> None:
    rng = style.rng
    road = style.scene.texture(*facade.road(rng), specular=0.05)
    slabs = style.scene.texture(facade.paving(rng), 2.0, specular=0.05)
    reach = HALF_LENGTH_M + 40
    style.scene.add(
        quad((-reach, ROAD_M, 0), (2 * reach, 0, 0), (0, -2 * ROAD_M, 0), (60, 4)), road)
    kerb = style.scene.colour((165, 163, 158))
    edge = HALF_LENGTH_M + 6
    for side in (-1, 1):
        y0, y1 = sorted((side * ROAD_M, side * (ROAD_M + pavement)))
        walk = quad((-edge, y1, KERB_M), (2 * edge, 0, 0), (0, y0 - y1, 0), (40, 2))
        style.scene.add(walk, slabs)
        stone = box((2 * edge, 0.16, KERB_M), (0, side * (ROAD_M + 0.08), KERB_M / 2 + 0.002))
        style.scene.add(stone, kerb)
        cross = quad((-reach, max(side * ROAD_M, side * 90), -0.02), (2 * reach, 0, 0),
                     (0, -(90 - ROAD_M), 0), (20, 20))
        style.scene.add(cross, road)
    _markings(style)


def _markings(style: Style) -> None:
    white = style.scene.colour((222, 222, 216))
    dashes = [quad((x, 0.07, 0.012), (2.0, 0, 0), (0, -0.14, 0))
              for x in np.arange(-HALF_LENGTH_M, HALF_LENGTH_M, 5.0)]
    bays = [quad((x, max(side * LANE_M, side * ROAD_M) - 0.05, 0.012), (0.1, 0, 0),
                 (0, 0.1 - PARKING_M, 0))
            for x in np.arange(-HALF_LENGTH_M, HALF_LENGTH_M, 5.6) for side in (-1, 1)]
    stripes = [quad((x, y + 0.25, 0.012), (3.0, 0, 0), (0, -0.5, 0))
               for x in (-HALF_LENGTH_M * 0.45, HALF_LENGTH_M * 0.55)
               for y in np.arange(-LANE_M + 0.5, LANE_M, 1.0)]
    style.scene.add(join(dashes + bays + stripes), white)


def _parked(style: Style, side: int, share: float) -> None:
    """Cars in the bays, with gaps, each a little crooked."""
    for x in np.arange(-HALF_LENGTH_M + 2.8, HALF_LENGTH_M, 5.6):
        if style.rng.random() < share:
            heading = (0.0 if side < 0 else math.pi) + style.rng.normal(0, 0.03)
            style.scene.place(street_things.car(style), x + style.rng.uniform(-0.3, 0.3),
                              side * (LANE_M + 1.12 + style.rng.uniform(-0.08, 0.08)), heading)


def _traffic(style: Style) -> None:
    """What drives: cars, now and then a lorry or a bus, people on bicycles."""
    makers = (street_things.car, vehicles.lorry, vehicles.bus, vehicles.bicycle)
    for side in (-1, 1):
        x = -HALF_LENGTH_M + style.rng.exponential(20)
        while x < HALF_LENGTH_M - 5:
            maker = makers[style.rng.choice(4, p=[0.66, 0.12, 0.07, 0.15])]
            heading = (0.0 if side < 0 else math.pi) + style.rng.normal(0, 0.03)
            y = side * LANE_M / 2 + style.rng.uniform(-0.25, 0.25)
            style.scene.place(maker(style), x, y, heading)
            x += 12 + style.rng.exponential(25)


def _pavement_things(style: Style, side: int, pavement: float) -> None:
    """Trees, lamps and signs along the kerb; people, bins and benches further in."""
    rng = style.rng
    kerb = side * (ROAD_M + 0.5)
    makers = (street_things.tree, street_things.lamp_post, street_things.sign,
              street_things.bin_or_box, vehicles.bicycle, vehicles.cone, vehicles.traffic_light,
              vehicles.shelter)
    likely = rng.dirichlet((6, 3, 2, 2, 1, 0.7, 0.7, 0.5))
    for x in np.arange(-HALF_LENGTH_M + 1, HALF_LENGTH_M, rng.uniform(6.0, 8.0)):
        maker = makers[rng.choice(len(makers), p=likely)]
        turn = 0.0 if side > 0 else math.pi
        style.scene.place(maker(style), x + rng.uniform(-1, 1), kerb, turn, KERB_M)
    for _ in range(int(rng.integers(4, 15))):
        if rng.random() < 0.75:
            item, away = street_things.person(style), rng.uniform(1.2, pavement - 0.7)
            turn = rng.choice([0.0, math.pi]) + rng.normal(0, 0.3)
        else:
            item, away = street_things.bench(style), pavement - 0.5
            turn = 0.0 if side > 0 else math.pi
        style.scene.place(item, rng.uniform(-1, 1) * HALF_LENGTH_M, side * (ROAD_M + away), turn,
                          KERB_M)


def _path(rng) -> Path:
    """Closed drive: up the right lane, a turn, down the other, another turn; looking about."""
    knots = 600
    radius, straight = LANE_M * 0.5, 2 * (HALF_LENGTH_M - 8)
    lap = 2 * straight + 2 * math.pi * radius
    along = np.arange(knots) / knots * lap
    points = np.array([_stadium(place, straight, radius) for place in along])
    turn = 2 * math.pi * np.arange(knots) / knots
    phase = rng.uniform(0, 2 * math.pi, 4)
    height = rng.uniform(1.2, 1.7) + 0.03 * np.sin(30 * turn + phase[0])
    yaw = points[:, 2] + 0.45 * np.sin(5 * turn + phase[1]) + 0.3 * np.sin(9 * turn + phase[2])
    pitch = -0.03 + 0.06 * np.sin(7 * turn + phase[3])
    return Path(positions=np.column_stack([points[:, :2], height]), yaws=yaw, pitches=pitch,
                period_s=lap / SPEED_MPS)


def _stadium(place: float, straight: float, radius: float) -> tuple[float, float, float]:
    """(x, y, heading) at a distance along two straights joined by half circles."""
    arc = math.pi * radius
    if place < straight:
        return place - straight / 2, -radius, 0.0
    if place < straight + arc:
        angle = (place - straight) / radius
        return straight / 2 + radius * math.sin(angle), -radius * math.cos(angle), angle
    if place < 2 * straight + arc:
        return straight / 2 - (place - straight - arc), radius, math.pi
    angle = math.pi + (place - 2 * straight - arc) / radius
    return -straight / 2 + radius * math.sin(angle), -radius * math.cos(angle), angle


def _compiled(rng, style: Style, half_width: float, weather: Weather,
              path: Path | None) -> World:
    spec = load_mujoco().MjSpec()
    style.scene.fill(spec)
    add_texture(spec, 'sky', sky(rng, weather.sky), 'mjTEXTURE_SKYBOX')
    light_street(rng, spec, weather, HALF_LENGTH_M)
    bounds = np.array([(-HALF_LENGTH_M, -half_width, 0), (HALF_LENGTH_M, half_width, 8.0)])
    return World(name='street', model=spec.compile(), path=path, near_m=NEAR_M, far_m=FAR_M,
                 triangles=style.scene.triangles(), bounds=bounds, air=weather.air)
