"""Counts and times of all images, and what the operator is told (no ROS)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
import math
from threading import Lock

import numpy as np

WINDOW_S = 5.0
# Images of WINDOW_S, at any rate that a camera may have.
MOST_TIMINGS = 5000
STALE_S = 3.0
BUSY_S = 10.0
REFUSED_IN_A_ROW = 5


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One processed image: when it was done (s, monotonic), and milliseconds it took.

    `age_ms` is NaN where the image has no stamp.
    """

    done_s: float
    network_ms: float
    total_ms: float
    age_ms: float


@dataclass(frozen=True, kw_only=True)
class Problems:
    """One sentence for each thing that is wrong at present, '' where nothing is.

    `lifecycle`: the last lifecycle step failed. `worker`: the thread that processes images does
    not. `stale`: no images arrive. `camera`, `image` and `part`: depth is served, though without
    points, from an image it can hardly be right for, or with an output or step short of something.
    `doubt`: the model itself trusts it little.
    """

    lifecycle: str = ''
    worker: str = ''
    stale: str = ''
    camera: str = ''
    image: str = ''
    part: str = ''
    doubt: str = ''

    @property
    def present(self) -> str:
        """The first that is wrong while the node is active, '' where nothing is."""
        return self.worker or self.stale or self.unfit

    @property
    def unfit(self) -> str:
        """What the depth that is served lacks; what may last for hours hides nothing else."""
        return self.camera or self.image or self.part or self.doubt


class FrameStatistics:
    """Counts images and keeps the latest timings; any thread may call.

    Every received image ends as exactly one of processed, dropped (a newer one came, or the node
    stopped), refused (something is wrong with it) or unused (no subscriber), apart from those in
    progress.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts = dict.fromkeys(('received', 'processed', 'dropped', 'refused', 'unused'), 0)
        self._timings: deque[Timing] = deque(maxlen=MOST_TIMINGS)
        self.refused_in_a_row = 0
        self.received_s = float('-inf')
        self.error_s = float('-inf')
        self.last_error = ''

    def counts(self) -> dict[str, int]:
        """The five counts by name."""
        with self._lock:
            return dict(self._counts)

    def count(self, what: str, number: int = 1) -> None:
        """Add to one of the five counts."""
        with self._lock:
            self._counts[what] += number

    def received(self, now_s: float) -> None:
        """Count an image that arrived."""
        self.received_s = now_s
        self.count('received')

    def processed(self, timing: Timing) -> None:
        """Count an image whose depth was published."""
        with self._lock:
            self._timings.append(timing)
            self.refused_in_a_row = 0
        self.count('processed')

    def refused(self, sentence: str, now_s: float) -> None:
        """Count an image that could not be processed, and keep why."""
        with self._lock:
            self.refused_in_a_row += 1
        self.count('refused')
        self.error(sentence, now_s)

    def unused(self) -> None:
        """Count an image that nobody asked depth of: those refused before it are in no row."""
        self.begin_row()
        self.count('unused')

    def begin_row(self) -> None:
        """Count those refused in a row from here on."""
        with self._lock:
            self.refused_in_a_row = 0

    def error(self, sentence: str, now_s: float) -> None:
        """Keep the latest error and when it happened."""
        self.last_error, self.error_s = sentence, now_s

    def begin_anew(self) -> None:
        """Forget errors and times, as with another model; the counts stay."""
        with self._lock:
            self._timings.clear()
        self.refused_in_a_row, self.last_error, self.error_s = 0, '', float('-inf')

    def values(self, now_s: float) -> dict[str, str]:
        """Counts, rate and times as the texts of a diagnostic status, in order."""
        with self._lock:
            timings = list(self._timings)
        counts = {f'images {name}': str(number) for name, number in self.counts().items()}
        recent = [timing for timing in timings if now_s - timing.done_s <= WINDOW_S]
        values = counts | {'rate (Hz)': f'{len(recent) / WINDOW_S:.1f}'}
        for name, key in (('inference', 'network_ms'), ('end to end', 'total_ms')):
            times = [getattr(timing, key) for timing in timings[-100:]]
            for percent in (50, 99):
                values[f'{name} p{percent} (ms)'] = (
                    f'{np.percentile(times, percent):.1f}' if times else 'none yet')
        age_ms = timings[-1].age_ms if timings else 0.0
        values['age of image (ms)'] = ('none yet' if not timings else 'no stamp'
                                       if math.isnan(age_ms) else f'{age_ms:.1f}')
        values['last error'] = self.last_error or 'none'
        return values


def model_values(estimator) -> dict[str, str]:
    """The model and where it runs, of a DepthEstimator or None, as the texts of a status."""
    attributes = {'device': 'device', 'precision': 'precision', 'backend': 'backend',
                  'backend choice': 'backend_reason', 'model sha256': 'model_sha256'}
    values = {key: getattr(estimator, name) if estimator else 'none'
              for key, name in attributes.items()}
    return values | {'model': estimator.card.name if estimator else 'none'}


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


def worker_error(alive: bool, busy_s: float) -> str:
    """Why images are received but not processed, as one sentence; '' while they are."""
    if not alive:
        return ('the thread that processes images has ended: deactivate and activate the node '
                '(ros2 lifecycle set), and report this as a bug')
    if busy_s > BUSY_S:
        return (f'one image has been in progress for {busy_s:.0f} s: the device hangs or is far '
                'too slow; try another device, or restart the node')
    return ''


def status_summary(
        state: str, problems: Problems, statistics: FrameStatistics,
        now_s: float) -> tuple[str, str]:
    """Level ('OK', 'WARN' or 'ERROR') and sentence of the most serious finding."""
    if problems.lifecycle:
        return 'ERROR', problems.lifecycle
    if state != 'active':
        return 'OK', state
    if problems.worker:
        return 'ERROR', problems.worker
    if statistics.refused_in_a_row >= REFUSED_IN_A_ROW and not problems.stale:
        return 'ERROR', (f'the last {statistics.refused_in_a_row} images gave no depth; '
                         f'{statistics.last_error}')
    recent_error = statistics.last_error if now_s - statistics.error_s <= WINDOW_S else ''
    served = statistics.received_s > float('-inf')
    unfit = problems.unfit if served else ''
    warning = problems.stale or recent_error or unfit
    return ('WARN', warning) if warning else ('OK', 'active')
