"""Triangle meshes of simple solids, with normals and texture coordinates in metres (NumPy).

World frames are x, y on the ground and z up, in metres. Every triangle has its own corners,
so that meshes join by concatenation and edges stay sharp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
import math

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """Triangles: corner positions (N, 3, 3) m, unit normals (N, 3, 3), texture (N, 3, 2)."""

    points: np.ndarray
    normals: np.ndarray
    texture: np.ndarray

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0) -> Mesh:
        """Mesh turned by `yaw` radians about z, then shifted by (x, y, z) metres."""
        turn = rotation_z(yaw)
        return replace(self, points=self.points @ turn.T + (x, y, z),
                       normals=self.normals @ turn.T)

    def turned(self, rotation: np.ndarray) -> Mesh:
        """Mesh turned by a 3x3 rotation about the origin."""
        return replace(self, points=self.points @ rotation.T, normals=self.normals @ rotation.T)

    def flipped(self) -> Mesh:
        """The other side of the mesh: every triangle faces the opposite way."""
        return Mesh(points=self.points[:, ::-1], normals=-self.normals[:, ::-1],
                    texture=self.texture[:, ::-1])


def rotation_z(angle: float) -> np.ndarray:
    """3x3 rotation by `angle` radians about z."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def rotation_x(angle: float) -> np.ndarray:
    """3x3 rotation by `angle` radians about x."""
    return np.roll(rotation_z(angle), (1, 1), (0, 1))


def rotation_y(angle: float) -> np.ndarray:
    """3x3 rotation by `angle` radians about y."""
    return np.roll(rotation_z(angle), (2, 2), (0, 1))


def join(meshes) -> Mesh:
    """All triangles of several meshes as one mesh."""
    meshes = list(meshes)
    return Mesh(points=np.concatenate([mesh.points for mesh in meshes]),
                normals=np.concatenate([mesh.normals for mesh in meshes]),
                texture=np.concatenate([mesh.texture for mesh in meshes]))


def four_of(solid: Mesh, x: float, y: float) -> list[Mesh]:
    """Copies of a solid at the four corners (-x, -y), (-x, y), (x, -y), (x, y) metres."""
    return [solid.moved(side_x * x, side_y * y) for side_x in (-1, 1) for side_y in (-1, 1)]


def surface(points_RC3, normals_RC3=None, texture_RC2=None) -> Mesh:
    """Mesh of a grid of points (R, C, 3); smooth normals where none are given."""
    points = np.asarray(points_RC3, float)
    if normals_RC3 is None:
        normals_RC3 = _smooth_normals(points)
    if texture_RC2 is None:
        texture_RC2 = _metric_texture(points)
    grids = (points, np.asarray(normals_RC3, float), np.asarray(texture_RC2, float))
    return _wound(Mesh(**dict(zip(('points', 'normals', 'texture'), map(_triangles, grids)))))


def _triangles(grid_RCk: np.ndarray) -> np.ndarray:
    a, b = grid_RCk[:-1, :-1], grid_RCk[:-1, 1:]
    c, d = grid_RCk[1:, 1:], grid_RCk[1:, :-1]
    pairs = np.stack([np.stack([a, b, c], 2), np.stack([a, c, d], 2)], 2)
    return pairs.reshape(-1, 3, grid_RCk.shape[-1])


def _wound(mesh: Mesh) -> Mesh:
    """Corners in the order that faces the normals; triangles without area dropped."""
    cross = _cross(mesh.points)
    keep = np.linalg.norm(cross, axis=1) > 1e-10
    points, normals, texture = mesh.points[keep], mesh.normals[keep], mesh.texture[keep]
    flip = np.einsum('ni,ni->n', cross[keep], normals.sum(1)) < 0
    for array in (points, normals, texture):
        array[flip] = array[flip][:, ::-1]
    return Mesh(points=points, normals=normals, texture=texture)


def _cross(points: np.ndarray) -> np.ndarray:
    return np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])


