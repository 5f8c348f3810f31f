"""HDF5 files opened for one reading, with errors that name file, key, shape and what was meant.

Opened anew each time: a handle shared by forked loader processes would share its file position.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

# h5py is imported where a file is read: who trains on packs or pictures need not have it.
if TYPE_CHECKING:
    import h5py


@contextmanager
def opened(path: Path, expected: str) -> Iterator[h5py.File]:
    """The file, read-only; an OSError that names it where it, or something in it, is cut short.

    `expected` says what the file should have been.
    """
    import h5py

    if not path.is_file():
        raise FileNotFoundError(f'no file {path}: expected {expected}')
    try:
        with h5py.File(path, 'r') as file:
            yield file
    except (OSError, RuntimeError) as error:
        raise OSError(f'{path} is cut short or no HDF5 file, expected {expected}: '
                      f'{error}') from error


def array_of(file: h5py.File, key: str, shape: tuple[int | None, ...],
             kind: type[np.generic]) -> h5py.Dataset:
    """The array under `key`, not read yet; ValueError where it has another shape or kind.

    None in `shape` stands for any length.
    """
    import h5py

    wanted = f'({", ".join("N" if n is None else str(n) for n in shape)}) {kind.__name__}'
    found = file.get(key)
    if not isinstance(found, h5py.Dataset):
        there = ', '.join(sorted(file)) or 'nothing'
        raise ValueError(f'{file.filename} has no array {key!r}, expected {wanted}; '
                         f'it holds {there}')
    agrees = len(found.shape) == len(shape) and all(
        want in (None, got) for want, got in zip(shape, found.shape))
    if not agrees or not np.issubdtype(found.dtype, kind):
        raise ValueError(f'{file.filename}, array {key!r}: expected {wanted}, got '
                         f'{found.shape} {found.dtype}')
    return found
