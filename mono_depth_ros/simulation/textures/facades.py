"""Procedural textures of a street: house fronts, asphalt, paving; uint8 RGB (H, W, 3)."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.simulation.textures import masonry
from mono_depth_ros.simulation.textures.colours import any_colour, noise, repeated, shaded, tinted

PIXELS_PER_METRE = 24
FRONTS = ((205, 190, 165), (170, 85, 65), (225, 220, 210), (150, 140, 130), (190, 150, 110),
          (120, 70, 60), (200, 205, 200))


def house_front(rng, width_m: float, floors: int, floor_m: float,
                lit_share: float = 0.0) -> np.ndarray:
    """A front with rows of windows, a share of them lit, often over shop windows."""
    height, width = round(floors * floor_m * PIXELS_PER_METRE), round(width_m * PIXELS_PER_METRE)
    colour = tinted(rng, FRONTS[rng.integers(len(FRONTS))] if rng.random() < 0.75 else
                    any_colour(rng, 90, 235))
    image = _wall_surface(rng, colour, height, width)
    glass = rng.random() < 0.15
    columns = max(2, round(width_m / (rng.uniform(1.2, 1.8) if glass else rng.uniform(2.0, 3.2))))
    shape = rng.uniform(0.8, 0.95, 2) if glass else rng.uniform((0.35, 0.42), (0.68, 0.75))
    trim = np.clip(colour * rng.choice([0.6, 1.25]), 0, 250)
    shop = floors > 1 and rng.random() < 0.5
    for floor in range(floors):
        ground = floor == floors - 1
        size = (0.85, 0.75) if ground and shop else shape
        _draw_windows(rng, image, floor / floors, 1 / floors, columns, size, trim, lit_share)
        row = int(floor / floors * height)
        image[row:row + 4] = trim * 0.9
    if shop:
        _draw_shop_sign(rng, image, floors)
    image[:6] = trim
    return np.clip(image, 0, 255).astype(np.uint8)


def _wall_surface(rng, colour, height: int, width: int) -> np.ndarray:
    """Concrete, boards, bricks or plaster (H, W, 3) float."""
    kind = rng.random()
    if kind < 0.12:
        return repeated(masonry.concrete(rng, colour, 128), height, width).astype(float)
    if kind < 0.24:
        boards = 1 - 0.18 * (np.arange(height) % 6 == 0)
        return shaded(colour, noise(rng, height, width, 1.3), 0.03) * boards[:, None, None]
    if kind < 0.6:
        return repeated(masonry.bricks(rng, colour, 48), height, width).astype(float)
    return shaded(colour, noise(rng, height, width, 1.3), 0.04).astype(float)


def _draw_windows(rng, image, top: float, high: float, columns: int, size, trim,
                  lit_share: float) -> None:
    height, width = image.shape[:2]
    for column in range(columns):
        x = (column + 0.5 - size[0] / 2) / columns * width
        y = (top + high * (1 - size[1]) * 0.55) * height
        _draw_window(rng, image, int(x), int(y), int(size[0] * width / columns),
                     int(size[1] * high * height), trim, rng.random() < lit_share)


def _draw_window(rng, image, x: int, y: int, w: int, h: int, trim, lit: bool) -> None:
    image[max(y - 3, 0):y + h + 3, max(x - 3, 0):x + w + 3] = trim
    pane = image[y:y + h, x:x + w]
    glow = np.linspace(rng.uniform(0.7, 1.2), rng.uniform(0.3, 0.6), pane.shape[0])
    tone = np.array([2.0, 1.6, 1.0]) if lit else np.array([0.8, 0.92, 1.0])
    pane[:] = np.minimum(tone * rng.uniform(60, 140) * glow[:, None, None], 250)
    if rng.random() < 0.4:
        pane[:, :max(2, w // 4)] = 190
        pane[:, -max(2, w // 4):] = 190
    pane[:, w // 2:w // 2 + 2] = 225
    pane[h // 3:h // 3 + 2] = 225


def _draw_shop_sign(rng, image, floors: int) -> None:
    height, width = image.shape[:2]
    top = int(height * (1 - 1 / floors))
    band = image[top:top + int(0.17 * height / floors)]
    band[:] = any_colour(rng, 40, 200)
    ink = 235 if band.mean() < 130 else 30
    start = int(rng.uniform(0.1, 0.4) * width)
    for letter in range(int(rng.integers(4, 11))):
        x = start + letter * 12
        band[4:-4, x:x + int(rng.integers(4, 9))] = ink


def road(rng, size: int = 256) -> tuple[np.ndarray, float]:
    """Road surface and the metres of a repeat: asphalt with worn patches, or cobbles."""
    grit = noise(rng, size, size, 0.3) + 0.8 * noise(rng, size, size, 1.6)
    if rng.random() < 0.12:
        return masonry.cobbles(rng, rng.uniform(90, 140) * np.array([1.02, 1, 0.97])), 1.3
    worn = rng.uniform(55, 135) * rng.uniform((0.98, 0.98, 0.96), (1.04, 1.0, 1.05))
    return shaded(worn, grit, rng.uniform(0.04, 0.1)), 4.0


def paving(rng, size: int = 128) -> np.ndarray:
    """Paving slabs."""
    colour = rng.uniform(110, 190) * rng.uniform((0.98, 0.96, 0.9), (1.1, 1, 1.0))
    if rng.random() < 0.25:
        return masonry.cobbles(rng, colour, size)
    return masonry.tiles(rng, colour, int(rng.choice([2, 4, 8])), size, rng.uniform(0.7, 0.9))


def roof(rng, size: int = 64) -> np.ndarray:
    """Roof tiles."""
    return masonry.bricks(rng, tinted(rng, (120, 70, 55)), size, rows=8) // 2 + 20


def sign(rng, size: int = 48) -> np.ndarray:
    """A traffic or name sign."""
    image = np.full((size, size, 3), any_colour(rng, 90, 235))
    edge = 235 if image.mean() < 140 else 190
    image[:4], image[-4:], image[:, :4], image[:, -4:] = edge, edge, edge, edge
    image[size // 3:size // 3 + 6, 10:-10] = edge
    image[size // 2 + 2:size // 2 + 8, 10:-16] = edge
    return image.astype(np.uint8)
