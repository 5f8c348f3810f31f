"""Long runs of the node under stress: what must hold, and what was measured.

  scripts/soak stream --minutes 30     30 images a second into a node that can do 8
  scripts/soak cameras                 1, 2, 4 and 8 cameras with one model, and one that is silent
  scripts/soak churn                   publishers restart, subscribers and twins come and go
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import re
import signal
import sys
import tempfile
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from mono_depth_ros.bench.churn import churn
from mono_depth_ros.demo.processes import Child, NAMESPACE, ros_environment
from mono_depth_ros.message_formats.stamps import serialised_stamp_ns

SETTLED = ('processed', 'dropped', 'refused', 'unused')
START_S, WARM_UP_S, SAMPLE_S = 90.0, 20.0, 5.0
NETWORK_MS, RATE_HZ = 125.0, 30.0
MOST_AGE, MOST_GROWTH_MIB = 1.5, 10.0
CAMERAS, CAMERAS_RATE_HZ, CAMERAS_S = (1, 2, 4, 8), 10.0, 20.0
STATUS = 'depth_node: '


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a listener saw: of each camera when depth came, and how old it was; memory; counts.

    `published_age_ms` is what the node says once a second, when it publishes.
    """

    came_s: dict[str, list[float]]
    age_ms: dict[str, list[float]]
    published_age_ms: list[float]
    memory_mib: list[float]
    values: dict[str, dict[str, str]]
    sent: int

    def count(self, what: str) -> int:
        """One count of the diagnostics, over all cameras."""
        return sum(int(values[f'images {what}']) for values in self.values.values())

    def wrong_counts(self) -> str:
        """What does not add up, '' where all does."""
        came = sum(map(len, self.came_s.values()))
        settled = sum(map(self.count, SETTLED))
        wrong = [f'{self.count("received")} received but {settled} counted'
                 if settled != self.count('received') else '',
                 f'{self.count("processed")} processed but {came} depth images came'
                 if came != self.count('processed') else '',
                 f'{self.count("received")} received of {self.sent} sent'
                 if self.count('received') > self.sent else '']
        return '; '.join(filter(None, wrong))


class Listener:
    """Depth of every camera and the diagnostics of the node."""

    def __init__(self, cameras: list[str]):
        self.node = Node('soak_listener', namespace=NAMESPACE)
        self.came_s: dict[str, list[float]] = defaultdict(list)
        self.age_ms: dict[str, list[float]] = defaultdict(list)
        self.published_age_ms: list[float] = []
        self.values: dict[str, dict[str, str]] = {}
        for name in cameras:
            self.node.create_subscription(
                Image, f'{name}/depth/image' if name else 'depth/image',
                lambda data, name=name: self._depth(name, data), QoSProfile(depth=5), raw=True)
        self.node.create_subscription(
            DiagnosticArray, '/diagnostics', self._diagnostics, QoSProfile(depth=5))

    def _depth(self, name: str, data: bytes) -> None:
        self.came_s[name].append(time.monotonic())
        self.age_ms[name].append((time.time_ns() - serialised_stamp_ns(data)) / 1e6)

    def _diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if STATUS in status.name:
                values = {pair.key: pair.value for pair in status.values}
                self.values[status.name] = values
                if len(self.came_s) and values['age of image (ms)'] != 'none yet':
                    self.published_age_ms.append(float(values['age of image (ms)']))

    def spin(self, seconds: float, until=lambda: False) -> bool:
        """Listen until `until()` or the time is over; whether it came true."""
        deadline = time.monotonic() + seconds
        while not until() and time.monotonic() < deadline:
            rclpy.spin_once(self.node, timeout_sec=0.1)
        return bool(until())

    def settled(self) -> bool:
        """Whether every image that was received has been counted."""
        return all(int(values['images received']) == sum(
            int(values[f'images {name}']) for name in SETTLED) for values in self.values.values())


