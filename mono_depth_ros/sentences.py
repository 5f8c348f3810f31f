"""How errors and counts are told to people."""

from __future__ import annotations


def sentence(error: BaseException) -> str:
    """What an error says; of one of the operating system the file and what is wrong with it."""
    if isinstance(error, OSError) and error.strerror:
        return f'{error.filename}: {error.strerror}' if error.filename else error.strerror
    return str(error)


def counted(number: int, noun: str) -> str:
    """A number of what `noun` says in the singular: '1 image', '2 images'."""
    return f'{number} {noun}' if number == 1 else f'{number} {noun}s'
