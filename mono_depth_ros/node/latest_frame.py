"""A worker thread that processes the latest item and drops those it was too slow for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread
import time
from typing import Generic, TypeVar

Item = TypeVar('Item')


class LatestFrameWorker(Generic[Item]):
    """Calls `work(item)` in a thread of its own; one slot holds the item to process next.

    Whatever `work` raises, even SystemExit, goes to `on_error`, and the next item is processed.
    Call `close` before the process ends: the thread is not a daemon, because a daemon thread
    inside a native library aborts the process at exit.
    """

    def __init__(self, work: Callable[[Item], None], on_error: Callable[[BaseException], None]):
        self._work, self._on_error = work, on_error
        self._slot: list[Item] = []
        self._closed = False
        self._started_s: float | None = None
        self._changed = Condition()
        self._thread = Thread(target=self._run, name='latest-frame')
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def busy_s(self) -> float:
        """Seconds since work on the present item began, 0 between items."""
        started_s = self._started_s
        return 0.0 if started_s is None else time.monotonic() - started_s

    def put(self, item: Item) -> int:
        """Offer an item; returns how many items (0 or 1) were dropped for it."""
        with self._changed:
            dropped = 1 if self._closed else len(self._slot)
            if not self._closed:
                self._slot[:] = [item]
                self._changed.notify()
        return dropped

    def close(self) -> int:
        """End the thread after the item in progress; returns the number of items dropped."""
        with self._changed:
            dropped = len(self._slot)
            self._slot.clear()
            self._closed = True
            self._changed.notify()
        self._thread.join()
        return dropped

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._slot or self._closed)
                if self._closed:
                    return
                item = self._slot.pop()
            self._guarded(item)

    def _guarded(self, item: Item) -> None:
        self._started_s = time.monotonic()
        try:
            self._work(item)
        except BaseException as error:  # SystemExit too: nothing that is raised ends the thread
            self._on_error(error)
        finally:
            self._started_s = None
