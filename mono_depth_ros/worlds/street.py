"""A street between houses, with parked cars, trees and people, and a drive up and down it.

The road runs along x; y is across it. The path goes up one lane, turns, and comes back.
"""

from __future__ import annotations

import math

import numpy as np

from mono_depth_ros.worlds import facade, street_things, textures
from mono_depth_ros.worlds.gl import load_mujoco
from mono_depth_ros.worlds.mesh import box, extruded, join, quad
from mono_depth_ros.worlds.path import Path
from mono_depth_ros.worlds.scene import add_texture, Finish, Scene
from mono_depth_ros.worlds.sky import sky
from mono_depth_ros.worlds.style import new_style, Style
from mono_depth_ros.worlds.world import World

NEAR_M, FAR_M = 0.1, 400.0
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
    for side in (-1, 1):
        _houses(style, side, ROAD_M + pavement)
        _parked(style, side)
        _pavement_things(style, side, pavement)
    for end in (-1, 1):
        _close_end(style, end)
    return _compiled(rng, style, ROAD_M + pavement, _path(rng) if walk else None)


def _ground(style: Style, pavement: float) -> None:
    rng = style.rng
    road = style.scene.texture(facade.asphalt(rng), 4.0, specular=0.05)
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


def _houses(style: Style, side: int, y: float) -> None:
    """A row of houses, now and then a gap; fronts to the street."""
    x = -HALF_LENGTH_M - 4
    while x < HALF_LENGTH_M + 4:
        width = style.rng.uniform(7, 14)
        if style.rng.random() < 0.86:
            style.scene.place(_house(style, width), x + width / 2,
                              side * (y + style.rng.choice([0.0, 0.0, 0.6, 1.5])),
                              0.0 if side > 0 else math.pi)
        x += width + (style.rng.uniform(1.5, 4) if style.rng.random() < 0.12 else 0.0)


def _house(style: Style, width: float) -> list:
    """House with its front at y = 0 facing -y: front with real depth, sides, roof, door, steps."""
    rng = style.rng
    floors, floor_m = int(rng.integers(2, 6)), rng.uniform(2.8, 3.4)
    high, deep = floors * floor_m, 9.0
    image = facade.house_front(rng, width, floors, floor_m)
    front = style.scene.texture(image, 1.0, specular=0.05)
    sides = facade.FRONTS[rng.integers(len(facade.FRONTS))]
    plain = style.scene.colour(textures.tinted(rng, sides))
    face = quad((-width / 2, 0, high), (width, 0, 0), (0, 0, -high), (4, floors), fit=True)
    block = box((width, deep, high), (0, deep / 2 + 0.01, high / 2))
    trims = [box((width + 0.1, 0.35, 0.3), (0, -0.1, high)),
             box((width, 0.12, 0.5), (0, -0.05, 0.25))]
    items = [(face, front), (block, plain),
             (join(trims), style.scene.colour(textures.tinted(rng, (200, 195, 185))))]
    return (items + _house_extras(style, width, floors, floor_m)
            + _house_roof(style, width, deep, high))


def _house_extras(style: Style, width: float, floors: int, floor_m: float) -> list:
    rng = style.rng
    x = rng.uniform(-0.35, 0.35) * width
    door, step = box((1.0, 0.1, 2.15), (x, -0.04, 1.2)), box((1.3, 0.5, 0.15), (x, -0.25, 0.075))
    items = [(join([door, step]), style.wood())]
    if rng.random() < 0.4:
        awning = extruded([(-1.2, 2.4), (0.0, 2.9), (0.0, 2.5)], width * 0.8)
        items.append((awning.moved(yaw=math.pi / 2), style.fabric()))
    if rng.random() < 0.5 and floors > 2:
        balconies = [part for floor in range(1, floors) for part in (
            box((2.4, 0.9, 0.12), (-x, -0.45, floor * floor_m)),
            box((2.4, 0.04, 0.9), (-x, -0.88, floor * floor_m + 0.5)))]
        items.append((join(balconies), style.grey(150, 'matt')))
    return items


