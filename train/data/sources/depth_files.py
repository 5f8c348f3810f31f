"""Depth maps in files: PNG, TIFF, PFM or NumPy to metres.

Whole numbers count units, 0 is unknown; floating point numbers are metres, where 0, negative and
NaN are unknown and +inf is sky or beyond range.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

# The number that means sky or beyond range in 16-bit files of one's own.
BEYOND = 65535
SUFFIXES = ('.png', '.tiff', '.tif', '.pfm', '.npy')
# What else people keep depth in, and what becomes of it.
ADVICE = {
    '.exr': 'EXR is not read: save the metres as float32 .tiff or .npy',
    '.npz': 'save its one array of metres as float32 .npy',
    '.mat': 'save the metres as float32 .npy',
    '.h5': 'save the metres as float32 .npy',
    '.jpg': 'JPEG changes depth: save it as 16-bit .png',
    '.jpeg': 'JPEG changes depth: save it as 16-bit .png',
}


def find_depth(folder: Path, key: str) -> Path:
    """The file of a key's depth, its suffix in capitals or not; FileNotFoundError with advice."""
    for suffix in SUFFIXES:
        for path in (folder / f'{key}{suffix}', folder / f'{key}{suffix.upper()}'):
            if path.is_file():
                return path
    for suffix, advice in ADVICE.items():
        if (path := folder / f'{key}{suffix}').is_file():
            raise FileNotFoundError(f'{path} is no depth this reads: {advice}')
    raise FileNotFoundError(f'{folder / key}.png is missing: every key needs its depth '
                            f'({", ".join(SUFFIXES)})')


def read_depth(path: Path, units_m: Mapping[str, float], beyond: int | None = None) -> np.ndarray:
    """Depth (H, W) float32 m of a file, NaN unknown, +inf beyond range.

    `units_m` says how long a unit is for each type of whole numbers that is expected (uint8,
    uint16), `beyond` which number means +inf. Raises OSError or ValueError naming the file, what
    it holds and what was expected.
    """
    raw_HW = _numbers(path)
    if raw_HW.ndim == 3 and raw_HW.shape[2] == 1:
        raw_HW = raw_HW[..., 0]
    kind = raw_HW.dtype.name
    if raw_HW.ndim != 2 or not (kind in units_m or np.issubdtype(raw_HW.dtype, np.floating)):
        raise ValueError(f'{path}: expected one channel of {" or ".join(units_m)}, or of floating '
                         f'point metres, got {raw_HW.shape} {kind}')
    with np.errstate(over='ignore'):
        depth_HW = raw_HW.astype(np.float32)
    if (np.isinf(depth_HW) & np.isfinite(raw_HW)).any():
        raise ValueError(f'{path} holds {raw_HW[np.isfinite(raw_HW)].max():g} m, which is no '
                         'depth: write NaN where it is unknown, +inf beyond range')
    if kind in units_m:
        depth_HW *= np.float32(units_m[kind])
    depth_HW[~(depth_HW > 0)] = np.nan
    if kind in units_m and beyond is not None:
        depth_HW[raw_HW == beyond] = np.inf
    return depth_HW


def _numbers(path: Path) -> np.ndarray:
    if path.suffix.lower() in ADVICE:
        raise ValueError(f'{path} is no depth this reads: {ADVICE[path.suffix.lower()]}')
    if not path.is_file():
        raise FileNotFoundError(f'depth {path} is missing')
    if path.suffix.lower() == '.npy':
        try:
            found = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise OSError(f'depth {path} is no readable NumPy array: {error}') from error
        if isinstance(found, np.ndarray):
            return found
        found.close()
        raise OSError(f'depth {path} is no readable NumPy array but an .npz file: '
                      f'{ADVICE[".npz"]}')
    try:
        raw_HW = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise OSError(f'depth {path} is no readable image: {error}') from error
    if raw_HW is None:
        raise OSError(f'depth {path} is no readable image')
    return raw_HW