def _smooth_normals(points: np.ndarray) -> np.ndarray:
    along_rows, along_columns = np.gradient(points, axis=0), np.gradient(points, axis=1)
    return _unit(np.cross(along_columns, along_rows))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _metric_texture(points: np.ndarray) -> np.ndarray:
    across = np.linalg.norm(np.diff(points, axis=1), axis=-1).max(0)
    down = np.linalg.norm(np.diff(points, axis=0), axis=-1).max(1)
    u = np.concatenate([[0.0], np.cumsum(across)])
    v = np.concatenate([[0.0], np.cumsum(down)])
    return np.stack(np.meshgrid(u, v), -1)


def quad(corner, across, down, parts: tuple[int, int] = (1, 1), fit: bool = False) -> Mesh:
    """Flat rectangle from its top left `corner`, seen from the side where down x across faces.

    `across` and `down` are edge vectors in metres; `fit` stretches one texture over it.
    """
    corner, across, down = (np.asarray(vector, float) for vector in (corner, across, down))
    u, v = np.meshgrid(np.linspace(0, 1, parts[0] + 1), np.linspace(0, 1, parts[1] + 1))
    points = corner + u[..., None] * across + v[..., None] * down
    normal = _unit(np.cross(down, across))
    size = (1.0, 1.0) if fit else (np.linalg.norm(across), np.linalg.norm(down))
    texture = np.stack([u * size[0], v * size[1]], -1)
    return surface(points, np.broadcast_to(normal, points.shape), texture)


def box(size, centre=(0.0, 0.0, 0.0), fit: bool = False) -> Mesh:
    """Box of `size` (x, y, z) metres around `centre`."""
    unit, axes = _unit_box()
    size = np.asarray(size, float)
    texture = unit.texture if fit else unit.texture * size[axes][:, None]
    return Mesh(points=unit.points * size + centre, normals=unit.normals, texture=texture)


@lru_cache(maxsize=1)
def _unit_box() -> tuple[Mesh, np.ndarray]:
    """Box of edge 1, and the two axes (12, 2) along which each triangle's texture lies."""
    h = 0.5
    sides = [
        ((-h, -h, h), (1, 0, 0), (0, 0, -1)), ((h, h, h), (-1, 0, 0), (0, 0, -1)),
        ((h, -h, h), (0, 1, 0), (0, 0, -1)), ((-h, h, h), (0, -1, 0), (0, 0, -1)),
        ((-h, h, h), (1, 0, 0), (0, -1, 0)), ((-h, -h, -h), (1, 0, 0), (0, 1, 0))]
    axes = [[int(np.argmax(np.abs(edge))) for edge in side[1:]] for side in sides]
    return join(quad(*side, fit=True) for side in sides), np.repeat(axes, 2, axis=0)


def lathe(profile, sides: int = 16) -> Mesh:
    """Solid of revolution about z of a `profile` [(radius, z), ...] in metres, bottom first."""
    profile = np.asarray(profile, float)
    return join(_revolved(np.stack(band), sides) for band in zip(profile[:-1], profile[1:])
                if not np.allclose(*band))


def _revolved(band_22: np.ndarray, sides: int) -> Mesh:
    """Surface of revolution of one straight piece of a profile, [(radius, z), (radius, z)]."""
    angle = np.linspace(0, 2 * math.pi, sides + 1)
    circle = np.stack([np.cos(angle), np.sin(angle)], -1)
    along = np.gradient(band_22, axis=0)
    normals_22 = _unit(np.stack([along[:, 1], -along[:, 0]], -1))

    def turned(pairs):
        ring = pairs[:, None, :1] * circle
        return np.concatenate([ring, np.repeat(pairs[:, None, 1:], sides + 1, 1)], -1)
    return surface(turned(band_22), turned(normals_22))


