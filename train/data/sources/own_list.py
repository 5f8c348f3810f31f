"""Data source: one's own images in a list `RGB DEPTH [FOCAL]`, the layout that BTS made common.

The place is the list or its folder; paths as for `bts.py`. The camera and the unit of depth come
from `camera.json` or `cameras.jsonl` beside the list (`optics.py`). Without them the focal length
of the line is taken with the principal point in the middle of the image, and depth in
millimetres; a note says so. Splits: the list that is given is that of training, unless its name
says `val` or `test`; the others are those beside it whose names say so (`pair_list_of`). Without a
list for val a tenth of the scenes of the training list are val, or of its frames where there is
one scene. A scene is what lies in one folder, the one above `color` or whatever the last folders
of all pictures are called.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.image_files import read_stored_image
from train.data.samples.data_notes import note
from train.data.samples.sample import Sample
from train.data.samples.splits import hashed_split, MissingSplit, split_by_folder, SPLITS
from train.data.sources.depth_files import BEYOND, read_depth
from train.data.sources.list_files import (
    note_overlaps,
    Pair,
    pair_list_of,
    read_pairs,
    root_of,
    split_said,
    without_suffix,
)
from train.data.sources.optics import MANY, ONE, Optics, paired, read_optics

# Folders of one of several cameras, or of the pictures beside other files, of one scene.
PICTURES = ('rgb', 'color', 'colour', 'image', 'images', 'left', 'right')
Frames = dict[str, Pair]


class OwnListSource:
    """The frames of one split, read when asked for.

    Keys are the pictures' paths as listed, without their suffix where that leaves them distinct.
    By the `former` rule, that of runs before, they were FOLDER/NAME, of frames with one key only
    the last counted, and names of lists had only to contain their split.
    Raises OSError or ValueError naming the list, the line or the file.
    """

    def __init__(self, place: Path, split: str, former: bool = False):
        self._list, self._pairs, listed = _frames(place, split, former)
        pairs = list(self._pairs.values())
        self._root = root_of(self._list, pairs[0])
        self.keys = tuple(self._pairs)
        folder = self._list.parent
        told = (folder / ONE).is_file() or (folder / MANY).is_file()
        short = {key: pair.key for key, pair in self._pairs.items()}
        self._optics = read_optics(folder, short, listed, not former) if told else {}
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


def _frames(place: Path, split: str, former: bool) -> tuple[Path, Frames, set[str]]:
    """The list that has the split, the frames of the split, and how those of all are called."""
    folder = place.parent if place.is_file() else place
    lists = _lists(place, former)
    found = {word: (_by_name if former else _by_path)(path) for word, path in lists.items()}
    note_overlaps(folder, found if former else {
        word: [without_suffix(str(PurePosixPath(pair.rgb))) for pair in frames.values()]
        for word, frames in found.items()})
    listed = {name for frames in found.values() for key, pair in frames.items()
              for name in (key, pair.key)}
    if split in found and (split != 'train' or 'val' in found):
        return lists[split], found[split], listed
    if split not in ('train', 'val') or 'train' not in found:
        raise MissingSplit(f'{folder} has no list *{split}*.txt: lists there: '
                           f'{", ".join(path.name for path in lists.values()) or "none"}')
    frames = found['train']
    chosen = (split_by_folder(frames, split, folder) if former
              else _tenth_held_out(frames, split, lists['train']))
    return lists['train'], {key: frames[key] for key in frames if key in chosen}, listed


def _lists(place: Path, former: bool) -> dict[str, Path]:
    """The list of every split that has one."""
    lists = {}
    for split in SPLITS:
        try:
            lists[split] = pair_list_of(place, split, former)
        except MissingSplit:
            continue
    if place.is_file() and not lists:  # by the former rule
        return {'train': place}
    if not former and place.is_file() and not split_said(place):
        if any(word in place.name.lower() for word in ('val', 'test')):
            note(f'{place} is taken for the list of training: if it is that of held-out frames, '
                 'say val or test in a word of its own, as my_test.txt')
        elif 'val' in lists:
            note(f'{place} is taken for the list of training, {lists["val"].name} beside it for '
                 'that of val')
    return lists


def _by_path(path: Path) -> Frames:
    """The pairs of a list by the paths of their pictures; a picture listed again is left out."""
    pairs: Frames = {}
    listed = read_pairs(path)
    for pair in listed:
        pairs.setdefault(str(PurePosixPath(pair.rgb)), pair)
    if len(pairs) < len(listed):
        note(f'{path} lists {len(listed) - len(pairs)} frames twice: each counts once')
    stems = [without_suffix(name) for name in pairs]
    if len(set(stems)) < len(stems):  # as a.jpg and a.png
        return pairs
    return dict(zip(stems, pairs.values()))


def _by_name(path: Path) -> Frames:
    """The pairs of a list by FOLDER/NAME, the last of each: the rule of runs before."""
    return {pair.key: pair for pair in read_pairs(path)}


def _tenth_held_out(keys: Collection[str], split: str, path: Path) -> set[str]:
    """The keys of train or val, where val is a tenth of the scenes, or of the frames of one."""
    scenes = dict(zip(keys, scenes_of(list(keys))))
    units = scenes if len(set(scenes.values())) > 1 else {key: key for key in keys}
    held_out = hashed_split(units.values(), 'val')
    chosen = {key for key, unit in units.items() if (unit in held_out) == (split == 'val')}
    if not chosen:
        raise MissingSplit(f'{path} has no frame left for the split {split!r}: train and val '
                           'need 2')
    return chosen


def scenes_of(keys: Sequence[str]) -> list[str]:
    """The folder of each picture, above the last folders that all share and those of PICTURES."""
    folders = [PurePosixPath(key).parent.parts for key in keys]
    while all(folders) and len({parts[-1] for parts in folders}) == 1:
        folders = [parts[:-1] for parts in folders]
    return ['/'.join(parts[:-1] if parts and parts[-1].lower() in PICTURES else parts)
            for parts in folders]


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
