"""A factor on depth that follows evidence slowly, within bounds, and holds without any."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
import math
from statistics import median

from mono_depth_ros.scale.fit import SIGMA_PER_MAD

# The factor stays between these, and evidence beyond them is not believed.
LOWEST, HIGHEST = 0.4, 2.5
# Most that the factor changes in a second, and in one image: log 1.1 is 10 %.
RATE_PER_S = math.log(1.1)
LONGEST_STEP_S = 1.0
# Evidence kept, for how long, how much of it is needed, and how far it may disagree (log).
KEPT, KEPT_S, NEEDED, MOST_SPREAD = 10, 30.0, 3, 0.12
# The factor moves while the latest evidence is no older than this.
FRESH_S = 1.0
# An offset stays within this many metres, and moves this much in a second.
MOST_OFFSET_M, OFFSET_RATE_MPS = 0.5, 0.1


@dataclass(frozen=True, kw_only=True)
class Caution:
    """Evidence (log) that is not believed, below and above a factor of 1, as it is within errors.

    Three times that is believed wholly, and what lies between in part, so that nothing jumps.
    """

    below: float = 0.0
    above: float = 0.0

    def believed(self, log_factor: float) -> float:
        """The log factor that is made of evidence for one."""
        size, doubt = abs(log_factor), self.below if log_factor < 0 else self.above
        return math.copysign(min(size, max(1.5 * (size - doubt), 0.0)), log_factor)


class SlowFactor:
    """A factor, and an offset, moved by evidence at most RATE_PER_S; times are stamps in seconds.

    `factor` and `offset_m` are those to use now, 1 and 0 before any evidence. One thread at a
    time.
    """

    def __init__(self, caution: Caution = Caution()):
        self._caution = caution
        self._evidence: deque[tuple[float, float, float]] = deque(maxlen=KEPT)
        self._log_factor, self.offset_m = 0.0, 0.0
        self._now_s = self._evidence_s = math.nan

    @property
    def factor(self) -> float:
        """What depth is multiplied by."""
        return math.exp(self._log_factor)

    @property
    def spread(self) -> float:
        """How far the evidence kept disagrees: robust standard deviation of its log; NaN: none."""
        values = [log_factor for _, log_factor, _ in self._evidence]
        if not values:
            return math.nan
        middle = median(values)
        return SIGMA_PER_MAD * median(abs(value - middle) for value in values)

    @property
    def age_s(self) -> float:
        """Seconds from the latest evidence to the latest image, infinite without any."""
        return math.inf if math.isnan(self._evidence_s) else self._now_s - self._evidence_s

    def add(self, now_s: float, factor: float | None, offset_m: float = 0.0) -> bool:
        """Take what an image says, None for nothing; whether it was believed.

        Time that runs backwards (a recording begins again) keeps the factor and forgets the
        evidence.
        """
        step_s = self._advance(now_s)
        believed = (factor is not None and LOWEST <= factor <= HIGHEST
                    and abs(offset_m) <= MOST_OFFSET_M)
        if factor is not None and believed:
            self._evidence.append((now_s, math.log(factor), offset_m))
            self._evidence_s = now_s
            while now_s - self._evidence[0][0] > KEPT_S:
                self._evidence.popleft()
        if (self.age_s <= FRESH_S and len(self._evidence) >= NEEDED
                and self.spread <= MOST_SPREAD):
            self._move(step_s)
        return believed

    def rescale(self, ratio: float) -> None:
        """Take depth that is shown `ratio` times as large from now on, and the same evidence.

        What was said of it in the last KEPT_S holds, so that the product stays. Without any the
        factor stays, so that depth changes by the ratio and no more.
        """
        logs = [(at_s, log_factor - math.log(ratio), offset_m)
                for at_s, log_factor, offset_m in self._evidence]
        self._evidence.clear()
        if not self.age_s <= KEPT_S:
            return
        low, high = math.log(LOWEST), math.log(HIGHEST)
        self._evidence.extend(one for one in logs if low <= one[1] <= high)
        self._log_factor = min(max(self._log_factor - math.log(ratio), low), high)

    def _advance(self, now_s: float) -> float:
        """Seconds since the last image that the factor may move for."""
        step_s = now_s - self._now_s
        if step_s < 0:
            self._evidence.clear()
            self._evidence_s = math.nan
        self._now_s = now_s
        return 0.0 if math.isnan(step_s) else min(max(step_s, 0.0), LONGEST_STEP_S)

    def _move(self, step_s: float) -> None:
        _, logs, offsets = zip(*self._evidence)
        self._log_factor = _towards(
            self._caution.believed(median(logs)), self._log_factor, RATE_PER_S * step_s)
        self.offset_m = _towards(median(offsets), self.offset_m, OFFSET_RATE_MPS * step_s)


def _towards(target: float, value: float, most: float) -> float:
    return value + min(max(target - value, -most), most)
