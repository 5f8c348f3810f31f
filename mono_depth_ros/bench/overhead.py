"""Cost of a frame beside the network: VGA in, depth and cloud out to a subscriber process.

scripts/bench gives it one core before the libraries count the cores. CPU time leaves out the time
other processes take, but not their effect on caches and memory.
"""

from __future__ import annotations

import argparse
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import subprocess
import sys
import time

import numpy as np
import rclpy
from rclpy.lifecycle import LifecycleNode
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.message_formats.camera_info import read_camera_info
from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.parameters import PARAMETERS, settings_from
from mono_depth_ros.node.outputs.outputs import Outputs

WIDTH, HEIGHT, TARGET_MS = 640, 480, 6.0
WARM_UP = 20
NETWORK = 'network'
CAMERA = Camera(fx=520.0, fy=520.0, cx=319.5, cy=239.5, width=WIDTH, height=HEIGHT)
SETTINGS = settings_from({parameter.name: parameter.default for parameter in PARAMETERS})


def serialised_image() -> bytes:
    """A VGA rgb8 message as it arrives from the middleware."""
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb_HW3 = np.stack([u % 256, v % 256, (u + v) % 256], axis=-1).astype(np.uint8)
    message = Image(width=WIDTH, height=HEIGHT, step=3 * WIDTH, encoding='rgb8',
                    data=array('B', rgb_HW3.tobytes()))
    message.header.frame_id = 'camera_optical_frame'
    return serialize_message(message)


def now_ms() -> np.ndarray:
    """Wall time and CPU time of all threads of this process, in milliseconds."""
    return 1e3 * np.array([time.perf_counter(), time.process_time()])


class TimedNetwork:
    """A network that measures itself: `last_ms` is wall and CPU time of its last call."""

    def __init__(self, network: Callable):
        self._network, self.last_ms = network, np.zeros(2)

    def __call__(self, *inputs: np.ndarray) -> np.ndarray:
        start_ms = now_ms()
        planes = self._network(*inputs)
        self.last_ms = now_ms() - start_ms
        return planes


def frame(
        raw: bytes, estimator: DepthEstimator, network: TimedNetwork,
        outputs: Outputs) -> dict[str, np.ndarray]:
    """Wall and CPU milliseconds of each step of one image, as in DepthNode."""
    card, marks = estimator.card, [now_ms()]
    image = deserialize_message(raw, Image)
    marks.append(now_ms())
    rgb_HW3 = messages.rgb_from_image(image)
    camera = read_camera_info(
        messages.info_from_camera(CAMERA, image.header, WIDTH, HEIGHT), WIDTH, HEIGHT,
        rectified=False).camera
    marks.append(now_ms())
    estimate = estimator.estimate(rgb_HW3, camera)
    marks.append(now_ms())
    range_m = SETTINGS.depth_range(card.min_depth_m, card.max_depth_m)
    messages.limit_depth(estimate.depth, *range_m)
    outputs.publish(Frame(
        depth_HW=estimate.depth, estimate=estimate, rgb_HW3=rgb_HW3, camera=camera,
        range_m=range_m, settings=SETTINGS, header=image.header))
    marks.append(now_ms())
    receive, decode, estimated, publish = np.diff(marks, axis=0)
    return {'deserialise image': receive, 'rgb and camera': decode,
            'pixels to network and back': estimated - network.last_ms,
            'fill and publish depth, points': publish, NETWORK: network.last_ms}


