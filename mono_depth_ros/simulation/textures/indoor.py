"""Procedural textures of things indoors: uint8 RGB arrays (H, W, 3), most of them tiling.

Every function takes a NumPy Generator first; nothing is read from disk.
"""

from __future__ import annotations

import cv2
import numpy as np


def noise(rng, height: int, width: int, power: float = 1.5, stretch: float = 1.0) -> np.ndarray:
    """Tiling noise (H, W) float, mean 0 and standard deviation 1, spectrum 1 / f^power.

    `stretch` above 1 draws it out along x, as the grain of wood.
    """
    fy = np.fft.fftfreq(height)[:, None] * height
    fx = np.fft.rfftfreq(width)[None, :] * width * stretch
    weight = 1 / np.maximum(np.hypot(fx, fy), 1.0) ** power
    weight[0, 0] = 0
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((height, width))) * weight,
                          (height, width))
    return field / field.std()


def shaded(colour, variation_HW, strength: float = 0.06) -> np.ndarray:
    """`colour` (3,) or (H, W, 3) in 0..255, made brighter and darker by a variation (H, W)."""
    image = np.asarray(colour, float) * (1 + strength * variation_HW[..., None])
    return np.clip(image, 0, 255).astype(np.uint8)


def tinted(rng, colour, spread: float = 0.08) -> np.ndarray:
    """A colour (3,) near `colour`, brightness and hue moved a little at random."""
    colour = np.asarray(colour, float) * rng.uniform(1 - 2 * spread, 1 + spread)
    return np.clip(colour * rng.uniform(1 - spread, 1 + spread, 3), 5, 250)


