"""CUDA graphs as far as a CPU can tell: which shapes get one, what is refused, the way back.

On a GPU: test/gpu/test_gpu_graphs.py.
"""

from contextlib import contextmanager, nullcontext
from functools import partial
import gc
import math
import weakref

import numpy as np
import pytest
import torch

from mono_depth_ros.backends import captures, cuda_graphs, shape_graphs
from mono_depth_ros.backends.backend import DeviceError
from mono_depth_ros.backends.cuda_graphs import CudaGraphs, difference, Graph
from mono_depth_ros.backends.shape_graphs import is_memory_full, ShapeGraphs
from mono_depth_ros.backends.torch_backend import enough_memory, TorchBackend
from mono_depth_ros.model_card import NetworkSpec
from mono_depth_ros.networks.registry import build

A, B, C = (1, 3, 2, 4), (1, 3, 4, 2), (8, 3, 2, 4)
FULL = torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 2 GiB.\nSee\npage')


class Made:
    """A graph that counts for one; `errors` are what the next captures run into."""

    errors: list = []
    alive: set = set()

    def __init__(self, shape):
        if Made.errors and (error := Made.errors.pop(0)):
            raise error
        self.shape = shape
        Made.alive.add(shape)

    def close(self):
        Made.alive.remove(self.shape)


@pytest.fixture
def policy(monkeypatch):
    monkeypatch.setattr(Made, 'errors', [])
    monkeypatch.setattr(Made, 'alive', set())

    def make(most=2, idle=3, retry=5):
        for name, value in (('MOST', most), ('IDLE', idle), ('RETRY', retry)):
            monkeypatch.setattr(shape_graphs, name, value)
        return ShapeGraphs(Made)
    return make


def served(graphs, shapes):
    """Which of the calls got a graph."""
    return [graphs.get(shape) is not None for shape in shapes]


def test_a_shape_has_a_graph_from_its_second_call_on(policy):
    graphs = policy()
    assert served(graphs, [A, B, A, A, B, B]) == [False, False, True, True, True, True]
    assert graphs.get(A) is graphs.get(A) and graphs.shapes == [B, A]


def test_a_graph_gives_way_only_after_it_was_not_used_for_long(policy):
    graphs = policy(most=2, idle=4)
    assert served(graphs, [A, A, B, B, C, C]) == [False, True, False, True, False, False]
    assert Made.alive == {A, B}
    assert served(graphs, [A, B, C, C]) == [True, True, False, False]
    assert served(graphs, [B, C]) == [True, True] and Made.alive == {B, C}  # A: five calls ago
    assert served(graphs, [A]) == [False] and graphs.shapes == [B, C]


def test_as_many_shapes_as_there_may_be_never_drop_one_another(policy):
    graphs = policy(most=2, idle=0)
    assert served(graphs, [A, B] * 3) == [False, False] + [True] * 4


def test_full_memory_is_tried_again_later(policy):
    graphs = policy(retry=5)
    Made.errors += [FULL]
    assert served(graphs, [A, A]) == [False, False]
    assert graphs.refused == {A: 'CUDA out of memory. Tried to allocate 2 GiB.'}
    assert served(graphs, [B, B, A, A, A]) == [False, True, False, False, True]
    assert graphs.refused == {}


def test_another_failure_is_remembered_for_that_shape_alone(policy):
    graphs = policy(retry=1)
    Made.errors += [RuntimeError('operation not permitted when stream is capturing\npage')]
    assert served(graphs, [A, A, B, B] + [A] * 20) == [False] * 3 + [True] + [False] * 20
    assert graphs.refused == {A: 'operation not permitted when stream is capturing'}
    graphs.clear()
    assert graphs.get(A) is None and A in graphs.refused


def test_after_clear_there_is_none_for_a_while(policy):
    graphs = policy(retry=4)
    served(graphs, [A, A, B, B])
    graphs.clear()
    assert not Made.alive and graphs.shapes == []
    assert served(graphs, [A, A, A, A, B, A]) == [False] * 3 + [True] * 3


def test_an_interruption_is_not_kept_back(policy):
    graphs = policy()
    Made.errors += [KeyboardInterrupt()]
    graphs.get(A)
    with pytest.raises(KeyboardInterrupt):
        graphs.get(A)
    assert graphs.get(A) is not None


def test_full_memory_is_known_by_what_it_came_from():
    """A capture that memory ended says at its end only that it was broken off."""
    def ended():
        try:
            try:
                raise FULL
            finally:
                raise RuntimeError('CUDA error: capture invalidated')
        except RuntimeError as error:
            return error
    assert is_memory_full(FULL) and is_memory_full(ended())
    assert is_memory_full(RuntimeError('CUDA error: out of memory'))
    assert is_memory_full(RuntimeError('CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate'))
    assert not is_memory_full(RuntimeError('CUDA error: capture invalidated'))


