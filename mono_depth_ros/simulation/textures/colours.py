"""Noise and random colours: what the procedural textures are made of."""

from __future__ import annotations

import numpy as np


def noise(rng, height: int, width: int, power: float = 1.5, stretch: float = 1.0) -> np.ndarray:
    """Tiling noise (H, W) float, mean 0 and standard deviation 1, spectrum 1 / f^power.

    `stretch` above 1 stretches it along x, as the grain of wood.
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
    """A colour (3,) near `colour`: brightness and hue changed a little at random."""
    colour = np.asarray(colour, float) * rng.uniform(1 - 2 * spread, 1 + spread)
    return np.clip(colour * rng.uniform(1 - spread, 1 + spread, 3), 5, 250)


def any_colour(rng, low: float = 40, high: float = 225) -> np.ndarray:
    """A colour (3,) as objects have them: mostly muted, warm more often than cold."""
    hue = rng.choice([rng.normal(25, 22), rng.normal(210, 25), rng.normal(110, 30)],
                     p=[0.6, 0.27, 0.13])
    pure = np.clip(np.abs((hue / 60 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    saturation = rng.beta(1.6, 2.4)
    return (1 - saturation * (1 - pure)) * rng.uniform(low, high)


def repeated(tile_HW3: np.ndarray, height: int, width: int) -> np.ndarray:
    """A tiling texture repeated over `height` x `width` pixels."""
    rows, columns = tile_HW3.shape[:2]
    return np.tile(tile_HW3, (-(-height // rows), -(-width // columns), 1))[:height, :width]
