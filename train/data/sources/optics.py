"""The cameras of one's own images, from `camera.json` or `cameras.jsonl` beside them.

`camera.json` (width, height, fx, fy, cx, cy in pixels, depth_unit_m if not 0.001) holds for all
frames; `cameras.jsonl` has one such object a line with its `key`, for frames of many cameras. A
key that `cameras.jsonl` does not list has the camera of `camera.json`. Both may tell `distortion`
and its `distortion_model` (mono_depth_ros.distortion; plumb_bob where it is not told), which is
then removed from image and depth. Other words are refused, but for `view` and `world`, which
`scripts/train simulate` writes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
import difflib
import json
from pathlib import Path
import reprlib

import numpy as np

from mono_depth_ros.camera import Camera
from train.data.samples.data_notes import note
from train.data.samples.geometry import rectified
from train.data.samples.sample import Sample
from train.data.sources.list_files import as_key, read_lines, read_text, without_suffix

ONE, MANY = 'camera.json', 'cameras.jsonl'
UNIT_M = 0.001
SIZE = ('width', 'height')
FIELDS = (*SIZE, 'fx', 'fy', 'cx', 'cy')
UNIT, LENS, LENS_MODEL = 'depth_unit_m', 'distortion', 'distortion_model'
KNOWN = (*FIELDS, UNIT, LENS, LENS_MODEL)
# Words that say nothing of the camera.
BESIDE = ('key', 'view', 'world')
# What others call them, where the nearest name is another.
MEANT = {'d': LENS, 'coeffs': LENS, 'dist_coeffs': LENS, 'k': 'fx, fy, cx, cy',
         'model': LENS_MODEL, 'depth_scale': UNIT, 'w': 'width', 'h': 'height'}
# How alike a word must be to be taken for a slip of the pen (difflib).
CLOSE = 0.7
EXPECTED = f'expected JSON numbers {", ".join(FIELDS)} in pixels'


@dataclass(frozen=True, kw_only=True)
class Optics:
    """A camera, and the metres of one unit of its depth where that is whole numbers."""

    camera: Camera
    unit_m: float = UNIT_M


def read_optics(folder: Path, keys: Mapping[str, str], listed: Collection[str] = (),
                strict: bool = True) -> dict[str, Optics]:
    """The optics of every key, which a table of cameras may also call by the name it maps to.

    A note tells of lines for none of the `keys`, nor for those that other splits have `listed`.
    Raises OSError or ValueError naming file and line, also for a word that is not known; if not
    `strict`, as for runs of before, a note tells of it.
    """
    many = folder / MANY
    told = _own(many, strict) if many.is_file() else {}
    if unused := sorted(told.keys() - keys.keys() - set(keys.values()) - set(listed)):
        note(f'{many}: {len(unused)} of its {len(told)} lines have a key that no list has, as '
             f'{unused[0]!r}')
    own = {key: told[name] for key, short in keys.items()
           for name in (short, key, without_suffix(key)) if name in told}
    missing = [key for key in keys if key not in own]
    if not missing:
        return own
    one = folder / ONE
    if told and not one.is_file():
        raise ValueError(f'{many} has no line for {len(missing)} of {len(keys)} keys, the first '
                         f'{missing[0]!r}, and there is no {one} for the rest')
    return dict.fromkeys(missing, _shared(one, strict)) | own


def paired(rgb_HW3: np.ndarray, depth_HW: np.ndarray, optics: Optics, key: str,
           place: Path) -> Sample:
    """The sample of an image, its depth and its camera, without distortion.

    ValueError where their sizes differ.
    """
    size = (optics.camera.height, optics.camera.width)
    if rgb_HW3.shape[:2] != size or depth_HW.shape != size:
        raise ValueError(f'{place}, pair {key!r}: image {rgb_HW3.shape[:2]}, depth '
                         f'{depth_HW.shape} and its camera {size} (rows, columns) must agree')
    return rectified(Sample(rgb=rgb_HW3, depth=depth_HW, camera=optics.camera, name=key))


def _own(path: Path, strict: bool) -> dict[str, Optics]:
    optics: dict[str, Optics] = {}
    lines: dict[str, int] = {}
    for number, line in read_lines(path):
        try:
            data = json.loads(line)
            told = _optics(data, path, strict)
            key = as_key(str(data['key']))
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f'{path}, line {number} is no camera with its key: {error!r}; '
                             f'{EXPECTED}, and "key"') from error
        if strict and optics.get(key, told) != told:
            raise ValueError(f'{path}: lines {lines[key]} and {number} tell of two cameras for '
                             f'{key!r}: remove one of them')
        optics[key], lines[key] = told, number
    return optics


def _shared(path: Path, strict: bool) -> Optics:
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing: metric depth needs the camera ({", ".join(FIELDS)} in pixels), '
            f'or {MANY} with one a frame')
    try:
        return _optics(json.loads(read_text(path)), path, strict)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is no camera: {error!r}; {EXPECTED}') from error


def _optics(data, path: Path, strict: bool) -> Optics:
    if not isinstance(data, dict):
        raise ValueError(f'not one object in braces: {reprlib.repr(data)}')
    lens = {}
    for word in data:
        if word not in (*KNOWN, *BESIDE) and (meant := _meant(word)):
            told = f'{word!r} is no word of a camera here: did you mean {meant}?'
            if strict:
                raise ValueError(told)
            note(f'{path}: {told} It is left out, as when this run began')
    if strict and data.get(LENS):
        lens = {LENS: tuple(map(float, data[LENS])), LENS_MODEL: data.get(LENS_MODEL, 'plumb_bob')}
    size = {field: _whole(field, data[field]) for field in SIZE}
    camera = Camera(**{field: data[field] for field in FIELDS} | size, **lens)
    unit_m = float(data.get(UNIT, UNIT_M))
    if not 0 < unit_m < np.inf:
        raise ValueError(f'{UNIT} must be above 0, got {unit_m}')
    return Optics(camera=camera, unit_m=unit_m)


def _whole(field: str, number) -> int:
    """A number of pixels, also where it is written as 160.0."""
    if isinstance(number, bool) or int(number) != number:
        raise ValueError(f'{field} must be a whole number, got {number!r}')
    return int(number)


def _meant(word: str) -> str:
    """What a word that is almost one of a camera means, '' for any other."""
    near = difflib.get_close_matches(word.lower(), KNOWN, n=1, cutoff=CLOSE)
    return MEANT.get(word.lower()) or (near[0] if near else '')
