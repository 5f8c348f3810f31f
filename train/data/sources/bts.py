"""Data source: file lists of BTS and the many networks that took them over (NYU-Depth-v2).

A list has `RGB DEPTH FOCAL` on each line: two paths and the focal length in pixels. Depth is
uint16 mm, 0 unknown. Frames whose DEPTH is `None` are left out. The place is
the list, or the folder it lies in; splits train and val come from the list with `train` in its
name, test from the one with `test`. Paths, with or without a leading slash, start at the list's
folder or at one of ROOTS below it, whichever has the first frame. Val is whole scenes, about a
tenth, of the training list. Lists of KITTI are refused: see train.data.sources.kitti.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math
from pathlib import Path

from mono_depth_ros.image_files import read_image
from train.data.samples.sample import Sample
from train.data.sources.nyu import (
    KINECT,
    kinect_sample,
    read_depth_file,
    scene_of,
    scenes_of_split,
)

ROOTS = ('', 'sync', 'train', 'official_splits/test', 'test')
UNITS_M = {'uint16': 0.001}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One frame of a list."""

    rgb: str
    depth: str
    focal_px: float


class BtsSource:
    """The frames of one split, read when asked for; keys are SCENE/NAME of the picture.

    Raises OSError or ValueError naming the list, the line or the file.
    """

    def __init__(self, place: Path, split: str):
        path = _list_of(place, split)
        lines = _read(path)
        if split != 'test':
            chosen = scenes_of_split((_scene(line) for line in lines), split, path)
            lines = [line for line in lines if scene_of(_scene(line)) in chosen]
        self._root = _root(path, lines[0])
        self._lines = lines
        self.keys = tuple(f'{_scene(line)}/{Path(line.rgb).stem}' for line in lines)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        line = self._lines[index]
        rgb_HW3 = read_image(self._root / line.rgb)
        path = self._root / line.depth
        # Lists give one focal length; the pixels of the Kinect are not exactly square.
        camera = replace(KINECT, fx=line.focal_px, fy=line.focal_px * KINECT.fy / KINECT.fx)
        depth_HW = read_depth_file(path, UNITS_M)
        return kinect_sample(rgb_HW3, depth_HW, self.keys[index], path, camera)


def accepts(path: Path) -> bool:
    """Whether `path` is such a list, or a folder with one for training or testing."""
    if path.is_dir():
        return any(_is_list(file) for file in _lists(path, 'train') + _lists(path, 'test'))
    return _is_list(path)


def _lists(folder: Path, word: str) -> list[Path]:
    return sorted(folder.glob(f'*{word}*.txt'))


def _is_list(path: Path) -> bool:
    if path.suffix != '.txt' or not path.is_file():
        return False
    with path.open(errors='replace') as file:
        words = file.readline().split()
    return len(words) == 3 and _focal(words[2]) is not None


def _focal(word: str) -> float | None:
    try:
        focal_px = float(word)
    except ValueError:
        return None
    return focal_px if math.isfinite(focal_px) and focal_px > 0 else None


def _list_of(place: Path, split: str) -> Path:
    """The list that has `split`: `place`, or the one for it in the same folder."""
    word = 'test' if split == 'test' else 'train'
    if place.is_file() and word in place.name:
        return place
    folder = place.parent if place.is_file() else place
    found = [path for path in _lists(folder, word) if _is_list(path)]
    if len(found) != 1:
        names = ', '.join(path.name for path in found) or 'none'
        raise FileNotFoundError(f'expected one list *{word}*.txt in {folder} for the split '
                                f'{split!r}, found {names}: give the list itself')
    return found[0]


def _read(path: Path) -> list[Line]:
    lines = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        words = text.split()
        focal_px = _focal(words[2]) if len(words) == 3 else None
        if words and focal_px is None:
            raise ValueError(f'{path}, line {number}: expected RGB DEPTH FOCAL, got {text!r}')
        if words and words[1] != 'None':
            lines.append(Line(rgb=words[0].lstrip('/'), depth=words[1].lstrip('/'),
                              focal_px=focal_px or 0.0))
    if not lines:
        raise ValueError(f'{path} lists no frame with depth')
    if 'proj_depth' in lines[0].depth:
        raise ValueError(f'{path} lists KITTI frames, whose depth has another unit: give the '
                         'KITTI folder instead')
    return lines


def _scene(line: Line) -> str:
    return Path(line.rgb).parent.name


def _root(path: Path, line: Line) -> Path:
    roots = [path.parent / name for name in ROOTS]
    for root in roots:
        if (root / line.rgb).is_file():
            return root
    raise FileNotFoundError(f'{path} lists {line.rgb}, which lies in none of '
                            f'{", ".join(map(str, roots))}: put the list beside its frames')
