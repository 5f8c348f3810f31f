"""Sentences about data that the user should read, though the work goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import sys
import warnings


class DataNote(UserWarning):
    """What was assumed of a data set, or what is odd about it."""


def note(text: str) -> None:
    """Tell the user once, as a warning of Python; `printed_notes` makes it a plain line."""
    warnings.warn(text, DataNote, stacklevel=2)


@contextmanager
def printed_notes() -> Iterator[None]:
    """Within this, every note is one line on the standard error, the same text once."""
    with warnings.catch_warnings():
        warnings.simplefilter('always', DataNote)
        others, told = warnings.showwarning, set[str]()

        def show(message, category, *place, **options):
            if not issubclass(category, DataNote):
                others(message, category, *place, **options)
            elif str(message) not in told:
                told.add(str(message))
                print(f'note: {message}', file=sys.stderr)
        warnings.showwarning = show
        yield
