"""Procedural textures of walls and hard floors: uint8 RGB (H, W, 3), tiling."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.simulation.textures.colours import any_colour, noise, shaded


def plaster(rng, colour, size: int = 128) -> np.ndarray:
    """Painted wall."""
    return shaded(colour, noise(rng, size, size, 1.1), 0.012)


def wallpaper(rng, colour, size: int = 128) -> np.ndarray:
    """Stripes, dots or leaves in a second shade of the colour."""
    y, x = np.mgrid[0:size, 0:size] * (2 * np.pi / size)
    kind, repeat = int(rng.integers(3)), int(rng.integers(2, 5))
    pattern = (np.sin(repeat * x), np.sin(repeat * x) * np.sin(repeat * y),
               np.sin(repeat * x + 1.4 * np.sin(2 * y)) * np.cos(repeat * y))[kind]
    mask = np.clip(pattern * 3, -1, 1) * rng.choice([-1, 1])
    return shaded(colour, mask + 0.3 * noise(rng, size, size, 1.0), 0.07)


def bricks(rng, colour, size: int = 128, rows: int = 8) -> np.ndarray:
    """Bricks in running bond with light joints."""
    image = shaded(colour, noise(rng, size, size, 1.0), 0.08).astype(float)
    high, wide = size // rows, size // (rows // 2)
    for row in range(rows):
        line = image[row * high:(row + 1) * high]
        for column in range(rows // 2):
            line[:, column * wide:(column + 1) * wide] *= rng.uniform(0.8, 1.15)
            line[:, column * wide] = 165
        line[0] = 165
        line[:] = np.roll(line, (row % 2) * wide // 2, 1)
    return np.clip(image, 0, 255).astype(np.uint8)


def tiles(rng, colour, count: int = 4, size: int = 128, grout: float = 0.75) -> np.ndarray:
    """Square tiles with joints."""
    image = shaded(colour, noise(rng, size, size, 1.6), 0.05).astype(float)
    step = size // count
    for row in range(count):
        for column in range(count):
            part = image[row * step:(row + 1) * step, column * step:(column + 1) * step]
            part *= rng.uniform(0.92, 1.05)
            part[:2] *= grout
            part[:, :2] *= grout
    return np.clip(image, 0, 255).astype(np.uint8)


def brick_tiles(rng, colour, size: int = 128) -> np.ndarray:
    """Glazed oblong tiles as over a kitchen counter."""
    image = shaded(colour, noise(rng, size, size, 1.6), 0.03).astype(float)
    rows = int(rng.choice([6, 8]))
    high = size // rows
    joint = rng.uniform(90, 230)
    for row in range(rows):
        line = image[row * high:(row + 1) * high]
        for x in range(0, size, 2 * high):
            line[:, x:x + 2 * high] *= rng.uniform(0.93, 1.06)
            line[:, x:x + 1] = joint
        line[:1] = joint
        line[:] = np.roll(line, (row % 2) * high, 1)
    return np.clip(image, 0, 255).astype(np.uint8)


def concrete(rng, colour, size: int = 128) -> np.ndarray:
    """Bare or polished concrete: stains and pores."""
    stains = noise(rng, size, size, 1.8) + 0.4 * noise(rng, size, size, 0.4)
    return shaded(colour, stains, rng.uniform(0.03, 0.1))


def marble(rng, colour, size: int = 128) -> np.ndarray:
    """Marble: veins through a light or dark stone."""
    veins = np.abs(noise(rng, size, size, 1.6))
    lines = np.exp(-(veins / 0.12) ** 2) * rng.choice([-2.5, 2.0])
    return shaded(colour, lines + 0.6 * noise(rng, size, size, 1.8), 0.07)


def terrazzo(rng, colour, size: int = 128) -> np.ndarray:
    """Terrazzo: chips of a few colours in a plain ground."""
    image = np.full((size, size, 3), np.asarray(colour, float))
    chips = noise(rng, size, size, 0.9)
    for low in (1.1, 1.5, 1.9):
        image[chips > low] = any_colour(rng, 60, 230)
    image[chips < -1.4] = np.asarray(colour) * 0.6
    return shaded(image, noise(rng, size, size, 0.5), 0.03)


def cobbles(rng, colour, size: int = 128) -> np.ndarray:
    """Cobblestones of a street or yard."""
    image = shaded(colour, noise(rng, size, size, 0.8), 0.1).astype(float)
    step = 16
    for row, y in enumerate(range(0, size, step)):
        line = image[y:y + step]
        for x in range(0, size, step):
            line[:, x:x + step] *= rng.uniform(0.75, 1.15)
            line[:, x:x + 2] *= 0.5
        line[:2] *= 0.5
        line[:] = np.roll(line, (row % 2) * step // 2, 1)
    return np.clip(image, 0, 255).astype(np.uint8)
