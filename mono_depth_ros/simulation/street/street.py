"""A street between houses, with cars, trees and people, and a drive up and down it.

The road runs along x; y is across it. The path goes up one lane, turns, and comes back.
"""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.simulation.scene.camera_path import CameraPath
from mono_depth_ros.simulation.scene.materials import Materials, random_materials
from mono_depth_ros.simulation.scene.mesh import box, join, quad
from mono_depth_ros.simulation.scene.opengl import load_mujoco
from mono_depth_ros.simulation.scene.scene import add_texture, Scene
from mono_depth_ros.simulation.scene.world import World
from mono_depth_ros.simulation.street import street_objects, vehicles
from mono_depth_ros.simulation.street.street_sides import (
    add_street_end,
    add_street_side,
    Side,
    SIDE_SHARES,
    SIDES,
)
from mono_depth_ros.simulation.street.weather import (
    add_street_lights,
    FAR_M,
    NEAR_M,
    NOON,
    random_weather,
    Weather,
)
from mono_depth_ros.simulation.textures import facades
from mono_depth_ros.simulation.textures.sky import sky

HALF_LENGTH_M = 46.0
LANE_M = 3.1
PARKING_M = 2.1
ROAD_M = LANE_M + PARKING_M
KERB_M = 0.12
SPEED_MPS = 2.5


def build_street(rng: np.random.Generator, walk: bool = True) -> World:
    """A street as `rng` decides; the same rng state gives the same street.

    With `walk` a street of town houses at noon with a drive through it, else with any sides,
    weather and traffic and without a drive.
    Raises OSError where no OpenGL library is found.
    """
    materials = random_materials(rng, Scene())
    pavement = rng.uniform(2.6, 4.0)
    _add_ground(materials, pavement)
    weather = NOON if walk else random_weather(rng)
    lit_share = 0.5 if weather.sky == 'dusk' else 0.0
    for side in (-1, 1):
        kind = 'town' if walk else str(rng.choice(SIDES, p=SIDE_SHARES))
        add_street_side(materials, Side(sign=side, y=ROAD_M + pavement, half_length=HALF_LENGTH_M,
                                        lit_share=lit_share), kind)
        _park_cars(materials, side, rng.uniform(0.4, 0.8))
        _add_pavement_objects(materials, side, pavement)
    for end in (-1, 1):
        add_street_end(materials, end, HALF_LENGTH_M, lit_share)
    if not walk:
        _add_traffic(materials)
    return _compiled(rng, materials, ROAD_M + pavement, weather, _drive(rng) if walk else None)


def _add_ground(materials: Materials, pavement: float) -> None:
    """Road and its markings, pavements with their kerbs, and the junctions at both ends."""
    rng, scene = materials.rng, materials.scene
    road = scene.textured(*facades.road(rng), specular=0.05)
    slabs = scene.textured(facades.paving(rng), 2.0, specular=0.05)
    reach, edge = HALF_LENGTH_M + 40, HALF_LENGTH_M + 6
    scene.add(quad((-reach, ROAD_M, 0), (2 * reach, 0, 0), (0, -2 * ROAD_M, 0), (60, 4)), road)
    kerb = scene.coloured((165, 163, 158))
    for side in (-1, 1):
        y0, y1 = sorted((side * ROAD_M, side * (ROAD_M + pavement)))
        scene.add(quad((-edge, y1, KERB_M), (2 * edge, 0, 0), (0, y0 - y1, 0), (40, 2)), slabs)
        scene.add(box((2 * edge, 0.16, KERB_M), (0, side * (ROAD_M + 0.08), KERB_M / 2 + 0.002)),
                  kerb)
        scene.add(quad((-reach, max(side * ROAD_M, side * 90), -0.02), (2 * reach, 0, 0),
                       (0, -(90 - ROAD_M), 0), (20, 20)), road)
    _add_markings(materials)


def _add_markings(materials: Materials) -> None:
    white = materials.scene.coloured((222, 222, 216))
    dashes = [quad((x, 0.07, 0.012), (2.0, 0, 0), (0, -0.14, 0))
              for x in np.arange(-HALF_LENGTH_M, HALF_LENGTH_M, 5.0)]
    bays = [quad((x, max(side * LANE_M, side * ROAD_M) - 0.05, 0.012), (0.1, 0, 0),
                 (0, 0.1 - PARKING_M, 0))
            for x in np.arange(-HALF_LENGTH_M, HALF_LENGTH_M, 5.6) for side in (-1, 1)]
    stripes = [quad((x, y + 0.25, 0.012), (3.0, 0, 0), (0, -0.5, 0))
               for x in (-HALF_LENGTH_M * 0.45, HALF_LENGTH_M * 0.55)
               for y in np.arange(-LANE_M + 0.5, LANE_M, 1.0)]
    materials.scene.add(join(dashes + bays + stripes), white)


