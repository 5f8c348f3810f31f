"""The data of a check: a few packed pairs that travel with the checkout, or drawn ones."""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path

import cv2
import numpy as np

from train.data.data_sets import DataSet, open_data
from train.data.packing import pack
from train.data.samples.splits import MissingSplit
from train.data.sources.packed import DEPTH, FORMAT, HEAD, INDEX, PackedSource, RGB

# Pixels of a pack at the network's size: 3 bytes of colour, 2 of depth.
WIDTH, PIXELS, BYTES_A_PIXEL = 256, 256 * 192, 5
LARGEST_MB = 40
FOCAL = 260.0


def make_packs(specs: Sequence[str], folder: Path, megabytes: float = LARGEST_MB) -> float:
    """Pack frames of every NAME=DIR evenly spread into `folder`/NAME; the megabytes written.

    A set has two splits at most, each gets the same number of frames.
    """
    frames = int(megabytes * 1e6 / (BYTES_A_PIXEL * PIXELS) / len(specs) / 2)
    for spec in specs:
        name = spec.partition('=')[0]
        pack(spec, folder / name, WIDTH, most=frames)
    written = sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6
    if written > megabytes:
        raise ValueError(f'{folder} has {written:.1f} MB, more than the {megabytes:g} it may '
                         'have: give an empty folder')
    return written


def packs_in(folder: Path) -> list[str]:
    """NAME=DIR of every pack in `folder`."""
    return [f'{path.parent.name}={path.parent}' for path in sorted(folder.glob(f'*/{HEAD}'))]


def open_packs(folder: Path, split: str) -> list[DataSet]:
    """The `split` of the packs that have one; ValueError where none has."""
    opened = []
    for spec in packs_in(folder):
        try:
            opened.append(open_data(spec, split))
        except MissingSplit:
            continue
    if not opened:
        raise ValueError(f'{folder} holds no pack with a split {split!r}: make one with '
                         'scripts/gpu_check --pack')
    return opened


def draw_data(folder: Path, frames: int = 48) -> None:
    """Write a pack of drawn pictures, for a machine without data: boxes before a wall."""
    rng = np.random.default_rng(0)
    target = folder / 'drawn'
    target.mkdir(parents=True, exist_ok=True)
    head = {'format': FORMAT, 'source': 'drawn boxes', 'width': WIDTH,
            'terms': 'drawn, free to use'}
    (target / HEAD).write_text(json.dumps(head))
    with (open(target / RGB, 'wb') as rgb, open(target / DEPTH, 'wb') as depth,
          open(target / INDEX, 'w') as index):
        for number in range(frames):
            rgb_HW3, depth_HW = _picture(rng)
            rgb.write(rgb_HW3.tobytes())
            depth.write(depth_HW.astype('<f2').tobytes())
            index.write(json.dumps({
                'key': f'{number:04d}', 'split': 'val' if number % 6 == 5 else 'train',
                'height': 192, 'width': WIDTH, 'offset': number * PIXELS,
                'camera': {'fx': FOCAL, 'fy': FOCAL, 'cx': 127.5, 'cy': 95.5}}) + '\n')
    PackedSource(target, 'train')  # raises where the format has changed


def _picture(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Textured boxes of 1 to 3 m before a wall at 4 m; the nearer the brighter."""
    depth_HW = np.full((192, WIDTH), 4.0, np.float32)
    for _ in range(6):
        left, top = rng.integers(0, WIDTH - 40), rng.integers(0, 150)
        metres = rng.uniform(1, 3)
        side = int(60 / metres)
        depth_HW[top:top + side, left:left + side] = metres
    texture = cv2.GaussianBlur(rng.uniform(0, 60, (192, WIDTH, 3)).astype(np.float32), (0, 0), 2)
    shade = (220 / depth_HW)[..., None] * rng.uniform(0.7, 1, 3)
    return np.clip(shade + texture, 0, 255).astype(np.uint8), depth_HW
