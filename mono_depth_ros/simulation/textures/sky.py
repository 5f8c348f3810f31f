"""Skies as MuJoCo skybox textures: six faces, one below the other."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from mono_depth_ros.simulation.textures.colours import noise

SIDE = 128
# Darkest and brightest zenith, darkest and brightest horizon, brightness and share of clouds.
SKIES = {
    'day': ((70, 120, 190), (120, 165, 230), (200, 205, 210), (238, 238, 240), 250.0, 0.0),
    'overcast': ((150, 155, 165), (205, 208, 214), (185, 188, 192), (230, 230, 232), 235.0, 0.6),
    'low': ((60, 85, 140), (110, 130, 180), (235, 165, 105), (255, 215, 165), 245.0, 0.1),
    'dusk': ((22, 30, 62), (50, 60, 105), (120, 85, 80), (190, 130, 105), 110.0, 0.1),
    'night': ((12, 16, 38), (14, 18, 42), (55, 48, 64), (62, 54, 72), 50.0, 0.0)}


def sky(rng, kind: str = 'day') -> np.ndarray:
    """Sky (6 * SIDE, SIDE, 3) uint8 of a kind in SKIES, with clouds."""
    zenith_low, zenith_high, low, high, cloud, cover = SKIES[kind]
    height = _directions()[..., 2:]
    zenith, horizon = rng.uniform(zenith_low, zenith_high), rng.uniform(low, high)
    colour = horizon + (zenith - horizon) * np.clip(height, 0, 1) ** 0.6
    clouds = np.clip(_clouds(rng) + cover, 0, 1) * np.clip(height * 4, 0, 1)
    colour = colour + (cloud - colour) * clouds * rng.uniform(0.2, 1.0)
    return np.clip(colour, 0, 255).astype(np.uint8).reshape(6 * SIDE, SIDE, 3)


@lru_cache(maxsize=1)
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


def _clouds(rng) -> np.ndarray:
    """Cover (6, SIDE, SIDE, 1) in 0..1: tiling noise on a plane overhead."""
    directions = _directions()
    plane = directions[..., :2] / np.maximum(directions[..., 2:], 0.08)
    place = ((plane * 40 + rng.uniform(0, 256, 2)) % 256).astype(np.float32).reshape(-1, SIDE, 2)
    field = noise(rng, 256, 256, 1.7).astype(np.float32)
    cover = cv2.remap(field, place[..., 0], place[..., 1], cv2.INTER_LINEAR,
                      borderMode=cv2.BORDER_WRAP)
    return np.clip(cover.reshape(6, SIDE, SIDE, 1) * 0.8, 0, 1)
