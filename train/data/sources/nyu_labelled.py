"""Data source: the labelled part of NYU-Depth-v2, `nyu_depth_v2_labeled.mat` and `splits.mat`.

The first is HDF5 (MATLAB 7.3), so axes come reversed: `images` (N, 3, 640, 480) uint8, `depths`
(in-painted) and `rawDepths` (0 unknown) (N, 640, 480) float32 m, `scenes` (1, N) references to
names. `splits.mat` (MATLAB 5) lies beside it, `trainNdxs` and `testNdxs` counted from 1. Split
test is the official one; val is whole scenes, about a tenth, of the official training images,
train the rest. Depth is in-painted; a path that ends in `.mat#raw` means rawDepths.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from train.data.samples.sample import Sample
from train.data.sources.hdf5 import array_of, opened
from train.data.sources.nyu import kinect_sample, scene_of, scenes_of_split

RAW = '#raw'
EXPECTED = 'nyu_depth_v2_labeled.mat (2.97 GB)'


class LabelledSource:
    """The frames of one split, read one at a time; keys are SCENE/NNNN, NNNN counted from 1.

    Raises OSError or ValueError naming the file, what it holds and what was expected.
    """

    def __init__(self, path: Path, split: str):
        self._path = Path(str(path).removesuffix(RAW))
        self._depths = 'rawDepths' if str(path).endswith(RAW) else 'depths'
        scenes = scene_names(self._path, self._depths)
        self._frames = _frames(self._path, scenes, split)
        self.keys = tuple(f'{scenes[i]}/{i + 1:04d}' for i in self._frames)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        frame = self._frames[index]
        with opened(self._path, EXPECTED) as file:
            rgb_HW3, depth_HW = file['images'][frame].T, file[self._depths][frame].T
        return kinect_sample(rgb_HW3, depth_HW, self.keys[index], self._path)


def accepts(path: Path) -> bool:
    """Whether `path` is a .mat file, or one with #raw."""
    return path.name.removesuffix(RAW).endswith('.mat')


def scene_names(path: Path, depths: str = 'depths') -> list[str]:
    """Scene of every image in the file, whose arrays are checked for their shapes."""
    import h5py

    with opened(path, EXPECTED) as file:
        images = array_of(file, 'images', (None, 3, 640, 480), np.uint8)
        count = images.shape[0]
        array_of(file, depths, (count, 640, 480), np.floating)
        references = array_of(file, 'scenes', (1, count), np.object_)
        if h5py.check_ref_dtype(references.dtype) is None:
            raise ValueError(f"{path}, array 'scenes': expected object references")
        return [''.join(map(chr, file[reference][()].ravel())) for reference in references[0]]


def official_test_scenes(path: Path) -> set[str]:
    """Scenes that only the official test images show; `path` is the labelled .mat."""
    scenes = scene_names(path)
    return {scene_of(scenes[i]) for i in _official(path, 'testNdxs', len(scenes))}


def _frames(path: Path, scenes: list[str], split: str) -> list[int]:
    if split == 'test':
        return _official(path, 'testNdxs', len(scenes))
    training = _official(path, 'trainNdxs', len(scenes))
    chosen = scenes_of_split((scenes[i] for i in training), split, path)
    return [i for i in training if scene_of(scenes[i]) in chosen]


def _official(path: Path, key: str, count: int) -> list[int]:
    """Image numbers from 0, in the file's order, of `trainNdxs` or `testNdxs`."""
    path = path.with_name('splits.mat')
    splits = _splits(path)
    if key not in splits:
        there = ', '.join(k for k in splits if not k.startswith('__')) or 'nothing'
        raise ValueError(f'{path} has no {key!r}; it holds {there}')
    numbers = np.sort(np.ravel(splits[key])).astype(int)
    if not numbers.size or numbers[0] < 1 or numbers[-1] > count:
        raise ValueError(f'{path}, {key}: expected numbers from 1 to {count} (the images in the '
                         f'.mat beside it), got {numbers.size}'
                         + (f' from {numbers[0]} to {numbers[-1]}' if numbers.size else ''))
    return (numbers - 1).tolist()


def _splits(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing: the official split, published beside '
                                'nyu_depth_v2_labeled.mat, has to lie in the same folder')
    try:
        from scipy.io import loadmat  # here, for no other source needs scipy
        return loadmat(path)
    except ImportError as error:
        raise OSError(f'reading {path} needs scipy: pip install scipy') from error
    except Exception as error:  # scipy raises whatever broken bytes lead it into
        raise OSError(f'{path} is cut short or no MATLAB 5 file: {error!r}') from error
