"""A simulated world: a MuJoCo model and a camera path through it."""

from __future__ import annotations

from dataclasses import dataclass, field
import math
from typing import Any

import numpy as np

from mono_depth_ros.simulation.scene.camera_path import CameraPath
from mono_depth_ros.simulation.scene.mesh import rotation_z


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Where a camera is: position (3,) in metres; rotation (3, 3), its columns the optical
    axes right, down and forward in the world frame (z up).
    """

    position: np.ndarray
    rotation: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Air:
    """Haze or fog: light fades as exp(-`per_m` * metres), and `colour` (R, G, B in 0..255) takes
    its place.
    """

    per_m: float
    colour: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class World:
    """A world to render: name, mujoco.MjModel, camera path, near and far clipping in metres.

    `triangles` (N, 3, 3) m are the surfaces of its objects, counter-clockwise seen from outside;
    `bounds` (2, 3) m the lowest and highest corner of where a camera may be. A world built
    without a walk has no path; it may have air, which the renderer does not draw.
    """

    name: str
    model: Any
    near_m: float
    far_m: float
    path: CameraPath | None = None
    triangles: np.ndarray = field(default_factory=lambda: np.empty((0, 3, 3)))
    bounds: np.ndarray = field(default_factory=lambda: np.zeros((2, 3)))
    air: Air | None = None

    def pose(self, t_s: float) -> Pose:
        """Camera pose `t_s` seconds into its endless, closed path; ValueError without one."""
        if self.path is None:
            raise ValueError(f'this {self.name} has no camera path: build it with walk=True')
        position, yaw, pitch = self.path.at(t_s)
        return looking(position, yaw, pitch)


def looking(position, yaw: float, pitch: float, roll: float = 0.0) -> Pose:
    """Camera at `position` looking along yaw (radians from x), pitch up positive; `roll` turns
    it clockwise about its axis.
    """
    c, s = math.cos(yaw), math.sin(yaw)
    forward = np.array([c * math.cos(pitch), s * math.cos(pitch), math.sin(pitch)])
    right = np.array([s, -c, 0.0])
    rotation = np.stack([right, np.cross(forward, right), forward], axis=1)
    return Pose(position=np.asarray(position, float), rotation=rotation @ rotation_z(roll))
