"""One process at a time that fills a folder: with a training, a pack, simulated images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import fcntl
from pathlib import Path

from train.data.samples.data_notes import note
from train.output_files import writing

# What the kernel says where another process holds the lock.
TAKEN = (errno.EAGAIN, errno.EACCES)


@contextmanager
def only_one(folder: Path, work: str) -> Iterator[None]:
    """Hold a folder, which is made, for one `work`, a noun; the kernel frees it on any end.

    OSError in one sentence where another process does that work there, or where it cannot be
    written. A note tells of a disk that knows no locks.
    """
    path = folder / f'{work}.lock'
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with writing(path):
        file = open(path, 'a')
    with file:
        try:
            # Not flock: processes that read data are forked, and would hold it after a kill.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in TAKEN:
                raise BlockingIOError(f'a {work} still goes on in {folder}: wait for it or stop '
                                      'it, or give another --out') from error
            note(f'{path} cannot be locked ({error.strerror}): see to it that no other {work} '
                 f'uses {folder}')
        yield
