"""Procedural textures of wood and leaves: uint8 RGB (H, W, 3), tiling."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.simulation.textures.colours import noise, shaded


def plain_wood(rng, colour, size: int = 128) -> np.ndarray:
    """Grain along x."""
    grain = noise(rng, size, size, 1.2, stretch=12)
    rings = np.sin(6 * noise(rng, size, size, 2.2, stretch=6))
    return shaded(colour, grain + 0.6 * rings, 0.09)


def planks(rng, colour, rows: int = 8, size: int = 256) -> np.ndarray:
    """Floor boards along x, `rows` of them, joints at random places, each its own shade."""
    image = plain_wood(rng, colour, size).astype(float)
    step = size // rows
    for row in range(rows):
        part = image[row * step:(row + 1) * step]
        joint = int(rng.integers(size))
        part[:] = np.roll(part * rng.uniform(0.82, 1.12), joint, 1)
        part[:, joint:] *= rng.uniform(0.88, 1.06)
        part[0] *= 0.55
        part[:, joint] *= 0.6
    return np.clip(image, 0, 255).astype(np.uint8)


def herringbone(rng, colour, size: int = 128) -> np.ndarray:
    """Parquet of slanting staves."""
    y, x = np.mgrid[0:size, 0:size] * (8 / size)
    band = np.floor(x)
    along = np.where(band % 2 == 0, y + x, y - x)
    stave = np.floor(along * 2) + 31 * band
    shade = np.modf(np.sin(stave * 12.9898 + rng.uniform(0, 9)) * 43758.5)[0]
    gaps = (np.abs(np.modf(along * 2)[0]) < 0.12) | (np.modf(x)[0] < 0.06)
    return shaded(colour, shade * 1.2 + 0.5 * noise(rng, size, size, 1.0) - 2.5 * gaps, 0.1)


def leaves(rng, colour=(70, 110, 45), size: int = 128) -> np.ndarray:
    """Foliage: bright and dark leaves."""
    field = noise(rng, size, size, 0.8) + 0.5 * noise(rng, size, size, 0.3)
    return shaded(colour, np.round(field * 2) / 2, 0.28)
