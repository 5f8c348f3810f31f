"""Data source: a folder of photographs with 16-bit depth in millimetres and one camera.

Layout: `rgb/KEY.jpg` or `.png`, `depth/KEY.png` (uint16, 0 = unknown), `camera.json`
(width, height, fx, fy, cx, cy in pixels, depth_unit_m), `train.txt` and `val.txt` with KEYs.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from mono_depth_ros.geometry import Camera
from train.sample import Sample

IMAGE_SUFFIXES = ('.jpg', '.png', '.jpeg')


class FolderSource:
    """The samples of one split of such a folder, read when asked for.

    Raises OSError or ValueError naming the file, what it holds and what was expected.
    """

    def __init__(self, folder: Path, split: str):
        self.keys = _keys(folder, split)
        self._folder = folder
        self._camera, self._unit_m = _camera(folder / 'camera.json')

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        key = self.keys[index]
        rgb_HW3 = _read_rgb(self._folder / 'rgb', key)
        depth_HW = _read_depth(self._folder / 'depth' / f'{key}.png', self._unit_m)
        size = (self._camera.height, self._camera.width)
        if rgb_HW3.shape[:2] != size or depth_HW.shape != size:
            raise ValueError(
                f'{self._folder}, pair {key!r}: image {rgb_HW3.shape[:2]}, depth '
                f'{depth_HW.shape} and camera.json {size} (rows, columns) must agree')
        return Sample(rgb=rgb_HW3, depth=depth_HW, camera=self._camera, name=key)


def accepts(path: Path) -> bool:
    """Whether `path` looks like such a folder."""
    return (path / 'rgb').is_dir() and (path / 'depth').is_dir()


def _keys(folder: Path, split: str) -> tuple[str, ...]:
    path = folder / f'{split}.txt'
    if not path.is_file():
        there = ', '.join(sorted(p.stem for p in folder.glob('*.txt'))) or 'none'
        raise FileNotFoundError(
            f'{path} is missing: it lists the keys of the {split!r} split, one a line '
            f'(splits there: {there})')
    keys = tuple(path.read_text().split())
    if not keys:
        raise ValueError(f'{path} lists no key: expected one a line')
    return keys


def _camera(path: Path) -> tuple[Camera, float]:
    try:
        data = json.loads(path.read_text())
        camera = Camera(**{key: data[key] for key in ('fx', 'fy', 'cx', 'cy', 'width', 'height')})
        return camera, float(data.get('depth_unit_m', 0.001))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{path} is missing: metric depth needs the camera (width, height, fx, fy, cx, cy '
            'in pixels)') from error
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is no camera: {error!r}; expected JSON numbers width, height, '
                         'fx, fy, cx, cy in pixels') from error


def _read_rgb(folder: Path, key: str) -> np.ndarray:
    paths = [folder / f'{key}{suffix}' for suffix in IMAGE_SUFFIXES]
    path = next((p for p in paths if p.is_file()), paths[0])
    bgr_HW3 = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr_HW3 is None:
        raise OSError(f'{path} is missing or no readable image')
    return cv2.cvtColor(bgr_HW3, cv2.COLOR_BGR2RGB)


def _read_depth(path: Path, unit_m: float) -> np.ndarray:
    raw_HW = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw_HW is None:
        raise OSError(f'{path} is missing or no readable image')
    if raw_HW.dtype != np.uint16 or raw_HW.ndim != 2:
        raise ValueError(f'{path}: expected one channel of uint16, got {raw_HW.shape} '
                         f'{raw_HW.dtype}')
    depth_HW = raw_HW.astype(np.float32) * np.float32(unit_m)
    depth_HW[raw_HW == 0] = np.nan
    return depth_HW
