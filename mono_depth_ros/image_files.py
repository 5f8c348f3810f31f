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
    """Image (H, W, 3) uint8 RGB of a file; ValueError, one sentence, where it cannot be read."""
    try:
        data = np.fromfile(file, np.uint8)
        bgr_HW3 = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error) as error:
        raise ValueError(f'cannot read picture {file}: {error}') from error
    if bgr_HW3 is None:
        raise ValueError(f'cannot read picture {file}: it is broken or no image')
    return cv2.cvtColor(bgr_HW3, cv2.COLOR_BGR2RGB)
