"""Every backend gives the network's numbers; the fastest that does serves, no other ever."""

from dataclasses import replace
from importlib.machinery import ModuleSpec
import json
import os
from pathlib import Path
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

from mono_depth_ros import self_test
from mono_depth_ros.backends import machine as machine_facts
from mono_depth_ros.backends import serve as serving
from mono_depth_ros.backends import trial
from mono_depth_ros.backends.backend import BackendSpec
from mono_depth_ros.backends.machine import this_machine
from mono_depth_ros.backends.selection import Machine
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_file import find_model, read_card, SEAL, sha256_of
from mono_depth_ros.self_test import TOLERANCE
from mono_depth_ros.simulation.recorded_walk import RecordedWalk

ROOT = Path(__file__).parents[2]
OPENVINO = BackendSpec(backend='openvino', device='cpu', precision='fp32')
ORT = BackendSpec(backend='onnxruntime', device='cpu', precision='fp32')
pytestmark = pytest.mark.thorough
for package in ('openvino', 'onnxruntime', 'torch'):
    pytest.importorskip(package)


@pytest.fixture(scope='module')
def path() -> Path:
    return find_model('indoor')


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of measurements."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    return tmp_path / 'mono_depth_ros' / 'backends'


@pytest.fixture(scope='module')
def rgb_HW3() -> np.ndarray:
    """A picture of a real room's kind: gradients, edges, noise."""
    rows, columns = np.mgrid[:480, :640]
    base = 90 + 60 * np.sin(columns / 90) + 0.1 * rows + 80 * ((columns > 200) & (rows > 250))
    noise = np.random.default_rng(0).normal(0, 6, (480, 640, 3))
    return np.uint8(np.clip(base[..., None] * [1, 0.9, 0.7] + noise, 0, 255))


@pytest.fixture(scope='module')
def truth(path, rgb_HW3):
    return DepthEstimator.load(path, 'cpu', 'fp32', 'torch').estimate(rgb_HW3)


@pytest.mark.parametrize('backend, precision, most', [
    ('openvino', 'fp32', 1e-4), ('onnxruntime', 'fp32', 1e-4), ('openvino', 'bf16', 0.03)])
def test_every_backend_gives_what_torch_gives(path, rgb_HW3, truth, backend, precision, most):
    estimator = DepthEstimator.load(path, 'cpu', precision, backend)
    assert (estimator.backend, estimator.precision, estimator.device) == (
        backend, precision, 'cpu')
    assert estimator.has_confidence
    estimate = estimator.estimate(rgb_HW3)
    np.testing.assert_allclose(np.log(estimate.depth), np.log(truth.depth), atol=most)
    np.testing.assert_allclose(estimate.confidence, truth.confidence, atol=most)
    first = estimate.depth.copy()
    estimator.estimate(rgb_HW3[::-1].copy())
    np.testing.assert_array_equal(estimate.depth, first)


