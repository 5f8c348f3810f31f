"""A worker thread that processes the latest item and drops those it was too slow for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread
from typing import Generic, TypeVar

Item = TypeVar('Item')


class LatestFrameWorker(Generic[Item]):
    """Calls `work(item)` in a thread of its own; one slot holds the item to process next.

    `work` must not raise. Call `close` before the process ends: the thread is not a daemon,
    because a daemon thread inside a native library aborts the process at exit.
    """

    def __init__(self, work: Callable[[Item], None]):
        self._work = work
        self._slot: list[Item] = []
        self._closed = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name='latest-frame')
        self._thread.start()

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
            self._work(item)
