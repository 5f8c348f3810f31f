"""Data source: file lists of BTS and the many networks that took them over (NYU-Depth-v2).

A list has `RGB DEPTH FOCAL` on each line (`list_files.py`): two paths and the focal length in
pixels. Depth is uint16 mm, 0 unknown. Frames whose DEPTH is `None` are left out. The place is the
list, or the folder it lies in; splits train and val come from the list whose name says `train`,
test from the one that says `test` (`pair_list_of`). Paths, with or without a leading slash, start
at the list's folder or at one of ROOTS below it, whichever has the first frame. Val is whole
scenes, about a tenth, of the training list. Such lists of one's own images are read by
`own_list.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mono_depth_ros.image_files import read_stored_image
from train.data.samples.sample import Sample
from train.data.sources.depth_files import read_depth
from train.data.sources.list_files import (
    is_pair_list,
    Pair,
    pair_list_of,
    pair_lists,
    read_pairs,
    root_of,
)
from train.data.sources.nyu import KINECT, kinect_sample, scene_of, scenes_of_split

UNITS_M = {'uint16': 0.001}


class BtsSource:
    """The frames of one split, read when asked for; keys are SCENE/NAME of the picture.

    `former` as in `pair_list_of`. Raises OSError or ValueError naming the list, the line or the
    file.
    """

    def __init__(self, place: Path, split: str, former: bool = False):
        # The public lists only contain the word, and none of testing may ever be learned from.
        contains = place.is_dir() or any(word in place.name.lower() for word in ('train', 'test'))
        path = pair_list_of(place, 'test' if split == 'test' else 'train', former or contains)
        pairs = read_pairs(path)
        self._focal_px = _focal_lengths(path, pairs)
        if split != 'test':
            chosen = scenes_of_split((_scene(pair) for pair in pairs), split, path)
            pairs = [pair for pair in pairs if scene_of(_scene(pair)) in chosen]
        self._root = root_of(path, pairs[0])
        self._pairs = pairs
        self.keys = tuple(pair.key for pair in pairs)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        pair = self._pairs[index]
        rgb_HW3 = read_stored_image(self._root / pair.rgb)
        path = self._root / pair.depth
        # Lists give one focal length; the pixels of the Kinect are not exactly square.
        focal_px = self._focal_px[pair.line]
        camera = replace(KINECT, fx=focal_px, fy=focal_px * KINECT.fy / KINECT.fx)
        return kinect_sample(rgb_HW3, read_depth(path, UNITS_M), self.keys[index], path, camera)


def accepts(path: Path) -> bool:
    """Whether `path` is a list of pairs, or a folder with one for training or testing."""
    if path.is_dir():
        return any(pair_lists(path, split, former=True) for split in ('train', 'test'))
    return is_pair_list(path)


def _focal_lengths(path: Path, pairs: list[Pair]) -> dict[int, float]:
    """Focal length in pixels by line; ValueError for a line without one."""
    focal_px = {}
    for pair in pairs:
        if pair.focal_px is None:
            raise ValueError(f'{path}, line {pair.line}: expected RGB DEPTH FOCAL, got no focal '
                             f'length after {pair.depth!r}')
        focal_px[pair.line] = pair.focal_px
    return focal_px


def _scene(pair: Pair) -> str:
    return Path(pair.rgb).parent.name
