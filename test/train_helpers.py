"""A tiny data set in the folder layout, with known depth, for the training tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
import json
from pathlib import Path
import subprocess
import sys

import cv2
import numpy as np

from train.data.samples.augmentation import Augmentation
from train.recipes.recipe import Recipe, RECIPES, Stage

CAMERA = {'width': 64, 'height': 48, 'fx': 52.0, 'fy': 52.0, 'cx': 31.5, 'cy': 23.5}
COUNTS = {'train': 6, 'val': 2}
HOLD = '''
import sys
from pathlib import Path
from train.data.folder_lock import only_one
with only_one(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    input()
'''


def write_folder(folder: Path) -> Path:
    """A folder data set: a grey ramp whose depth grows as it darkens; first column unknown."""
    for name in ('rgb', 'depth'):
        (folder / name).mkdir(parents=True)
    (folder / 'camera.json').write_text(json.dumps(CAMERA))
    start = 0
    for split, count in COUNTS.items():
        keys = [f'{i:04d}' for i in range(start, start + count)]
        (folder / f'{split}.txt').write_text('\n'.join(keys) + '\n')
        for key in keys:
            write_pair(folder, key, seed=int(key))
        start += count
    return folder


def write_pair(folder: Path, key: str, seed: int) -> None:
    """One image and its depth, 1 to 4 m."""
    rng = np.random.default_rng(seed)
    depth = np.tile(np.linspace(1, 4, 64), (48, 1)) * rng.uniform(0.9, 1.1)
    grey = np.clip(250 - 60 * depth + rng.normal(0, 3, depth.shape), 0, 255).astype(np.uint8)
    millimetres = np.round(depth * 1000).astype(np.uint16)
    millimetres[:, 0] = 0
    cv2.imwrite(str(folder / 'rgb' / f'{key}.png'), cv2.merge([grey, grey, grey]))
    cv2.imwrite(str(folder / 'depth' / f'{key}.png'), millimetres)


def tiny(name: str = 'mobile', trains: tuple = (('coarse', 'fine'),), epochs: int = 2) -> Recipe:
    """A recipe of the smallest network input, without the ImageNet stem, for seconds of CPU."""
    recipe = RECIPES[name]
    return replace(
        recipe, name=f'tiny_{name}', network=replace(recipe.network, input_height=64,
                                                     input_width=96),
        stages=tuple(Stage(trains=t, epochs=epochs) for t in trains), batch_size=2,
        imagenet_stem=False, augmentation=Augmentation())


def put_instead(path: Path, content: bytes | np.ndarray | None) -> None:
    """Give a file other bytes or another picture, or take it away."""
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        cv2.imwrite(str(path), content)


@contextmanager
def held(folder: Path, work: str) -> Iterator[None]:
    """Another process does that work in a folder; it is killed, so that nobody unlocks it."""
    other = subprocess.Popen([sys.executable, '-c', HOLD, str(folder), work], text=True,
                             cwd=Path(__file__).parents[1], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == 'held\n'
        yield
    finally:
        other.kill()
        other.communicate()
