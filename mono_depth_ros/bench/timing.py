"""Times of several ways of doing one thing, measured in turn so that all meet the same machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import time

import numpy as np

from mono_depth_ros.bench.findings import Values

# Between two calls, so that threads of one library that wait by spinning do not slow the next.
PAUSE_S = 0.01


def in_turn(ways: Mapping[str, Callable[[], object]], seconds: float, rounds: int = 500,
            pause_s: float = PAUSE_S) -> dict[str, np.ndarray]:
    """Milliseconds (n,) of the calls of each, for so many seconds or rounds, at least three."""
    for call in ways.values():
        call()
        call()
    took: dict[str, list[float]] = {name: [] for name in ways}
    end, done = time.perf_counter() + seconds, 0
    while done < 3 or done < rounds and time.perf_counter() < end:
        for name, call in ways.items():
            time.sleep(pause_s)
            start = time.perf_counter()
            call()
            took[name].append((time.perf_counter() - start) * 1e3)
        done += 1
    return {name: np.array(times) for name, times in took.items()}


def summary(times_ms: np.ndarray) -> Values:
    """Shortest, median and 99th percentile."""
    return {'min_ms': round(float(times_ms.min()), 3),
            'median_ms': round(float(np.median(times_ms)), 3),
            'p99_ms': round(float(np.percentile(times_ms, 99)), 3),
            'calls': len(times_ms)}