def photograph_HW3():
    """A person, taken by a camera; in the public domain, part of matplotlib."""
    matplotlib = pytest.importorskip('matplotlib')
    path = Path(matplotlib.get_data_path()) / 'sample_data' / 'grace_hopper.jpg'
    if not path.is_file():
        pytest.skip('this matplotlib has no sample data')
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def room_HW3():
    """A frame of the walk through a furnished room, drawn."""
    walk = RecordedWalk()
    try:
        return walk.frame(len(walk) // 2)[0]
    finally:
        walk.close()


@pytest.fixture(scope='module', params=[photograph_HW3, room_HW3], ids=['photograph', 'room'])
def scene_and_truth(path, request):
    """An image of real things or like one, and what torch says of it."""
    rgb_HW3 = request.param()
    return rgb_HW3, DepthEstimator.load(path, 'cpu', 'fp32', 'torch').estimate(rgb_HW3)


@pytest.mark.parametrize('backend, precision, share, most', [
    ('openvino', 'fp32', 1.0, 1e-4), ('onnxruntime', 'fp32', 1.0, 1e-4),
    ('openvino', 'bf16', 0.95, 0.03)])
def test_every_backend_gives_what_torch_gives_of_real_things(
        path, scene_and_truth, backend, precision, share, most):
    """In bf16 a pixel on an edge may go to its other side."""
    rgb_HW3, truth = scene_and_truth
    estimate = DepthEstimator.load(path, 'cpu', precision, backend).estimate(rgb_HW3)
    off = abs(np.log(estimate.clipped) - np.log(truth.clipped))
    assert np.quantile(off, share) <= most
    assert np.quantile(abs(estimate.confidence - truth.confidence), share) <= most
    assert off.shape == rgb_HW3.shape[:2] and np.log(truth.clipped).std() > 0.1  # not one plane


def test_without_torch_the_file_is_served_and_torch_never_imported(cache):
    code = ('import sys, numpy; from mono_depth_ros.estimator import DepthEstimator; '
            "e = DepthEstimator.load('indoor'); e.estimate(numpy.zeros((48, 64, 3), 'uint8')); "
            "print(e.backend, 'torch' in sys.modules)")
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True,
                          check=True)
    assert done.stdout.split() in (['openvino', 'False'], ['onnxruntime', 'False'])


@pytest.mark.parametrize('backend', ['openvino', 'onnxruntime'])
def test_a_served_model_leaves_nothing_of_its_runtime_at_home(tmp_path, backend):
    """Where they report to their makers they keep an identifier of the user in a file."""
    (tmp_path / 'home').mkdir()
    surroundings = {name: value for name, value in os.environ.items()
                    if name not in ('CI', 'ORT_DISABLE_TELEMETRY', 'ORT_RUNNING_UNIT_TESTS')}
    code = ('import sys, numpy; from mono_depth_ros.estimator import DepthEstimator; '
            f"e = DepthEstimator.load('indoor', 'cpu', 'fp32', '{backend}'); "
            "e.estimate(numpy.zeros((48, 64, 3), 'uint8'))")
    subprocess.run([sys.executable, '-c', code], cwd=ROOT, check=True, env=surroundings | {
        'HOME': str(tmp_path / 'home'), 'XDG_CACHE_HOME': str(tmp_path / 'cache')})
    assert not list((tmp_path / 'home').iterdir())
    assert {path.name for path in tmp_path.glob('cache/*')} <= {'mono_depth_ros'}


def test_the_runtimes_are_imported_where_they_are_kept_quiet():
    files = {path.name for folder in ('mono_depth_ros', 'train')
             for path in ROOT.glob(f'{folder}/**/*.py') if re.search(
                 r'^\s*(import|from) (onnxruntime|openvino)\b', path.read_text(), re.M)}
    assert files == {'quiet_onnxruntime.py', 'quiet_openvino.py'}


class Wrong:
    """A backend that is off by `noise` where the self-test has noise, by `probe` elsewhere."""

    def __init__(self, right, noise: float, probe: float):
        self.right, self.noise, self.probe = right, noise, probe

    def __call__(self, image_CHW, intrinsics_33=None):
        planes = self.right(image_CHW)
        planes[0] += self.noise if abs(np.diff(image_CHW)).mean() > 0.5 else self.probe
        return planes


@pytest.fixture
def wrong_openvino(monkeypatch):
    """OpenVINO made wrong by so much for the noise and for the probe."""
    true = serving.open_backend

    def make(noise: float, probe: float):
        monkeypatch.setattr(serving, 'open_backend', lambda path, card, spec: (
            Wrong(true(path, card, spec), noise, probe) if spec.backend == 'openvino'
            else true(path, card, spec)))
    return make


