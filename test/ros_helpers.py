"""Real processes on a ROS domain of their own, and waiting for conditions with a deadline.

Run as a program it is a camera: it publishes what JSON lines on its standard input ask for.
"""

from __future__ import annotations

from array import array
import atexit
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
import numpy as np
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image

from mono_depth_ros.demo import processes

ROOT = Path(__file__).parent.parent
# The large shared memory, by the variable of Kilted and later and by that of Jazzy and Humble.
PROFILES = {f'{fast_dds}_DEFAULT_PROFILES_FILE': str(ROOT / 'config' / 'fastdds_large_data.xml')
            for fast_dds in ('FASTDDS', 'FASTRTPS')}
FRAME = 'eye_optical_frame'
CONFIGURE, CLEANUP = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_CLEANUP
ACTIVATE, DEACTIVATE = Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_DEACTIVATE


def picture(width: int, height: int, seed: int = 0) -> np.ndarray:
    """A smooth RGB picture (H, W, 3) uint8, the same for the same seed everywhere."""
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    v, u = np.mgrid[0:height, 0:width] / 40.0
    waves = [np.sin(u + p) + np.cos(v * 1.3 - p) for p in phase]
    return np.uint8(np.clip(128 + 60 * np.stack(waves, axis=-1), 0, 255))


def image_message(rgb_HW3: np.ndarray, stamp_s: float = 1.0) -> Image:
    """The rgb8 message of a picture."""
    height, width = rgb_HW3.shape[:2]
    message = Image(encoding='rgb8', width=width, height=height, step=3 * width,
                    data=array('B', rgb_HW3.tobytes()))
    message.header.frame_id = FRAME
    message.header.stamp = stamp(stamp_s)
    return message


