"""Ctrl-C between two steps of a training, never within one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import signal


@dataclass(kw_only=True)
class Stop:
    """Whether Ctrl-C was pressed."""

    asked: bool = False


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let the first Ctrl-C (SIGINT) only set `asked`; the second ends the process as usual.

    Weights and step number change together in a step: a run saved in the middle of one could not
    be resumed exactly.
    """
    stop = Stop()
    before = signal.getsignal(signal.SIGINT)

    def ask(*_) -> None:
        stop.asked = True
        signal.signal(signal.SIGINT, before)
    signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def ignore_interrupts(*_) -> None:
    """For worker processes: Ctrl-C reaches them and their parent, and the parent acts on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
