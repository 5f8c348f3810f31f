"""Data source: DenseDepth's copy of NYU-Depth-v2, `nyu2_train.csv` and `nyu2_test.csv`.

The place is the folder with the two lists (`data` in the published zip), the one above it, or
one of the lists. A row is `data/nyu2_train/SCENE_out/N.jpg,data/nyu2_train/SCENE_out/N.png`; its
first folder means the list's own folder, whatever that is called now. Depth is uint8 of 10/255 m
(so steps of 39 mm, and 255 is 10 m or more) for training and uint16 mm for testing; in both 0 is
unknown. Val is whole scenes, about a tenth, of the training list.
"""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath

from mono_depth_ros.image_files import read_stored_image
from train.data.samples.sample import Sample
from train.data.samples.splits import MissingSplit
from train.data.sources.depth_files import read_depth
from train.data.sources.list_files import read_lines
from train.data.sources.nyu import kinect_sample, scene_of, scenes_of_split

UNITS_M = {'uint8': 10 / 255, 'uint16': 0.001}


class DenseDepthSource:
    """The frames of one split, read when asked for; keys are SCENE_out/N or nyu2_test/NNNNN.

    Raises OSError or ValueError naming the list, the line or the file.
    """

    def __init__(self, place: Path, split: str):
        self._folder = _folder(place)
        path = self._folder / ('nyu2_test.csv' if split == 'test' else 'nyu2_train.csv')
        if not path.is_file():
            raise MissingSplit(f'{path} is missing: it lists the frames of the split {split!r}')
        pairs = _read(path)
        if split != 'test':
            chosen = scenes_of_split((_scene(rgb) for rgb, _ in pairs), split, path)
            pairs = [pair for pair in pairs if scene_of(_scene(pair[0])) in chosen]
        self._pairs = pairs
        self.keys = tuple(f'{_scene(rgb)}/{PurePosixPath(rgb).stem.removesuffix("_colors")}'
                          for rgb, _ in pairs)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        rgb, depth = (self._folder / name for name in self._pairs[index])
        rgb_HW3 = read_stored_image(rgb)
        return kinect_sample(rgb_HW3, read_depth(depth, UNITS_M), self.keys[index], depth)


def accepts(path: Path) -> bool:
    """Whether `path` is one of the two lists or a folder that has one."""
    return any((_folder(path) / f'nyu2_{part}.csv').is_file() for part in ('train', 'test'))


def _folder(place: Path) -> Path:
    """The folder of the lists."""
    if place.suffix == '.csv':
        return place.parent
    return place / 'data' if (place / 'data').is_dir() else place


def _read(path: Path) -> list[tuple[str, str]]:
    """Pairs of picture and depth, relative to the list's folder."""
    pairs = []
    for number, row in read_lines(path):
        names = [name.strip() for name in next(csv.reader([row]))]
        if len(names) != 2 or not all(name.count('/') >= 2 for name in names):
            raise ValueError(f'{path}, line {number}: expected data/FOLDER/PICTURE,'
                             f'data/FOLDER/DEPTH, got {row!r}')
        pairs.append((names[0].split('/', 1)[1], names[1].split('/', 1)[1]))
    if not pairs:
        raise ValueError(f'{path} lists no frame')
    return pairs


def _scene(rgb: str) -> str:
    return PurePosixPath(rgb).parent.name
