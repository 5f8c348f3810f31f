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
import struct
import sys
import tempfile
import time

import cv2
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image, PointCloud2

from mono_depth_ros.bench.findings import Findings, Values
from mono_depth_ros.bench.options import camera_of, options_of, picture
from mono_depth_ros.demo.processes import Child, ros_environment

NAMESPACE, START_S, SETTLE_S = '/bench', 60.0, 2.0
TICKS = os.sysconf('SC_CLK_TCK')
TOPICS = {'depth/image': Image, 'points': PointCloud2}


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
    """Latency, rate, lost frames, CPU and memory; RuntimeError where no depth comes."""
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
            return _measure(options, children, cameras)
        finally:
            for child in children:
                child.stop()


def _pictures(folder: Path, width: int, height: int) -> Path:
    pictures = folder / 'pictures'
    pictures.mkdir()
    cv2.imwrite(str(pictures / '0.png'), picture(width, height)[..., ::-1])
    camera = camera_of(width, height)
    (pictures / 'camera.json').write_text(json.dumps({
        name: getattr(camera, name) for name in ('width', 'height', 'fx', 'fy', 'cx', 'cy')}))
    return pictures


class Arrivals:
    """When which frame came complete: its stamp, by which a frame is known, and how late."""

    def __init__(self) -> None:
        self._parts: dict[tuple[int, int], int] = defaultdict(int)
        self.stamps_ns: list[tuple[int, int]] = []
        self.late_ms: list[float] = []

    def add(self, camera: int, message: bytes) -> None:
        """Note a message as it arrives: its header's stamp follows four bytes of CDR."""
        now_ns = time.time_ns()
        seconds, nanoseconds = struct.unpack_from('<iI', message, 4)
        stamp_ns = seconds * 1_000_000_000 + nanoseconds
        self._parts[camera, stamp_ns] += 1
        if self._parts[camera, stamp_ns] == len(TOPICS):
            self.stamps_ns.append((camera, stamp_ns))
            self.late_ms.append((now_ns - stamp_ns) / 1e6)


def _measure(options: argparse.Namespace, children: list[Child], cameras: int) -> Values:
    rclpy.init()
    node, arrivals = Node('bench_listener'), Arrivals()
    for number in range(cameras):
        for topic, kind in TOPICS.items():
            node.create_subscription(
                kind, f'{NAMESPACE}/camera{number}/{topic}',
                lambda message, number=number: arrivals.add(number, message),
                QoSProfile(depth=5), raw=True)
    try:
        _spin(node, children, START_S, lambda: len({c for c, _ in arrivals.stamps_ns}) == cameras)
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
        'node_mib': round(_rss_mib(pid))}


def _spin(node: Node, children: list[Child], seconds: float, done=lambda: False) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not done():
        rclpy.spin_once(node, timeout_sec=0.1)
        for child in children:
            if child.exit_code() is not None:
                raise RuntimeError(f'{child.name} ended:\n{child.last_lines()}')


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


def _rss_mib(pid: int) -> float:
    found = dict(line.split(':', 1) for line in
                 Path(f'/proc/{pid}/status').read_text().splitlines() if ':' in line)
    return int(found['VmRSS'].split()[0]) / 1024


if __name__ == '__main__':
    sys.exit(main())