def vessel(base: float, rim: float, height: float, inner_rim: float, inner_base: float,
           floor: float, sides: int) -> Mesh:
    """Open round vessel: outer radii of base and rim, inner radii, height of its floor, metres."""
    return lathe([(0, 0), (base, 0), (rim, height), (inner_rim, height), (inner_base, floor),
                  (0, floor)], sides)


def cylinder(radius: float, height: float, centre=(0.0, 0.0, 0.0), top: float | None = None,
             sides: int = 14) -> Mesh:
    """Cylinder (or cone frustum, radius `top` above) about z around `centre`, in metres."""
    if top is None:
        unit = _unit_cylinder(sides)
        return Mesh(points=unit.points * (radius, radius, height) + centre, normals=unit.normals,
                    texture=unit.texture * (radius, height))
    half = height / 2
    return lathe([(0, -half), (radius, -half), (top, half), (0, half)], sides).moved(*centre)


@lru_cache(maxsize=8)
def _unit_cylinder(sides: int) -> Mesh:
    return lathe([(0, -0.5), (1, -0.5), (1, 0.5), (0, 0.5)], sides)


def rounded(size, centre=(0.0, 0.0, 0.0), roundness: float = 0.5, parts: int = 8) -> Mesh:
    """Superellipsoid of `size` metres: roundness 1 is an ellipsoid, towards 0 a box."""
    unit = _unit_rounded(roundness, parts)
    half = np.asarray(size, float) / 2
    return Mesh(points=unit.points * half + centre, normals=_unit(unit.normals / half),
                texture=unit.texture * half.mean())


@lru_cache(maxsize=32)
def _unit_rounded(roundness: float, parts: int) -> Mesh:
    polar = np.linspace(-math.pi / 2, math.pi / 2, parts + 1)[:, None]
    turn = np.linspace(-math.pi, math.pi, 2 * parts + 1)[None, :]

    def direction(power):
        def bent(value):
            return np.sign(value) * np.abs(value) ** power
        ring = bent(np.cos(polar))
        return np.stack([ring * bent(np.cos(turn)), ring * bent(np.sin(turn)),
                         np.broadcast_to(bent(np.sin(polar)), (parts + 1, 2 * parts + 1))], -1)
    return surface(direction(roundness), direction(2 - roundness))


def extruded(outline, width: float) -> Mesh:
    """Prism of a star-shaped `outline` [(x, z), ...] in metres, `width` metres along y."""
    outline = np.asarray(outline, float)
    closed = np.vstack([outline, outline[:1]])
    front = np.insert(closed, 1, -width / 2, axis=1)
    back = np.insert(closed, 1, width / 2, axis=1)
    middle = closed[:-1].mean(0)
    caps = [_fan(ring, (middle[0], y, middle[1]), (0, np.sign(y), 0))
            for ring, y in ((front, -width / 2), (back, width / 2))]
    return join([*caps, _rim(front, back, middle)])


def _fan(ring: np.ndarray, middle, normal) -> Mesh:
    points = np.stack([np.broadcast_to(middle, ring.shape), ring])
    texture = points[..., [0, 2]]
    return surface(points, np.broadcast_to(np.asarray(normal, float), points.shape), texture)


def _rim(front: np.ndarray, back: np.ndarray, middle) -> Mesh:
    """The flat faces between two equal outlines, one for each edge.

    As one grid: the strips between two edges have no area and are dropped.
    """
    edges = np.stack([front[:-1], front[1:]], 1), np.stack([back[:-1], back[1:]], 1)
    along = edges[0][:, 1] - edges[0][:, 0]
    normals = _unit(np.stack([along[:, 2], 0 * along[:, 0], -along[:, 0]], -1))
    outward = edges[0].mean(1)[:, [0, 2]] - middle
    normals *= np.sign(np.einsum('ni,ni->n', normals[:, [0, 2]], outward))[:, None]
    points = np.stack([edge.reshape(-1, 3) for edge in edges])
    return surface(points, np.broadcast_to(normals.repeat(2, 0), points.shape))
