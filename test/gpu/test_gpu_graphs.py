"""CUDA graphs on a GPU: what they give, what they cost, and what is left after a failure.

What could leave the GPU's state broken runs in a process of its own. Most tests run a small
network: cuDNN plans each convolution of a new shape for long, and anew in every thread.
"""

import gc
from pathlib import Path
import subprocess
import sys
from threading import Thread
import time

import numpy as np
import pytest
import torch
from torch import nn

from mono_depth_ros.backends import captures, shape_graphs
from mono_depth_ros.backends.backend import DeviceError
from mono_depth_ros.backends.captures import clear_workspaces
from mono_depth_ros.backends.cuda_graphs import CudaGraphs, difference
from mono_depth_ros.backends.torch_backend import TorchBackend
from mono_depth_ros.model_file import find_model, load_model
from mono_depth_ros.self_test import TOLERANCE

pytestmark = [pytest.mark.gpu, pytest.mark.thorough]
A, B, C, EIGHT = (1, 3, 48, 64), (1, 3, 32, 80), (2, 3, 64, 48), (8, 3, 48, 64)
INDOOR, INDOOR_WIDE, INDOOR_EIGHT = (1, 3, 192, 256), (1, 3, 160, 320), (8, 3, 192, 256)


class Small(nn.Module):
    """Many kernels of few kinds: convolutions, and a product by cuBLAS."""

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.first, self.last = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 2, 1)
        self.middle = nn.ModuleList(nn.Conv2d(16, 16, 3, padding=1) for _ in range(20))
        self.mix = nn.Linear(16, 16)

    def forward(self, image):
        x = self.first(image)
        for layer in self.middle:
            x = x + 0.3 * layer(x).relu()
        return self.last(x + self.mix(x.mean((2, 3)))[..., None, None])


@pytest.fixture(scope='module')
def networks():
    """Two that give different planes."""
    return [Small(0), Small(1)]


@pytest.fixture(scope='module')
def indoor():
    return load_model(find_model('indoor'))[0]


def image_of(shape, seed):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def check(backend, eager, precision, shape, seed):
    """That a backend gives of an image what the network gives kernel by kernel; the planes."""
    image = image_of(shape, seed)
    planes = backend.batch(image)
    assert difference(planes, eager.batch(image), TOLERANCE[precision]) == '', (shape, seed)
    return planes


def pair(network, device, precision='fp16'):
    return (TorchBackend(network, device, precision),
            TorchBackend(network, device, precision, graphs=False))


@pytest.mark.parametrize('precision', TOLERANCE)
def test_graphs_give_what_the_network_gives(cuda, networks, precision):
    """Shapes interleaved, batches of 1, 2 and 8, other images every time."""
    backend, eager = pair(networks[0], cuda, precision)
    planes = [check(backend, eager, precision, shape, seed) for seed, shape in enumerate(
        [A, B, A, C, EIGHT, A, B, C, EIGHT, A, EIGHT, C, B, A])]
    assert backend.without_graph == {}
    assert set(backend._on_gpu.graphs.shapes) == {A, B, C, EIGHT}
    assert eager._on_gpu.graphs.shapes == []
    assert np.abs(planes[0] - planes[-1]).max() > 1e-2  # of other images


@pytest.mark.parametrize('precision, shapes', [
    ('fp16', [INDOOR, INDOOR_EIGHT, INDOOR_WIDE]), ('bf16', [INDOOR]), ('fp32', [INDOOR])])
def test_the_shipped_network_runs_as_graphs(cuda, indoor, precision, shapes):
    backend, eager = pair(indoor, cuda, precision)
    for seed, shape in enumerate([*shapes, *shapes, *shapes]):
        check(backend, eager, precision, shape, seed)
    assert backend.without_graph == {} and set(backend._on_gpu.graphs.shapes) == set(shapes)


def test_what_was_given_stays_as_it_was(cuda, networks):
    backend, eager = pair(networks[0], cuda)
    kept = [check(backend, eager, 'fp16', A, seed) for seed in range(4)]
    copies = [planes.copy() for planes in kept]
    for seed in range(4, 8):
        backend.batch(image_of(A, seed))
    assert all(map(np.array_equal, kept, copies))
    assert not np.array_equal(kept[2], kept[3])


def test_two_networks_on_one_gpu(cuda, networks):
    pairs = [(*pair(network, cuda, precision), precision)
             for network, precision in zip(networks, ('fp16', 'fp32'))]
    for seed, shape in enumerate([A, A, EIGHT, EIGHT, A, EIGHT, A]):
        for backend, eager, precision in pairs:
            check(backend, eager, precision, shape, seed)
    assert all(set(backend._on_gpu.graphs.shapes) == {A, EIGHT} for backend, _, _ in pairs)


