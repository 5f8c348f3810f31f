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


class Unsaved:
    """How long ago the last checkpoint was written, which is what a crash costs.

    At the end of an epoch LONGEST_S is long, within one WITHIN_EPOCH_S; a checkpoint may be
    gigabytes, so there it also takes no more than SHARE of the time.
    """

    LONGEST_S, WITHIN_EPOCH_S, SHARE = 60.0, 300.0, 0.02

    def __init__(self):
        self._since, self._saving_s = time.perf_counter(), 0.0

    def is_long(self, within_epoch: bool = False) -> bool:
        """Whether a crash would cost more than a checkpoint."""
        longest_s = (max(self.WITHIN_EPOCH_S, self._saving_s / self.SHARE) if within_epoch
                     else self.LONGEST_S)
        return time.perf_counter() - self._since > longest_s

    @contextmanager
    def saved(self) -> Iterator[None]:
        """Begin anew after the checkpoint that is written within."""
        start = time.perf_counter()
        yield
        self._since = time.perf_counter()
        self._saving_s = self._since - start
