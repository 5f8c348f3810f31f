"""Compiled networks kept between starts: written whole or not at all, rebuilt where they fail."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import hashlib
import json
import os
from pathlib import Path
import shutil
from typing import TypeVar

from mono_depth_ros.whole_file import write_whole

Engine = TypeVar('Engine')

# Engines of all models together; those not used for longest go first. One of ours takes 26 MB, one
# of a large foreign network more than a gigabyte.
MOST_BYTES = 2 << 30


def cache_folder() -> Path:
    """Where measurements and built engines are kept: $XDG_CACHE_HOME or ~/.cache.

    OSError where neither is known.
    """
    base = os.environ.get('XDG_CACHE_HOME')
    try:
        return (Path(base) if base else Path.home() / '.cache') / 'mono_depth_ros'
    except RuntimeError as error:  # a user without an entry in the list of users
        raise OSError('the user has no home directory: set XDG_CACHE_HOME to a folder') from error


def engine_folder() -> Path:
    """The part of `cache_folder` that holds engines."""
    return cache_folder() / 'engines'


def cached_engine(key: str, load: Callable[[bytes], Engine],
                  build: Callable[[], tuple[Engine, bytes]]) -> Engine:
    """The engine of `key`, loaded from the cache, else built and kept.

    `key` names all that an engine depends on: model, device, versions, shape. A file that is cut
    short, of another key, or that `load` refuses is built again; a cache that cannot be written,
    or that has no place, costs the next start the time of building, nothing else.
    """
    stored = _read(key)
    if stored is not None:
        try:
            return load(stored)
        except Exception:  # whatever a runtime raises for what it cannot use
            pass
    engine, content = build()
    try:
        path = _place(key, 'engine')
        write_whole(path, _header(key, content) + content)
        _prune(path.parent)
    except OSError:
        pass
    return engine


def own_engines(key: str) -> Path | None:
    """A folder of the cache for the engines that a runtime keeps itself; None where there is none.

    All that an engine depends on and the runtime does not look at belongs into `key`.
    """
    try:
        folder = _place(key, 'engines')
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    with suppress(OSError):  # what is there may be used though none of it can be changed
        folder.touch()
        _prune(folder.parent)
    return folder


def name_of(key: str) -> str:
    """What a file of the cache is called by all that its content depends on."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _place(key: str, kind: str) -> Path:
    return engine_folder() / f'{name_of(key)}.{kind}'


def _header(key: str, content: bytes) -> bytes:
    facts = {'key': key, 'sha256': hashlib.sha256(content).hexdigest()}
    return json.dumps(facts).encode() + b'\n'


def _read(key: str) -> bytes | None:
    try:
        path = _place(key, 'engine')
        header, _, content = path.read_bytes().partition(b'\n')
    except OSError:
        return None
    with suppress(OSError):  # of a cache that somebody else made
        path.touch()
    return content if header + b'\n' == _header(key, content) else None


def _prune(folder: Path) -> None:
    newest_first = sorted(folder.glob('*.engine*'), key=lambda one: one.stat().st_mtime,
                          reverse=True)
    taken = 0
    for number, engine in enumerate(newest_first):
        files = [file for file in engine.rglob('*') if file.is_file()] or [engine]
        taken += sum(file.stat().st_size for file in files)
        if not number or taken <= MOST_BYTES:
            continue
        if engine.is_dir():
            shutil.rmtree(engine, ignore_errors=True)
        else:
            engine.unlink(missing_ok=True)
