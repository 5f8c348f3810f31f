"""Deterministic splits for data sets that come without lists of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
import hashlib
from pathlib import Path

from mono_depth_ros.sentences import counted

SPLITS = ('train', 'val', 'test')


class MissingSplit(ValueError):
    """A data set is whole, but has no such split."""


def hashed_split(units: Iterable[str], split: str) -> set[str]:
    """The `units` (drives, folders, keys) of one split, the same on every machine.

    Ordered by the SHA-256 of their names, the first tenth, at least one, is val; the next tenth,
    possibly none, is test; the rest is train. Frames of one drive resemble each other, so a
    caller gives drives where there are several. Raises ValueError for another split's name.
    """
    if split not in SPLITS:
        raise MissingSplit(f'no split {split!r}: splits here are {", ".join(SPLITS)}')
    ordered = sorted(set(units), key=lambda unit: hashlib.sha256(unit.encode()).hexdigest())
    tenth = len(ordered) // 10
    val = max(1, tenth)
    parts = {'val': ordered[:val], 'test': ordered[val:val + tenth],
             'train': ordered[val + tenth:]}
    return set(parts[split])


def last_tenth_held_out(frames: int, split: str) -> slice:
    """Which of so many frames in order of time: the last tenth, at least one, is val, else train.

    Neighbouring frames show the same thing, so a random choice would hold out what was learned.
    """
    cut = frames - max(1, frames // 10)
    return slice(cut) if split == 'train' else slice(cut, None)


def split_by_folder(keys: Collection[str], split: str, place: Path) -> set[str]:
    """The keys FOLDER/NAME of a split, by `hashed_split` of the folders; of keys if there is one.

    Raises MissingSplit where nothing is left for it.
    """
    folders = {str(Path(key).parent) for key in keys}
    if len(folders) > 1:
        parts = hashed_split(folders, split)
        chosen = {key for key in keys if str(Path(key).parent) in parts}
    else:
        chosen = hashed_split(keys, split)
    if not chosen:
        what = f'{len(folders)} folders' if len(folders) > 1 else counted(len(keys), 'frame')
        raise MissingSplit(f'{place} has no frame left for the split {split!r}: its {what} are '
                           'too few (2 make train and val, 20 make test)')
    return chosen