def test_planes_are_alike_within_their_precision():
    planes = np.linspace(0, 2, 1000, dtype=np.float32)
    assert difference(planes + 5e-4, planes, 1e-3) == ''
    assert '100.0% of its numbers are off by more than 0.001, by 0.01' in difference(
        planes + 0.01, planes, 1e-3)
    few, many = planes.copy(), planes.copy()
    few[:5] += 1
    many[:6] += 1
    assert difference(few, planes, 1e-3) == '' and 'by 1' in difference(many, planes, 1e-3)
    few[0] = math.nan
    assert difference(few, planes, 1e-3) == (
        "99.9% of its numbers are finite, 100.0% of the network's")
    assert 'finite' in difference(few, few, 1e-3)


class Kernels:
    """In place of a captured graph: what was captured is done again at every replay."""

    def __init__(self, work):
        self.work, self.resets, self.error = work, 0, None

    def replay(self):
        if self.error:
            raise self.error
        self.work()

    def reset(self):
        self.resets += 1


class Stream:
    """In place of a stream of a GPU."""

    device = torch.device('cpu')

    def synchronize(self):
        pass

    def wait_stream(self, other):
        pass


@pytest.fixture
def gpu(monkeypatch):
    """A CPU that plays the GPU; the graphs made on it."""
    made = []

    def captured(work, device):
        made.append(Kernels(work))
        return made[-1]
    monkeypatch.setattr(cuda_graphs, 'stream_of_its_own', lambda device: Stream())
    monkeypatch.setattr(cuda_graphs, 'captured', captured)
    monkeypatch.setattr(cuda_graphs, '_pinned', lambda shape: torch.empty(shape))
    for name in ('device', 'stream'):
        monkeypatch.setattr(torch.cuda, name, lambda _: nullcontext())
    monkeypatch.setattr(torch.cuda, 'current_stream', Stream)
    return made


def double(image):
    return torch.stack([2 * image.sum(1), -image.sum(1)], 1)


def image_of(shape, seed):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def expected_of(image):
    return double(torch.from_numpy(image)).numpy()


def graphs_of(run, graphs=True):
    return CudaGraphs(run, torch.device('cuda:0'), 1e-3, graphs)


@torch.inference_mode()
def test_graphs_give_what_the_network_gives_and_keep_no_result(gpu):
    graphs = graphs_of(double)
    images = [image_of(shape, seed) for seed, shape in enumerate([A, B, A, C, B, A, C, A])]
    planes = [graphs(image) for image in images]
    for image, got in zip(images, planes):  # the last of a shape has not overwritten the first
        np.testing.assert_allclose(got, expected_of(image), rtol=1e-6)
    assert len(gpu) == 3 and graphs.graphs.shapes == [B, C, A]


@torch.inference_mode()
def test_an_image_may_be_a_view(gpu):
    graphs = graphs_of(double)
    image = image_of((1, 4, 2, 3), 0).transpose(0, 3, 2, 1)
    for _ in range(3):
        np.testing.assert_allclose(graphs(image), expected_of(image.copy()), rtol=1e-6)


@pytest.mark.parametrize('wrong, said', [
    (lambda work: None, '0.0% of its numbers are finite'),
    (lambda work: work().add_(0.1), 'of its numbers are off by more than 0.001')])
def test_a_graph_that_does_not_answer_as_the_network_never_serves(gpu, monkeypatch, wrong, said):
    monkeypatch.setattr(cuda_graphs, 'captured', lambda work, device: (
        gpu.append(Kernels(lambda: wrong(work))) or gpu[-1]))
    graphs = graphs_of(double)
    for seed in range(4):
        image = image_of(A, seed)
        assert np.array_equal(graphs(image), expected_of(image))
    assert said in graphs.graphs.refused[A] and len(gpu) == 1 and gpu[0].resets == 1


def test_a_graph_of_one_image_alone_is_seen(gpu, monkeypatch):
    """It gives the planes of the image it was captured with, whatever comes."""
    def stale(work, device):
        first = []

        def replay():
            planes = work()
            first or first.append(planes.clone())
            planes.copy_(first[0])
        return Kernels(replay)
    monkeypatch.setattr(cuda_graphs, 'captured', stale)
    graphs = graphs_of(double)
    graphs(image_of(A, 0)), graphs(image_of(A, 1))
    assert 'are off by' in graphs.graphs.refused[A]


