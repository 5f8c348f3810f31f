"""The folder of a simulated set: what is done, what is left, and its lists at the end."""

from __future__ import annotations

from dataclasses import asdict
import json
from pathlib import Path
import shutil

from train.data.data_sets import TERMS
from train.simulate.plan import key_of, Simulation, split_of

ABOUT, CAMERAS = 'simulation.json', 'cameras.jsonl'
BYTES_A_PIXEL = 1.5


class Store:
    """A folder being filled: `lines` holds the line of cameras.jsonl of every frame that is done.

    A frame is done once its line is written, which happens after its files. Raises ValueError
    where the folder holds something else, OSError where it cannot be written.
    """

    def __init__(self, folder: Path, simulation: Simulation):
        self._folder, self._simulation = folder, simulation
        _claim(folder, simulation)
        self.lines = _done(folder)
        # Written anew: the last line may have been cut short.
        _replace(folder / CAMERAS, self.lines.values())

    def missing(self, frames: int) -> list[int]:
        """Frames below `frames` that are not done, in order."""
        return [frame for frame in range(frames) if key_of(frame) not in self.lines]

    def check_space(self, frames: int) -> None:
        """Raise OSError where the disk is too small for that many more frames."""
        needed = BYTES_A_PIXEL * self._simulation.width * self._simulation.height * frames
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise OSError(f'{frames} frames need about {needed / 1e9:.2g} GB and {self._folder} '
                          f'has {free / 1e9:.2g} GB free: free some, or ask for fewer --frames')

    def record(self, lines: list[str]) -> None:
        """Note frames as done, given their lines."""
        with open(self._folder / CAMERAS, 'a') as file:
            file.writelines(f'{line}\n' for line in lines)
        self.lines.update((json.loads(line)['key'], line) for line in lines)

    def finish(self) -> dict[str, int]:
        """Write the lists of what is done, in order; the number of frames of each split."""
        keys = sorted(self.lines)
        _replace(self._folder / CAMERAS, (self.lines[key] for key in keys))
        parts: dict[str, list[str]] = {'train': [], 'val': []}
        for key in keys:
            parts[split_of(self._simulation, int(key), len(keys))].append(key)
        for split, chosen in parts.items():
            _replace(self._folder / f'{split}.txt', chosen)
        return {split: len(chosen) for split, chosen in parts.items()}

    def size_bytes(self) -> int:
        """Bytes of all pictures and depths."""
        return sum(path.stat().st_size for part in ('rgb', 'depth')
                   for path in (self._folder / part).iterdir())


def _claim(folder: Path, simulation: Simulation) -> None:
    """Make the folder, or see that it holds the same simulation."""
    about = folder / ABOUT
    if about.is_file():
        held = _held(about)
        if held != asdict(simulation):
            raise ValueError(f'{folder} holds another simulation ({_words(held)}) than this one '
                             f'({_words(asdict(simulation))}): give another --out')
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f'{folder} is not empty and no simulation: give another --out')
    for part in ('rgb', 'depth'):
        (folder / part).mkdir(parents=True, exist_ok=True)
    about.write_text(json.dumps(asdict(simulation)) + '\n')
    (folder / TERMS).write_text('simulated by mono_depth_ros, no terms\n')


def _held(about: Path) -> dict:
    try:
        return dict(json.loads(about.read_text()))
    except (ValueError, TypeError) as error:
        raise ValueError(f'{about} is broken ({error}): give another --out') from error


def _words(simulation: dict) -> str:
    return ', '.join(f'{name} {value}' for name, value in simulation.items())


def _done(folder: Path) -> dict[str, str]:
    path = folder / CAMERAS
    lines = path.read_text().splitlines() if path.is_file() else []
    done = {}
    for line in lines:
        try:
            key = json.loads(line)['key']
        except (ValueError, TypeError, KeyError):
            continue  # cut short when the run was stopped: that frame is drawn again
        if all((folder / name).is_file() for name in (f'rgb/{key}.jpg', f'depth/{key}.png')):
            done[key] = line
    return done


def _replace(path: Path, lines) -> None:
    """Write a text file whole or not at all."""
    unfinished = path.with_name(path.name + '.part')
    unfinished.write_text(''.join(f'{line}\n' for line in lines))
    unfinished.replace(path)
