"""Procedural textures of pictures, print, screens and writing: uint8 RGB (H, W, 3).

They do not tile: each is stretched once over its surface.
"""

from __future__ import annotations

import cv2
import numpy as np

from mono_depth_ros.simulation.textures.colours import any_colour, noise, shaded


def picture(rng, width: int = 96, height: int = 72) -> np.ndarray:
    """A landscape or an abstract painting with a pale mount."""
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
    """A row of book spines."""
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
    """Print on a box or tin: blocks of colour and lines of text on a plain ground."""
    image = np.full((size, size, 3), any_colour(rng, 70, 235))
    ink = 30 if image.mean() > 130 else 230
    for row in range(6, size - 6, 6):
        if rng.random() < 0.6:
            image[row:row + 2, 6:int(rng.integers(10, size - 4))] = ink
    if rng.random() < 0.7:
        x, y = rng.integers(2, size // 2, 2)
        image[y:y + size // 3, x:x + size // 3] = any_colour(rng, 20, 240)
    return shaded(image, noise(rng, size, size, 0.8), 0.04)


def page(rng, width: int = 64, height: int = 90) -> np.ndarray:
    """A sheet of paper: headline, lines of text, perhaps a picture or a table."""
    image = np.full((height, width, 3), rng.uniform((225, 222, 210), (252, 252, 250)))
    ink = rng.uniform(20, 90)
    y = 6
    if rng.random() < 0.6:
        image[y:y + 4, 6:int(rng.integers(width // 2, width - 6))] = any_colour(rng, 20, 150)
        y += 9
    if rng.random() < 0.4:
        deep = int(rng.integers(15, 35))
        image[y:y + deep, 6:-6] = picture(rng, width - 12, deep)
        y += deep + 4
    for row in range(y, height - 6, 3):
        if rng.random() < 0.85:
            image[row, 6:int(rng.integers(width // 2, width - 6))] = ink
    return shaded(image, noise(rng, height, width, 1.0), 0.02)


def screen(rng, width: int = 112, height: int = 70) -> np.ndarray:
    """What a display shows: windows of text, a picture, a plot; dark or bright."""
    dark = rng.random() < 0.4
    image = np.full((height, width, 3), any_colour(rng, 10, 70) if dark else
                    any_colour(rng, 130, 255))
    if rng.random() < 0.3:
        image[:] = picture(rng, width, height)
    for _ in range(int(rng.integers(1, 4))):
        x, y = int(rng.integers(width // 2)), int(rng.integers(height // 2))
        pane = image[y:y + int(rng.integers(20, 50)), x:x + int(rng.integers(30, 80))]
        pane[:] = rng.uniform(20, 50) if dark else rng.uniform(225, 250)
        pane[:4] = any_colour(rng, 50, 200)
        for row in range(7, pane.shape[0] - 2, 3):
            pane[row, 3:int(rng.integers(6, max(7, pane.shape[1] - 2)))] = (
                any_colour(rng, 90, 230) if dark else rng.uniform(30, 120))
    image[-5:] = any_colour(rng, 20, 120)
    return np.clip(image, 0, 255).astype(np.uint8)


def keyboard(rng, width: int = 120, height: int = 42) -> np.ndarray:
    """Keys of a keyboard."""
    dark = rng.random() < 0.7
    image = np.full((height, width, 3), rng.uniform(20, 50) if dark else rng.uniform(170, 210))
    key = rng.uniform(45, 80) if dark else rng.uniform(225, 245)
    for row in range(5):
        y = 2 + row * 8
        for column in range(15):
            x = 2 + column * 8 + (row % 2) * 2
            if not (row == 4 and 3 < column < 10 and column % 6):
                image[y:y + 6, x:x + 6] = key
    image[34:40, 30:78] = key
    return shaded(image, noise(rng, height, width, 0.6), 0.02)


def poster(rng, width: int = 80, height: int = 112) -> np.ndarray:
    """A poster or notice: big letters over colour fields or a picture."""
    image = np.full((height, width, 3), any_colour(rng, 60, 245))
    if rng.random() < 0.6:
        image[14:-30, 6:-6] = picture(rng, width - 12, height - 44)
    image = image.astype(np.uint8)
    ink = 235 if image.mean() < 130 else 25
    words = ''.join(chr(int(c)) for c in rng.integers(65, 91, 5))
    cv2.putText(image, words, (6, height - 12), cv2.FONT_HERSHEY_DUPLEX, 0.7, (ink,) * 3, 2)
    for row in range(height - 8, height - 2, 3):
        image[row, 8:-8] = ink
    return image


def whiteboard(rng, width: int = 160, height: int = 100) -> np.ndarray:
    """A whiteboard with words and boxes in a few colours."""
    image = np.full((height, width, 3), rng.uniform(225, 248))
    for _ in range(int(rng.integers(2, 12))):
        colour = tuple(float(level) for level in any_colour(rng, 20, 150))
        start = rng.integers((10, 10), (width - 40, height - 14))
        for _word in range(int(rng.integers(1, 5))):
            end = start + rng.integers((8, -3), (26, 4))
            cv2.line(image, start.tolist(), end.tolist(), colour, 1)
            start = end + (4, 0)
        if rng.random() < 0.4:
            cv2.rectangle(image, start.tolist(), (start + (30, 16)).tolist(), colour, 1)
    return np.clip(image, 0, 255).astype(np.uint8)


def clock(rng, size: int = 48) -> np.ndarray:
    """Face of a wall clock."""
    image = np.full((size, size, 3), rng.uniform(225, 250))
    middle = (size // 2, size // 2)
    for hour in range(12):
        x, y = np.cos(hour * np.pi / 6), np.sin(hour * np.pi / 6)
        inner, outer = [(int(middle[0] + r * size * x), int(middle[1] + r * size * y))
                        for r in (0.38, 0.44)]
        cv2.line(image, inner, outer, (30, 30, 30), 1)
    for reach, angle in zip((0.22, 0.34), rng.uniform(0, 2 * np.pi, 2)):
        tip = (int(middle[0] + reach * size * np.cos(angle)),
               int(middle[1] + reach * size * np.sin(angle)))
        cv2.line(image, middle, tip, (20, 20, 20), 2)
    return image.astype(np.uint8)