def test_an_error_at_replay_is_the_device_s_and_ends_the_graphs(gpu):
    graphs = graphs_of(double)
    for seed in range(2):
        graphs(image_of(A, seed))
    gpu[0].error = RuntimeError('CUDA error: unspecified launch failure\npage')
    with pytest.raises(DeviceError, match='^cuda:0 fails: .* launch failure$'), (
            enough_memory('cuda:0')):
        graphs(image_of(A, 2))
    assert gpu[0].resets == 1 and graphs.graphs.shapes == []
    image = image_of(A, 3)
    assert np.array_equal(graphs(image), expected_of(image)) and len(gpu) == 1


def test_a_batch_that_does_not_fit_costs_no_graph_of_fewer_images(gpu):
    full = []

    def run(image):
        if full and len(image) > 1:
            raise FULL
        return double(image)
    graphs = graphs_of(run)
    for seed, shape in enumerate([A, A, C, C]):
        graphs(image_of(shape, seed))
    alone, several = gpu
    assert graphs.graphs.shapes == [A, C]
    full.append(True)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        graphs(image_of(C, 2))
    assert graphs.graphs.shapes == [A] and (alone.resets, several.resets) == (0, 1)
    assert np.array_equal(graphs(image_of(A, 3)), expected_of(image_of(A, 3)))


def test_a_batch_on_a_device_that_answers_no_more_costs_all_graphs(gpu, monkeypatch):
    graphs = graphs_of(double)
    for seed, shape in enumerate([A, A, C, C]):
        graphs(image_of(shape, seed))

    def lost(stream):
        raise RuntimeError('CUDA error: unspecified launch failure')
    monkeypatch.setattr(Stream, 'synchronize', lost)
    with pytest.raises(RuntimeError, match='launch failure'):
        graphs(image_of(C, 2))
    assert graphs.graphs.shapes == [] and [kernels.resets for kernels in gpu] == [1, 1]


def test_without_graphs_none_is_made(gpu):
    graphs = graphs_of(double, graphs=False)
    for seed in range(3):
        image = image_of(A, seed)
        assert np.array_equal(graphs(image), expected_of(image))
    assert not gpu and graphs.graphs.shapes == []


def test_graphs_go_with_the_last_who_holds_them(gpu):
    """Without a collection of circles: a robot waits long for one."""
    graphs = graphs_of(double)
    for seed in range(2):
        graphs(image_of(A, seed))
    kernels = weakref.ref(gpu.pop())
    gc.disable()
    try:
        del graphs
        assert kernels() is None
    finally:
        gc.enable()


def test_a_buffer_keeps_its_place():
    """No memory is taken for an image: a graph knows addresses."""
    image, planes = torch.zeros(A), torch.zeros(1, 2, 2, 4)
    graph = Graph(kernels=Kernels(lambda: planes.copy_(double(image))), stream=Stream(),
                  image=image, planes=planes, host_image=torch.zeros(A),
                  host_planes=torch.zeros(planes.shape))
    first = graph(image_of(A, 0))
    assert np.array_equal(graph(image_of(A, 1)), expected_of(image_of(A, 1)))
    assert np.array_equal(first, expected_of(image_of(A, 0)))
    assert not np.shares_memory(first, graph.host_planes.numpy())


class CapturedByTorch:
    """torch.cuda.CUDAGraph, whose capture CUDA broke off where `broken`."""

    broken = False

    def __init__(self):
        self.resets = 0

    def pool(self):
        if self.broken:
            raise RuntimeError('Called CUDAGraph::pool() without a preceding successful capture.')

    def reset(self):
        self.resets += 1


@pytest.fixture
def capturing(monkeypatch):
    """torch's way to capture, on a CPU; what it was asked for, in order."""
    asked = []

    def graph(kernels, **options):
        asked.append(('capture', options))
        return nullcontext()

    @contextmanager
    def current(name, value):
        asked.append((name, str(value)))
        try:
            yield
        finally:
            asked.append(f'{name} as before')
    monkeypatch.setattr(torch.cuda, 'CUDAGraph', CapturedByTorch)
    monkeypatch.setattr(torch.cuda, 'graph_pool_handle', lambda: (0, 7))
    monkeypatch.setattr(torch.cuda, 'graph', graph)
    monkeypatch.setattr(torch.cuda, 'Stream', lambda device: f'stream of {device}')
    for name in ('device', 'stream'):
        monkeypatch.setattr(torch.cuda, name, partial(current, name))
    monkeypatch.setattr(torch, 'zeros', lambda *_, device: asked.append(f'zeros on {device}'))
    monkeypatch.setattr(torch.cuda, 'synchronize', lambda device: asked.append('synchronize'))
    monkeypatch.setattr(torch.cuda, 'empty_cache', lambda: asked.append('empty'))
    monkeypatch.setattr(captures, 'CAPTURE_STREAMS', {})
    monkeypatch.setattr(captures, 'BROKEN', [])
    for name in ('_cuda_clearCublasWorkspaces', '_cuda_endAllocateToPool', '_cuda_releasePool'):
        monkeypatch.setattr(
            torch._C, name, lambda *of, name=name: asked.append((name, *of)), raising=False)
    return asked


