"""What the demo counts while it listens: rate, latency, drops, error against the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
import math

import numpy as np

from mono_depth_ros.metrics import depth_errors, DepthErrors, mean_errors
from mono_depth_ros.sentences import counted


def errors_in_range(depth_HW: np.ndarray, truth_HW: np.ndarray,
                    range_m: tuple[float, float] = (1e-3, 80.0)) -> DepthErrors | None:
    """Errors over the pixels whose truth lies in range; None where there is none.

    The prediction is clipped to the range; pixels where it is NaN are left out.
    """
    lower, upper = range_m
    with np.errstate(invalid='ignore'):
        known = (truth_HW > lower) & (truth_HW < upper) & ~np.isnan(depth_HW)
    if depth_HW.shape != truth_HW.shape or not known.any():
        return None
    return depth_errors(np.clip(depth_HW[known], lower, upper), truth_HW[known])


@dataclass
class DemoStatistics:
    """Running statistics of one demo. Times are nanoseconds of the system clock."""

    arrivals_ns: list[int] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    errors: list[DepthErrors] = field(default_factory=list)
    diagnostics: dict[str, str] = field(default_factory=dict)  # the latest of the node

    def add_depth(self, stamp_ns: int, now_ns: int) -> None:
        """Count a depth image that arrived."""
        self.arrivals_ns.append(now_ns)
        self.latencies_ms.append((now_ns - stamp_ns) / 1e6)

    @property
    def rate_hz(self) -> float:
        """Depth images a second over the last 20, 0 before there are two."""
        recent = self.arrivals_ns[-20:]
        span_s = (recent[-1] - recent[0]) / 1e9 if len(recent) > 1 else 0.0
        return (len(recent) - 1) / span_s if span_s else 0.0

    def line(self) -> str:
        """Rate, latency, drops and error in one line of at most about 100 characters."""
        latency = np.median(self.latencies_ms[-50:]) if self.latencies_ms else math.nan
        words = [counted(len(self.arrivals_ns), 'depth image'), f'{self.rate_hz:.1f} a second',
                 f'{latency:.0f} ms old']
        if 'images dropped' in self.diagnostics:
            words.append(f'dropped {self.diagnostics["images dropped"]} of '
                         f'{self.diagnostics["images received"]}')
        if error := self.mean_error(50):
            words.append(f'AbsRel {error.abs_rel:.3f} delta1 {error.delta1:.3f}')
        return ', '.join(words)

    def mean_error(self, last: int | None = None) -> DepthErrors | None:
        """Mean errors of the last images (all of them by default); None without ground truth."""
        errors = self.errors[-last:] if last else self.errors
        return mean_errors(errors) if errors else None
