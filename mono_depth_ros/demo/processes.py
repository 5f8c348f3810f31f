"""Child processes of the demo: environment, log files and termination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import ctypes
from importlib.util import find_spec
import json
import os
from pathlib import Path
import random
import signal
import socket
import subprocess
import sys
from typing import Any

NAMESPACE = '/demo'
CONFIG = Path(__file__).parents[2] / 'config'
PR_SET_PDEATHSIG = 1
# Where participants of a domain listen, beyond 7400 + 250 * domain (DDSI-RTPS 9.6.1.1): discovery
# by multicast (not bound when discovery is kept to this machine) and the first by unicast.
PARTICIPANT_PORTS = (0, 10)


def ros_environment(log_folder: Path) -> dict[str, str]:
    """Variables that isolate the demo's processes from other ROS nodes.

    An unused domain, discovery on this machine only, and the large shared-memory segment.
    """
    environment = {
        'ROS_DOMAIN_ID': str(free_domain()),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp',
        'ROS_LOG_DIR': str(log_folder),
        'AMENT_PREFIX_PATH': os.environ.get('AMENT_PREFIX_PATH', sys.prefix),
    }
    profile = CONFIG / 'fastdds_large_data.xml'
    if profile.is_file():
        environment[profile_variable()] = str(profile)
    return environment


def profile_variable() -> str:
    """Name of the variable by which Fast DDS here finds its profiles; the other is warned of."""
    if distribution := os.environ.get('ROS_DISTRO'):
        old = distribution in ('humble', 'iron', 'jazzy')
    else:  # wheels: Jazzy's rclpy has not this package, Kilted's has
        old = find_spec('rclpy.experimental') is None
    return f'{"FASTRTPS" if old else "FASTDDS"}_DEFAULT_PROFILES_FILE'


def free_domain(among: Sequence[int] = range(1, 101)) -> int:
    """A ROS domain without participants on this machine; OSError where there is none.

    The search is in random order, so that two simultaneous callers rarely get the same.
    """
    for domain in random.sample(among, len(among)):
        if all(_unbound(7400 + 250 * domain + offset) for offset in PARTICIPANT_PORTS):
            return domain
    raise OSError(f'no free ROS domain: all {len(among)} of {among[0]} to {among[-1]} are in use '
                  'on this machine')


def _unbound(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', port))
        except OSError:
            return False
    return True


class Child:
    """A ROS node in a process of its own, its output in a file.

    `parameters` have the type that the node's have: texts, numbers, bools, lists of them.
    """

    def __init__(self, name: str, executable: tuple[str, ...], parameters: Mapping[str, Any],
                 log: Path, environment: Mapping[str, str], namespace: str = NAMESPACE):
        self.name, self.log = name, log
        command = [sys.executable, '-m', *executable, '--ros-args', '-r', f'__ns:={namespace}']
        for key, value in parameters.items():
            # Read as YAML, of which JSON is a part: a folder 2024 unquoted is a number.
            command += ['-p', f'{key}:={json.dumps(value, ensure_ascii=False)}']
        with open(log, 'wb') as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=os.environ | environment | {'PYTHONUNBUFFERED': '1'},
                # Ctrl-C on the terminal goes to the demo alone, which then ends its children.
                start_new_session=True, preexec_fn=_die_with_parent)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Exit code, or None while it runs."""
        return self._process.poll()

    def last_lines(self, number: int = 8) -> str:
        """The end of what it printed, indented."""
        lines = self.log.read_text(errors='replace').splitlines()[-number:]
        return '\n'.join(f'    {line}' for line in lines) or '    (nothing)'

    def stop(self, patience_s: float = 10.0) -> None:
        """End it: SIGINT, then SIGTERM, then SIGKILL."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if self.exit_code() is not None:
                return
            self._process.send_signal(number)
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue


def memory_mib(kind: str, pid: int | str = 'self') -> float:
    """Memory of a process in MiB, of a kind that proc(5) names: VmRSS, RssAnon, RssShmem."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        name, _, amount = line.partition(':')
        if name == kind:
            return int(amount.split()[0]) / 1024
    raise ValueError(f'/proc/{pid}/status does not tell {kind}')


def _die_with_parent() -> None:
    # Otherwise a demo that is killed leaves its camera and its node running.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
