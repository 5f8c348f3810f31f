"""A worker thread that serves the latest item of each source and drops what came before it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Condition, Thread
import time
from typing import Generic, TypeVar

Source = TypeVar('Source', bound=Hashable)
Item = TypeVar('Item')


class LatestFrameWorker(Generic[Source, Item]):
    """Calls `work(items)` in a thread of its own; one slot a source holds its latest item.

    The sources stand in line in the order in which they began to wait, and at most `together()`
    items go to one call: no source waits for more than one call a source, however many items
    another sends. Whatever `work` raises, even SystemExit, goes to `on_error`, and the next items
    are processed. Call `close` before the process ends: the thread is not a daemon, because a
    daemon thread inside a native library aborts the process at exit.
    """

    def __init__(self, work: Callable[[list[Item]], None],
                 on_error: Callable[[BaseException], None],
                 together: Callable[[], int] = lambda: 1):
        self._work, self._on_error, self._together = work, on_error, together
        # A dict keeps the place of a source whose item is replaced, and puts a new one last.
        self._slots: dict[Source, Item] = {}
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
        """Seconds since work on the present items began, 0 between items."""
        started_s = self._started_s
        return 0.0 if started_s is None else time.monotonic() - started_s

    def put(self, source: Source, item: Item) -> int:
        """Offer an item; returns how many items (0 or 1) of its source were dropped for it."""
        with self._changed:
            if self._closed:
                return 1
            dropped = int(source in self._slots)
            self._slots[source] = item
            self._changed.notify()
        return dropped

    def close(self) -> list[Source]:
        """End the thread after the items in progress; returns the sources of those dropped."""
        with self._changed:
            dropped = list(self._slots)
            self._slots.clear()
            self._closed = True
            self._changed.notify()
        self._thread.join()
        return dropped

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._slots or self._closed)
                if self._closed:
                    return
                sources = list(self._slots)[:self._together()]
                items = [self._slots.pop(source) for source in sources]
            self._guarded(items)

    def _guarded(self, items: list[Item]) -> None:
        self._started_s = time.monotonic()
        try:
            self._work(items)
        except BaseException as error:  # SystemExit too: nothing that is raised ends the thread
            self._on_error(error)
        finally:
            self._started_s = None