def _house_roof(style: Style, width: float, deep: float, high: float) -> list:
    if style.rng.random() < 0.4:
        return []
    rise = style.rng.uniform(2, 4)
    gable = extruded([(-0.3, high), (deep / 2, high + rise), (deep + 0.3, high)], width + 0.2)
    return [(gable.moved(yaw=math.pi / 2), _roof(style))]


def _roof(style: Style) -> Finish:
    return style.scene.texture(facade.roof(style.rng), 2.0, specular=0.0)


def _parked(style: Style, side: int) -> None:
    """Cars in the bays, with gaps, each a little crooked."""
    for x in np.arange(-HALF_LENGTH_M + 2.8, HALF_LENGTH_M, 5.6):
        if style.rng.random() < 0.62:
            heading = (0.0 if side < 0 else math.pi) + style.rng.normal(0, 0.03)
            style.scene.place(street_things.car(style), x + style.rng.uniform(-0.3, 0.3),
                              side * (LANE_M + 1.12 + style.rng.uniform(-0.08, 0.08)), heading)


def _pavement_things(style: Style, side: int, pavement: float) -> None:
    """Trees, lamps and signs along the kerb; people, bins and benches further in."""
    rng = style.rng
    kerb = side * (ROAD_M + 0.5)
    makers = (street_things.tree, street_things.lamp_post, street_things.sign,
              street_things.bin_or_box)
    for x in np.arange(-HALF_LENGTH_M + 1, HALF_LENGTH_M, rng.uniform(6.0, 8.0)):
        maker = makers[rng.choice(4, p=[0.5, 0.2, 0.15, 0.15])]
        turn = 0.0 if side > 0 else math.pi
        style.scene.place(maker(style), x + rng.uniform(-1, 1), kerb, turn, KERB_M)
    for _ in range(int(rng.integers(7, 13))):
        if rng.random() < 0.75:
            item, away = street_things.person(style), rng.uniform(1.2, pavement - 0.7)
            turn = rng.choice([0.0, math.pi]) + rng.normal(0, 0.3)
        else:
            item, away = street_things.bench(style), pavement - 0.5
            turn = 0.0 if side > 0 else math.pi
        style.scene.place(item, rng.uniform(-1, 1) * HALF_LENGTH_M, side * (ROAD_M + away), turn,
                          KERB_M)


def _close_end(style: Style, end: int) -> None:
    """What one sees past the end: houses across a junction, trees and open sky between."""
    rng = style.rng
    for y in np.arange(-50, 50, 13.0):
        if rng.random() < 0.75:
            x = end * (HALF_LENGTH_M + 22 + rng.uniform(0, 18))
            style.scene.place(_house(style, 12.0), x, y, -end * math.pi / 2)
        else:
            style.scene.place(street_things.tree(style), end * (HALF_LENGTH_M + 19), y)


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


def _compiled(rng, style: Style, half_width: float, path: Path | None) -> World:
    mujoco = load_mujoco()
    spec = mujoco.MjSpec()
    style.scene.fill(spec)
    add_texture(spec, 'sky', sky(rng), 'mjTEXTURE_SKYBOX')
    spec.stat.extent, spec.stat.center = 1.0, (0.0, 0.0, 1.0)
    quality, plane, head = spec.visual.quality, spec.visual.map, spec.visual.headlight
    quality.shadowsize, quality.offsamples = 1024, 0
    plane.znear, plane.zfar, plane.shadowclip = NEAR_M, FAR_M, HALF_LENGTH_M + 5
    head.ambient, head.diffuse, head.specular = [rng.uniform(0.42, 0.52)] * 3, [0] * 3, [0] * 3
    aim = np.array([rng.uniform(-1, 1), rng.uniform(-0.7, 0.7), -rng.uniform(0.9, 1.5)])
    spec.worldbody.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=-60 * aim, dir=aim, castshadow=True,
        diffuse=rng.uniform((0.5, 0.48, 0.42), (0.65, 0.62, 0.56)), specular=[0.3] * 3)
    bounds = np.array([(-HALF_LENGTH_M, -half_width, 0), (HALF_LENGTH_M, half_width, 8.0)])
    return World(name='street', model=spec.compile(), path=path, near_m=NEAR_M, far_m=FAR_M,
                 triangles=style.scene.triangles(), bounds=bounds)
