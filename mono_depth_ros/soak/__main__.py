"""Long runs of the node under stress: what must hold, and what was measured.

  scripts/soak stream --minutes 30     30 images a second into a node that can do 8
  scripts/soak cameras                 1, 2, 4 and 8 cameras with one model, and one that is silent
  scripts/soak churn                   publishers restart, subscribers and twins come and go
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
import tempfile
from typing import Any

import numpy as np

from mono_depth_ros.argument_types import count, positive
from mono_depth_ros.demo.processes import Child
from mono_depth_ros.exit_code import exit_code
from mono_depth_ros.soak.churn import churn
from mono_depth_ros.soak.stream import ros, SAMPLE_S, SETTLED, START_S, stream

WARM_UP_S = 20.0
NETWORK_MS, RATE_HZ = 125.0, 30.0
MOST_AGE, MOST_GROWTH_MIB = 1.5, 10.0
FIRST = 3  # images whose age is left out
CAMERAS, CAMERAS_RATE_HZ, CAMERAS_S = (1, 2, 4, 8), 10.0, 20.0


def main(arguments: list[str] | None = None) -> int:
    """Run a part; 1 where something does not hold."""
    parser = argparse.ArgumentParser(
        prog='scripts/soak', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('part', choices=['stream', 'cameras', 'churn'])
    parser.add_argument('--minutes', type=positive(), default=30.0, help='of the stream')
    parser.add_argument('--seconds', type=positive(), default=CAMERAS_S,
                        help='of each of the cameras')
    parser.add_argument('--rounds', type=count, default=100, help='of the churn')
    given = parser.parse_args(arguments)
    parts: dict[str, Any] = {
        'stream': lambda: flood(60 * given.minutes), 'cameras': lambda: several(given.seconds),
        'churn': lambda: churned(given.rounds)}
    return exit_code('cannot measure', lambda: _told(parts[given.part]()))


def _told(holds: bool) -> int:
    print('holds' if holds else 'does NOT hold')
    return int(not holds)


def flood(seconds: float) -> bool:
    """Print how a stream fares that is four times too fast; whether all holds."""
    run = stream(seconds, NETWORK_MS, RATE_HZ, [''], [])
    ages = (run.published_age_ms, run.age_ms[''])
    if not (run.values and run.memory_mib) or min(map(len, ages)) <= FIRST:
        raise ValueError(f'{seconds:g} s are too few: of the first images, the node tells nothing')
    values = next(iter(run.values.values()))
    network_ms = float(values['inference p50 (ms)'])
    warm = max(1, int(WARM_UP_S / SAMPLE_S))
    growth_mib = np.median(run.memory_mib[-3:]) - np.median(run.memory_mib[warm:warm + 3] or
                                                            run.memory_mib[-1:])
    (p50, p99), arrived = np.array(
        [np.percentile(age[FIRST:], (50, 99)) for age in ages]) / network_ms
    print(f'{RATE_HZ:g} Hz VGA into a network of {network_ms:.0f} ms for {seconds / 60:.1f} min: '
          f'{run.sent} sent, ' + ', '.join(
              f'{run.count(name)} {name}' for name in ('received', *SETTLED)))
    print(f'age / inference: at publish median {p50:.2f}, 99 % {p99:.2f} (allowed {MOST_AGE}); in '
          f'another process {arrived[0]:.2f}, {arrived[1]:.2f}')
    print(f'memory {run.memory_mib[-1]:.0f} MiB, growth after warm-up {growth_mib:.1f} MiB '
          f'(allowed {MOST_GROWTH_MIB:g}); counts: {run.wrong_counts() or "exact"}')
    return bool(p99 <= MOST_AGE and growth_mib < MOST_GROWTH_MIB and not run.wrong_counts())


def several(seconds: float) -> bool:
    """Print how 1, 2, 4 and 8 cameras fare with one model; whether all are served alike."""
    fair = True
    print(f'VGA at {CAMERAS_RATE_HZ:g} Hz each, one more camera silent; {seconds:g} s each')
    print('cameras  depth/s all  slowest  fastest  longest gap / mean  age p50 ms  p95 ms  MiB')
    for number in CAMERAS:
        cameras = [f'camera{i}' for i in range(number)]
        run = stream(seconds, 0.0, CAMERAS_RATE_HZ, cameras, ['silent'])
        gaps = [np.diff(run.came_s[name][2:]) for name in cameras]
        rates = np.array([1 / gap.mean() for gap in gaps])
        worst = max(float(gap.max() / gap.mean()) for gap in gaps)
        age_ms = np.concatenate([run.age_ms[name][2:] for name in cameras])
        print(f'{number:7d}  {rates.sum():11.1f}  {rates.min():7.2f}  {rates.max():7.2f}  '
              f'{worst:18.1f}  {np.median(age_ms):10.0f}  {np.percentile(age_ms, 95):6.0f}  '
              f'{run.memory_mib[-1]:.0f}  {run.wrong_counts() or "counts exact"}')
        fair = fair and rates.min() > 0.8 * rates.max() and not run.wrong_counts()
    return fair


def churned(rounds: int) -> bool:
    """Print what a node bore; whether it served every round."""
    with tempfile.TemporaryDirectory() as name, ros(Path(name)) as environment:
        node = Child('depth_node', ('mono_depth_ros.depth_node',), {}, Path(name) / 'node.log',
                     environment)
        try:
            told = churn(node, rounds, START_S)
        finally:
            node.stop()
        print(told.sentence)
        return told.holds and 'Traceback' not in node.log.read_text()


if __name__ == '__main__':
    sys.exit(main())
