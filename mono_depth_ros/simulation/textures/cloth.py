"""Procedural textures of cloth and carpets: uint8 RGB (H, W, 3), tiling but for the rug."""

from __future__ import annotations

import cv2
import numpy as np

from mono_depth_ros.simulation.textures.colours import any_colour, noise, shaded


def carpet(rng, colour, size: int = 128) -> np.ndarray:
    """Carpet of short pile: fine noise over soft patches."""
    return shaded(colour, noise(rng, size, size, 0.2) + 0.7 * noise(rng, size, size, 1.5), 0.09)


def rug(rng, size: int = 160) -> np.ndarray:
    """Rug with borders and a mirrored pattern in a few colours; does not tile."""
    colours = np.stack([any_colour(rng) for _ in range(4)])
    quarter = noise(rng, size // 2, size // 2, 1.8)
    half = np.concatenate([quarter, quarter[:, ::-1]], 1)
    field = np.concatenate([half, half[::-1]], 0)
    image = colours[np.digitize(field, [-0.6, 0.3, 1.0])]
    for inset, colour in ((0, 0), (6, 1), (10, 2), (18, 0)):
        cv2.rectangle(image, (inset, inset), (size - 1 - inset,) * 2, colours[colour].tolist(), 3)
    return shaded(image, noise(rng, size, size, 0.4), 0.08)


def fabric(rng, colour, size: int = 128) -> np.ndarray:
    """Woven cloth, sometimes checked."""
    y, x = np.mgrid[0:size, 0:size]
    weave = ((x // 2 + y // 2) % 2 - 0.5) + 0.8 * noise(rng, size, size, 0.9)
    if rng.random() < 0.3:
        weave = weave + 1.5 * ((x // 16) % 2) - 1.5 * ((y // 16) % 2)
    return shaded(colour, weave, 0.08)


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
    """Cloth or paper with dots or rings in regular rows."""
    image = np.full((size, size, 3), np.asarray(colour, float))
    step, ink = int(rng.choice([16, 32])), any_colour(rng, 40, 240)
    radius, thick = int(step * rng.uniform(0.15, 0.42)), int(rng.choice([-1, 1, 2]))
    for row, y in enumerate(range(0, size, step)):
        for x in range(0, size, step):
            centre = (x + step // 2 * (row % 2) + step // 4, y + step // 2)
            cv2.circle(image, centre, radius, ink.tolist(), thick)
    return shaded(image, noise(rng, size, size, 0.6), 0.04)
