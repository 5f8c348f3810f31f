"""Which of several backends is fastest here, measured once and remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
import json
from pathlib import Path
import time

import numpy as np

from mono_depth_ros.backends.backend import Backend, BackendSpec, first_line
from mono_depth_ros.backends.engine_cache import cache_folder, name_of
from mono_depth_ros.whole_file import write_whole

# One comparison of two backends: so many calls of each in turn, or until the time is up, or
# after the fewest where even the fastest call of one takes longer than all of the other.
ROUNDS, SHORTEST, LONGEST_S = 20, 3, 0.5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How one backend did: milliseconds a call, or the problem that keeps it from serving."""

    spec: BackendSpec
    ms: float | None = None
    problem: str = ''

    def __str__(self) -> str:
        return f'{self.spec}: ' + (self.problem or f'{self.ms:.1f} ms')


def fastest(specs: Sequence[BackendSpec], build: Callable[[BackendSpec], Backend],
            call: Callable[[Backend], np.ndarray]) -> tuple[Backend | None, list[Finding]]:
    """The fastest backend that `build` gives, and how each did, the one that serves first.

    `build` raises for one that must not serve. At most two live at a time, and are called in
    turn, so that other work on the machine slows both.
    """
    best: Backend | None = None
    findings: list[Finding] = []
    for spec in specs:
        try:
            backend = build(spec)
            times_ms = _times_ms([backend, best] if best else [backend], call)
        except Exception as error:  # whatever a runtime raises: the next one may serve
            findings.append(Finding(spec=spec, problem=first_line(error)))
            continue
        slower = best is not None and times_ms[0] >= times_ms[1]
        findings.insert(1 if slower else 0, Finding(spec=spec, ms=times_ms[0]))
        best = best if slower else backend
    return best, findings


def _times_ms(backends: Sequence[Backend], call: Callable[[Backend], np.ndarray]) -> list[float]:
    """Shortest milliseconds of a call of each."""
    for backend in backends:
        call(backend)
    took: list[list[float]] = [[] for _ in backends]
    end = time.perf_counter() + LONGEST_S * len(backends)
    while len(took[0]) < SHORTEST or not _decided(took) and (
            len(took[0]) < ROUNDS and time.perf_counter() < end):
        for backend, times in zip(backends, took):
            start = time.perf_counter()
            call(backend)
            times.append((time.perf_counter() - start) * 1e3)
    return [min(times) for times in took]


def _decided(took: Sequence[Sequence[float]]) -> bool:
    return len(took) == 1 or min(took[0]) > max(took[1]) or min(took[1]) > max(took[0])


def recall(key: str) -> BackendSpec | None:
    """The spec remembered for `key`; None where there is none that can be read."""
    try:
        data = json.loads(_file(key).read_text())
        return BackendSpec(**data['spec']) if data['key'] == key else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def remember(key: str, findings: Sequence[Finding]) -> str:
    """Keep what was measured for `key`, whole or not at all; why it could not be kept, or ''."""
    data = {'key': key, 'spec': asdict(findings[0].spec), 'measured': [str(f) for f in findings]}
    try:
        write_whole(_file(key), json.dumps(data, indent=1).encode())
    except OSError as error:
        return f'not remembered ({error})'
    return ''


def _file(key: str) -> Path:
    return cache_folder() / 'backends' / f'{name_of(key)}.json'
