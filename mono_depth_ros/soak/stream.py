"""Images into a node for so long: when depth came, how old it was, counts and memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import re
import signal
import tempfile
import time

from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from mono_depth_ros.demo.processes import Child, memory_mib, NAMESPACE, ros_environment
from mono_depth_ros.message_formats.stamps import serialised_stamp_ns

SETTLED = ('processed', 'dropped', 'refused', 'unused')
START_S, SAMPLE_S = 90.0, 5.0
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


def stream(seconds: float, network_ms: float, rate_hz: float, cameras: list[str],
           silent: list[str]) -> Run:
    """Images of `cameras` into a node for so long; OSError where no depth comes."""
    executable: tuple[str, ...] = (
        'mono_depth_ros.soak.slow_node', f'{network_ms}') if network_ms else (
            'mono_depth_ros.depth_node',)
    with tempfile.TemporaryDirectory() as name, ros(Path(name)) as environment:
        folder = Path(name)
        names = {} if cameras == [''] else {'cameras': cameras + silent}
        node = Child('depth_node', executable, names, folder / 'node.log', environment)
        camera = Child('camera', ('mono_depth_ros.soak.camera', f'{rate_hz}', *cameras), {},
                       folder / 'camera.log', environment)
        listener, memory = Listener(cameras), list[float]()
        try:
            if not listener.spin(START_S, lambda: len(listener.came_s) == len(cameras)):
                raise OSError(f'no depth of every camera came:\n{node.last_lines()}')
            end_s = time.monotonic() + seconds
            while time.monotonic() < end_s:
                listener.spin(min(SAMPLE_S, seconds))
                memory.append(memory_mib('RssAnon', node.pid))
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
