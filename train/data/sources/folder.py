"""Data source: a folder of photographs with depth and the camera of each.

Layout: `rgb/KEY.jpg` or `.png`, `depth/KEY.png` (uint16 millimetres, 0 = unknown, 65535 = sky or
beyond range, read as +inf) or floating point metres (`depth_files.py`), `train.txt` and `val.txt`
with KEYs (`list_files.py`), and the cameras (`optics.py`).
"""

from __future__ import annotations

from pathlib import Path

from mono_depth_ros.image_files import IMAGE_SUFFIXES, read_stored_image
from train.data.samples.sample import Sample
from train.data.samples.splits import MissingSplit, SPLITS
from train.data.sources.depth_files import BEYOND, find_depth, read_depth
from train.data.sources.list_files import note_overlaps, read_keys
from train.data.sources.optics import paired, read_optics


class FolderSource:
    """The samples of one split of such a folder, read when asked for.

    For runs of before, `former`, a word of a camera that is not known is no error.
    Raises OSError or ValueError naming the file, what it holds and what was expected.
    """

    def __init__(self, folder: Path, split: str, former: bool = False):
        self._list = folder / f'{split}.txt'
        lists = _lists(folder, split)
        self._lines = lists[split]
        self.keys = tuple(self._lines)
        self._folder = folder
        self._optics = read_optics(folder, {key: key for key in self.keys},
                                   {key for keys in lists.values() for key in keys}, not former)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        key = self.keys[index]
        optics = self._optics[key]
        try:
            rgb_HW3 = read_stored_image(find_image(self._folder / 'rgb', key))
            depth_HW = read_depth(find_depth(self._folder / 'depth', key),
                                  {'uint16': optics.unit_m}, BEYOND)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{self._list}, line {self._lines[key]}: {error}') from error
        return paired(rgb_HW3, depth_HW, optics, key, self._folder)


def accepts(path: Path) -> bool:
    """Whether `path` looks like such a folder."""
    return (path / 'rgb').is_dir() and (path / 'depth').is_dir()


def find_image(folder: Path, key: str) -> Path:
    """The image file of a key, its suffix in capitals or not; FileNotFoundError if there is none.

    JPEG and PNG are looked for first.
    """
    suffixes = ('.jpg', '.png', '.jpeg', *sorted(IMAGE_SUFFIXES))
    for suffix in suffixes:
        for path in (folder / f'{key}{suffix}', folder / f'{key}{suffix.upper()}'):
            if path.is_file():
                return path
    raise FileNotFoundError(f'{folder / key}.jpg is missing: every key needs its image')


def _lists(folder: Path, split: str) -> dict[str, dict[str, int]]:
    """The keys of every split that has a list, and their lines."""
    lists = {name: read_keys(folder / f'{name}.txt') for name in dict.fromkeys((*SPLITS, split))
             if (folder / f'{name}.txt').is_file()}
    if split not in lists:
        raise MissingSplit(
            f'{folder / split}.txt is missing: it lists the keys of the {split!r} split, one a '
            f'line (splits there: {", ".join(sorted(lists)) or "none"})')
    if not lists[split]:
        raise MissingSplit(f'{folder / split}.txt lists no key: expected one a line')
    note_overlaps(folder, lists)
    return lists
