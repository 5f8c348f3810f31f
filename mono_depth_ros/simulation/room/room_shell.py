"""The empty room: floor, ceiling, walls with windows and a door, their shading baked in.

A wall is built in its own frame: y = 0 on its face, the room at -y, x from left to right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import (
    box,
    cylinder,
    join,
    Mesh,
    quad,
    rotation_y,
    surface,
)
from mono_depth_ros.simulation.scene.scene import Material, Parts, Scene
from mono_depth_ros.simulation.textures import masonry
from mono_depth_ros.simulation.textures.colours import repeated, tinted

WALL_M = 0.16
Opening = tuple[float, float, float, float]
PIXELS_PER_METRE = 64


@dataclass(frozen=True, kw_only=True)
class Wall:
    """One wall: its length, the distance of its face from the room's centre, its yaw, its height,
    and openings (left, right, bottom, top) in metres; x is 0 in the middle.
    """

    length: float
    distance: float
    yaw: float
    height: float
    window: Opening | None = None
    door: Opening | None = None

    def place(self, scene: Scene, parts: Parts, x: float, from_wall: float = 0.0,
              z: float = 0.0) -> None:
        """Put an object at x along the wall, `from_wall` metres in front of it."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        y = self.distance - from_wall
        scene.place(parts, c * x - s * y, s * x + c * y, self.yaw, z)


def tiled(tile_HW3: np.ndarray, width_m: float, height_m: float, tile_m: float) -> np.ndarray:
    """A tiling texture repeated over a whole surface, float, at PIXELS_PER_METRE."""
    side = max(8, round(tile_m * PIXELS_PER_METRE))
    tile = cv2.resize(tile_HW3, (side, side), interpolation=cv2.INTER_AREA)
    return repeated(tile, round(height_m * PIXELS_PER_METRE),
                    round(width_m * PIXELS_PER_METRE)).astype(np.float32)


def corner_shade(shape, strength: float = 0.3) -> np.ndarray:
    """Factor (H, W, 1) that darkens a surface towards its four edges, the corners of a room."""
    height, width = shape[:2]
    x = np.minimum(np.arange(width), np.arange(width)[::-1])[None, :]
    y = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None]
    fall = 0.3 * PIXELS_PER_METRE
    shade = (1 - strength * np.exp(-x / fall)) * (1 - strength * np.exp(-y / fall))
    return shade[..., None]


def add_wall(materials: Materials, wall: Wall, tile_HW3: np.ndarray, tile_m: float) -> None:
    """Add a wall: its faces inside and outside, the sides of its openings, and the skirting."""
    image = tiled(tile_HW3, wall.length, wall.height, tile_m)
    image = (image * corner_shade(image.shape)).astype(np.uint8)
    inside = materials.scene.textured(image, 1.0, specular=0.02)
    outside = materials.scene.coloured((190, 185, 175))
    openings = [opening for opening in (wall.window, wall.door) if opening]
    wall.place(materials.scene, [(_panel(wall, openings), inside)], 0.0)
    back = Wall(length=wall.length + 2 * WALL_M, distance=0, yaw=0, height=wall.height)
    wall.place(materials.scene, [(_panel(back, openings).flipped(), outside)], 0.0, -WALL_M)
    white = materials.scene.coloured((235, 233, 228))
    for opening in openings:
        wall.place(materials.scene, [(_reveal(*opening), white)], 0.0)
    _add_skirting(materials.scene, wall, white)


def _panel(wall: Wall, openings) -> Mesh:
    """The wall's face at y = 0 as rectangles round its openings, one texture over the whole."""
    half = wall.length / 2
    xs = sorted({-half, half, *(x for o in openings for x in o[:2])})
    zs = sorted({0.0, wall.height, *(z for o in openings for z in o[2:])})
    return join(_rectangle(wall, x0, x1, z0, z1)
                for x0, x1 in zip(xs, xs[1:]) for z0, z1 in zip(zs, zs[1:])
                if not _in_opening((x0 + x1) / 2, (z0 + z1) / 2, openings))


def _in_opening(x: float, z: float, openings) -> bool:
    return any(o[0] < x < o[1] and o[2] < z < o[3] for o in openings)


def _rectangle(wall: Wall, x0: float, x1: float, z0: float, z1: float) -> Mesh:
    parts = (max(1, round((x1 - x0) / 0.5)), max(1, round((z1 - z0) / 0.5)))
    mesh = quad((x0, 0, z1), (x1 - x0, 0, 0), (0, 0, z0 - z1), parts)
    u = mesh.points[..., 0] / wall.length + 0.5
    v = 1 - mesh.points[..., 2] / wall.height
    return replace(mesh, texture=np.stack([u, v], -1))


def _reveal(left: float, right: float, bottom: float, top: float) -> Mesh:
    """The inner sides of an opening, through the wall (y from 0 to WALL_M)."""
    w, h = right - left, top - bottom
    return join([quad((left, 0, top), (0, WALL_M, 0), (0, 0, -h)),
                 quad((right, WALL_M, top), (0, -WALL_M, 0), (0, 0, -h)),
                 quad((left, WALL_M, bottom), (w, 0, 0), (0, -WALL_M, 0)),
                 quad((left, 0, top), (w, 0, 0), (0, WALL_M, 0))])


