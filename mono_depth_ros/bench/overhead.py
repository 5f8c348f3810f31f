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
import re
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np
import rclpy
from rclpy.lifecycle import LifecycleNode
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image, PointCloud2

from mono_depth_ros.bench import peers
from mono_depth_ros.bench.findings import Findings, Values
from mono_depth_ros.bench.options import camera_of, options_of
from mono_depth_ros.demo.processes import memory_mib
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.message_formats.camera_info import read_camera_info
from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.parameters import PARAMETERS, settings_from
from mono_depth_ros.node.outputs.outputs import Outputs

WIDTH, HEIGHT, WARM_UP = 640, 480, 20
NETWORK, OVERHEAD = 'network', 'overhead: all but the network'
FLOOR, PEERS = 'floor: transport alone', 'plain Python nodes, all but the network'
BESIDE = (NETWORK, FLOOR, PEERS)
CAMERA = camera_of(WIDTH, HEIGHT)
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


def publishers_of(outputs: Outputs) -> dict[str, Any]:
    """The publishers that the listener listens to, by topic."""
    return {part.topic: part._publisher for part in outputs.parts if part.wanted()}


def transport(raw: bytes, outputs: Outputs, filled: dict[str, Image | PointCloud2]) -> None:
    """The floor: the same bytes through the same transport, nothing computed."""
    deserialize_message(raw, Image)
    for topic, publisher in publishers_of(outputs).items():
        publisher.publish(filled[topic])


def peer(raw: bytes, depth_HW: np.ndarray, outputs: Outputs) -> None:
    """What plain Python nodes do beside their network (bench.peers)."""
    image = deserialize_message(raw, Image)
    rgb_HW3 = peers.image_array(image)
    publishers = publishers_of(outputs)
    publishers['depth/image'].publish(peers.depth_message(depth_HW, image))
    publishers['points'].publish(peers.cloud_message(depth_HW, rgb_HW3, CAMERA, image))


def measure(findings: Findings, work: Callable[[], dict[str, np.ndarray]], frames: int) -> None:
    """A row for each step, the sum beside the network over the floor, and memory over time."""
    for _ in range(WARM_UP):
        names = list(work())
    # Allocated and written now, so that the memory of the process does not grow later.
    times_NK2 = np.full((frames, len(names), 2), np.nan)
    for number in range(frames):
        times_NK2[number] = list(work().values())
        if (number + 1) % max(1, frames // 5) == 0:
            # The middleware's segments are what is shared.
            findings.add(f'memory after {number + 1} frames', 'ok',
                         own_mib=round(memory_mib('RssAnon'), 1),
                         shared_mib=round(memory_mib('RssShmem'), 1))
    for i, name in enumerate(names):
        findings.add(name, 'ok', **_figures(times_NK2[:, i]))
    ours = [i for i, name in enumerate(names) if name not in BESIDE]
    sums_N2 = times_NK2[:, ours].sum(axis=1)
    floor = times_NK2[:, names.index(FLOOR), 0]
    findings.add(OVERHEAD, 'ok', **_figures(sums_N2), over_floor=round(
        float(np.median(sums_N2[:, 0]) / np.median(floor)), 2))


def _figures(times_N2: np.ndarray) -> Values:
    wall_ms, cpu_ms = np.median(times_N2, axis=0)
    low_ms, high_ms = np.percentile(times_N2[:, 0], (10, 90))
    return {'wall_ms': round(float(wall_ms), 3), 'cpu_ms': round(float(cpu_ms), 3),
            'p10_ms': round(float(low_ms), 3), 'p90_ms': round(float(high_ms), 3)}


def _frames(options: argparse.Namespace, findings: Findings) -> None:
    estimator, raw = DepthEstimator.load(options.model, 'cpu'), serialised_image()
    # Inside the estimator: what `estimate` does around the network belongs to the overhead.
    network = TimedNetwork(estimator._network)
    estimator._network = network  # type: ignore[assignment]
    image = deserialize_message(raw, Image)
    rgb_HW3 = messages.rgb_from_image(image)
    depth_HW = estimator.estimate(rgb_HW3, CAMERA).depth
    filled = {'depth/image': messages.DepthImage().fill(depth_HW, image.header),
              'points': messages.PointCloud().fill(depth_HW, rgb_HW3, CAMERA, 1, image.header)}
    with published() as outputs:
        def work() -> dict[str, np.ndarray]:
            found = frame(raw, estimator, network, outputs)
            found[FLOOR] = _took_ms(lambda: transport(raw, outputs, filled))
            found[PEERS] = _took_ms(lambda: peer(raw, depth_HW, outputs))
            return found
        measure(findings, work, options.frames)


def _took_ms(work: Callable[[], None]) -> np.ndarray:
    start_ms = now_ms()
    work()
    return now_ms() - start_ms


def before(options: argparse.Namespace, findings: Findings) -> None:
    """The same of another checkout and of this one, three times in turn, processes of their own.

    Both by the text of their `overhead` modules from before there were rows, or by the rows.
    """
    took: dict[Path, list[float]] = {Path.cwd(): [], options.before.resolve(): []}
    for checkout in [*took] * 3:
        took[checkout].append(_overhead_of(checkout, options.frames))
    now, then = (min(times) for times in took.values())
    findings.add('overhead now and before', 'ok', now_ms=round(now, 2), before_ms=round(then, 2),
                 ratio=round(now / then, 2))


def _overhead_of(checkout: Path, frames: int) -> float:
    """Wall milliseconds beside the network; RuntimeError where the checkout's module says none."""
    with tempfile.NamedTemporaryFile('r') as rows:
        own = ['--rows', rows.name] if (checkout / 'mono_depth_ros/bench/findings.py').exists(
            ) else []
        done = subprocess.run(
            [sys.executable, '-m', 'mono_depth_ros.bench.overhead', '--frames', str(frames), *own],
            cwd=checkout, capture_output=True, text=True, check=False,
            env=os.environ | {'PYTHONPATH': str(checkout)})
        text = rows.read() + done.stdout
    found = (re.search(rf'"{OVERHEAD}".*"wall_ms": ([\d.]+)', text)
             or re.search(rf'{OVERHEAD} +[\d.]+ +([\d.]+)', text))
    if not found:
        raise RuntimeError(f'{checkout}: {(done.stderr or text)[-300:]}')
    return float(found[1])


def main(arguments: list[str] | None = None) -> int:
    """Measure on the cores this process may use; 1 where that cannot be done."""
    options = options_of(__doc__, arguments)
    findings = Findings('overhead', options.rows, options.seconds)
    work = before if options.before else _frames
    return int(not findings.attempt(
        f'{WIDTH}x{HEIGHT} on {len(os.sched_getaffinity(0))} core(s)',
        lambda: work(options, findings) or {}))


if __name__ == '__main__':
    sys.exit(main())
