"""Image files: which ones there are, in which order, and their pixels (OpenCV; no ROS)."""

from __future__ import annotations

from pathlib import Path
import re

import cv2
import numpy as np

IMAGE_SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm'}


def natural_key(path: Path) -> list:
    """Sort key that puts 2.png before 10.png."""
    words = re.split(r'(\d+)', path.name.lower())
    return [(0, int(word), '') if word.isdigit() else (1, 0, word) for word in words if word]


def read_image(file: Path) -> np.ndarray:
    """Image (H, W, 3) uint8 RGB as it is meant to be seen: turned as its EXIF orientation says.

    For images that are shown or estimated by themselves. ValueError, one sentence, where it
    cannot be read.
    """
    return _decoded(file, cv2.IMREAD_COLOR)


def read_stored_image(file: Path) -> np.ndarray:
    """Image (H, W, 3) uint8 RGB as its pixels are stored, whatever its EXIF orientation says.

    For images whose pixels must match those of a depth map or a camera: phones turn a picture by
    its EXIF orientation alone, and the depth beside it has none. ValueError as `read_image`.
    """
    return _decoded(file, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)


def _decoded(file: Path, flags: int) -> np.ndarray:
    try:
        data = np.fromfile(file, np.uint8)
        bgr_HW3 = cv2.imdecode(data, flags) if data.size else None
    except (OSError, cv2.error) as error:
        raise ValueError(f'cannot read picture {file}: {error}') from error
    if bgr_HW3 is None:
        raise ValueError(f'cannot read picture {file}: it is broken or no image')
    return cv2.cvtColor(bgr_HW3, cv2.COLOR_BGR2RGB)
