"""The folder of a simulated set: which frames are done, which are missing, and its lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
import json
from pathlib import Path
import shutil

from train.data.data_sets import TERMS
from train.output_files import write_file, writing
from train.simulate.simulated_set import key_of, SimulatedSet, split_of

ABOUT, CAMERAS = 'simulation.json', 'cameras.jsonl'
BYTES_A_PIXEL = 1.5


class SetFolder:
    """A folder being filled; `lines` are the lines of cameras.jsonl of all frames that are done.

    A frame is done once its line is written, after its image and depth. Raises ValueError where
    the folder holds something else, OSError where it cannot be written.
    """

    def __init__(self, folder: Path, simulated_set: SimulatedSet):
        self._folder, self._simulated_set = folder, simulated_set
        check_folder(folder, simulated_set)
        _begin(folder, simulated_set)
        self.lines = _done(folder)
        # The last line of a stopped run may be incomplete: keep whole lines only.
        write_file(folder / CAMERAS, _text(self.lines.values()))

    def missing(self, frames: int) -> list[int]:
        """Frames below `frames` that are not done, in order."""
        return [frame for frame in range(frames) if key_of(frame) not in self.lines]

    def check_space(self, frames: int) -> None:
        """Raise OSError where the disk has no space for that many more frames."""
        needed = BYTES_A_PIXEL * self._simulated_set.width * self._simulated_set.height * frames
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise OSError(f'{frames} frames need about {needed / 1e9:.2g} GB and {self._folder} '
                          f'has {free / 1e9:.2g} GB free: free some, or ask for fewer --frames')

    def record(self, lines: list[str]) -> None:
        """Add the lines of frames that are done."""
        path = self._folder / CAMERAS
        with writing(path), open(path, 'a') as file:
            file.writelines(f'{line}\n' for line in lines)
        self.lines.update((json.loads(line)['key'], line) for line in lines)

    def finish(self) -> dict[str, int]:
        """Write the lists of all frames that are done; returns the number of frames by split."""
        keys = sorted(self.lines)
        write_file(self._folder / CAMERAS, _text(self.lines[key] for key in keys))
        parts: dict[str, list[str]] = {'train': [], 'val': []}
        for key in keys:
            parts[split_of(self._simulated_set, int(key), int(keys[-1]) + 1)].append(key)
        for split, chosen in parts.items():
            write_file(self._folder / f'{split}.txt', _text(chosen))
        return {split: len(chosen) for split, chosen in parts.items()}

    def size_bytes(self) -> int:
        """Bytes of all images and depths."""
        return sum(path.stat().st_size for part in ('rgb', 'depth')
                   for path in (self._folder / part).iterdir())


def check_folder(folder: Path, simulated_set: SimulatedSet) -> None:
    """ValueError where a folder holds anything but the same simulated set; nothing is written."""
    about = folder / ABOUT
    if about.is_file():
        held = _held(about)
        if held != asdict(simulated_set):
            raise ValueError(f'{folder} holds another simulated set ({_words(held)}), not '
                             f'{_words(asdict(simulated_set))}: give another --out')
    elif folder.is_dir() and any(path.suffix != '.lock' for path in folder.iterdir()):
        raise ValueError(f'{folder} is not empty and no simulated set: give another --out')


def _begin(folder: Path, simulated_set: SimulatedSet) -> None:
    """Write what tells a simulated set, where it is not written yet."""
    about = folder / ABOUT
    if about.is_file():
        return
    with writing(folder):
        for part in ('rgb', 'depth'):
            (folder / part).mkdir(parents=True, exist_ok=True)
    write_file(about, json.dumps(asdict(simulated_set)) + '\n')
    write_file(folder / TERMS, 'simulated by mono_depth_ros, no terms\n')


def _held(about: Path) -> dict:
    try:
        return dict(json.loads(about.read_text()))
    except (ValueError, TypeError) as error:
        raise ValueError(f'{about} is broken ({error}): give another --out') from error


def _words(values: dict) -> str:
    return ', '.join(f'{name} {value}' for name, value in values.items())


def _done(folder: Path) -> dict[str, str]:
    path = folder / CAMERAS
    lines = path.read_text().splitlines() if path.is_file() else []
    done = {}
    for line in lines:
        try:
            key = json.loads(line)['key']
        except (ValueError, TypeError, KeyError):
            continue  # written in part when the run was stopped: that frame is drawn again
        if all((folder / name).is_file() for name in (f'rgb/{key}.jpg', f'depth/{key}.png')):
            done[key] = line
    return done


def _text(lines: Iterable[str]) -> str:
    return ''.join(f'{line}\n' for line in lines)