@pytest.mark.parametrize('noise, probe', [(0.1, 0.0), (0.0, 0.1), (np.nan, 0.0), (0.0, np.nan)])
def test_a_wrong_engine_never_serves(path, cache, wrong_openvino, noise, probe):
    wrong_openvino(noise, probe)
    estimator = DepthEstimator.load(path, 'cpu', 'fp32')
    assert estimator.backend == 'onnxruntime'
    assert 'openvino fp32 on cpu: it fails its self-test in fp32' in estimator.backend_reason
    with pytest.raises(ValueError, match='openvino fp32 on cpu: it fails its self-test'):
        DepthEstimator.load(path, 'cpu', 'fp32', 'openvino')


@pytest.mark.parametrize('backend', ['torch', 'onnxruntime', 'openvino'])
def test_a_card_of_another_input_is_refused_by_name(tmp_path, cache, backend):
    """ONNX Runtime's own exceptions are no ValueError and run over lines.

    Of a file without a seal, which would be refused for that.
    """
    data = find_model('indoor').read_bytes()
    end = 8 + int.from_bytes(data[:8], 'little')
    header = json.loads(data[8:end])
    card = json.loads(header['__metadata__']['card'])
    card['network'].update(input_width=288, input_height=224)
    card['reference'].update(width=288, height=224, cx=143.5, cy=111.5)
    header['__metadata__']['card'] = json.dumps(card)
    del header['__metadata__'][SEAL]
    lying, text = tmp_path / 'lying.safetensors', json.dumps(header).encode()
    lying.write_bytes(len(text).to_bytes(8, 'little') + text + data[end:])
    with pytest.raises(ValueError, match='lying.safetensors cannot be served by') as raised:
        DepthEstimator.load(lying, 'cpu', 'fp32', backend)
    assert '\n' not in str(raised.value)


def test_ctrl_c_after_two_models_in_openvino_is_no_segmentation_fault():
    """Whichever goes first: each Core took the stack for signals with it that it had made."""
    code = ('import faulthandler, gc, signal; faulthandler.enable()\n'
            'from mono_depth_ros.estimator import DepthEstimator\n'
            "two = [DepthEstimator.load('indoor', 'cpu', 'fp32', 'openvino') for _ in range(2)]\n"
            'two[0] = None; gc.collect(); two[1] = None; gc.collect()\n'
            'try: signal.raise_signal(signal.SIGINT)\n'
            'except KeyboardInterrupt: print("interrupted")')
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, 'interrupted\n'), done.stderr


def test_openvino_ties_no_thread_to_a_core(path, cache, monkeypatch):
    """Beside a busy process on that core the others would wait for it in every layer."""
    backend = pytest.importorskip('mono_depth_ros.backends.openvino_backend').OpenVinoBackend
    compiled, made = [], backend._compiled

    def keep(*arguments):
        request = made(*arguments)
        compiled.append(request.get_compiled_model())
        return request
    monkeypatch.setattr(backend, '_compiled', keep)
    for _ in ('built', 'from the cache'):
        DepthEstimator.load(path, 'cpu', 'fp32', 'openvino')
    assert {one.get_property('ENABLE_CPU_PINNING') for one in compiled} == {False}


def test_a_small_error_within_the_tolerance_serves(path, cache, wrong_openvino):
    wrong_openvino(TOLERANCE['fp32'] / 2, TOLERANCE['fp32'] / 2)
    assert DepthEstimator.load(path, 'cpu', 'fp32', 'openvino').backend == 'openvino'


class Chequered:
    """A backend off by so much in every pixel, up and down in turn: no mean of any part shows it.

    `share` is that of the columns it is off in.
    """

    def __init__(self, right, off: float, share: float):
        self.right, self.off, self.share = right, off, share

    def __call__(self, image_CHW, intrinsics_33=None):
        planes = self.right(image_CHW)
        rows, columns = np.indices(planes[0].shape)
        wrong = columns < self.share * planes.shape[2]
        planes[0] += np.where(wrong, self.off * (1 - 2 * ((rows + columns) % 2)), 0)
        return planes


