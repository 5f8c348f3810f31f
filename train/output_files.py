"""Files a person asked for, written with one sentence where that fails (a full disk, a folder)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def write_file(path: Path, data: str | bytes) -> None:
    """Write a file, and the folders it lies in; an OSError that names it where it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    except OSError as error:
        raise OSError(f'cannot write {path}: {error.strerror}') from error


def write_picture(path: Path, bgr_HW3: np.ndarray) -> None:
    """Write a .png or .jpg; errors as `write_file`, ValueError for another ending."""
    if path.suffix not in ('.png', '.jpg'):
        raise ValueError(f'a picture ends in .png or .jpg, got {path}')
    # Through memory: cv2.imwrite says neither what failed nor that the disk is full.
    write_file(path, cv2.imencode(path.suffix, bgr_HW3)[1].tobytes())
