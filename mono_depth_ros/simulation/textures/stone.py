"""Procedural textures of stone, concrete, metal and cloth by the yard; uint8 RGB (H, W, 3)."""

from __future__ import annotations

import cv2
import numpy as np

from mono_depth_ros.simulation.textures.indoor import any_colour, noise, shaded


def concrete(rng, colour, size: int = 128) -> np.ndarray:
    """Bare or polished concrete: stains and pores."""
    stains = noise(rng, size, size, 1.8) + 0.4 * noise(rng, size, size, 0.4)
    return shaded(colour, stains, rng.uniform(0.03, 0.1))


def marble(rng, colour, size: int = 128) -> np.ndarray:
    """Veins through a pale or dark stone."""
    veins = np.abs(noise(rng, size, size, 1.6))
    lines = np.exp(-(veins / 0.12) ** 2) * rng.choice([-2.5, 2.0])
    return shaded(colour, lines + 0.6 * noise(rng, size, size, 1.8), 0.07)


def terrazzo(rng, colour, size: int = 128) -> np.ndarray:
    """Chips of a few colours in a plain ground."""
    image = np.full((size, size, 3), np.asarray(colour, float))
    chips = noise(rng, size, size, 0.9)
    for low in (1.1, 1.5, 1.9):
        image[chips > low] = any_colour(rng, 60, 230)
    image[chips < -1.4] = np.asarray(colour) * 0.6
    return shaded(image, noise(rng, size, size, 0.5), 0.03)


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


def herringbone(rng, colour, size: int = 128) -> np.ndarray:
    """Parquet of slanting staves."""
    y, x = np.mgrid[0:size, 0:size] * (8 / size)
    band = np.floor(x)
    along = np.where(band % 2 == 0, y + x, y - x)
    stave = np.floor(along * 2) + 31 * band
    shade = np.modf(np.sin(stave * 12.9898 + rng.uniform(0, 9)) * 43758.5)[0]
    gaps = (np.abs(np.modf(along * 2)[0]) < 0.12) | (np.modf(x)[0] < 0.06)
    return shaded(colour, shade * 1.2 + 0.5 * noise(rng, size, size, 1.0) - 2.5 * gaps, 0.1)


def striped(rng, colour, size: int = 128) -> np.ndarray:
    """Cloth or paper in stripes or checks of two or three colours."""
    image = np.full((size, size, 3), np.asarray(colour, float))
    other = any_colour(rng, 40, 235)
    step = int(rng.choice([8, 16, 32]))
    bands = (np.arange(size) // step) % 2 == 0
    image[:, bands] = 0.5 * image[:, bands] + 0.5 * other
    if rng.random() < 0.5:
        image[bands] = 0.6 * image[bands] + 0.4 * other
    return shaded(image, noise(rng, size, size, 0.5), 0.05)


def dotted(rng, colour, size: int = 128) -> np.ndarray:
    """Dots, rings or flowers in a regular row."""
    image = np.full((size, size, 3), np.asarray(colour, float))
    step, ink = int(rng.choice([16, 32])), any_colour(rng, 40, 240)
    radius, thick = int(step * rng.uniform(0.15, 0.42)), int(rng.choice([-1, 1, 2]))
    for row, y in enumerate(range(0, size, step)):
        for x in range(0, size, step):
            centre = (x + step // 2 * (row % 2) + step // 4, y + step // 2)
            cv2.circle(image, centre, radius, ink.tolist(), thick)
    return shaded(image, noise(rng, size, size, 0.6), 0.04)


def cobbles(rng, colour, size: int = 128) -> np.ndarray:
    """Setts of a street or yard."""
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
