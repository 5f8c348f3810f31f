"""Cameras, the depth node and a listener, in processes of their own over DDS, at a fixed rate.

The time of a frame runs from the stamp, which the camera sets when it publishes, to the arrival
of both depth and cloud at the listener.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from functools import partial
import json
import os
from pathlib import Path
import sys
import tempfile
import time

import cv2
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image, PointCloud2

from mono_depth_ros.bench.findings import Findings, Values
from mono_depth_ros.bench.options import camera_of, options_of, picture
from mono_depth_ros.demo.processes import Child, memory_mib, ros_environment
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.message_formats.images import raw_depth
from mono_depth_ros.message_formats.stamps import serialised_stamp_ns

NAMESPACE, START_S, SETTLE_S = '/bench', 60.0, 2.0
TICKS = os.sysconf('SC_CLK_TCK')
DEPTH = 'depth/image'
TOPICS = {DEPTH: Image, 'points': PointCloud2}


def main() -> int:
    """One row for each image size and number of cameras."""
    options = options_of(__doc__)
    findings = Findings('stream', options.rows, len(options.size) * len(options.cameras) * (
        options.seconds + START_S))
    for width, height in options.size:
        for cameras in options.cameras:
            findings.attempt(
                f'{cameras} x {width}x{height} at {options.rate:g} Hz, depth and points',
                partial(stream, options, width, height, cameras))
    return 0


def stream(options: argparse.Namespace, width: int, height: int, cameras: int) -> Values:
    """Latency, rate, lost frames, CPU, memory, and `off`; RuntimeError where no depth comes.

    `off` is how far the last depth is off what the network gives in fp32 on a CPU: |ratio - 1|,
    the median over pixels.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = ros_environment(folder)
        os.environ.update(environment)
        source, children = _pictures(folder, width, height), []
        names = [f'camera{number}' for number in range(cameras)]
        try:
            children = [Child('camera', ('mono_depth_ros.cameras', 'file_camera'), {
                'source': str(source), 'rate_hz': options.rate}, folder / f'{name}.log',
                environment, f'{NAMESPACE}/{name}') for name in names]
            children.append(Child('depth_node', ('mono_depth_ros.depth_node',), {
                'device': options.device, 'model_file': options.model,
                'backend': options.backend.replace('all', 'auto'),
                'cameras': names},
                folder / 'node.log', environment, NAMESPACE))
            found, depth = _measure(options, children, cameras)
        finally:
            for child in children:
                child.stop()
    return found | {'off': _off(options.model, width, height, depth)}


def _pictures(folder: Path, width: int, height: int) -> Path:
    pictures = folder / 'pictures'
    pictures.mkdir()
    cv2.imwrite(str(pictures / '0.png'), picture(width, height)[..., ::-1])
    camera = camera_of(width, height)
    (pictures / 'camera.json').write_text(json.dumps({
        name: getattr(camera, name) for name in ('width', 'height', 'fx', 'fy', 'cx', 'cy')}))
    return pictures


class Arrivals:
    """When which frame came complete: its stamp, by which a frame is known, and how late.

    `depth` is the last depth image, serialised.
    """

    depth = b''

    def __init__(self) -> None:
        self._parts: dict[tuple[int, int], int] = defaultdict(int)
        self.stamps_ns: list[tuple[int, int]] = []
        self.late_ms: list[float] = []

    def add(self, camera: int, topic: str, message: bytes) -> None:
        """Note a serialised message as it arrives."""
        now_ns, stamp_ns = time.time_ns(), serialised_stamp_ns(message)
        if topic == DEPTH:
            self.depth = message
        self._parts[camera, stamp_ns] += 1
        if self._parts[camera, stamp_ns] == len(TOPICS):
            self.stamps_ns.append((camera, stamp_ns))
            self.late_ms.append((now_ns - stamp_ns) / 1e6)


def _measure(options: argparse.Namespace, children: list[Child],
             cameras: int) -> tuple[Values, bytes]:
    """The figures, and the last depth image."""
    rclpy.init()
    node, arrivals = Node('bench_listener'), Arrivals()
    for number in range(cameras):
        for topic, kind in TOPICS.items():
            node.create_subscription(
                kind, f'{NAMESPACE}/camera{number}/{topic}',
                partial(arrivals.add, number, topic),
                QoSProfile(depth=5), raw=True)
    try:
        if not _spin(node, children, START_S,
                     lambda: len({c for c, _ in arrivals.stamps_ns}) == cameras):
            raise RuntimeError(f'no depth and points of every camera came in {START_S:.0f} s')
        _spin(node, children, SETTLE_S)
        first, pid = len(arrivals.stamps_ns), children[-1].pid  # the node's
        used_s, start_s = _cpu_s(pid), time.monotonic()
        _spin(node, children, options.seconds)
        lasted_s = time.monotonic() - start_s
        used_s = _cpu_s(pid) - used_s
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    found = _figures(arrivals, first, options.rate, lasted_s)
    # With more cameras than a machine can serve the rate tells little of the node: cameras and
    # listener run on it, too. What a depth costs does.
    return found | {
        'node_cpu': round(used_s / lasted_s, 2),
        'cpu_ms_a_depth': round(1e3 * used_s / found['frames'], 1),
        'node_mib': round(memory_mib('VmRSS', pid))}, arrivals.depth


def _spin(node: Node, children: list[Child], seconds: float, done=lambda: False) -> bool:
    """Listen until `done()` or the time is over; whether it came true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not done():
        rclpy.spin_once(node, timeout_sec=0.1)
        for child in children:
            if child.exit_code() is not None:
                raise RuntimeError(f'{child.name} ended:\n{child.last_lines()}')
    return bool(done())


def _figures(arrivals: Arrivals, first: int, rate_hz: float, lasted_s: float) -> Values:
    """Gaps of more than a period and a half between stamps of a camera are lost frames."""
    late_ms, stamps = np.array(arrivals.late_ms[first:]), arrivals.stamps_ns[first:]
    if len(late_ms) < 3:
        raise RuntimeError(f'{len(late_ms)} complete frames came in {lasted_s:.0f} s')
    lost = 0
    for camera in {camera for camera, _ in stamps}:
        gaps_s = np.diff([ns for number, ns in stamps if number == camera]) / 1e9
        lost += int(np.maximum(np.round(gaps_s * rate_hz) - 1, 0).sum())
    return {'frames': len(stamps), 'lost': lost,
            'rate_hz': round(len(stamps) / lasted_s / len({c for c, _ in stamps}), 1),
            **{f'p{p}_ms': round(float(np.percentile(late_ms, p)), 1) for p in (50, 99)}}


def _cpu_s(pid: int) -> float:
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _off(model: str, width: int, height: int, depth: bytes) -> float:
    estimator = DepthEstimator.load(model, 'cpu', 'fp32')
    expected_HW = estimator.estimate(picture(width, height), camera_of(width, height)).depth
    depth_HW = raw_depth(deserialize_message(depth, Image))
    known = np.isfinite(depth_HW) & np.isfinite(expected_HW)
    return round(float(np.median(np.abs(depth_HW[known] / expected_HW[known] - 1))), 5)


if __name__ == '__main__':
    sys.exit(main())
