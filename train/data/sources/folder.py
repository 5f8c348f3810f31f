"""Data source: a folder of photographs with 16-bit depth and the camera of each.

Layout: `rgb/KEY.jpg` or `.png`, `depth/KEY.png` (uint16 millimetres, 0 = unknown, 65535 = sky or
beyond range, read as +inf), `train.txt` and `val.txt` with KEYs, and the cameras: `camera.json`
(width, height, fx, fy, cx, cy in pixels, depth_unit_m if not 0.001) for all frames, or
`cameras.jsonl`, one such object a line with its `key`, for frames of many cameras. A key that
`cameras.jsonl` does not list has the camera of `camera.json`.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.image_files import read_image
from train.data.samples.sample import Sample

IMAGE_SUFFIXES = ('.jpg', '.png', '.jpeg')
UNKNOWN, BEYOND = 0, 65535
UNIT_M = 0.001
FIELDS = ('width', 'height', 'fx', 'fy', 'cx', 'cy')
EXPECTED = f'expected JSON numbers {", ".join(FIELDS)} in pixels'

# A camera and the metres of one step of its 16-bit depth.
Optics = tuple[Camera, float]


class FolderSource:
    """The samples of one split of such a folder, read when asked for.

    Raises OSError or ValueError naming the file, what it holds and what was expected.
    """

    def __init__(self, folder: Path, split: str):
        self.keys = _keys(folder, split)
        self._folder = folder
        self._cameras = _cameras(folder, self.keys)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        key = self.keys[index]
        camera, unit_m = self._cameras[key]
        rgb_HW3 = _read_rgb(self._folder / 'rgb', key)
        depth_HW = _read_depth(self._folder / 'depth' / f'{key}.png', unit_m)
        size = (camera.height, camera.width)
        if rgb_HW3.shape[:2] != size or depth_HW.shape != size:
            raise ValueError(
                f'{self._folder}, pair {key!r}: image {rgb_HW3.shape[:2]}, depth '
                f'{depth_HW.shape} and its camera {size} (rows, columns) must agree')
        return Sample(rgb=rgb_HW3, depth=depth_HW, camera=camera, name=key)


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


def _cameras(folder: Path, keys: tuple[str, ...]) -> dict[str, Optics]:
    many = folder / 'cameras.jsonl'
    own = _own_cameras(many) if many.is_file() else {}
    missing = [key for key in keys if key not in own]
    if not missing:
        return own
    one = folder / 'camera.json'
    if own and not one.is_file():
        raise ValueError(f'{many} has no line for {len(missing)} of {len(keys)} keys, the first '
                         f'{missing[0]!r}, and there is no {one} for the rest')
    return dict.fromkeys(missing, _shared_camera(one)) | own


def _own_cameras(path: Path) -> dict[str, Optics]:
    cameras = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            data = json.loads(line)
            cameras[str(data['key'])] = _optics(data)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f'{path}, line {number} is no camera with its key: {error!r}; '
                             f'{EXPECTED}, and "key"') from error
    return cameras


def _shared_camera(path: Path) -> Optics:
    try:
        return _optics(json.loads(path.read_text()))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{path} is missing: metric depth needs the camera ({", ".join(FIELDS)} in pixels), '
            'or cameras.jsonl with one a frame') from error
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is no camera: {error!r}; {EXPECTED}') from error


def _optics(data) -> Optics:
    camera = Camera(**{field: data[field] for field in FIELDS})
    unit_m = float(data.get('depth_unit_m', UNIT_M))
    if not 0 < unit_m < np.inf:
        raise ValueError(f'depth_unit_m must be above 0, got {unit_m}')
    return camera, unit_m


def _read_rgb(folder: Path, key: str) -> np.ndarray:
    paths = [folder / f'{key}{suffix}' for suffix in IMAGE_SUFFIXES]
    path = next((p for p in paths if p.is_file()), paths[0])
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing: every key needs its image')
    return read_image(path)


def _read_depth(path: Path, unit_m: float) -> np.ndarray:
    raw_HW = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw_HW is None:
        raise OSError(f'{path} is missing or no readable image')
    if raw_HW.dtype != np.uint16 or raw_HW.ndim != 2:
        raise ValueError(f'{path}: expected one channel of uint16, got {raw_HW.shape} '
                         f'{raw_HW.dtype}')
    depth_HW = raw_HW.astype(np.float32) * np.float32(unit_m)
    depth_HW[raw_HW == UNKNOWN] = np.nan
    depth_HW[raw_HW == BEYOND] = np.inf
    return depth_HW