def failing():
    raise RuntimeError('in the capture')


CUDA_1 = torch.device('cuda:1')
ON_ITS_DEVICE = [('device', 'cuda:1'), ('stream', 'stream of cuda:1')]
AS_BEFORE = ['stream as before', 'device as before']
CLEARED = ('_cuda_clearCublasWorkspaces',)
OPTIONS = {'pool': (0, 7), 'stream': 'stream of cuda:1', 'capture_error_mode': 'thread_local'}


def test_a_capture_has_device_stream_memory_and_workspaces_of_its_own(capturing):
    kernels = captures.captured(lambda: capturing.append('work'), CUDA_1)
    assert capturing == [*ON_ITS_DEVICE, CLEARED, ('capture', OPTIONS), 'work', CLEARED,
                         *AS_BEFORE]
    assert kernels.resets == 0 and list(captures.CAPTURE_STREAMS) == [CUDA_1]


def test_a_capture_may_share_the_memory_of_another(capturing):
    captures.captured(lambda: None, CUDA_1, (0, 5))
    assert ('capture', {**OPTIONS, 'pool': (0, 5)}) in capturing


def test_a_capture_that_failed_but_ended_leaves_nothing(capturing):
    with pytest.raises(RuntimeError, match='in the capture'):
        captures.captured(failing, CUDA_1)
    assert capturing[4:] == [CLEARED, 'synchronize', 'empty', *AS_BEFORE]
    assert not captures.BROKEN


@pytest.mark.parametrize('version, older', [('2.6.0', True), ('2.11.0+cu128', True),
                                            ('2.12.0', True), ('2.13.0', False)])
def test_a_capture_that_was_broken_off_is_ended_for_torch(capturing, monkeypatch, version, older):
    """A later torch gives the memory back by itself, and must not be made to do it twice.

    An older one draws no random numbers until another capture ended well.
    """
    monkeypatch.setattr(CapturedByTorch, 'broken', True)
    monkeypatch.setattr(torch, '__version__', torch.torch_version.TorchVersion(version))
    with pytest.raises(RuntimeError, match='in the capture'):
        captures.captured(failing, CUDA_1)
    another = {name: value for name, value in OPTIONS.items() if name != 'pool'}
    ended = [('_cuda_releasePool', 1, (0, 7)), ('capture', another), 'zeros on cuda:1']
    assert capturing[4:] == [CLEARED, ('_cuda_endAllocateToPool', 1, (0, 7)),
                             *(ended if older else []), 'synchronize', 'empty', *AS_BEFORE]
    assert len(captures.BROKEN) == older


def test_for_a_capture_that_never_began_nothing_is_given_back(capturing, monkeypatch):
    """The memory it was to share is in use by other graphs."""
    def no_capture(*_, **options):
        raise RuntimeError('in the capture')
    monkeypatch.setattr(CapturedByTorch, 'broken', True)
    monkeypatch.setattr(torch, '__version__', torch.torch_version.TorchVersion('2.11.0'))
    monkeypatch.setattr(torch.cuda, 'graph', no_capture)
    with pytest.raises(RuntimeError, match='in the capture'):
        captures.captured(lambda: None, CUDA_1, (0, 5))
    assert not any('_cuda_releasePool' in asked for asked in capturing) and not captures.BROKEN


def test_a_stream_of_its_own_is_not_that_of_captures(monkeypatch):
    class Pooled:
        """Of two, given out in turn."""

        given = 0

        def __init__(self, device):
            self.device, self.number = device, Pooled.given % 2
            Pooled.given += 1

        def __eq__(self, other):
            return self.number == other.number
    monkeypatch.setattr(torch.cuda, 'Stream', Pooled)
    monkeypatch.setattr(captures, 'CAPTURE_STREAMS', {})
    numbers = [captures.stream_of_its_own(CUDA_1).number for _ in range(4)]
    assert captures.CAPTURE_STREAMS[CUDA_1].number not in numbers


def test_a_cpu_has_no_graphs():
    network = build(NetworkSpec(name='mobile', input_height=64, input_width=96)).eval()
    backend = TorchBackend(network, 'cpu', 'fp32')
    assert backend._on_gpu is None and backend.without_graph == {} and backend.together == 1