@contextmanager
def published() -> Iterator[Outputs]:
    """Outputs of an active node, with a subscriber in another process."""
    rclpy.init()
    namespace = f'/bench_{os.getpid()}'  # its own: other nodes may use the same domain
    node = LifecycleNode('bench', namespace=namespace)
    outputs = Outputs(node)
    node.trigger_configure()
    node.trigger_activate()
    everywhere = set(range(os.cpu_count() or 1))
    listener = subprocess.Popen(
        [sys.executable, '-m', 'mono_depth_ros.bench.listener', '--ros-args', '-r',
         f'__ns:={namespace}'],
        preexec_fn=lambda: os.sched_setaffinity(0, everywhere))
    try:
        deadline = time.monotonic() + 20
        while outputs.subscription_count() < 2:
            if time.monotonic() > deadline:
                raise RuntimeError('the subscriber process did not start in 20 s')
            rclpy.spin_once(node, timeout_sec=0.05)
        yield outputs
        if outputs.subscription_count() < 2 or listener.poll() is not None:
            raise RuntimeError('the subscriber ended early: the figures above are not valid')
    finally:
        listener.terminate()
        try:
            listener.wait(10)
        except subprocess.TimeoutExpired:  # else it would hold the output of this process open
            listener.kill()
        node.destroy_node()
        rclpy.try_shutdown()


def memory_mib() -> dict[str, float]:
    """Memory of this process in MiB: its own, and shared (the middleware's segments)."""
    lines = Path('/proc/self/status').read_text().splitlines()
    found = dict(line.split(':', 1) for line in lines if line.startswith('Rss'))
    return {'own': int(found['RssAnon'].split()[0]) / 1024,
            'shared': int(found['RssShmem'].split()[0]) / 1024}


def measure(work: Callable[[], dict[str, np.ndarray]], frames: int) -> None:
    """Print medians over `frames` frames, the sum beside the network, and memory over time."""
    for _ in range(WARM_UP):
        names = list(work())
    # Allocated and written now, so that the memory of the process does not grow later.
    times_NK2 = np.full((frames, len(names), 2), np.nan)
    memory = {0: memory_mib()}
    for number in range(frames):
        times_NK2[number] = list(work().values())
        if (number + 1) % max(1, frames // 5) == 0:
            memory[number + 1] = memory_mib()
    print(f'{"median of a frame":32s}   CPU ms  wall ms')
    for i, name in enumerate(names):
        _row(name, times_NK2[:, i])
    network = names.index(NETWORK)
    sums_N2 = times_NK2.sum(axis=1) - times_NK2[:, network]
    _row('overhead: all but the network', sums_N2)
    _row('the same, 10th percentile', sums_N2, 10)
    _row('the same, 90th percentile', sums_N2, 90)
    overhead_ms, network_ms = np.median(sums_N2[:, 1]), np.median(times_NK2[:, network, 1])
    print(f'CPU time: overhead / allowed {TARGET_MS:.0f} ms = {overhead_ms / TARGET_MS:.2f}, '
          f'overhead / whole frame = {overhead_ms / (overhead_ms + network_ms):.0%}')
    for number, mib in memory.items():
        print(f'memory after {number:5d} frames: own {mib["own"]:.1f} MiB, shared memory '
              f'{mib["shared"]:.1f} MiB')


def _row(name: str, times_N2: np.ndarray, percent: float = 50) -> None:
    wall_ms, cpu_ms = np.percentile(times_N2, percent, axis=0)
    print(f'{name:32s} {cpu_ms:8.2f} {wall_ms:8.2f}')


def main(arguments: list[str] | None = None) -> int:
    """Measure on the cores this process may use; 1 where that cannot be done."""
    parser = argparse.ArgumentParser(prog='scripts/bench', description=__doc__)
    parser.add_argument('--model', default='indoor', help='shipped model by name, or a file')
    parser.add_argument('--frames', type=int, default=200, help='5000 shows that memory is flat')
    options = parser.parse_args(arguments)
    cores = os.sched_getaffinity(0)
    try:
        estimator, raw = DepthEstimator.load(options.model, 'cpu'), serialised_image()
        # Inside the estimator: what `estimate` does around the network belongs to the overhead.
        network = TimedNetwork(estimator._network)
        estimator._network = network  # type: ignore[assignment]
        with published() as outputs:
            print(f'{WIDTH}x{HEIGHT} rgb8, {options.frames} frames on {len(cores)} core(s); load '
                  f'of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores')
            measure(lambda: frame(raw, estimator, network, outputs), options.frames)
    except (OSError, ValueError, RuntimeError) as error:
        print(f'cannot measure: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
