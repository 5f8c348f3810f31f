"""What a training did and how long it waited for data, for its last line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
import time


@dataclass(kw_only=True)
class Summary:
    """What this call of `fit` did: seconds waiting for data are part of `seconds`."""

    images: int = 0
    seconds: float = 0.0
    waited_s: float = 0.0
    seen: dict[str, float] = field(default_factory=dict)

    def text(self) -> str:
        """One line for the end of a training."""
        seconds = max(self.seconds, 1e-9)
        return (f'{self.images} images in {seconds / 60:.1f} min: {self.images / seconds:.1f} '
                f'images/s, {self.waited_s / seconds:.0%} of the time waiting for data')


def timed(batches: Iterable, summary: Summary) -> Iterator:
    """The batches; the time each one was waited for is added to the summary."""
    asked = time.perf_counter()
    for batch in batches:
        summary.waited_s += time.perf_counter() - asked
        yield batch
        asked = time.perf_counter()
