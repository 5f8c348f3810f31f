"""Skies as MuJoCo skybox textures: six faces, one below the other."""

from __future__ import annotations

import numpy as np

SIDE = 128


def sky(rng, day: bool = True) -> np.ndarray:
    """Sky (6 * SIDE, SIDE, 3) uint8: blue to pale horizon with clouds, or dusk."""
    directions = _directions()
    height = directions[..., 2:]
    zenith, horizon = ((rng.uniform((70, 120, 190), (120, 165, 230)), rng.uniform(205, 238, 3))
                       if day else (np.array([12, 16, 38.0]), np.array([60, 52, 70.0])))
    colour = horizon + (zenith - horizon) * np.clip(height, 0, 1) ** 0.6
    cover = _clouds(rng, directions) * np.clip(height * 4, 0, 1)
    cloud = 250.0 if day else 50.0
    colour = colour + (cloud - colour) * cover * rng.uniform(0.2, 1.0)
    return np.clip(colour, 0, 255).astype(np.uint8).reshape(6 * SIDE, SIDE, 3)


def _directions() -> np.ndarray:
    """Unit directions (6, SIDE, SIDE, 3) of the texels in the world frame (z up).

    MuJoCo orders the faces as OpenGL (+x, -x, +y, -y, +z, -z) with OpenGL's y pointing up.
    """
    t, s = np.meshgrid(*[(np.arange(SIDE) + 0.5) * 2 / SIDE - 1] * 2, indexing='ij')
    one = np.ones_like(s)
    faces = [(one, -t, -s), (-one, -t, s), (s, one, t), (s, -one, -t), (s, -t, one),
             (-s, -t, -one)]
    gl = np.stack([np.stack(face, -1) for face in faces])
    world = np.stack([gl[..., 0], -gl[..., 2], gl[..., 1]], -1)
    return world / np.linalg.norm(world, axis=-1, keepdims=True)


def _clouds(rng, directions: np.ndarray) -> np.ndarray:
    """Cover (6, SIDE, SIDE, 1) in 0..1: waves in many directions on a plane overhead."""
    plane = directions[..., :2] / np.maximum(directions[..., 2:], 0.08)
    field = np.zeros(directions.shape[:-1])
    for octave in range(5):
        for _ in range(4):
            wave = rng.standard_normal(2) * 1.9 ** octave
            field += np.sin(plane @ wave + rng.uniform(0, 6.28)) / 1.6 ** octave
    return np.clip(field[..., None] / 2.5, 0, 1)
