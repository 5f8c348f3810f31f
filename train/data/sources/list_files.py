"""Text files that list keys or pairs of files, one a line, however an editor has saved them.

UTF-8 with or without a byte order mark, UTF-16 with one, else Latin-1; any line endings; names
with spaces; blank lines and lines that begin with # do not count. Errors name file and line.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations
import math
from pathlib import Path
import re

from mono_depth_ros.image_files import IMAGE_SUFFIXES
from train.data.samples.data_notes import note
from train.data.samples.splits import MissingSplit, SPLITS

BYTE_ORDER_MARKS = {codecs.BOM_UTF8: 'utf-8-sig', codecs.BOM_UTF16_LE: 'utf-16',
                    codecs.BOM_UTF16_BE: 'utf-16'}
# Where the frames of a list lie, seen from the list's folder: those of the published ones.
ROOTS = ('', 'sync', 'train', 'official_splits/test', 'test')
# Names end where a suffix does, so that they may hold spaces.
FILE = r'\S.*?\.[A-Za-z]\w{1,4}'
# Words in the names of lists, between characters that are no letters, and the split they say.
SPLIT_WORDS = {'train': 'train', 'training': 'train', 'val': 'val', 'valid': 'val',
               'validation': 'val', 'test': 'test', 'testing': 'test'}
PAIR = re.compile(rf'(?P<rgb>{FILE})\s+(?P<depth>{FILE}|None)(?:\s+(?P<focal>\S+))?')


def read_text(path: Path) -> str:
    """The text of a file in any of the encodings above; OSError that names it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OSError(f'cannot read {path}: {error.strerror}') from error
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, 'replace')
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode('latin-1')


def read_lines(path: Path) -> list[tuple[int, str]]:
    """Number, from 1, and text of every line that counts, without space around it."""
    every = re.split('\r\n|\r|\n', read_text(path))
    lines = ((number, text.strip()) for number, text in enumerate(every, 1))
    return [(number, text) for number, text in lines if text and not text.startswith('#')]


def read_keys(path: Path) -> dict[str, int]:
    """The keys of a list and the lines they stand in.

    A key may be written with the suffix of its image. One that is listed twice counts once, with
    a note.
    """
    keys: dict[str, int] = {}
    twice = []
    for number, text in read_lines(path):
        key = as_key(text)
        if key in keys:
            twice.append(f'{key!r} in lines {keys[key]} and {number}')
        keys.setdefault(key, number)
    if twice:
        note(f'{path} lists {len(twice)} keys twice, as {twice[0]}: each counts once')
    return keys


def as_key(text: str) -> str:
    """The key that a list or a table of cameras writes, maybe with the suffix of its image."""
    return without_suffix(text.replace('\\', '/'))


def without_suffix(name: str) -> str:
    """A name without the suffix of an image, in capitals or not."""
    stem, dot, suffix = name.rpartition('.')
    return stem if stem and f'{dot}{suffix}'.lower() in IMAGE_SUFFIXES else name


