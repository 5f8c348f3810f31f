"""Data source: the .h5 trees of FastDepth and sparse-to-dense, `nyudepthv2/{train,val}`.

Layout: `train/SCENE/NNNNN.h5` (47,584 frames) and `val/official/NNNNN.h5` (654), each with `rgb`
(3, 480, 640) uint8 and `depth` (480, 640) float m, in-painted. The authors' folder val holds the
official test images, so it is the split test here; val is whole scenes, about a tenth, of their
folder train, train the rest. Only folders are listed at the start, no file is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path

import numpy as np

from train.data.samples.sample import Sample
from train.data.samples.splits import MissingSplit
from train.data.sources.hdf5 import array_of, opened
from train.data.sources.nyu import kinect_sample, scene_of, scenes_of_split

SUFFIX = '.h5'
EXPECTED = 'HDF5 with rgb (3, 480, 640) and depth (480, 640)'


class FastDepthSource:
    """The frames of one split, read when asked for; keys are SCENE/NNNNN.

    Raises OSError or ValueError naming the file, what it holds and what was expected.
    """

    def __init__(self, folder: Path, split: str):
        self._folder = folder / ('val' if split == 'test' else 'train')
        if not self._folder.is_dir():
            raise MissingSplit(f'no folder {self._folder}: the split {split!r} of this layout '
                               f'lies in SCENE/NNNNN{SUFFIX} there')
        scenes = _folders(self._folder)
        if split != 'test':
            chosen = scenes_of_split(scenes, split, folder)
            scenes = [scene for scene in scenes if scene_of(scene) in chosen]
        self.keys = tuple(key for scene in scenes for key in _keys(self._folder, scene))
        if not self.keys:
            raise ValueError(f'{self._folder} holds no SCENE/NNNNN{SUFFIX} for the '
                             f'split {split!r}')

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        key = self.keys[index]
        path = self._folder / f'{key}{SUFFIX}'
        with opened(path, EXPECTED) as file:
            rgb_3HW = array_of(file, 'rgb', (3, 480, 640), np.uint8)[()]
            depth_HW = array_of(file, 'depth', (480, 640), np.floating)[()]
        return kinect_sample(rgb_3HW.transpose(1, 2, 0), depth_HW, key, path)


def accepts(path: Path) -> bool:
    """Whether `path` holds train/SCENE/*.h5 or val/SCENE/*.h5; looks at one scene only."""
    tops = (path / name for name in ('train', 'val') if (path / name).is_dir())
    scenes = (top / scene for top in tops for scene in _folders(top)[:1])
    return any(True for scene in scenes for _ in _stems(scene))


def _folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())


def _stems(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX):
                yield entry.name[:-len(SUFFIX)]


def _keys(folder: Path, scene: str) -> list[str]:
    return [f'{scene}/{stem}' for stem in sorted(_stems(folder / scene))]
