"""What became of every image, how long it took, and what to tell the operator (no ROS)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock

import numpy as np

WINDOW_S = 5.0
STALE_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One processed image: when it was done (s, monotonic), and milliseconds it took."""

    done_s: float
    network_ms: float
    total_ms: float
    age_ms: float


class FrameStatistics:
    """Counts images and keeps the latest timings; any thread may call.

    Every received image ends as exactly one of processed, dropped (a newer one came), refused
    (something is wrong with it) or unused (no subscriber), apart from those in progress.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts = dict.fromkeys(('received', 'processed', 'dropped', 'refused', 'unused'), 0)
        self._timings: deque[Timing] = deque(maxlen=500)
        self.received_s = float('-inf')
        self.error_s = float('-inf')
        self.last_error = ''

    def count(self, what: str, number: int = 1) -> None:
        """Add to one of the five counts."""
        with self._lock:
            self._counts[what] += number

    def received(self, now_s: float) -> None:
        """Count an image that arrived."""
        self.received_s = now_s
        self.count('received')

    def processed(self, timing: Timing) -> None:
        """Count an image whose depth went out."""
        with self._lock:
            self._timings.append(timing)
        self.count('processed')

    def error(self, sentence: str, now_s: float) -> None:
        """Keep the latest error and when it happened."""
        self.last_error, self.error_s = sentence, now_s

    def values(self, now_s: float) -> dict[str, str]:
        """Counts, rate and times as the texts of a diagnostic status, in order."""
        with self._lock:
            counts = {f'images {name}': str(number) for name, number in self._counts.items()}
            timings = list(self._timings)
        recent = [timing for timing in timings if now_s - timing.done_s <= WINDOW_S]
        values = counts | {'rate (Hz)': f'{len(recent) / WINDOW_S:.1f}'}
        for name, key in (('inference', 'network_ms'), ('end to end', 'total_ms')):
            times = [getattr(timing, key) for timing in timings[-100:]]
            for percent in (50, 99):
                values[f'{name} p{percent} (ms)'] = (
                    f'{np.percentile(times, percent):.1f}' if times else 'none yet')
        values['age of image (ms)'] = f'{timings[-1].age_ms:.1f}' if timings else 'none yet'
        values['last error'] = self.last_error or 'none'
        return values


def stale_input(publishers: int, topic: str, quiet_s: float) -> str:
    """Why no images arrive, as one sentence for the operator; '' while they do."""
    if publishers == 0:
        return f'nobody publishes {topic}: start the camera, or remap image_raw to its topic'
    if quiet_s > STALE_S:
        return (
            f'{topic} has {publishers} publisher(s) but no image came for {quiet_s:.0f} s: look '
            'at the camera, at input_qos, and for large images at the shared memory profile '
            'config/fastdds_large_data.xml')
    return ''


def status_summary(
        state: str, stale: str, camera_error: str, statistics: FrameStatistics,
        now_s: float) -> tuple[str, str]:
    """Level ('OK', 'WARN' or 'ERROR') and sentence of the most serious finding."""
    if state == 'unconfigured' and statistics.last_error:
        return 'ERROR', statistics.last_error
    if state != 'active':
        return 'OK', state
    if stale:
        return 'WARN', stale
    if now_s - statistics.error_s <= WINDOW_S:
        return 'WARN', statistics.last_error
    if camera_error and statistics.received_s > float('-inf'):
        return 'WARN', camera_error
    return 'OK', 'active'
