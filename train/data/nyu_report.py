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

    Folders count from 0, as the arrays do; the source that reads the .mat file from 1.
    """
    counted = re.fullmatch(r'(.+/)?(\d{4})', key)
    return counted and int(counted[2]) - bool(counted[1])


class Subset:
    """The samples of another source that have the given numbers, in their order."""

    def __init__(self, source: SampleSource, numbers: Sequence[int]):
        self._source, self._numbers = source, tuple(numbers)
        self.keys = tuple(source.keys[number] for number in self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> Sample:
        return self._source[self._numbers[index]]


def without_report(source: SampleSource) -> SampleSource:
    """The source without the images of the report split; itself where it has none of them."""
    kept = [i for i, key in enumerate(source.keys) if labelled_index(key) not in report_indices()]
    return source if len(kept) == len(source) else Subset(source, kept)


def only_report(source: SampleSource) -> Subset:
    """The images of the report split; ValueError where the source has none of them."""
    kept = [i for i, key in enumerate(source.keys) if labelled_index(key) in report_indices()]
    if not kept:
        raise ValueError('none of these keys is in the report split of NYU-Depth-v2: give the '
                         'labelled images, in a folder keyed by index or as the .mat file')
    return Subset(source, kept)