@contextmanager
def ros(folder: Path) -> Iterator[dict[str, str]]:
    """Environment of the processes of one run, on a domain of its own."""
    environment = ros_environment(folder)
    os.environ.update(environment)
    rclpy.init()
    try:
        yield environment
    finally:
        rclpy.try_shutdown()


def memory_mib(child: Child) -> float:
    """Memory of a process that is its own, in MiB."""
    status = Path(f'/proc/{child.pid}/status').read_text()
    return int(re.findall(r'RssAnon:\s*(\d+)', status)[0]) / 1024


def stream(seconds: float, network_ms: float, rate_hz: float, cameras: list[str],
           silent: list[str]) -> Run:
    """Images of `cameras` into a node for so long; RuntimeError where no depth comes."""
    executable: tuple[str, ...] = (
        'mono_depth_ros.bench.slow_node', f'{network_ms}') if network_ms else (
            'mono_depth_ros.depth_node',)
    with tempfile.TemporaryDirectory() as name, ros(Path(name)) as environment:
        folder = Path(name)
        names = {} if cameras == [''] else {'cameras': f'[{", ".join(cameras + silent)}]'}
        node = Child('depth_node', executable, names, folder / 'node.log', environment)
        camera = Child('camera', ('mono_depth_ros.bench.soak_camera', f'{rate_hz}', *cameras), {},
                       folder / 'camera.log', environment)
        listener, memory = Listener(cameras), list[float]()
        try:
            if not listener.spin(START_S, lambda: len(listener.came_s) == len(cameras)):
                raise RuntimeError(f'no depth of every camera came:\n{node.last_lines()}')
            end_s = time.monotonic() + seconds
            while time.monotonic() < end_s:
                listener.spin(min(SAMPLE_S, seconds))
                memory.append(memory_mib(node))
            os.kill(camera.pid, signal.SIGTERM)
            listener.spin(10.0, lambda: camera.exit_code() is not None)
            listener.spin(3.0)
            listener.spin(10.0, listener.settled)
            sent = int(re.findall(r'sent (\d+)', camera.log.read_text())[0])
        finally:
            for child in (camera, node):
                child.stop()
            listener.node.destroy_node()
        return Run(came_s=dict(listener.came_s), age_ms=dict(listener.age_ms), memory_mib=memory,
                   published_age_ms=listener.published_age_ms, values=listener.values, sent=sent)


def flood(seconds: float) -> bool:
    """Print how a stream fares that is four times too fast; whether all holds."""
    run = stream(seconds, NETWORK_MS, RATE_HZ, [''], [])
    values, ages = next(iter(run.values.values())), (run.published_age_ms, run.age_ms[''])
    network_ms = float(values['inference p50 (ms)'])
    warm = max(1, int(WARM_UP_S / SAMPLE_S))
    growth_mib = np.median(run.memory_mib[-3:]) - np.median(run.memory_mib[warm:warm + 3] or
                                                            run.memory_mib[-1:])
    (p50, p99), arrived = np.array([np.percentile(age[3:], (50, 99)) for age in ages]) / network_ms
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


def main(arguments: list[str] | None = None) -> int:
    """Run a part; 1 where something does not hold."""
    parser = argparse.ArgumentParser(
        prog='scripts/soak', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('part', choices=['stream', 'cameras', 'churn'])
    parser.add_argument('--minutes', type=float, default=30.0, help='of the stream')
    parser.add_argument('--seconds', type=float, default=CAMERAS_S, help='of each of the cameras')
    parser.add_argument('--rounds', type=int, default=100, help='of the churn')
    given = parser.parse_args(arguments)
    parts: dict[str, Any] = {
        'stream': lambda: flood(60 * given.minutes), 'cameras': lambda: several(given.seconds),
        'churn': lambda: churned(given.rounds)}
    try:
        holds = parts[given.part]()
    except (OSError, ValueError, RuntimeError) as error:
        print(f'cannot measure: {error}', file=sys.stderr)
        return 1
    print('holds' if holds else 'does NOT hold')
    return int(not holds)


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
