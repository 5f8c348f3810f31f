"""A file that holds its own SHA-256, computed with UNSEALED in its place."""

from __future__ import annotations

import hashlib
import mmap
import os

# What stands in the place until the file is sealed: as long as the digest, and nowhere else.
UNSEALED = ('the place of a seal; ' * 4)[:64]
BLOCK = 1 << 20


def seal(path: str | os.PathLike) -> None:
    """Write the digest of a file into the place where UNSEALED stands.

    ValueError where it stands nowhere, or twice.
    """
    found, place = _digest(path, UNSEALED)
    with open(path, 'r+b') as file:
        file.seek(place)
        file.write(found.encode())


def is_as_sealed(path: str | os.PathLike, sealed: str) -> bool:
    """Whether a file is what it was when `sealed` was written into it."""
    try:
        return _digest(path, sealed)[0] == sealed
    except ValueError:
        return False


def _digest(path: str | os.PathLike, sealed: str) -> tuple[str, int]:
    """Hex SHA-256 of a file with UNSEALED in the place of `sealed`, and that place."""
    word, unsealed = sealed.encode(), UNSEALED.encode()
    with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        place = data.rfind(word)
        if place < 0 or len(word) != len(unsealed) or data.find(word) != place:
            raise ValueError(f'{path} has not one place for a seal')
        digest, after = hashlib.sha256(), place + len(word)
        for start in range(0, place, BLOCK):
            digest.update(data[start:min(start + BLOCK, place)])
        digest.update(unsealed)
        for start in range(after, len(data), BLOCK):
            digest.update(data[start:start + BLOCK])
    return digest.hexdigest(), place
