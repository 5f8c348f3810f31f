"""Any number of signals at any moment: exit code 0, no traceback, nothing left in /dev/shm."""

from pathlib import Path
import random
import re
import signal
import sys
import time

import pytest
from ros_helpers import depth_node, free_domain, Process

pytestmark = pytest.mark.thorough
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def node(log, model):
    return depth_node(free_domain(), log, f'model_file:={model}', 'device:=cpu')


def camera(log, name, *given):
    words = [word for argument in given for word in ('-p', argument)]
    return Process([sys.executable, '-m', 'mono_depth_ros.cameras', name, '--ros-args', *words],
                   free_domain(), log)


def await_watch(process, timeout_s=20.0):
    """Wait for the process to have blocked SIGTERM: from its first lines on, before imports."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        status = Path(f'/proc/{process.popen.pid}/status').read_text()
        if int(re.search(r'SigBlk:\s*(\w+)', status)[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
    raise AssertionError('the process never blocked SIGTERM')


def shared_memory(process):
    """Files of Fast DDS in /dev/shm that the process has mapped now."""
    try:
        maps = Path(f'/proc/{process.popen.pid}/maps').read_text()
    except OSError:
        return set()
    # Ports from 7000 on belong to all domains, so perhaps to another process of the machine.
    return set(re.findall(r'/dev/shm/fast[a-z]+_(?!port70)\S+', maps))


def is_in_use(path):
    """Whether another process of the machine, of another test run perhaps, has it mapped."""
    for maps in Path('/proc').glob('[0-9]*/maps'):
        try:
            if path in maps.read_text():
                return True
        except OSError:  # it has ended
            continue
    return False


def end_with(process, rng, latest_s):
    """Send one to three signals from a random moment on; the shared memory it ever had."""
    seen, due_s = set(), time.monotonic() + rng.uniform(0, latest_s)
    left = [rng.choice(SIGNALS) for _ in range(rng.randint(1, 3))]
    deadline = due_s + 60
    while process.popen.poll() is None:
        assert time.monotonic() < deadline, process.output()
        seen |= shared_memory(process)
        if left and time.monotonic() >= due_s:
            process.popen.send_signal(left.pop())
            due_s += rng.choice([0.0, 0.05, 0.4])
        time.sleep(0.01)
    return seen


def check(process, rng, latest_s, running=''):
    """Signals from a random moment within `latest_s` on, counted from when it says `running`."""
    await_watch(process)
    while running not in process.output():
        assert process.popen.poll() is None, process.output()
    seen = end_with(process, rng, latest_s)
    assert seen or not running
    assert process.popen.returncode == 0, process.output()
    assert not re.search(r'Traceback|ERROR|FATAL|terminate', process.output()), process.output()
    assert not {path for path in seen if Path(path).exists() and not is_in_use(path)}


@pytest.mark.parametrize('seed', [*range(4), *(pytest.param(
    seed, marks=pytest.mark.slow) for seed in range(4, 50))])
def test_signals_at_any_moment_end_the_node_cleanly(model, tmp_path, seed):
    latest_s, running = ((0.5, ''), (5.0, ''), (1.0, 'model tiny'))[seed % 3]
    check(node(tmp_path / 'log', model), random.Random(seed), latest_s, running)


@pytest.mark.parametrize('seed', range(2))
@pytest.mark.parametrize('name, given', [
    ('sim_camera', 'world:=recording'), ('file_camera', 'source:=FILE')])
def test_signals_at_any_moment_end_a_camera_cleanly(tmp_path, name, given, seed):
    (tmp_path / 'a.ppm').write_bytes(b'P6 2 2 255 ' + bytes(12))
    given = given.replace('FILE', str(tmp_path / 'a.ppm'))
    check(camera(tmp_path / 'log', name, given), random.Random(seed), latest_s=(0.5, 4.0)[seed])