def any_colour(rng, low: float = 40, high: float = 225) -> np.ndarray:
    """A colour (3,) as things have them: mostly muted, warm more often than cold."""
    hue = rng.choice([rng.normal(25, 22), rng.normal(210, 25), rng.normal(110, 30)],
                     p=[0.6, 0.27, 0.13])
    pure = np.clip(np.abs((hue / 60 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    saturation = rng.beta(1.6, 2.4)
    return (1 - saturation * (1 - pure)) * rng.uniform(low, high)


def wood(rng, colour, size: int = 128) -> np.ndarray:
    """Grain along x."""
    grain = noise(rng, size, size, 1.2, stretch=12)
    rings = np.sin(6 * noise(rng, size, size, 2.2, stretch=6))
    return shaded(colour, grain + 0.6 * rings, 0.09)


def planks(rng, colour, rows: int = 8, size: int = 256) -> np.ndarray:
    """Floor boards along x, `rows` of them, joints at random places, each its own shade."""
    image = wood(rng, colour, size).astype(float)
    step = size // rows
    for row in range(rows):
        part = image[row * step:(row + 1) * step]
        joint = int(rng.integers(size))
        part[:] = np.roll(part * rng.uniform(0.82, 1.12), joint, 1)
        part[:, joint:] *= rng.uniform(0.88, 1.06)
        part[0] *= 0.55
        part[:, joint] *= 0.6
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


def carpet(rng, colour, size: int = 128) -> np.ndarray:
    """Short pile: fine noise over soft patches."""
    return shaded(colour, noise(rng, size, size, 0.2) + 0.7 * noise(rng, size, size, 1.5), 0.09)


def plaster(rng, colour, size: int = 128) -> np.ndarray:
    """Painted wall."""
    return shaded(colour, noise(rng, size, size, 1.1), 0.012)


def wallpaper(rng, colour, size: int = 128) -> np.ndarray:
    """Stripes, dots or leaves, in a second shade of the colour."""
    y, x = np.mgrid[0:size, 0:size] * (2 * np.pi / size)
    kind, repeat = int(rng.integers(3)), int(rng.integers(2, 5))
    pattern = (np.sin(repeat * x), np.sin(repeat * x) * np.sin(repeat * y),
               np.sin(repeat * x + 1.4 * np.sin(2 * y)) * np.cos(repeat * y))[kind]
    mask = np.clip(pattern * 3, -1, 1) * rng.choice([-1, 1])
    return shaded(colour, mask + 0.3 * noise(rng, size, size, 1.0), 0.07)


def fabric(rng, colour, size: int = 128) -> np.ndarray:
    """Weave, sometimes checked."""
    y, x = np.mgrid[0:size, 0:size]
    weave = ((x // 2 + y // 2) % 2 - 0.5) + 0.8 * noise(rng, size, size, 0.9)
    if rng.random() < 0.3:
        weave = weave + 1.5 * ((x // 16) % 2) - 1.5 * ((y // 16) % 2)
    return shaded(colour, weave, 0.08)


def bricks(rng, colour, size: int = 128, rows: int = 8) -> np.ndarray:
    """Running bond with light joints."""
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


def rug(rng, size: int = 160) -> np.ndarray:
    """Borders and a mirrored pattern in three colours; meant to be stretched once."""
    colours = np.stack([any_colour(rng) for _ in range(4)])
    quarter = noise(rng, size // 2, size // 2, 1.8)
    half = np.concatenate([quarter, quarter[:, ::-1]], 1)
    field = np.concatenate([half, half[::-1]], 0)
    image = colours[np.digitize(field, [-0.6, 0.3, 1.0])]
    for inset, colour in ((0, 0), (6, 1), (10, 2), (18, 0)):
        cv2.rectangle(image, (inset, inset), (size - 1 - inset,) * 2, colours[colour].tolist(), 3)
    return shaded(image, noise(rng, size, size, 0.4), 0.08)


def picture(rng, width: int = 96, height: int = 72) -> np.ndarray:
    """A landscape or an abstract painting with a pale mount; meant to be stretched once."""
    image = _landscape(rng, height, width) if rng.random() < 0.6 else _abstract(rng, height, width)
    mount = int(rng.integers(0, 12))
    if mount:
        image[:mount], image[-mount:] = 235, 235
        image[:, :mount], image[:, -mount:] = 235, 235
    return image


def _landscape(rng, height, width) -> np.ndarray:
    sky, ground = any_colour(rng, 170, 245), any_colour(rng, 60, 150)
    image = np.linspace(sky, sky * 0.7 + 60, height)[:, None, :].repeat(width, 1)
    for layer in range(3):
        ridge = height * (0.45 + 0.15 * layer) + 5 * noise(rng, 2, width, 1.6)[0]
        mask = np.arange(height)[:, None] > ridge
        image[mask] = ground * (1.3 - 0.25 * layer)
    return shaded(np.clip(image, 0, 255), noise(rng, height, width, 1.0), 0.06)


def _abstract(rng, height, width) -> np.ndarray:
    image = np.full((height, width, 3), any_colour(rng, 90, 240))
    for _ in range(int(rng.integers(4, 12))):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        colour = any_colour(rng, 20, 245).tolist()
        cv2.circle(image, centre, int(rng.integers(5, 24)), colour, int(rng.choice([-1, 2, 5])))
    return shaded(image, noise(rng, height, width, 0.8), 0.05)


def books(rng, width: int = 256, height: int = 64) -> np.ndarray:
    """A row of book spines, from upright top to bottom; meant to be stretched over a row."""
    image = np.full((height, width, 3), 25.0)
    x = 0
    while x < width:
        thick = int(rng.integers(4, 13))
        top = int(rng.integers(0, height // 4))
        spine = image[top:, x:x + thick]
        spine[:] = any_colour(rng, 30, 220)
        spine[:, 0] *= 0.6
        _title(rng, spine)
        x += thick
    return np.clip(image, 0, 255).astype(np.uint8)


def _title(rng, spine: np.ndarray) -> None:
    start, length = int(rng.integers(4, 14)), int(rng.integers(8, 24))
    middle = spine.shape[1] // 2
    spine[start:start + length:2, middle:middle + 2] = 235 if spine.mean() < 130 else 30
    if rng.random() < 0.5:
        spine[-10:-7] = any_colour(rng, 30, 240)


def label(rng, size: int = 48) -> np.ndarray:
    """Print on a box or a screen: blocks and lines of text on a plain ground."""
    image = np.full((size, size, 3), any_colour(rng, 70, 235))
    ink = 30 if image.mean() > 130 else 230
    for row in range(6, size - 6, 6):
        if rng.random() < 0.6:
            image[row:row + 2, 6:int(rng.integers(10, size - 4))] = ink
    if rng.random() < 0.7:
        x, y = rng.integers(2, size // 2, 2)
        image[y:y + size // 3, x:x + size // 3] = any_colour(rng, 20, 240)
    return shaded(image, noise(rng, size, size, 0.8), 0.04)


def leaves(rng, colour=(70, 110, 45), size: int = 128) -> np.ndarray:
    """Foliage: bright and dark leaves."""
    field = noise(rng, size, size, 0.8) + 0.5 * noise(rng, size, size, 0.3)
    return shaded(colour, np.round(field * 2) / 2, 0.28)
