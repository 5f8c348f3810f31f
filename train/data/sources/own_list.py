"""Data source: one's own images in a list `RGB DEPTH [FOCAL]`, the layout that BTS made common.

The place is the list or its folder; paths as for `bts.py`. The camera and the unit of depth come
from `camera.json` or `cameras.jsonl` beside the list (`optics.py`, keys FOLDER/NAME of the
picture). Without them the focal length of the line is taken with the principal point in the
middle of the image, and depth in millimetres; a note says so. Splits: the lists with `train`,
`val` and `test` in their names; without a list for val a tenth of the folders of the training
list, or of its frames where they lie in one folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.image_files import read_stored_image
from train.data.samples.data_notes import note
from train.data.samples.sample import Sample
from train.data.samples.splits import MissingSplit, split_by_folder, SPLITS
from train.data.sources.depth_files import BEYOND, read_depth
from train.data.sources.list_files import (
    note_overlaps,
    Pair,
    pair_list_of,
    pair_lists,
    read_pairs,
    root_of,
)
from train.data.sources.optics import MANY, ONE, Optics, paired, read_optics


class OwnListSource:
    """The frames of one split, read when asked for; keys are FOLDER/NAME of the picture.

    Raises OSError or ValueError naming the list, the line or the file.
    """

    def __init__(self, place: Path, split: str):
        self._list, pairs = _pairs(place, split)
        self._root = root_of(self._list, pairs[0])
        self._pairs = {pair.key: pair for pair in pairs}
        self.keys = tuple(self._pairs)
        if len(self.keys) < len(pairs):
            note(f'{self._list} lists {len(pairs) - len(self.keys)} frames twice: each counts '
                 'once')
        folder = self._list.parent
        told = (folder / ONE).is_file() or (folder / MANY).is_file()
        self._optics = read_optics(folder, self.keys) if told else {}
        if not told:
            _assume(self._list, pairs)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        key = self.keys[index]
        pair = self._pairs[key]
        try:
            rgb_HW3 = read_stored_image(self._root / pair.rgb)
            optics = self._optics.get(key) or _central(pair, rgb_HW3)
            depth_HW = read_depth(self._root / pair.depth, {'uint16': optics.unit_m}, BEYOND)
        except (OSError, ValueError) as error:
            raise type(error)(f'{self._list}, line {pair.line}: {error}') from error
        return paired(rgb_HW3, depth_HW, optics, key, self._list)


def _pairs(place: Path, split: str) -> tuple[Path, list[Pair]]:
    """The list that has the split, and the pairs of the split."""
    folder = place.parent if place.is_file() else place
    lists = {word: pair_list_of(place, word) for word in SPLITS
             if pair_lists(folder, word) or (place.is_file() and word in place.name.lower())}
    if place.is_file() and not lists:
        lists = {'train': place}
    found = {word: read_pairs(path) for word, path in lists.items()}
    note_overlaps(folder, {word: [pair.key for pair in pairs] for word, pairs in found.items()})
    if split in found and (split != 'train' or 'val' in found):
        return lists[split], found[split]
    if split not in ('train', 'val') or 'train' not in found:
        raise MissingSplit(f'{folder} has no list *{split}*.txt: lists there: '
                           f'{", ".join(path.name for path in lists.values()) or "none"}')
    chosen = split_by_folder([pair.key for pair in found['train']], split, folder)
    return lists['train'], [pair for pair in found['train'] if pair.key in chosen]


def _assume(path: Path, pairs: list[Pair]) -> None:
    """Tell the user what is assumed of the camera; ValueError without a focal length."""
    for pair in pairs:
        if pair.focal_px is None:
            raise ValueError(f'{path}, line {pair.line}: metric depth needs the camera: write '
                             'the focal length in pixels after the two files, or put '
                             f'{ONE} beside the list')
    note(f'{path}: no {ONE} beside it, so the focal length of each line is taken, the principal '
         'point in the middle of the image, and whole numbers of depth as millimetres')


def _central(pair: Pair, rgb_HW3: np.ndarray) -> Optics:
    height, width = rgb_HW3.shape[:2]
    focal_px = pair.focal_px or 0.0
    return Optics(camera=Camera(fx=focal_px, fy=focal_px, cx=(width - 1) / 2,
                                cy=(height - 1) / 2, width=width, height=height))
