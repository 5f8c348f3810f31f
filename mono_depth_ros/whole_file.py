"""Files written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path


@contextmanager
def replacing(path: Path, alone: bool = False) -> Iterator[Path]:
    """Another file beside `path` to write, which takes its place once this is left without error.

    With an error it is removed: it would keep a full disk full. Each process has its own, unless
    it is `alone` in the folder, and so takes over what one that was killed has left.
    """
    mark = '' if alone else f'.{os.getpid()}'
    unfinished = path.with_name(f'{path.name}{mark}.part')
    try:
        yield unfinished
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that there is all of it or the one before, after a power loss, too.

    OSError where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as unfinished, open(unfinished, 'wb') as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
