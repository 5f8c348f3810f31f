"""Opens data by the NAME=DIR of the command line, with what is known of well-known sets."""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
from pathlib import Path

import numpy as np

from mono_depth_ros.card import DataUse
from train.folder import FolderSource
from train.sample import Source

UNKNOWN_TERMS = 'terms not recorded'
# Share of rows and columns of an NYU image that holds a picture; the rest is a white frame left
# by undistortion (rows 7..473 of 480 and columns 7..631 of 640).
NYU_WINDOW = (7 / 480, 474 / 480, 7 / 640, 632 / 640)


@dataclass(frozen=True, kw_only=True)
class KnownSet:
    """Facts about a public data set that its files do not tell."""

    terms: str
    window: tuple[float, float, float, float] | None = None


KNOWN = {
    'nyu': KnownSet(terms='NYU-Depth-v2 (Silberman et al. 2012), research use',
                    window=NYU_WINDOW),
}


def open_data(spec: str, split: str) -> Source:
    """The `split` of NAME=DIR; NAME `nyu` masks that set's white frame.

    Raises ValueError for another spelling, OSError for a folder that is not there.
    """
    name, equals, place = spec.partition('=')
    if not equals or not name or not place:
        raise ValueError(f'expected NAME=DIR (as nyu=data/nyu), got {spec!r}')
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f'no folder {folder} (of data {name!r})')
    known = KNOWN.get(name, KnownSet(terms=UNKNOWN_TERMS))

    def mask(depth_HW: np.ndarray) -> np.ndarray:
        return masked_outside(depth_HW, known.window) if known.window else depth_HW

    return FolderSource(folder, split, name=name, terms=known.terms, mask=mask)


def masked_outside(depth_HW: np.ndarray, window: tuple[float, float, float, float]) -> np.ndarray:
    """Copy of `depth_HW` with NaN outside a window given as shares of rows and columns."""
    height, width = depth_HW.shape
    top, bottom = np.ceil(window[0] * height), np.floor(window[1] * height)
    left, right = np.ceil(window[2] * width), np.floor(window[3] * width)
    inside = np.zeros(depth_HW.shape, bool)
    inside[int(top):int(bottom), int(left):int(right)] = True
    return np.where(inside, depth_HW, np.float32(np.nan))


def data_use(source: Source) -> DataUse:
    """What a model's card says of a source it learned from."""
    digest = hashlib.sha256('\n'.join(source.keys).encode()).hexdigest()
    return DataUse(name=source.name, frames=len(source), keys_sha256=digest, terms=source.terms)
