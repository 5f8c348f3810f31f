"""Ctrl-C between two steps of a training, never within one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import signal


@dataclass(kw_only=True)
class Stop:
    """Whether somebody pressed Ctrl-C."""

    asked: bool = False


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let the first Ctrl-C (SIGINT) only set `asked`; the second ends the process as ever.

    Weights and step number change together in a step: saved in the middle of one, a run could
    not go on as if never stopped.
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


def leave_it_to_others(*_) -> None:
    """For a process that works for another: Ctrl-C reaches both, and is the other's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
