"""Packs of the experiment's data, and of the training scenes alone for its sweeps."""

from __future__ import annotations

from collections.abc import Sequence
import json
import os
from pathlib import Path
import shutil

from train.data.data_sets import open_all
from train.data.nyu_report import labelled_index
from train.data.packing import pack
from train.data.samples.sample import spread_numbers
from train.data.samples.splits import hashed_split
from train.data.sources.packed import DEPTH, HEAD, INDEX, read_index, RGB
from train.output_files import write_file

WIDTH = 480
# The split of frames that a pack holds but nobody sees.
UNUSED = 'unused'


def prepare_data(specs: Sequence[str], folder: Path, most: int = 0) -> tuple[list[str], list[str]]:
    """Packs of every NAME=DIR: of the whole experiment, and of its training scenes alone.

    A pack is taken as it is, other data are packed into `folder`; `most` above 0 keeps that many
    images of each split. A set without a val split has a fifth of its frames held out. Returns
    two lists of NAME=DIR; in the second `val` is a tenth of the training scenes.
    """
    whole, tuning = [], []
    for spec, source in open_all(specs, 'train').items():
        name, _, place = spec.partition('=')
        packed = Path(place).expanduser().resolve()
        if not source.is_packed:
            packed = folder / f'{name}_packed'
            pack(spec, packed, WIDTH, most)
        frames = read_index(packed)
        chosen = _kept(_with_val(frames), most)
        whole.append(_resplit(packed, folder / name, name, chosen))
        tuning.append(_resplit(packed, folder / f'{name}_tune', name, _tuned(chosen)))
    return whole, tuning


def _kept(frames: Sequence[dict], most: int) -> list[dict]:
    """The frames, of which not more than so many of each split, evenly spread, are used."""
    kept: set[int] = set()
    for split in {frame['split'] for frame in frames}:
        numbers = [number for number, frame in enumerate(frames) if frame['split'] == split]
        kept.update(numbers[place] for place in spread_numbers(len(numbers), most))
    return [frame if number in kept else {**frame, 'split': UNUSED}
            for number, frame in enumerate(frames)]


def _with_val(frames: Sequence[dict]) -> list[dict]:
    """Frames with a val split: where there is none, all but the train part of `hashed_split`."""
    if any(frame['split'] == 'val' for frame in frames):
        return list(frames)
    training = {frame['key'] for frame in frames if frame['split'] == 'train'}
    held_out = training - hashed_split(training, 'train')
    return [{**frame, 'split': 'val'} if frame['key'] in held_out else frame for frame in frames]


def _tuned(frames: Sequence[dict]) -> list[dict]:
    """Of the training frames, those of a tenth of their scenes as val; no others are used.

    A tenth of the frames where all show one scene.
    """
    keys = [frame['key'] for frame in frames if frame['split'] == 'train']
    scenes = scenes_of(keys)
    scene_of = dict(zip(keys, scenes if len(set(scenes)) > 1 else keys))
    held_out = hashed_split(scene_of.values(), 'val')
    splits = {key: 'val' if scene in held_out else 'train' for key, scene in scene_of.items()}
    return [{**frame, 'split': splits.get(frame['key'], UNUSED)} for frame in frames]


def scenes_of(keys: Sequence[str]) -> list[str]:
    """The scene of every key: its folder; of NYU's labelled images the run of indices; or itself.

    Runs are of neighbouring indices, between which images of the test split lie.
    """
    scenes: list[str] = []
    before = None
    for key in keys:
        folder, index = str(Path(key).parent), labelled_index(key)
        follows = index is not None and before is not None and index == before + 1
        scenes.append(folder if folder != '.' else scenes[-1] if follows else key)
        before = index
    return scenes


def _resplit(packed: Path, folder: Path, name: str, frames: Sequence[dict]) -> str:
    """NAME=FOLDER of a pack of the same pixels, linked, whose frames lie in other splits."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in (HEAD, RGB, DEPTH):
        if not _is_same(packed / file, folder / file):
            _link(packed / file, folder / file)
    write_file(folder / INDEX, ''.join(json.dumps(frame) + '\n' for frame in frames))
    return f'{name}={folder}'


def _is_same(file: Path, other: Path) -> bool:
    """Whether `other` is what `_link` made of the file as it is now: packs are made anew."""
    if not other.exists():
        return False
    one, two = file.stat(), other.stat()
    return os.path.samestat(one, two) or (
        (one.st_size, one.st_mtime_ns) == (two.st_size, two.st_mtime_ns))


def _link(file: Path, other: Path) -> None:
    """The same file under another name; a copy where the disk or its owner allows no link."""
    other.unlink(missing_ok=True)
    try:
        os.link(file, other)
    except OSError:
        shutil.copy2(file, other)
