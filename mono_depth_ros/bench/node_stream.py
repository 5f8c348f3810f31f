"""A camera process, the depth node and this process over DDS: is the depth right, how fast is it?

A part of `scripts/gpu_check` and a check of any robot:
`python -m mono_depth_ros.bench.node_stream --device cuda --seconds 30`.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import sys
import tempfile
import time
from typing import Any

import cv2
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from mono_depth_ros.bench.options import camera_of, picture
from mono_depth_ros.demo.processes import Child, NAMESPACE, ros_environment
from mono_depth_ros.estimator import DepthEstimator

WIDTH, HEIGHT, RATE_HZ, MODEL = 640, 480, 30.0, 'indoor'
CAMERA = camera_of(WIDTH, HEIGHT)
START_S, MOST_OFF = 60.0, 0.02


def main(arguments: list[str] | None = None) -> int:
    """Measure; 1 with a sentence where no depth came or it is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--device', default='auto')
    parser.add_argument('--seconds', type=float, default=20.0)
    parser.add_argument('--rows', type=Path, help='file to append the result to, as JSON')
    parser.add_argument('--data', help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    row: dict[str, Any] = {'part': 'node', 'name': f'camera, node, listener, {options.device}',
                           'state': 'ok', 'reason': '', 'values': {}}
    try:
        with tempfile.TemporaryDirectory() as folder:
            row['values'] = stream(options.device, options.seconds, Path(folder))
    except (OSError, ValueError, RuntimeError) as error:
        row.update(state='failed', reason=str(error))
    print(json.dumps(row))
    if options.rows:
        with open(options.rows, 'a') as file:
            file.write(json.dumps(row) + '\n')
    return int(row['state'] != 'ok')


def stream(device: str, seconds: float, folder: Path) -> dict[str, float]:
    """Median relative error, latency and rate; RuntimeError where no depth comes."""
    rgb_HW3 = picture()
    pictures = folder / 'pictures'
    pictures.mkdir()
    cv2.imwrite(str(pictures / '0.png'), rgb_HW3[..., ::-1])
    (pictures / 'camera.json').write_text(json.dumps({
        name: getattr(CAMERA, name) for name in ('width', 'height', 'fx', 'fy', 'cx', 'cy')}))
    environment = ros_environment(folder)
    os.environ.update(environment)
    children = [
        Child('camera', ('mono_depth_ros.cameras', 'file_camera'), {
            'source': str(pictures), 'rate_hz': RATE_HZ}, folder / 'camera.log', environment),
        Child('depth_node', ('mono_depth_ros.depth_node',), {
            'device': device, 'model_file': MODEL, 'backend': 'torch'}, folder / 'node.log',
            environment)]
    try:
        arrivals = _listen(children, seconds)
    finally:
        for child in children:
            child.stop()
    expected = DepthEstimator.load(MODEL, 'cpu', 'fp32', backend='torch').estimate(rgb_HW3, CAMERA)
    return arrivals.figures(expected.depth)


class Arrivals:
    """The depth images that came: when, how long after their stamp, and the last of them."""

    def __init__(self):
        self.at_s: list[float] = []
        self._latency_s: list[float] = []
        self._last: Image

    def add(self, image: Image) -> None:
        """Note one image; its stamp is when the camera published it, by the clock of here."""
        stamp = image.header.stamp
        self.at_s.append(time.monotonic())
        self._latency_s.append(time.time() - stamp.sec - 1e-9 * stamp.nanosec)
        self._last = image

    def figures(self, expected_HW: np.ndarray) -> dict[str, float]:
        """Numbers of images, rate and latency; ValueError where the last depth is wrong."""
        depth_HW = np.frombuffer(self._last.data, '<f4').reshape(expected_HW.shape)
        known = np.isfinite(depth_HW) & np.isfinite(expected_HW)
        off = float(np.median(np.abs(depth_HW[known] / expected_HW[known] - 1)))
        if not off < MOST_OFF:
            raise ValueError(f'the depth is off by {off:.1%} in the median')
        latency_ms = 1e3 * np.array(self._latency_s[1:])
        return {'images': len(self.at_s), 'off': round(off, 5),
                'rate_hz': round((len(self.at_s) - 1) / (self.at_s[-1] - self.at_s[0]), 1),
                'latency_ms': round(float(np.median(latency_ms)), 1),
                'latency_p95_ms': round(float(np.percentile(latency_ms, 95)), 1)}


def _listen(children: list[Child], seconds: float) -> Arrivals:
    """The depth images of so many seconds from the first; RuntimeError where few come."""
    rclpy.init()
    node = Node('node_stream_listener', namespace=NAMESPACE)
    arrivals = Arrivals()
    node.create_subscription(Image, 'depth/image', arrivals.add, QoSProfile(depth=1))
    end = time.monotonic() + START_S
    try:
        while time.monotonic() < end:
            rclpy.spin_once(node, timeout_sec=0.1)
            if arrivals.at_s:
                end = min(end, arrivals.at_s[0] + seconds)
            for child in children:
                if child.exit_code() is not None:
                    raise RuntimeError(f'the process {child.name} ended:\n{child.last_lines()}')
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    if len(arrivals.at_s) < 3:
        raise RuntimeError(f'{len(arrivals.at_s)} depth images came in {START_S:.0f} s:\n'
                           f'{children[1].last_lines()}')
    return arrivals


if __name__ == '__main__':
    sys.exit(main())
