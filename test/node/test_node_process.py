"""How the node's process starts, and how it ends."""

from collections.abc import Iterator
from pathlib import Path
import signal
import sys
import time

import pytest
from ros_helpers import (
    depth_node,
    free_domain,
    image_message,
    Peer,
    picture,
    Process,
)
from sensor_msgs.msg import Image

pytestmark = pytest.mark.thorough
BROKEN_YAML = '/**:\n  ros__parameters: {device: [1, '


WRONG_STARTS = {
    'type': (['device:=5'], 'parameter device must be a text, got 5'),
    'choice': (['precision:=int3'], 'fp32, fp16 or bf16'),
    'range': (['points.stride:=0'], 'out of range'),
    'text for a number': (['min_depth:=near'], "must be a number, got 'near'"),
    'order': (['min_depth:=5', 'max_depth:=3.5'], 'min_depth must be below max_depth'),
    'yaml': (['--params-file', 'broken.yaml'], 'broken.yaml'),
    'no yaml': (['--params-file', 'nowhere.yaml'], 'nowhere.yaml'),
    'model': (['model_file:=nowhere.safetensors'], 'configure failed: no model file'),
}


@pytest.fixture(scope='module')
def wrong_starts(tmp_path_factory) -> dict[str, Process]:
    """All wrong starts side by side: most of their time they load libraries."""
    folder, domain = tmp_path_factory.mktemp('wrong'), free_domain()
    (folder / 'broken.yaml').write_text(BROKEN_YAML)
    return {name: depth_node(domain, folder / name.replace(' ', '_'), *[
        word.replace('broken.yaml', str(folder / 'broken.yaml')) for word in arguments])
        for name, (arguments, _) in WRONG_STARTS.items()}


@pytest.mark.parametrize('name', WRONG_STARTS)
def test_wrong_start_is_one_sentence_and_code_1(wrong_starts, name):
    process = wrong_starts[name]
    assert process.wait(60) == 1
    said = [line for line in process.output().splitlines() if '[rcl]' not in line]
    assert len(said) == 1 and WRONG_STARTS[name][1] in said[0], process.output()


STUCK = '''
from types import SimpleNamespace
import sys, time
from mono_depth_ros.node.stop_signals import StopSignals
def waits_for_ever(*_):
    print('waits', flush=True)
    time.sleep(99)
node = SimpleNamespace(start=lambda: False, stop=lambda: print('stopped'), destroy_node=print)
setattr(node, sys.argv[1], waits_for_ever)
with StopSignals() as stop:  # before imports that start threads
    from mono_depth_ros.node.process import run
    code = run(lambda: node, lambda node: node.start(), stop, ends_within_s=0.5)
sys.exit(code)
'''


@pytest.mark.parametrize('part', ['start', 'stop', 'destroy_node'])
def test_a_process_that_cannot_end_is_ended_and_says_where_it_stood(tmp_path, part):
    stuck = Process([sys.executable, '-c', STUCK, part], free_domain(), tmp_path / 'log')
    if part == 'start':  # waits until it is asked to end
        while 'waits' not in stuck.output():
            time.sleep(0.05)
        stuck.popen.send_signal(signal.SIGINT)
    assert stuck.wait(30) == 1
    assert 'in waits_for_ever' in stuck.output()


def test_a_process_without_stderr_ends_as_usual(tmp_path):
    command = ['sh', '-c', 'exec "$@" 2>&-', 'sh', sys.executable, '-c', STUCK, 'nothing']
    process = Process(command, free_domain(), tmp_path / 'log')
    assert process.wait(60) == 1 and 'stopped' in process.output()


@pytest.mark.parametrize('words, code, sentence', [
    (['--help'], 0, 'points.stride (default 1)'), (['-h'], 0, 'usage: ros2 run'),
    (['model.onnx'], 2, "unknown argument 'model.onnx'"),
    (['--ros-args', 'b'], 1, "unknown ROS arguments ['b']"),
    (['--ros-args', '-p', 'no assignment'], 1, 'no assignment')])
@pytest.mark.thorough
def test_arguments_get_help_or_a_sentence(tmp_path, words, code, sentence):
    command = [sys.executable, '-m', 'mono_depth_ros.depth_node', *words]
    process = Process(command, free_domain(), tmp_path / 'log')
    assert process.wait(60) == code and sentence in process.output(), process.output()
    assert 'Traceback' not in process.output()


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def busy(request, model, tmp_path) -> Iterator[tuple[Peer, Process, int, object]]:
    """A node that just answered an image, and a way to keep it busy."""
    domain = free_domain()
    peer = Peer(domain)
    process = depth_node(domain, tmp_path / 'node', f'model_file:={model}', 'min_depth:=1')
    images, depths = peer.publisher(Image, 'image_raw'), peer.listen('depth/image', Image)
    peer.wait_active(process)
    yield peer, process, request.param, lambda: (
        images.publish(image_message(picture(640, 480))), len(depths) > 3)[1]
    process.end(signal.SIGKILL)
    peer.close()


def test_signal_during_inference_ends_with_code_0(busy):
    peer, process, number, work = busy
    peer.wait(work, 'the node to be at work')
    work()  # this image is in work, or waits, when the signal comes
    assert process.end(number) == 0, process.output()
    assert 'Traceback' not in process.output() and 'Error' not in process.output()


def test_signals_while_idle_and_twice_end_with_code_0(model, tmp_path):
    domain = free_domain()
    peer = Peer(domain)
    process = depth_node(domain, tmp_path / 'node', 'autostart:=false')
    peer.wait(lambda: peer.diagnostics().get('state') == 'unconfigured', 'diagnostics', 30)
    process.popen.send_signal(signal.SIGINT)
    assert process.end(signal.SIGINT) == 0, process.output()
    assert 'Traceback' not in process.output()
    peer.close()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signal_while_the_model_loads_ends_with_code_0(model, tmp_path, number):
    domain = free_domain()
    peer = Peer(domain)
    process = depth_node(domain, tmp_path / 'node', f'model_file:={model}')
    # The node can be seen from before it starts to load (torch alone takes seconds).
    peer.wait(lambda: 'depth_node' in peer.node.get_node_names(), 'the node to appear')
    assert process.end(number) == 0, process.output()
    assert 'Traceback' not in process.output() and 'failed' not in process.output()
    peer.close()


@pytest.mark.parametrize('backend, library', [
    ('openvino', 'libopenvino.so'), ('onnxruntime', 'onnxruntime_pybind11_state')])
def test_a_node_that_openvino_or_onnx_runtime_serves_never_loads_torch(
        tmp_path, backend, library):
    pytest.importorskip(backend)
    domain = free_domain()
    peer = Peer(domain)
    process = depth_node(domain, tmp_path / 'node', 'model_file:=indoor', f'backend:={backend}')
    images, depths = peer.publisher(Image, 'image_raw'), peer.listen('depth/image', Image)
    peer.wait_active(process)
    peer.wait(lambda: (images.publish(image_message(picture(640, 480))), depths)[1], 'depth')
    loaded = Path(f'/proc/{process.popen.pid}/maps').read_text()
    assert library in loaded and 'libtorch' not in loaded
    told = peer.diagnostics()
    assert (told['backend'], told['device']) == (backend, 'cpu')
    assert told['backend choice'] and f'by {backend} on cpu in' in process.output()
    assert process.end(signal.SIGINT) == 0, process.output()
    peer.close()
