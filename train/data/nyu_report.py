"""The `report` split of NYU-Depth-v2: whole scenes that nothing is trained or chosen on.

Of the official 795 training images, the runs of neighbouring indices without a validation image
(test scenes lie between any two runs), every seventh run from the fourth on: 77 images.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
import re

from train.data.samples.sample import Sample, SampleSource

REPORT = 'report'
INDICES = Path(__file__).with_name('nyu_report.txt')


@lru_cache
def report_indices() -> frozenset[int]:
    """Indices, from 0, into the arrays of nyu_depth_v2_labeled.mat."""
    return frozenset(int(word) for word in INDICES.read_text().split())


def labelled_index(key: str) -> int | None:
    """Index of the labelled image a key names: 42 of '0042' and of 'SCENE/0043', else None.

    Folders count from 0, as the arrays do; the source that reads the .mat file from 1. A frame
    SCENE_out/1234 of DenseDepth is none of them.
    """
    counted = re.fullmatch(r'(.+/)?(\d{4})', key)
    if not counted or (counted[1] or '').endswith('_out/'):
        return None
    return int(counted[2]) - bool(counted[1])


def _former_index(key: str) -> int | None:
    """What `labelled_index` was by data_sets.RULES 1 and 2."""
    return labelled_index(key.replace('_out/', '/'))


class Subset:
    """The samples of another source that have the given numbers, in their order."""

    def __init__(self, source: SampleSource, numbers: Sequence[int]):
        self._source, self._numbers = source, tuple(numbers)
        self.keys = tuple(source.keys[number] for number in self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> Sample:
        return self._source[self._numbers[index]]


def without_report(source: SampleSource, former: bool = False) -> SampleSource:
    """The source without the images of the report split; itself where it has none of them."""
    index_of = _former_index if former else labelled_index
    kept = [i for i, key in enumerate(source.keys) if index_of(key) not in report_indices()]
    return source if len(kept) == len(source) else Subset(source, kept)


def may_hold_report(source: SampleSource) -> bool:
    """Whether a source has frames of NYU-Depth-v2 that cannot be held out with the report split.

    That is any but the labelled images: the list of the split has no names of scenes.
    """
    return any(labelled_index(key) is None for key in source.keys)


def only_report(source: SampleSource) -> Subset:
    """The images of the report split; ValueError where the source has none of them."""
    kept = [i for i, key in enumerate(source.keys) if labelled_index(key) in report_indices()]
    if not kept:
        raise ValueError('none of these keys is in the report split of NYU-Depth-v2: give the '
                         'labelled images, in a folder keyed by index or as the .mat file')
    return Subset(source, kept)
