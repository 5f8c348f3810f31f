"""Inference on a GPU against a CPU; what has a meaning there runs on a CPU as well."""

import gc
from threading import Thread
import weakref

import numpy as np
import pytest
import torch

from mono_depth_ros.backends.captures import clear_workspaces
from mono_depth_ros.backends.torch_backend import pick_device, TorchBackend
from mono_depth_ros.estimator import DepthEstimator

pytestmark = [pytest.mark.gpu, pytest.mark.thorough]
# How far depth may be off: the median and the 99th percentile of |log ratio|.
OFF = {'fp32': (1e-3, 1e-2), 'fp16': (5e-3, 3e-2), 'bf16': (3e-2, 0.15)}


def load(device, precision='fp32', model='indoor'):
    return DepthEstimator.load(model, device, precision, backend='torch')


def test_auto_takes_the_gpu_where_there_is_one():
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    assert pick_device('auto') == ('cuda:0' if count else 'cpu')
    with pytest.raises(ValueError, match=f'cuda:{count} was asked for'):
        load(f'cuda:{count}')
    assert load('auto', 'auto').device == pick_device('auto')


@pytest.mark.parametrize('precision', OFF)
def test_depth_is_that_of_float32_on_the_cpu(device, images, precision):
    """On real images where the check has some."""
    reference, estimator = load('cpu'), load(device, precision)
    for rgb_HW3 in images:
        expected, got = (e.estimate(rgb_HW3).clipped for e in (reference, estimator))
        off = np.abs(np.log(got / expected))
        assert np.isfinite(got).all()
        assert np.median(off) < OFF[precision][0] and np.quantile(off, 0.99) < OFF[precision][1]


@pytest.mark.parametrize('precision', OFF)
@pytest.mark.parametrize('model', ['indoor', 'outdoor'])
def test_shipped_models_pass_their_self_test(device, model, precision):
    """It is run by loading."""
    assert load(device, precision, model).precision == precision


def test_memory_is_given_back(device, images):
    """An estimator that is gone leaves nothing, on the GPU not a byte."""
    def allocated():
        gc.collect()
        clear_workspaces()
        return torch.cuda.memory_allocated(device) if device.startswith('cuda') else 0
    before = allocated()
    estimator = load(device)
    estimator.estimate(images[0])
    gone = weakref.ref(estimator._network)
    del estimator
    assert allocated() == before and gone() is None


def test_two_models_at_once_give_what_each_gives_alone(device, images):
    estimators = [load(device, model=name) for name in ('indoor', 'outdoor')]
    alone = [[e.estimate(rgb).depth for rgb in images] for e in estimators]
    together: dict[int, list] = {}

    def run(number):
        together[number] = [estimators[number].estimate(rgb).depth for rgb in images]
    threads = [Thread(target=run, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in (0, 1):
        for got, expected in zip(together[number], alone[number], strict=True):
            assert np.allclose(got, expected, rtol=1e-3)


def full(*_, **__):
    raise torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 2 GiB.\nSee\npage')


@pytest.mark.parametrize('when', ['load', 'run'])
def test_full_memory_is_one_sentence(device, images, monkeypatch, when):
    """Injected, so that no card need be filled."""
    if when == 'load':
        monkeypatch.setattr(torch.nn.Module, 'to', full)
        with pytest.raises(ValueError, match=f'the memory of {device} is full') as error:
            load(device)
    else:
        estimator = load(device)
        monkeypatch.setattr(torch.nn.Module, '__call__', full)
        monkeypatch.setattr(torch.cuda.CUDAGraph, 'replay', full)
        with pytest.raises(ValueError, match=f'the memory of {device} is full') as error:
            estimator.estimate(images[0])
    assert '\n' not in str(error.value)


def test_a_card_that_is_really_full_says_so(cuda):
    torch.cuda.empty_cache()
    held = torch.cuda.memory_allocated(cuda) / torch.cuda.mem_get_info(cuda)[1]
    torch.cuda.set_per_process_memory_fraction(held + 1e-4, cuda)
    with pytest.raises(ValueError, match='the memory of cuda:0 is full'):
        load(cuda)


def test_a_backend_takes_its_network_s_copy(device):
    """What was given stays on the CPU in float32: another device may want it."""
    from mono_depth_ros.model_file import find_model, load_model
    network = load_model(find_model('indoor'))[0]
    TorchBackend(network, device, 'bf16')
    weight = next(network.parameters())
    assert weight.device.type == 'cpu' and weight.dtype is torch.float32
