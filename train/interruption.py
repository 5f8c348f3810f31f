"""Ctrl-C or SIGTERM between two steps of a training, never within one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import multiprocessing
import os
import signal
from threading import Thread

# Ctrl-C, and what a system that shuts down, a scheduler and torchrun send.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(kw_only=True)
class Stop:
    """Whether somebody asked to stop."""

    asked: bool = False


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let the first of each of SIGNALS only set `asked`; its second ends the process as usual.

    Weights and step number change together in a step: a run saved in the middle of one could not
    be resumed exactly.
    """
    stop = Stop()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(number, _) -> None:
        stop.asked = True
        signal.signal(number, before[number])
    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_interrupts(*_) -> None:
    """For worker processes: signals reach them and their parent, and the parent acts on them.

    Ctrl-C always, SIGTERM once: the parent ends with it a worker that does not end by itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: signal.signal(number, signal.SIG_DFL))


def end_with_parent() -> None:
    """Let this worker process end as soon as its parent is gone, killed for instance.

    A worker of a ProcessPoolExecutor would wait for its next task for ever; those of a DataLoader
    look for their parent themselves.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)
    Thread(target=end, daemon=True).start()