@pytest.fixture
def chequered_bf16(monkeypatch):
    """A machine whose OpenVINO is fastest in bf16, and then off by so much in so many pixels."""
    true = serving.open_backend
    monkeypatch.setattr(serving, 'this_machine', lambda: replace(
        this_machine(), gpus=(), fast_bf16=True))

    def make(off: float, share: float = 1.0):
        monkeypatch.setattr(serving, 'open_backend', lambda path, card, spec: (
            Chequered(true(path, card, replace(spec, precision='fp32')), off, share)
            if spec.precision == 'bf16' else true(path, card, spec)))
    return make


def test_auto_takes_no_lower_precision_that_is_off_pixel_by_pixel(path, cache, chequered_bf16):
    """Its self-test passes: errors of a pixel cancel in the means."""
    chequered_bf16(0.08)
    for asked in ({}, {'backend': 'openvino'}):
        found = served(path, **asked)
        assert found.spec.precision == 'fp32'
        assert ('openvino bf16 on cpu: in bf16 log depth of 5% of the pixels is off by 0.08 or '
                'more from fp32, allowed 0.05') in found.reason
    assert served(path, backend='openvino', precision='bf16').spec.precision == 'bf16'


@pytest.mark.parametrize('off, share', [(0.04, 1.0), (1.0, 0.03)])
def test_auto_may_take_a_lower_precision_that_is_near(
        path, cache, chequered_bf16, monkeypatch, off, share):
    """In a few pixels the last bit decides between two modes."""
    chequered_bf16(off, share)
    monkeypatch.setattr(self_test, 'check', lambda *_: None)
    assert 'openvino bf16 on cpu: ' in (reason := served(path).reason)
    assert 'allowed' not in reason


def test_torch_serves_where_no_other_can(path, cache, monkeypatch):
    true = serving.open_backend

    def broken(path, card, spec):
        if spec.backend == 'torch':
            return true(path, card, spec)
        raise RuntimeError('Illegal instruction\nmany lines more')
    monkeypatch.setattr(serving, 'open_backend', broken)
    estimator = DepthEstimator.load(path, 'cpu', 'fp32')
    assert estimator.backend == 'torch'
    assert estimator.backend_reason.count('Illegal instruction') == 2
    assert 'many lines' not in estimator.backend_reason


def served(path, **asked):
    return serving.serve(path, read_card(path), sha256_of(path), BackendSpec(**asked))


def test_what_was_measured_is_remembered_for_this_file_question_and_machine(
        path, cache, monkeypatch):
    built = []
    true = serving.open_backend
    monkeypatch.setattr(serving, 'open_backend', lambda path, card, spec: (
        built.append(spec) or true(path, card, spec)))
    first = served(path, device='cpu', precision='fp32')
    assert built == [OPENVINO, ORT] and f'{ORT}: ' in first.reason and ' ms' in first.reason
    again = served(path, device='cpu', precision='fp32')
    assert again.spec == first.spec and built[2:] == [first.spec]
    assert again.reason == f'{first.spec}: the fastest here when measured'
    monkeypatch.setattr(serving, 'identity', lambda machine: 'another machine')
    served(path, device='cpu', precision='fp32')
    assert built[3:] == [OPENVINO, ORT] and len(list(cache.iterdir())) == 2


@pytest.mark.parametrize('content', ['', '{', '{"key": 1}', '[]', '{"key": "K", "spec": {"a": 1}}',
                                     '{"key": "another", "spec": {"backend": "openvino"}}'])
def test_a_half_written_or_foreign_memory_is_measured_again(cache, content):
    cache.mkdir(parents=True)
    trial._file('K').write_text(content)
    assert trial.recall('K') is None
    assert trial.remember('K', [trial.Finding(spec=ORT, ms=1.0)]) == ''
    assert trial.recall('K') == ORT and len(list(cache.iterdir())) == 1


def test_a_remembered_engine_that_broke_is_measured_again(path, cache, wrong_openvino):
    machine = this_machine()
    asked = BackendSpec(device='cpu', precision='fp32')
    key = serving.trial_key(sha256_of(path), asked, machine)
    trial.remember(key, [trial.Finding(spec=OPENVINO, ms=1.0)])
    wrong_openvino(0.1, 0.1)
    assert served(path, device='cpu', precision='fp32').spec == ORT
    assert trial.recall(key) == ORT


