"""The cameras of one's own images, from `camera.json` or `cameras.jsonl` beside them.

`camera.json` (width, height, fx, fy, cx, cy in pixels, depth_unit_m if not 0.001) holds for all
frames; `cameras.jsonl` has one such object a line with its `key`, for frames of many cameras. A
key that `cameras.jsonl` does not list has the camera of `camera.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path

import numpy as np

from mono_depth_ros.camera import Camera
from train.data.samples.sample import Sample
from train.data.sources.list_files import read_lines, read_text

ONE, MANY = 'camera.json', 'cameras.jsonl'
UNIT_M = 0.001
FIELDS = ('width', 'height', 'fx', 'fy', 'cx', 'cy')
EXPECTED = f'expected JSON numbers {", ".join(FIELDS)} in pixels'


@dataclass(frozen=True, kw_only=True)
class Optics:
    """A camera, and the metres of one unit of its depth where that is whole numbers."""

    camera: Camera
    unit_m: float = UNIT_M


def read_optics(folder: Path, keys: Mapping[str, str]) -> dict[str, Optics]:
    """The optics of every key, which a table of cameras may also call by the name it maps to.

    Raises OSError or ValueError naming file and line.
    """
    many = folder / MANY
    told = _own(many) if many.is_file() else {}
    own = {key: told[name] for key, short in keys.items()
           for name in (short, key) if name in told}
    missing = [key for key in keys if key not in own]
    if not missing:
        return own
    one = folder / ONE
    if own and not one.is_file():
        raise ValueError(f'{many} has no line for {len(missing)} of {len(keys)} keys, the first '
                         f'{missing[0]!r}, and there is no {one} for the rest')
    return dict.fromkeys(missing, _shared(one)) | own


def paired(rgb_HW3: np.ndarray, depth_HW: np.ndarray, optics: Optics, key: str,
           place: Path) -> Sample:
    """The sample of an image, its depth and its camera; ValueError where their sizes differ."""
    size = (optics.camera.height, optics.camera.width)
    if rgb_HW3.shape[:2] != size or depth_HW.shape != size:
        raise ValueError(f'{place}, pair {key!r}: image {rgb_HW3.shape[:2]}, depth '
                         f'{depth_HW.shape} and its camera {size} (rows, columns) must agree')
    return Sample(rgb=rgb_HW3, depth=depth_HW, camera=optics.camera, name=key)


def _own(path: Path) -> dict[str, Optics]:
    optics: dict[str, Optics] = {}
    for number, line in read_lines(path):
        try:
            data = json.loads(line)
            optics[str(data['key'])] = _optics(data)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f'{path}, line {number} is no camera with its key: {error!r}; '
                             f'{EXPECTED}, and "key"') from error
    return optics


def _shared(path: Path) -> Optics:
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing: metric depth needs the camera ({", ".join(FIELDS)} in pixels), '
            f'or {MANY} with one a frame')
    try:
        return _optics(json.loads(read_text(path)))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is no camera: {error!r}; {EXPECTED}') from error


def _optics(data) -> Optics:
    camera = Camera(**{field: data[field] for field in FIELDS})
    unit_m = float(data.get('depth_unit_m', UNIT_M))
    if not 0 < unit_m < np.inf:
        raise ValueError(f'depth_unit_m must be above 0, got {unit_m}')
    return Optics(camera=camera, unit_m=unit_m)
