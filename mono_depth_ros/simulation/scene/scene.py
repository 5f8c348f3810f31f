"""A scene under construction: meshes and what they are made of, compiled to one MuJoCo model.

All meshes of one material become one geom, so a furnished room is about twenty draw calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from mono_depth_ros.simulation.scene.mesh import join, Mesh
from mono_depth_ros.simulation.scene.opengl import load_mujoco

PALETTE_SIDE = 16
PALETTE_CELL = 4


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a mesh is made of: the texture `name` of the scene, repeated every `metres`; or, where
    `palette_uv` is given, the one colour at that point of a palette texture.
    """

    name: str
    metres: float = 1.0
    palette_uv: tuple[float, float] | None = None

    def applied_to(self, mesh: Mesh) -> Mesh:
        """The mesh with this material's texture coordinates."""
        if self.palette_uv is None:
            return replace(mesh, texture=mesh.texture / self.metres)
        uv = np.asarray(self.palette_uv, float)
        return replace(mesh, texture=np.broadcast_to(uv, mesh.texture.shape))


# An object of a world: its parts around its own origin, standing on z = 0.
Parts = list[tuple[Mesh, Material]]


@dataclass(frozen=True, kw_only=True)
class Texture:
    """Image (H, W, 3) uint8 and how it reflects light, as MuJoCo's material attributes."""

    image: np.ndarray
    specular: float = 0.1
    shininess: float = 0.2
    emission: float = 0.0


class Scene:
    """Collects meshes by material; `add_to` puts them into a MuJoCo model."""

    def __init__(self):
        self._textures: dict[str, Texture] = {}
        self._meshes: dict[str, list[Mesh]] = {}
        self._colours: dict[str, list[np.ndarray]] = {}

    def textured(self, image_HW3: np.ndarray, metres: float = 1.0, **reflection) -> Material:
        """New material of a texture `metres` wide a repeat; `reflection`: fields of Texture."""
        name = f'material{len(self._textures)}'
        self._textures[name] = Texture(image=image_HW3, **reflection)
        return Material(name=name, metres=metres)

    def coloured(self, rgb, kind: str = 'matt') -> Material:
        """Material of one plain colour (0..255); kind matt, gloss or glow."""
        cells = self._colours.setdefault(kind, [])
        row, column = divmod(len(cells) % PALETTE_SIDE ** 2, PALETTE_SIDE)
        cells.append(np.asarray(rgb, float))
        return Material(name=kind, palette_uv=((column + 0.5) / PALETTE_SIDE,
                                               (row + 0.5) / PALETTE_SIDE))

    def add(self, mesh: Mesh, material: Material) -> None:
        """Add a mesh in world coordinates."""
        self._meshes.setdefault(material.name, []).append(material.applied_to(mesh))

    def place(self, parts: Parts, x: float, y: float, yaw: float = 0.0, z: float = 0.0) -> None:
        """Add an object at (x, y, z) metres, turned by `yaw` radians."""
        for mesh, material in moved(parts, x, y, z, yaw):
            self.add(mesh, material)

    def triangles(self) -> np.ndarray:
        """Everything in the scene as triangles (N, 3, 3) in metres."""
        return np.concatenate([mesh.points for meshes in self._meshes.values() for mesh in meshes])

    def add_to(self, spec) -> None:
        """Add all meshes and materials to a mujoco.MjSpec."""
        for name, texture in {**self._palettes(), **self._textures}.items():
            if name in self._meshes:
                _add_material(spec, name, texture)
                _add_geom(spec, name, join(self._meshes[name]))

    def _palettes(self) -> dict[str, Texture]:
        reflection = {'matt': {}, 'gloss': {'specular': 0.6, 'shininess': 0.6},
                      'glow': {'emission': 1.0}}
        return {kind: Texture(image=_palette(colours), **reflection[kind])
                for kind, colours in self._colours.items()}


def moved(parts: Iterable[tuple[Mesh, Material]], x: float = 0.0, y: float = 0.0, z: float = 0.0,
          yaw: float = 0.0) -> Parts:
    """An object turned by `yaw` radians about z, then shifted by (x, y, z) metres."""
    return [(mesh.moved(x, y, z, yaw), material) for mesh, material in parts]


def _palette(colours: list[np.ndarray]) -> np.ndarray:
    cells = np.zeros((PALETTE_SIDE ** 2, 3), np.uint8)
    cells[:len(colours)] = np.clip(colours[:len(cells)], 0, 255)
    grid = cells.reshape(PALETTE_SIDE, PALETTE_SIDE, 3)
    return grid.repeat(PALETTE_CELL, 0).repeat(PALETTE_CELL, 1)


def _add_material(spec, name: str, texture: Texture) -> None:
    add_texture(spec, name, texture.image, 'mjTEXTURE_2D')
    material = spec.add_material(name=name, specular=texture.specular,
                                 shininess=texture.shininess, emission=texture.emission)
    material.textures[load_mujoco().mjtTextureRole.mjTEXROLE_RGB] = name


def add_texture(spec, name: str, image_HW3: np.ndarray, kind: str) -> None:
    """Add a texture to a mujoco.MjSpec; `kind` is a name in mujoco.mjtTexture."""
    height, width = image_HW3.shape[:2]
    texture = spec.add_texture(name=name, type=getattr(load_mujoco().mjtTexture, kind),
                               width=width, height=height, nchannel=3)
    texture.data = np.ascontiguousarray(image_HW3, np.uint8).tobytes()


def _add_geom(spec, name: str, mesh: Mesh) -> None:
    mujoco, corners = load_mujoco(), np.arange(3 * len(mesh.points))
    spec.add_mesh(
        name=name, uservert=mesh.points.ravel(), usernormal=mesh.normals.ravel(),
        usertexcoord=mesh.texture.ravel(), userface=corners, userfacetexcoord=corners,
        userfacenormal=corners, inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
    spec.worldbody.add_geom(name=name, type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name,
                            material=name, contype=0, conaffinity=0)


def set_up_rendering(spec, near_m: float, far_m: float, ambient, shadow_reach_m: float) -> None:
    """Clipping planes, shadows and even ambient light (R, G, B) of a mujoco.MjSpec."""
    spec.stat.extent = 1.0  # MuJoCo's clipping planes and shadow reach are multiples of it
    quality, planes, head = spec.visual.quality, spec.visual.map, spec.visual.headlight
    quality.shadowsize, quality.offsamples = 1024, 0
    planes.znear, planes.zfar, planes.shadowclip = near_m, far_m, shadow_reach_m
    head.ambient, head.diffuse, head.specular = ambient, [0] * 3, [0] * 3


def add_light(spec, kind: str, pos, diffuse, **attributes) -> None:
    """Add a light to a mujoco.MjSpec: kind DIRECTIONAL, SPOT or POINT, and MuJoCo's attributes."""
    spec.worldbody.add_light(type=getattr(load_mujoco().mjtLightType, f'mjLIGHT_{kind}'), pos=pos,
                             diffuse=diffuse, **attributes)