def test_a_gpu_that_failed_once_is_tried_again(path, cache, monkeypatch):
    """Its memory may have been full: the CPU serves this time, and is not remembered."""
    machine = Machine(packages=frozenset({'torch', 'openvino'}), gpus=('H100',))
    monkeypatch.setattr(serving, 'this_machine', lambda: machine)
    true, full = serving.open_backend, [True]

    def on_a_gpu(path, card, spec):
        if spec.device != 'cpu' and full[0]:
            raise RuntimeError('out of memory')
        return true(path, card, BackendSpec(backend=spec.backend, device='cpu', precision='fp32'))
    monkeypatch.setattr(serving, 'open_backend', on_a_gpu)
    for _ in range(2):
        first = served(path)
        assert first.spec.device == 'cpu' and 'out of memory' in first.reason
    full[0] = False
    assert served(path).spec.device == 'cuda:0'
    full[0] = True
    assert served(path).spec.device == 'cpu'
    full[0] = False
    assert served(path).reason == 'torch fp16 on cuda:0: the fastest here when measured'


def test_a_memory_that_cannot_be_written_is_said(path, tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    assert 'not remembered' in served(path, device='cpu', precision='fp32').reason


def test_the_fastest_is_that_with_the_shortest_time():
    clock = {'openvino': 0.02, 'onnxruntime': 0.004, 'torch': 0.05}
    specs = [BackendSpec(backend=name, device='cpu', precision='fp32') for name in clock]

    def build(spec):
        return lambda: __import__('time').sleep(clock[spec.backend])
    best, findings = trial.fastest(specs, build, lambda backend: backend())
    assert [finding.spec.backend for finding in findings][0] == 'onnxruntime'
    assert len(findings) == 3 and 3.9 < findings[0].ms < 19


def test_the_machine_is_told_apart_by_cpu_cores_gpus_and_versions():
    machine = this_machine()
    words = serving.identity(machine)
    assert 'cores' in words and 'CUDA devices' in words
    others = (Machine(packages=frozenset({'torch'})), replace(machine, gpus=('H100',)),
              replace(machine, gpus=('H200',)), replace(machine, tensorrt='10.3.0'),
              replace(machine, tensorrt='10.4.0'),
              replace(machine, providers=frozenset({'CUDAExecutionProvider'})))
    assert len({words, *map(serving.identity, others)}) == 7


def test_a_folder_called_torch_is_no_torch_without_cuda(tmp_path, monkeypatch):
    (tmp_path / 'torch').mkdir()
    monkeypatch.setattr(machine_facts, 'find_spec', lambda name: ModuleSpec(
        name, None, origin=None, is_package=True))
    assert machine_facts.torch_has_cuda()
    found = tmp_path / 'torch' / '__init__.py'
    monkeypatch.setattr(machine_facts, 'find_spec', lambda name: ModuleSpec(
        name, None, origin=str(found)))
    for cuda, has in (("'12.8'", True), ('None', False)):
        found.with_name('version.py').write_text(f'cuda: Optional[str] = {cuda}\n')
        assert machine_facts.torch_has_cuda() == has


def test_a_kept_engine_gives_the_same_numbers_without_the_graph(path, cache, rgb_HW3, monkeypatch):
    built = {precision: DepthEstimator.load(path, 'cpu', precision, 'openvino')
             for precision in ('bf16', 'fp32')}
    monkeypatch.setattr(serving, 'onnx_of', lambda path: pytest.fail('the graph was read'))
    for precision, first in built.items():
        again = DepthEstimator.load(path, 'cpu', precision, 'openvino')
        np.testing.assert_array_equal(
            again.estimate(rgb_HW3).depth, first.estimate(rgb_HW3).depth)
