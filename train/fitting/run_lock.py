"""One training at a time in the folder of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import fcntl
from pathlib import Path

from train.data.samples.data_notes import note
from train.output_files import writing

NAME = 'training.lock'
# What the kernel says where another process holds the lock.
TAKEN = (errno.EAGAIN, errno.EACCES)


@contextmanager
def only_training(folder: Path) -> Iterator[None]:
    """Hold the folder of a run, which is made, for one training; the kernel frees it on any end.

    OSError in one sentence where another training has it, or where it cannot be written. A note
    tells of a disk that knows no locks.
    """
    path = folder / NAME
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        file = open(path, 'a')
    with file:
        try:
            # Not flock: processes that read data are forked, and would hold it after a kill.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in TAKEN:
                raise BlockingIOError(f'a training still goes on in {folder}: wait for it or stop '
                                      'it, or give another --out') from error
            note(f'{path} cannot be locked ({error.strerror}): see to it that no other training '
                 f'uses {folder}')
        yield
