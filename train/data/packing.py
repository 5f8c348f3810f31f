"""Packs: a data set decoded and scaled down once, for fast GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
import json
import os
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from train.data.data_set_facts import facts_called, name_of, NO_FACTS
from train.data.data_sets import (
    DataSet,
    known_layout,
    note_missing_terms,
    open_data,
    RULES,
)
from train.data.folder_lock import only_one
from train.data.readable_samples import check_unreadable, read_sample
from train.data.samples.data_notes import note
from train.data.samples.sample import Sample, spread_numbers
from train.data.samples.splits import MissingSplit, SPLITS
from train.data.sources.packed import (
    DEPTH,
    FORMAT,
    HEAD,
    INDEX,
    pixels_of,
    read_head,
    read_index,
    RGB,
)
from train.output_files import write_file, writing


def pack(spec: str, folder: Path, width: int, most: int = 0) -> int:
    """Write every split of NAME=PLACE into `folder`, resuming where it stopped; the frame count.

    With `most` above 0 no more than that many frames of each split, evenly spread. Frames that
    the lists no longer hold in a split are dropped. Those that cannot be read are left out, with
    a note, and tried again the next time.
    Raises OSError or ValueError, also where most cannot be read; what was written can be used.
    """
    if not (folder / HEAD).exists() and folder.exists() and (layout := known_layout(folder)):
        raise ValueError(f'{folder} holds a data set ({layout.name}), which a pack may not lie '
                         'among: give another --out')
    name, _, place = spec.partition('=')
    head: dict = {'format': FORMAT, 'source': _whole(place), 'width': width,
                  'called': _called(name)}
    begun = read_head(folder) if (folder / HEAD).exists() else None
    if begun:
        _check_same(folder, begun, head)
    # A pack goes on by the rules it was begun by, which those before did not tell.
    rules = begun.get('rules', 1) if begun else RULES
    splits = _splits(spec, rules)
    note_missing_terms(splits['train'], place)
    with only_one(folder, 'packing'):
        write_file(folder / HEAD, json.dumps(
            {**head, 'terms': splits['train'].terms, 'rules': rules}) + '\n')
        return _filled(spec, folder, splits, width, most)


def _called(name: str) -> str:
    """Of which published data set a NAME says that it is, '' for the user's own."""
    facts = facts_called(name)
    return '' if facts is NO_FACTS else name_of(facts)


def _check_same(folder: Path, begun: dict, head: dict) -> None:
    """ValueError where a pack was begun from other data, smaller or larger, or as another set.

    Those of before do not tell as which, and may tell a place as it is called from some folder.
    """
    held = {'called': head['called'], **begun, 'source': _whole(str(begun.get('source', '')))}
    if {name: held.get(name) for name in head} != head:
        raise ValueError(f'{folder} holds another pack ({begun}): give another --out')


def _whole(place: str) -> str:
    """A place as it is called from any folder; links in it may come to point elsewhere."""
    return os.path.abspath(Path(place).expanduser())


def _filled(spec: str, folder: Path, splits: Mapping[str, DataSet], width: int,
            most: int) -> int:
    """Write what is missing of a pack; as `pack`, in a folder that nobody else writes to."""
    frames = _kept(folder, splits)
    done = {(frame['split'], frame['key']) for frame in frames}
    # Without what an interruption left half written, here and in the two files below.
    write_file(folder / INDEX, ''.join(json.dumps(frame) + '\n' for frame in frames))
    pixels = pixels_of(frames)
    todo = [(split, index) for split, source in splits.items()
            for index in spread_numbers(len(source), most)
            if (split, source.keys[index]) not in done]
    problems = []
    with (writing(folder), open(folder / RGB, 'ab') as rgb, open(folder / DEPTH, 'ab') as depth,
          open(folder / INDEX, 'a') as lines):
        for file, size in ((rgb, 3 * pixels), (depth, 2 * pixels)):
            if file.tell() > size:  # a file that stays as it is stays as old, too
                file.truncate(size)
        for split, index in tqdm(todo, desc=f'pack {spec}', unit=' images'):
            key = splits[split].keys[index]
            whole = read_sample(splits[split], index)
            if isinstance(whole, str):
                problems.append(whole)
                continue
            sample = shrunk(whole, width)
            rgb.write(sample.rgb.tobytes())
            depth.write(sample.depth.astype('<f2').tobytes())
            rgb.flush()
            depth.flush()
            lines.write(json.dumps(_line(sample, key, split, pixels)) + '\n')
            lines.flush()
            pixels += sample.depth.size
    images = len(frames) + len(todo)
    check_unreadable(problems, images)
    return images - len(problems)


def _kept(folder: Path, splits: Mapping[str, DataSet]) -> list[dict]:
    """The frames of a pack that are whole and in the same split still; notes tell of the others.

    Their pixels stay where they are. Kept, a frame moved from train to val would be in both.
    """
    frames = read_index(folder)
    pixels = min(_size(folder / RGB) // 3, _size(folder / DEPTH) // 2)
    whole = [frame for frame in frames if pixels_of([frame]) <= pixels]
    if len(whole) < len(frames):
        note(f'{folder}: the pixels of {len(frames) - len(whole)} of its {len(frames)} frames '
             'are cut short, and are read again')
    listed = {(split, key) for split, source in splits.items() for key in source.keys}
    kept = [frame for frame in whole if (frame['split'], frame['key']) in listed]
    if len(kept) < len(whole):
        note(f'{folder}: {len(whole) - len(kept)} of its {len(frames)} frames are not in the '
             'split any more in which they were packed, and are dropped from it')
    return kept


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _splits(spec: str, rules: int) -> dict[str, DataSet]:
    """Every split there is; there must be one to train on."""
    splits = {'train': open_data(spec, 'train', rules)}
    for split in SPLITS:
        try:
            splits.setdefault(split, open_data(spec, split, rules))
        except MissingSplit:
            continue
    return splits


def _line(sample: Sample, key: str, split: str, offset: int) -> dict:
    camera = sample.camera
    return {'key': key, 'split': split, 'height': camera.height, 'width': camera.width,
            'camera': {name: getattr(camera, name) for name in ('fx', 'fy', 'cx', 'cy')},
            'offset': offset}


def shrunk(sample: Sample, width: int) -> Sample:
    """The sample at most `width` pixels wide: colour averaged, depth of the nearest pixel."""
    camera = sample.camera
    if camera.width <= width:
        return sample
    size = (width, max(1, round(camera.height * width / camera.width)))
    return replace(
        sample, rgb=cv2.resize(sample.rgb, size, interpolation=cv2.INTER_AREA),
        depth=np.asarray(cv2.resize(sample.depth, size, interpolation=cv2.INTER_NEAREST_EXACT)),
        camera=camera.resized(*size))