def _park_cars(materials: Materials, side: int, share: float) -> None:
    """Parked cars in a share of the bays, each turned a little."""
    rng = materials.rng
    for x in np.arange(-HALF_LENGTH_M + 2.8, HALF_LENGTH_M, 5.6):
        if rng.random() < share:
            heading = (0.0 if side < 0 else math.pi) + rng.normal(0, 0.03)
            materials.scene.place(vehicles.car(materials), x + rng.uniform(-0.3, 0.3),
                                  side * (LANE_M + 1.12 + rng.uniform(-0.08, 0.08)), heading)


def _add_traffic(materials: Materials) -> None:
    """Moving traffic: cars, sometimes a lorry, a bus or a bicycle."""
    rng = materials.rng
    makers = (vehicles.car, vehicles.lorry, vehicles.bus, vehicles.bicycle)
    for side in (-1, 1):
        x = -HALF_LENGTH_M + rng.exponential(20)
        while x < HALF_LENGTH_M - 5:
            make = makers[rng.choice(4, p=[0.66, 0.12, 0.07, 0.15])]
            heading = (0.0 if side < 0 else math.pi) + rng.normal(0, 0.03)
            y = side * LANE_M / 2 + rng.uniform(-0.25, 0.25)
            materials.scene.place(make(materials), x, y, heading)
            x += 12 + rng.exponential(25)


def _add_pavement_objects(materials: Materials, side: int, pavement: float) -> None:
    """Trees, lamps and signs along the kerb; people, bins and benches further in."""
    rng = materials.rng
    kerb = side * (ROAD_M + 0.5)
    makers = (street_objects.tree, street_objects.lamp_post, street_objects.sign,
              street_objects.kerbside_box, vehicles.bicycle, street_objects.cone,
              street_objects.traffic_light, street_objects.shelter)
    to_road = 0.0 if side > 0 else math.pi
    shares = rng.dirichlet((6, 3, 2, 2, 1, 0.7, 0.7, 0.5))
    for x in np.arange(-HALF_LENGTH_M + 1, HALF_LENGTH_M, rng.uniform(6.0, 8.0)):
        maker = makers[rng.choice(len(makers), p=shares)]
        materials.scene.place(maker(materials), x + rng.uniform(-1, 1), kerb, to_road, KERB_M)
    for _ in range(int(rng.integers(4, 15))):
        if rng.random() < 0.75:
            parts, from_kerb = street_objects.person(materials), rng.uniform(1.2, pavement - 0.7)
            yaw = rng.choice([0.0, math.pi]) + rng.normal(0, 0.3)
        else:
            parts, from_kerb = street_objects.bench(materials), pavement - 0.5
            yaw = to_road
        materials.scene.place(parts, rng.uniform(-1, 1) * HALF_LENGTH_M,
                              side * (ROAD_M + from_kerb), yaw, KERB_M)


def _drive(rng) -> CameraPath:
    """Closed drive up one lane and down the other; the camera swings left and right."""
    knots = 600
    radius, straight = LANE_M * 0.5, 2 * (HALF_LENGTH_M - 8)
    lap = 2 * straight + 2 * math.pi * radius
    along = np.arange(knots) / knots * lap
    points = np.array([_stadium(metres, straight, radius) for metres in along])
    turn = 2 * math.pi * np.arange(knots) / knots
    phase = rng.uniform(0, 2 * math.pi, 4)
    height = rng.uniform(1.2, 1.7) + 0.03 * np.sin(30 * turn + phase[0])
    yaw = points[:, 2] + 0.45 * np.sin(5 * turn + phase[1]) + 0.3 * np.sin(9 * turn + phase[2])
    pitch = -0.03 + 0.06 * np.sin(7 * turn + phase[3])
    return CameraPath(positions=np.column_stack([points[:, :2], height]), yaws=yaw,
                      pitches=pitch, period_s=lap / SPEED_MPS)


def _stadium(metres: float, straight: float, radius: float) -> tuple[float, float, float]:
    """(x, y, heading) at a distance along two straights joined by half circles."""
    arc = math.pi * radius
    if metres < straight:
        return metres - straight / 2, -radius, 0.0
    if metres < straight + arc:
        angle = (metres - straight) / radius
        return straight / 2 + radius * math.sin(angle), -radius * math.cos(angle), angle
    if metres < 2 * straight + arc:
        return straight / 2 - (metres - straight - arc), radius, math.pi
    angle = math.pi + (metres - 2 * straight - arc) / radius
    return -straight / 2 + radius * math.sin(angle), -radius * math.cos(angle), angle


def _compiled(rng, materials: Materials, half_width: float, weather: Weather,
              path: CameraPath | None) -> World:
    spec = load_mujoco().MjSpec()
    materials.scene.add_to(spec)
    add_texture(spec, 'sky', sky(rng, weather.sky), 'mjTEXTURE_SKYBOX')
    add_street_lights(rng, spec, weather, HALF_LENGTH_M)
    bounds = np.array([(-HALF_LENGTH_M, -half_width, 0), (HALF_LENGTH_M, half_width, 8.0)])
    return World(name='street', model=spec.compile(), path=path, near_m=NEAR_M, far_m=FAR_M,
                 triangles=materials.scene.triangles(), bounds=bounds, air=weather.air)