def in_threads(*works):
    """Run functions at once, each in a thread; what the first that failed raised."""
    errors = []

    def kept(work):
        try:
            work()
        except BaseException as error:
            errors.append(error)
    threads = [Thread(target=kept, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_two_networks_in_two_threads(cuda, networks):
    """Each makes its graphs while the other runs; no result is of the other's image."""
    pairs = [pair(network, cuda) for network in networks]

    def run(backend, eager, first):
        for seed in range(first, first + 30):
            check(backend, eager, 'fp16', (A, B, EIGHT)[seed % 3], seed)
    in_threads(*(lambda pair=pair, first=first: run(*pair, first)
                 for pair, first in zip(pairs, (0, 100))))
    assert [backend.without_graph for backend, _ in pairs] == [{}, {}]
    assert all(len(backend._on_gpu.graphs.shapes) == 3 for backend, _ in pairs)


def test_one_network_from_thread_to_thread(cuda, networks):
    backend, eager = pair(networks[0], cuda)
    for seed in range(6):
        in_threads(lambda seed=seed: check(backend, eager, 'fp16', (A, B)[seed % 2], seed))
        check(backend, eager, 'fp16', A, seed + 100)
    assert set(backend._on_gpu.graphs.shapes) == {A, B} and backend.without_graph == {}


def test_graphs_that_give_way_to_others(cuda, networks, monkeypatch):
    monkeypatch.setattr(shape_graphs, 'MOST', 2)
    monkeypatch.setattr(shape_graphs, 'IDLE', 1)
    backend, eager = pair(networks[0], cuda)
    for seed, shape in enumerate([A, A, B, B, C, C, A, B, B, C, C, A]):
        check(backend, eager, 'fp16', shape, seed)
    assert len(backend._on_gpu.graphs.shapes) == 2 and backend.without_graph == {}


def double(image):
    return torch.stack([2 * image.sum(1), -image.sum(1)], 1)


@torch.inference_mode()
def given(graphs, shape, seed):
    """Assert that `double` is what an image gives."""
    image = image_of(shape, seed)
    expected = double(torch.from_numpy(image)).numpy()
    np.testing.assert_allclose(graphs(image), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('error', [
    RuntimeError('injected'), torch.cuda.OutOfMemoryError('CUDA out of memory.')])
def test_a_capture_that_fails_costs_no_image(cuda, monkeypatch, error):
    monkeypatch.setattr(shape_graphs, 'RETRY', 5)
    errors = [error]

    def run(image):
        if torch.cuda.is_current_stream_capturing() and image.shape == A and errors:
            raise errors.pop()
        return double(image)
    graphs = CudaGraphs(run, torch.device(cuda), 1e-3)
    for seed in range(4):
        given(graphs, A, seed)
    assert list(graphs.graphs.refused) == [A] and not errors
    for seed in range(3):
        given(graphs, B, seed)
    assert graphs.graphs.shapes == [B] and not torch.cuda.is_current_stream_capturing()
    for seed in range(4):
        given(graphs, A, seed)
    full = isinstance(error, torch.cuda.OutOfMemoryError)
    assert (A in graphs.graphs.shapes) == full and bool(graphs.graphs.refused) != full


def test_an_error_at_replay_ends_the_graphs_and_no_more(cuda, networks, monkeypatch):
    backend, eager = pair(networks[0], cuda)
    for seed in range(3):
        check(backend, eager, 'fp16', A, seed)

    def lost(_):
        raise RuntimeError('CUDA error: unspecified launch failure\npage')
    with monkeypatch.context() as patched:
        patched.setattr(torch.cuda.CUDAGraph, 'replay', lost)
        with pytest.raises(DeviceError, match=f'^{cuda} fails: CUDA error: .* failure$'):
            backend.batch(image_of(A, 3))
    assert backend._on_gpu.graphs.shapes == []
    for seed in range(4, 7):
        check(backend, eager, 'fp16', A, seed)


def memory(device):
    """Bytes in use, and bytes taken from the GPU, with nothing kept for later."""
    gc.collect()
    clear_workspaces()
    torch.cuda.empty_cache()
    return torch.cuda.memory_allocated(device), torch.cuda.memory_reserved(device)


def test_memory_of_graphs_is_given_back(cuda, indoor):
    before = memory(cuda)
    for _ in range(2):
        backend = TorchBackend(indoor, cuda, 'fp16')
        for shape in (INDOOR, INDOOR, INDOOR_EIGHT, INDOOR_EIGHT):
            backend.batch(image_of(shape, 0))
        assert len(backend._on_gpu.graphs.shapes) == 2 and memory(cuda)[1] > before[1]
        gc.disable()
        try:
            del backend  # no circle of references holds it
            assert torch.cuda.memory_allocated(cuda) == before[0]
        finally:
            gc.enable()
        assert memory(cuda) == before


def test_no_memory_is_taken_for_an_image(cuda, networks):
    backend = TorchBackend(networks[0], cuda, 'fp16')
    for _ in range(3):
        backend.batch(image_of(A, 0))
    before = torch.cuda.memory_stats(cuda)['allocation.all.allocated']
    for seed in range(10):
        backend.batch(image_of(A, seed))
    assert torch.cuda.memory_stats(cuda)['allocation.all.allocated'] == before


def test_a_graph_is_faster(cuda, indoor):
    """At least twice: on an H200 seven times."""
    median_ms = []
    for backend in pair(indoor, cuda):
        took_ms = []
        for seed in range(40):
            image = image_of(INDOOR, seed)
            start = time.perf_counter()
            backend.batch(image)
            took_ms.append((time.perf_counter() - start) * 1e3)
        median_ms.append(float(np.median(took_ms[10:])))
    print(f'graph {median_ms[0]:.2f} ms, kernel by kernel {median_ms[1]:.2f} ms')
    assert 2 * median_ms[0] < median_ms[1]


def test_the_second_gpu_has_graphs_as_the_first(cuda, networks):
    if torch.cuda.device_count() < 2:
        pytest.skip('one GPU only')
    pairs = [pair(networks[0], f'cuda:{index}') for index in (1, 0)]
    for seed in range(4):
        for backend, eager in pairs:
            check(backend, eager, 'fp16', A, seed)
    assert [backend._on_gpu.graphs.shapes for backend, _ in pairs] == [[A], [A]]
    assert torch.cuda.current_device() == 0


BROKEN = '''
import sys
sys.path.insert(0, 'test/gpu')
import torch
from mono_depth_ros.backends import captures
from test_gpu_graphs import A, B, CudaGraphs, double, given, memory

def run(image):
    if torch.cuda.is_current_stream_capturing() and image.shape == A:
        kept.append(torch.empty(30_000_000, device=image.device))
        {work}
    return double(image)

def with_one_broken_off():
    graphs = CudaGraphs(run, device, 1e-3)
    for seed, shape in enumerate([A, A, A, B, B, B, A]):
        given(graphs, shape, seed)
        torch.rand(2, device=device)  # torch may draw none after such a capture
    assert graphs.graphs.shapes == [B], graphs.graphs.shapes
    assert list(graphs.graphs.refused) == [A]
    print('refused:', graphs.graphs.refused[A], '- broken off:', len(captures.BROKEN))
    kept.clear()
    del graphs
    return memory(device)

device, kept = torch.device({device!r}), []
before = memory(device)
first = with_one_broken_off()
assert torch.cuda.current_stream() == torch.cuda.default_stream()
torch.cuda.synchronize()
torch.cuda.empty_cache()  # torch raises where it takes a capture for one still going on
with torch.cuda.graph(torch.cuda.CUDAGraph()):  # somebody else's
    torch.zeros(3, device=device).add_(1)
more = [with_one_broken_off() for _ in range(2)]
if torch.__version__ < '2.13':  # later it is torch's own business to give it back, or not
    # Seed and offset of random numbers, a smallest block each, are there as long as one graph is,
    # and one that was broken off is kept (captures.BROKEN).
    assert first[0] - before[0] <= 1024 and first[1] - before[1] <= 1 << 21, (first, before)
    assert more == [first, first], (more, first)
print('done')
'''


@pytest.mark.parametrize('work', [
    'image.sum().item()', 'torch.empty(1 << 44, device=image.device)'])
def test_a_capture_that_cuda_breaks_off_leaves_nothing_broken(cuda, work):
    """A forbidden call, and memory that is really full, in the capture."""
    done = subprocess.run(
        [sys.executable, '-c', BROKEN.format(work=work, device=cuda)], capture_output=True,
        text=True, cwd=Path(__file__).parents[2], timeout=120, check=False)
    print(done.stdout)
    assert done.stdout.endswith('done\n') and done.returncode == 0, done.stderr[-2000:]


def test_no_capture_was_broken_off_in_this_process(cuda):
    """The last test here: all above ended well, whatever they were told to raise."""
    assert captures.BROKEN == []
