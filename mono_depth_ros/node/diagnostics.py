"""What became of every image, how long it took, and what to tell the operator (no ROS)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock

import numpy as np

WINDOW_S = 5.0
SILENT_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One processed image: when it was done (s, monotonic), and milliseconds it took."""

    done_s: float
    network_ms: float
    total_ms: float
    age_ms: float


class FrameLog:
    """Counts images and keeps the latest timings; any thread may call.

    Every received image ends as exactly one of processed, dropped (a newer one came), refused
    (something wrong with it) or unused (nobody listened), apart from those still in work.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts = dict.fromkeys(('received', 'processed', 'dropped', 'refused', 'unused'), 0)
        self._timings: deque[Timing] = deque(maxlen=500)
        self.received_s = float('-inf')
        self.trouble_s = float('-inf')
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

    def trouble(self, sentence: str, now_s: float) -> None:
        """Keep the latest thing that went wrong."""
        self.last_error, self.trouble_s = sentence, now_s

    def values(self, now_s: float) -> dict[str, str]:
        """Counts, rate and times for people to read, in order."""
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


def silence(publishers: int, topic: str, quiet_s: float) -> str:
    """Sentence for an operator whose images do not come, or '' while all is well."""
    if publishers == 0:
        return f'nobody publishes {topic}: start the camera, or remap image_raw to its topic'
    if quiet_s > SILENT_S:
        return (
            f'{topic} has {publishers} publisher(s) but no image came for {quiet_s:.0f} s: look '
            'at the camera, at input_qos, and for large images at the shared memory profile '
            'config/fastdds_large_data.xml')
    return ''


def verdict(
        state: str, waiting: str, camera_trouble: str, log: FrameLog,
        now_s: float) -> tuple[str, str]:
    """Level ('OK', 'WARN' or 'ERROR') and sentence: the worst there is to say, first."""
    if state == 'unconfigured' and log.last_error:
        return 'ERROR', log.last_error
    if state != 'active':
        return 'OK', state
    if waiting:
        return 'WARN', waiting
    if now_s - log.trouble_s <= WINDOW_S:
        return 'WARN', log.last_error
    if camera_trouble and log.received_s > float('-inf'):
        return 'WARN', camera_trouble
    return 'OK', 'active'