def _add_skirting(scene: Scene, wall: Wall, material: Material) -> None:
    edges = [-wall.length / 2, wall.length / 2]
    if wall.door:
        edges = [edges[0], wall.door[0] - 0.08, wall.door[1] + 0.08, edges[1]]
    boards = [box((b - a, 0.015, 0.08), ((a + b) / 2, 0, 0.04))
              for a, b in zip(edges[::2], edges[1::2]) if b - a > 0.02]
    wall.place(scene, [(join(boards), material)], 0.0, 0.008)


def window(materials: Materials, opening: Opening) -> Parts:
    """Frame, sill, curtains and radiator of a window."""
    left, right, bottom, top = opening
    w, h, x, z = right - left, top - bottom, (left + right) / 2, (bottom + top) / 2
    bar = 0.06
    bars = [box((bar, 0.06, h), (px, 0.08, z)) for px in (left, x, right)]
    bars += [box((w, 0.06, bar), (x, 0.08, pz)) for pz in (bottom, top)]
    sill = box((w + 0.12, 0.2, 0.03), (x, -0.05, bottom - 0.015))
    white = materials.scene.coloured((240, 240, 238), 'gloss')
    return [(join([*bars, sill]), white), *_curtains(materials, opening),
            *_radiator(materials, x, w)]


def _curtains(materials: Materials, opening) -> Parts:
    if materials.rng.random() < 0.3:
        return []
    left, right, bottom, top = opening
    low = 0.06 if materials.rng.random() < 0.5 else bottom - 0.1
    width = materials.rng.uniform(0.25, 0.45)
    rod = cylinder(0.012, right - left + 0.9).turned(rotation_y(np.pi / 2)).moved(
        (left + right) / 2, -0.12, top + 0.12)
    sheets = [_curtain(materials, x, width, low, top + 0.12)
              for x in (left + 0.1 - width, right - 0.1)]
    return [(join(sheets), materials.fabric()), (rod, materials.grey(120))]


def _curtain(materials: Materials, x: float, width: float, low: float, high: float) -> Mesh:
    u = np.linspace(0, 1, 25)
    z = np.linspace(high, low, 5)
    wave = 0.035 * np.sin(u * 6.28 * materials.rng.integers(3, 6))
    points = np.stack(np.broadcast_arrays(x + u[None] * width, -0.12 + wave[None], z[:, None]), -1)
    front = surface(points)
    return join([front, front.flipped()])


def _radiator(materials: Materials, x: float, width: float) -> Parts:
    ribs = [box((0.045, 0.08, 0.55), (rib, -0.08, 0.4))
            for rib in np.arange(x - width * 0.4, x + width * 0.4, 0.06)]
    rails = [box((width * 0.8, 0.05, 0.03), (x, -0.08, z)) for z in (0.17, 0.63)]
    return [(join(ribs + rails), materials.scene.coloured((232, 232, 228), 'gloss'))]


def door(materials: Materials, opening: Opening) -> Parts:
    """A closed panelled door with its frame and handle."""
    left, right, _, top = opening
    w, x = right - left, (left + right) / 2
    leaf = [box((w, 0.04, top), (x, 0.04, top / 2))]
    leaf += [box((w * 0.68, 0.05, top * size), (x, 0.037, top * z))
             for size, z in ((0.32, 0.24), (0.42, 0.72))]
    frame = [box((0.08, 0.1, top + 0.08), (px, 0.0, (top + 0.08) / 2))
             for px in (left - 0.04, right + 0.04)] + [box((w, 0.1, 0.08), (x, 0.0, top + 0.04))]
    handle = [box((0.12, 0.02, 0.02), (right - 0.12, -0.04, 1.03)),
              box((0.04, 0.02, 0.18), (right - 0.06, 0.012, 1.0))]
    white = materials.scene.coloured(tinted(materials.rng, (225, 222, 215)))
    material = materials.wood() if materials.rng.random() < 0.5 else white
    return [(join(leaf), material), (join(frame), white), (join(handle), materials.grey(170))]


def add_floor(materials: Materials, size, tile_HW3: np.ndarray, tile_m: float, clearance) -> None:
    """Add the floor, darker near what stands on it: `clearance` (rows y, columns x) in metres."""
    width, depth = size
    image = tiled(tile_HW3, width, depth, tile_m) * corner_shade((round(
        depth * PIXELS_PER_METRE), round(width * PIXELS_PER_METRE)), 0.25)
    near = cv2.resize(clearance[::-1], image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    image = image * (1 - 0.5 * np.exp(-near / 0.12))[..., None]
    material = materials.scene.textured(image.astype(np.uint8), 1.0, specular=0.15, shininess=0.4)
    mesh = quad((-width / 2, depth / 2, 0), (width, 0, 0), (0, -depth, 0), (10, 10), fit=True)
    materials.scene.add(mesh, material)


def add_ceiling(materials: Materials, size, height: float) -> None:
    """Add the ceiling, and a slab above it that keeps the sun out."""
    width, depth = size
    image = tiled(masonry.plaster(materials.rng, (242, 241, 238)), width, depth, 1.5)
    image = (image * corner_shade(image.shape, 0.22)).astype(np.uint8)
    mesh = quad((-width / 2, -depth / 2, height), (width, 0, 0), (0, depth, 0), (8, 8), fit=True)
    materials.scene.add(mesh, materials.scene.textured(image, 1.0, specular=0.0))
    materials.scene.add(box((width + 0.4, depth + 0.4, 0.1), (0, 0, height + 0.06)),
                        materials.scene.coloured((150, 140, 130)))
