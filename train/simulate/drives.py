"""Drives of a robot through simulated rooms: a camera of one height and pitch along a path."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mono_depth_ros.simulation.rendering.renderer import camera_with_fov, Renderer
from mono_depth_ros.simulation.scene.camera_path import CameraPath, floor_plan, random_walk
from mono_depth_ros.simulation.scene.world import looking, Pose, World
from mono_depth_ros.simulation.worlds import build_world

CAMERA = camera_with_fov(320, 240, 69)
CLEAR_M = 0.25
# Where a robot's camera looks: level, down, or a little up (radians).
PITCHES = (0.0, 0.0, -0.1, -0.25, 0.08, -0.4)


def drive(seed: int, height_m: float, frames: int, rate_hz: float
          ) -> Iterator[tuple[np.ndarray, np.ndarray, Pose]]:
    """Image (H, W, 3), true depth (H, W) m and pose along a path through a room of that seed.

    Nothing comes of a room that is too full to drive through.
    """
    rng = np.random.default_rng(seed)
    world = build_world('room', rng, walk=False)
    try:
        path = _path(world, rng, height_m)
    except ValueError:
        return
    pitch, roll = float(rng.choice(PITCHES)), rng.normal(0, 0.01)
    with Renderer(world, CAMERA) as renderer:
        for number in range(frames):
            position, yaw, _ = path.at(number / rate_hz)
            pose = looking((*position[:2], height_m), yaw, pitch, roll)
            yield *renderer.render(pose), pose


def _path(world: World, rng: np.random.Generator, height_m: float) -> CameraPath:
    low, high = world.bounds
    inside = ((world.triangles > low - 0.1) & (world.triangles < high + 0.1)).all((1, 2))
    plan = floor_plan((-high[0], high[0]), (-high[1], high[1]), world.triangles[inside],
                      (0.03, max(height_m + 0.15, 0.3)))
    return random_walk(rng, plan, CLEAR_M, height_m)
