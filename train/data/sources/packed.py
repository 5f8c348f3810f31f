"""Data source: a pack made by `scripts/train pack`, read by offset without any decoding.

Layout: `pack.json` (format, source, width, terms, rules, as which published set it was called),
`index.jsonl` (one frame a line: key, split, height, width, camera, offset in pixels), `rgb.bin`
(uint8 RGB) and `depth.bin` (float16 metres, NaN unknown, +inf beyond range; 0.05 % steps), frame
after frame. Between frames there may be pixels of others that were dropped from the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
import json
from pathlib import Path

import numpy as np

from mono_depth_ros.camera import Camera
from train.data.samples.sample import Sample
from train.data.samples.splits import MissingSplit
from train.data.sources.list_files import note_overlaps

HEAD, INDEX, RGB, DEPTH = 'pack.json', 'index.jsonl', 'rgb.bin', 'depth.bin'
FORMAT = 1
# What a line of the index tells, and of what type.
FRAME = {'key': str, 'split': str, 'height': int, 'width': int, 'offset': int, 'camera': dict}
RAYS = ('fx', 'fy', 'cx', 'cy')


class PackedSource:
    """The samples of one split of a pack, read when asked for; the files stay mapped.

    Raises OSError or ValueError naming the file, what it holds and what was expected.
    """

    def __init__(self, folder: Path, split: str):
        self._folder = folder
        self.head = read_head(folder)
        frames = read_index(folder)
        self._frames = [frame for frame in frames if frame['split'] == split]
        if not self._frames:
            there = ', '.join(sorted({frame['split'] for frame in frames})) or 'none'
            raise MissingSplit(f'{folder} holds no {split!r} split (splits there: {there})')
        self._pixels = pixels_of(frames)
        keys: dict[str, list[str]] = {}
        for frame in frames:
            keys.setdefault(frame['split'], []).append(frame['key'])
        note_overlaps(folder, keys)

    @property
    def keys(self) -> list[str]:
        """Names of the samples, in order."""
        return [frame['key'] for frame in self._frames]

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> Sample:
        frame = self._frames[index]
        height, width, start = frame['height'], frame['width'], frame['offset']
        end = start + height * width
        return Sample(
            rgb=self._rgb[start:end].reshape(height, width, 3).copy(),
            depth=self._depth[start:end].reshape(height, width).astype(np.float32),
            camera=Camera(width=width, height=height, **frame['camera']), name=frame['key'])

    @cached_property
    def _rgb(self) -> np.ndarray:
        return self._mapped(RGB, np.dtype('u1'), 3)

    @cached_property
    def _depth(self) -> np.ndarray:
        return self._mapped(DEPTH, np.dtype('<f2'), 1)

    def _mapped(self, name: str, dtype: np.dtype, channels: int) -> np.ndarray:
        path = self._folder / name
        expected = self._pixels * channels * dtype.itemsize
        if not path.is_file() or path.stat().st_size < expected:
            got = path.stat().st_size if path.is_file() else 0
            raise ValueError(f'{path} has {got} bytes, {INDEX} needs {expected}: pack again')
        pixels = np.memmap(path, dtype, 'r', shape=(self._pixels * channels,))
        return pixels.reshape(self._pixels, channels) if channels > 1 else pixels


def accepts(path: Path) -> bool:
    """Whether `path` looks like a pack."""
    return (path / HEAD).is_file()


def read_head(folder: Path) -> dict:
    """What the pack says of itself; ValueError for another format."""
    path = folder / HEAD
    try:
        head = json.loads(path.read_text())
        if head['format'] != FORMAT:
            raise ValueError(f'format {head["format"]}, this version reads {FORMAT}')
        if not isinstance(head['terms'], str):
            raise ValueError(f'terms {head["terms"]!r}')
        return head
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} describes no pack: {error!r}') from error


def pixels_of(frames: Sequence[dict]) -> int:
    """Pixels of a pack up to the end of its last frame."""
    return max((frame['offset'] + frame['height'] * frame['width'] for frame in frames), default=0)


def read_index(folder: Path) -> list[dict]:
    """One dictionary a frame, in order; a last line cut short by an interruption is left out.

    ValueError that names the file for a line that tells of no frame.
    """
    path = folder / INDEX
    frames = []
    try:
        for line in path.read_text().split('\n')[:-1] if path.is_file() else []:
            frame = json.loads(line)
            wrong = [name for name, kind in FRAME.items() if type(frame[name]) is not kind]
            wrong += [name for name in RAYS if type(frame['camera'][name]) not in (int, float)]
            if wrong or min(frame['height'], frame['width'], frame['offset'] + 1) < 1:
                raise ValueError(f'no frame: {line}')
            frames.append(frame)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is no index of a pack ({error!r}): pack again') from error
    return frames
