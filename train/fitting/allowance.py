"""Time that may be spent beside a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import time


class Allowance:
    """How long something beside the training may take: FREE_S, and then SHARE of all time.

    On a GPU an epoch of some hundred images is over before they are validated.
    """

    FREE_S, SHARE = 5.0, 0.1

    def __init__(self):
        self._began, self._spent_s = time.perf_counter(), 0.0

    def is_left(self) -> bool:
        """Whether there is time for it now."""
        return self._spent_s < self.FREE_S + self.SHARE * (time.perf_counter() - self._began)

    @contextmanager
    def spent(self) -> Iterator[None]:
        """Count the time of what is done within."""
        start = time.perf_counter()
        yield
        self._spent_s += time.perf_counter() - start