def info_message(width: int, height: int, focal: float | None = None) -> CameraInfo:
    """CameraInfo of an ideal pinhole; the default focal length is 0.8 widths."""
    f = 0.8 * width if focal is None else focal
    cx, cy = (width - 1) / 2, (height - 1) / 2
    info = CameraInfo(width=width, height=height, distortion_model='plumb_bob', d=[0.0] * 5)
    info.k = [f, 0.0, cx, 0.0, f, cy, 0.0, 0.0, 1.0]
    info.p = [f, 0.0, cx, 0.0, 0.0, f, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    info.header.frame_id = FRAME
    return info


def stamp(seconds: float):
    """Seconds as builtin_interfaces/Time."""
    return rclpy.time.Time(nanoseconds=round(seconds * 1e9)).to_msg()


def free_domain() -> int:
    """A ROS domain without participants, never one that another worker of pytest-xdist takes."""
    worker = int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw'))
    workers = int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', 1))
    return processes.free_domain(range(1, 101)[worker::workers])


class Hangs(Exception):
    """A process that should have ended; says what it printed and where each thread stood."""


class Process:
    """A child process; its output goes to a file, and `end` or `wait` give its exit code.

    It is killed with this one: a fixture that fails half made never ends what it has started.
    """

    def __init__(self, command: list[str], domain: int, log: Path, **environment: str):
        self._log = log
        with open(log, 'wb') as file:
            self.popen = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT, cwd=ROOT,
                env=os.environ | {'ROS_DOMAIN_ID': str(domain), 'PYTHONUNBUFFERED': '1',
                                  'PYTHONFAULTHANDLER': '1',  # for `wait`
                                  'ROS_LOG_DIR': str(log.parent / 'ros')} | environment)
        atexit.register(self.popen.kill)

    def output(self) -> str:
        """All it has printed so far."""
        return self._log.read_text()

    def wait(self, timeout_s: float = 30.0) -> int:
        """Exit code of a process that ends by itself; one that does not is killed and `Hangs`."""
        try:
            return self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.popen.send_signal(signal.SIGABRT)  # on which faulthandler prints where it is
            self.popen.wait()
            raise Hangs(f'{self.popen.args} had not ended after {timeout_s:g} s. It printed, and '
                        f'stood at:\n{self.output()}') from None

    def end(self, number: int = signal.SIGINT, timeout_s: float = 60.0) -> int:
        """Exit code after a signal, as `wait`."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.wait(timeout_s)

    def tell(self, **order) -> None:
        """Send a line of JSON to its standard input."""
        self.popen.stdin.write(json.dumps(order).encode() + b'\n')
        self.popen.stdin.flush()


def depth_node(domain: int, log: Path, *arguments: str, **environment: str) -> Process:
    """The node under test, in a process of its own, with `name:=value` parameters."""
    given = [word for argument in arguments
             for word in (['-p', argument] if ':=' in argument else [argument])]
    command = [sys.executable, '-m', 'mono_depth_ros.depth_node', '--ros-args', *given]
    return Process(command, domain, log, **environment)


def camera(domain: int, log: Path, reliability: str, **environment: str) -> Process:
    """A camera in a process of its own; `tell` it what to publish (see `publish_orders`)."""
    return Process([sys.executable, __file__, reliability], domain, log, **environment)


class Peer:
    """The test's own ROS node: listens, publishes, calls services; `wait` spins it."""

    def __init__(self, domain: int):
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = Node('peer', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._subscriptions: dict = {}
        self.messages: dict[str, list] = {}
        self.listen('/diagnostics', DiagnosticArray)

    def listen(self, topic: str, kind: type) -> list:
        """Subscribe; the list that messages are appended to."""
        received = self.messages.setdefault(topic, [])
        if topic not in self._subscriptions:
            self._subscriptions[topic] = self.node.create_subscription(
                kind, topic, received.append, QoSProfile(depth=50))
        return received

    def ignore(self, topic: str) -> None:
        """Stop listening."""
        self.node.destroy_subscription(self._subscriptions.pop(topic))
        self.messages.pop(topic)

    def publisher(self, kind: type, topic: str, **qos):
        """Publisher with queue depth 1 unless given."""
        return self.node.create_publisher(kind, topic, QoSProfile(**({'depth': 1} | qos)))

    def wait(self, condition, what: str, timeout_s: float = 60.0):
        """Spin until `condition()` is true and return its value; AssertionError otherwise."""
        deadline = time.monotonic() + timeout_s
        while not (result := condition()):
            assert time.monotonic() < deadline, f'waited {timeout_s} s for {what}'
            self._executor.spin_once(timeout_sec=0.02)
        return result

    def spin_until(self, condition, timeout_s: float) -> bool:
        """Spin until `condition()` or the time is over; whether it came true."""
        deadline = time.monotonic() + timeout_s
        while not condition() and time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.02)
        return bool(condition())

    def call(self, kind: type, service: str, request):
        """Response of a service."""
        client = self.node.create_client(kind, service)
        self.wait(client.service_is_ready, f'service {service}')
        future = client.call_async(request)
        self.wait(future.done, f'answer of {service}')
        self.node.destroy_client(client)
        return future.result()

    def change_state(self, transition: int) -> bool:
        """Whether the depth node made the lifecycle transition."""
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.call(ChangeState, '/depth_node/change_state', request).success

    def state(self) -> str:
        """Lifecycle state of the depth node."""
        return self.call(GetState, '/depth_node/get_state', GetState.Request()).current_state.label

    def set_parameters(self, **values) -> list:
        """Results of setting parameters together, one each; `__` in a name stands for a dot."""
        parameters = [Parameter(name.replace('__', '.'), value=value).to_parameter_msg()
                      for name, value in values.items()]
        assert all(isinstance(p.value, ParameterValue) and
                   p.value.type != ParameterType.PARAMETER_NOT_SET for p in parameters)
        request = SetParameters.Request(parameters=parameters)
        return self.call(SetParameters, '/depth_node/set_parameters', request).results

    def diagnostics(self) -> dict[str, str]:
        """Values of the newest diagnostics of the depth node, with `level` and `message`."""
        statuses = [status for array_ in self.messages['/diagnostics']
                    for status in array_.status if status.name.endswith('depth_node: depth')]
        if not statuses:
            return {}
        newest = statuses[-1]
        return {'level': newest.level, 'message': newest.message} | {
            pair.key: pair.value for pair in newest.values}

    def fresh_diagnostics(self) -> dict[str, str]:
        """Diagnostics published after this call."""
        self.messages['/diagnostics'].clear()
        return self.wait(self.diagnostics, 'diagnostics')

    def wait_active(self, process: Process) -> None:
        """Wait for the node in `process` to be active; its output is shown where it ends."""
        def active():
            assert process.popen.poll() is None, process.output()
            return self.diagnostics().get('state') == 'active'
        self.wait(active, 'the node to be active', 120.0)

    def close(self) -> None:
        """Leave the domain."""
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)


def publish_orders(reliability: str) -> None:
    """Publish as standard input orders until it ends: one JSON object a line.

    `count` images of `seed` at `rate_hz`, `width` x `height`, stamped `start_s` + their number;
    `info` tells whether camera_info goes with them. Waits for a subscriber of both first.
    """
    rclpy.init()
    node = Node('camera')
    qos = QoSProfile(depth=1, reliability=ReliabilityPolicy[reliability.upper()])
    images = node.create_publisher(Image, 'image_raw', qos)
    infos = node.create_publisher(CameraInfo, 'camera_info', qos)
    for line in sys.stdin:
        order = json.loads(line)
        while not (images.get_subscription_count() and infos.get_subscription_count()):
            rclpy.spin_once(node, timeout_sec=0.02)
        message = image_message(picture(order['width'], order['height'], order['seed']))
        info = info_message(order['width'], order['height'])
        due_s = time.monotonic()
        for number in range(order['count']):
            info.header.stamp = message.header.stamp = stamp(order['start_s'] + number)
            if order['info']:
                infos.publish(info)
            images.publish(message)
            due_s += 1 / order['rate_hz']
            while (left_s := due_s - time.monotonic()) > 0:
                rclpy.spin_once(node, timeout_sec=left_s)
    node.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    publish_orders(sys.argv[1])