def note_overlaps(place: Path, keys_of: Mapping[str, Collection[str]]) -> None:
    """Tell the user of keys that two splits share: then errors there are not held-out errors."""
    for (one, keys), (other, others) in combinations(keys_of.items(), 2):
        if shared := sorted(set(keys) & set(others)):
            note(f'{place}: {len(shared)} frames are in {one} and in {other}, as {shared[0]!r}: '
                 'what is measured on them is no held-out error')


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One line of a list of pairs: two paths, as they are written, and the focal length."""

    rgb: str
    depth: str
    focal_px: float | None
    line: int

    @property
    def key(self) -> str:
        """FOLDER/NAME of the picture."""
        path = Path(self.rgb)
        return f'{path.parent.name}/{path.stem}' if path.parent.name else path.stem


def read_pairs(path: Path) -> list[Pair]:
    """The lines `RGB DEPTH [FOCAL]` of a list; those without depth (None) are left out.

    ValueError naming file and line for another line, and where no frame has depth. Lists of KITTI
    are refused, for their depth has another unit: see train.data.sources.kitti.
    """
    pairs = []
    for number, text in read_lines(path):
        pair = parsed_pair(text, number)
        if pair is None:
            raise ValueError(f'{path}, line {number}: expected RGB DEPTH FOCAL (two files and the '
                             f'focal length in pixels), got {text!r}')
        if pair.depth != 'None':
            pairs.append(pair)
    if not pairs:
        raise ValueError(f'{path} lists no frame with depth')
    if 'proj_depth' in pairs[0].depth:
        raise ValueError(f'{path} lists KITTI frames, whose depth has another unit: give the '
                         'KITTI folder instead')
    return pairs


def parsed_pair(text: str, line: int) -> Pair | None:
    """The pair a line holds, None for another line."""
    found = PAIR.fullmatch(text.replace('\\', '/'))
    if found is None:
        return None
    focal_px = None
    if found['focal'] is not None and (focal_px := _focal(found['focal'])) is None:
        return None
    return Pair(rgb=found['rgb'].lstrip('/'), depth=found['depth'].lstrip('/'),
                focal_px=focal_px, line=line)


def _focal(word: str) -> float | None:
    try:
        focal_px = float(word)
    except ValueError:
        return None
    return focal_px if math.isfinite(focal_px) and focal_px > 0 else None


def is_pair_list(path: Path) -> bool:
    """Whether the first line of a .txt file is a pair."""
    if path.suffix.lower() != '.txt' or not path.is_file():
        return False
    lines = read_lines(path)
    return bool(lines) and parsed_pair(lines[0][1], 1) is not None


def split_said(path: Path) -> str:
    """The split that a list's name says, '' for none; of several the first of SPLITS.

    By a word of its own or the beginning of one, as in trainlist and testset; `latest` says no
    test and `interval` no val.
    """
    said = {_said(word) for word in _words(path)}
    return next((split for split in SPLITS if split in said), '')


def _said(word: str) -> str:
    return next((split for name, split in SPLIT_WORDS.items()
                 if word == name or name != 'val' and word.startswith(name)), '')


def pair_lists(folder: Path, split: str, former: bool = False) -> list[Path]:
    """The lists of pairs in a folder whose names say a split; by the `former` rule, contain it."""
    return [path for path in sorted(folder.glob('*.[tT][xX][tT]'))
            if (split in path.name.lower() if former else split_said(path) == split)
            and is_pair_list(path)]


def pair_list_of(place: Path, split: str, former: bool = False) -> Path:
    """The list of a split: `place`, or the one in the same folder whose name says that split.

    A list given by itself is that of training unless its name says otherwise; of several others
    it takes the one that is called like it. By the `former` rule, that of runs before, names had
    only to contain the split. MissingSplit where there is none, ValueError for more than one.
    """
    if place.is_file():
        own = split in place.name.lower() if former else (split_said(place) or 'train') == split
        if own:
            return place
    folder = place.parent if place.is_file() else place
    found = pair_lists(folder, split, former)
    if len(found) > 1 and place.is_file() and not former:
        found = [path for path in found if _other_words(path) == _other_words(place)] or found
    if not found and split == 'train' and place.is_dir():  # as mytrain.txt
        found = [path for path in pair_lists(folder, split, former=True) if not split_said(path)]
    if not found:
        raise MissingSplit(f'expected one list *{split}*.txt in {folder}, found none')
    if len(found) > 1:
        raise ValueError(f'expected one list *{split}*.txt in {folder}, found '
                         f'{", ".join(path.name for path in found)}: give the list itself')
    return found[0]


def _words(path: Path) -> list[str]:
    return re.findall(r'[a-z]+|[0-9]+', path.stem.lower())


def _other_words(path: Path) -> list[str]:
    return [word for word in _words(path) if not _said(word)]


def root_of(path: Path, pair: Pair) -> Path:
    """The folder, beside or below the list, from which its paths go; FileNotFoundError if none."""
    roots = [path.parent / name for name in ROOTS]
    for root in roots:
        if (root / pair.rgb).is_file():
            return root
    raise FileNotFoundError(f'{path}, line {pair.line}, lists {pair.rgb}, which lies in none of '
                            f'{", ".join(map(str, roots))}: put the list beside its frames')
