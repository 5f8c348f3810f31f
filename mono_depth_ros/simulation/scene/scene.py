"""A scene under construction: meshes and what they are made of, compiled to one MuJoCo model.

All meshes of one material become one geom, so a furnished room is about twenty draw calls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mono_depth_ros.simulation.scene.mesh import join, Mesh

PALETTE_SIDE = 16
PALETTE_CELL = 4


@dataclass(frozen=True, kw_only=True)
class Finish:
    """What a surface is made of: a texture of `metres` a repeat, or one palette colour."""

    material: str
    metres: float = 1.0
    colour: tuple[float, float] | None = None

    def dress(self, mesh: Mesh) -> Mesh:
        """The mesh with this finish's texture coordinates."""
        if self.colour is not None:
            return mesh.painted(self.colour)
        return Mesh(points=mesh.points, normals=mesh.normals, texture=mesh.texture / self.metres)


@dataclass(frozen=True, kw_only=True)
class Material:
    """Texture (H, W, 3) uint8 and how it reflects light, as MuJoCo's material attributes."""

    image: np.ndarray
    specular: float = 0.1
    shininess: float = 0.2
    emission: float = 0.0


class Scene:
    """Collects meshes by material; `compile` makes the model."""

    def __init__(self):
        self._materials: dict[str, Material] = {}
        self._meshes: dict[str, list[Mesh]] = {}
        self._colours: dict[str, list[np.ndarray]] = {}

    def texture(self, image_HW3: np.ndarray, metres: float = 1.0, **look) -> Finish:
        """Finish of a texture `metres` wide a repeat; `look` are fields of Material."""
        name = f'material{len(self._materials)}'
        self._materials[name] = Material(image=image_HW3, **look)
        return Finish(material=name, metres=metres)

    def colour(self, rgb, kind: str = 'matt') -> Finish:
        """Finish of one plain colour (0..255); kind matt, gloss or glow."""
        cells = self._colours.setdefault(kind, [])
        index = len(cells) % PALETTE_SIDE ** 2
        cells.append(np.asarray(rgb, float))
        row, column = divmod(index, PALETTE_SIDE)
        return Finish(material=kind, colour=((column + 0.5) / PALETTE_SIDE,
                                             (row + 0.5) / PALETTE_SIDE))

    def add(self, mesh: Mesh, finish: Finish) -> None:
        """Put a mesh, in world coordinates, into the scene."""
        self._meshes.setdefault(finish.material, []).append(finish.dress(mesh))

    def place(self, item, x: float, y: float, yaw: float = 0.0, z: float = 0.0) -> None:
        """Put an item, [(mesh, finish), ...] around its own origin, at a place and heading."""
        for mesh, finish in item:
            self.add(mesh.moved(x, y, z, yaw), finish)

    def triangles(self) -> np.ndarray:
        """Everything in the scene as triangles (N, 3, 3) in metres."""
        return np.concatenate([mesh.points for parts in self._meshes.values() for mesh in parts])

    def fill(self, spec) -> None:
        """Add all meshes and materials to a mujoco.MjSpec."""
        for name, material in {**self._palettes(), **self._materials}.items():
            if name in self._meshes:
                _add_material(spec, name, material)
                _add_geom(spec, name, join(self._meshes[name]))

    def _palettes(self) -> dict[str, Material]:
        looks = {'matt': {}, 'gloss': {'specular': 0.6, 'shininess': 0.6},
                 'glow': {'emission': 1.0}}
        return {kind: Material(image=_palette(colours), **looks[kind])
                for kind, colours in self._colours.items()}


def _palette(colours: list[np.ndarray]) -> np.ndarray:
    cells = np.zeros((PALETTE_SIDE ** 2, 3), np.uint8)
    cells[:len(colours)] = np.clip(colours[:len(cells)], 0, 255)
    grid = cells.reshape(PALETTE_SIDE, PALETTE_SIDE, 3)
    return grid.repeat(PALETTE_CELL, 0).repeat(PALETTE_CELL, 1)


def _add_material(spec, name: str, material: Material) -> None:
    add_texture(spec, name, material.image, 'mjTEXTURE_2D')
    row = spec.add_material(name=name, specular=material.specular,
                            shininess=material.shininess, emission=material.emission)
    row.textures[_mujoco().mjtTextureRole.mjTEXROLE_RGB] = name


def add_texture(spec, name: str, image_HW3: np.ndarray, kind: str) -> None:
    """Add a texture to a mujoco.MjSpec; `kind` is a name in mujoco.mjtTexture."""
    height, width = image_HW3.shape[:2]
    texture = spec.add_texture(name=name, type=getattr(_mujoco().mjtTexture, kind),
                               width=width, height=height, nchannel=3)
    texture.data = np.ascontiguousarray(image_HW3, np.uint8).tobytes()


def _add_geom(spec, name: str, mesh: Mesh) -> None:
    count = len(mesh.points)
    corners = np.arange(3 * count)
    mujoco = _mujoco()
    spec.add_mesh(
        name=name, uservert=mesh.points.ravel(), usernormal=mesh.normals.ravel(),
        usertexcoord=mesh.texture.ravel(), userface=corners, userfacetexcoord=corners,
        userfacenormal=corners, inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
    spec.worldbody.add_geom(name=name, type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name,
                            material=name, contype=0, conaffinity=0)


def _mujoco():
    from mono_depth_ros.simulation.scene.gl import load_mujoco
    return load_mujoco()
