"""A device that gives up while it serves: what takes over, what is said, and nothing wrong."""

import numpy as np
import pytest

from mono_depth_ros.backends.backend import BackendSpec, DeviceError
from mono_depth_ros.backends.recovery import RecoveringNetwork
from mono_depth_ros.backends.serve import Serving

GPU = BackendSpec(backend='torch', device='cuda:0', precision='fp16')
CPU = BackendSpec(backend='openvino', device='cpu', precision='bf16')
IMAGE = np.zeros((3, 2, 2), np.float32)


class Device:
    """A machine whose GPU gives planes of 1 while it works, and whose CPU gives planes of 2."""

    def __init__(self):
        self.lost, self.refuses, self.asked = '', None, []

    def serve(self, asked):
        self.asked.append(asked)
        if self.refuses:
            raise self.refuses
        spec = CPU if asked.device == 'cpu' else GPU
        return Serving(network=self.cpu if spec is CPU else self.gpu, spec=spec, reason='tested')

    def gpu(self, image_CHW, intrinsics_33=None):
        if self.lost:
            raise DeviceError(self.lost)
        return np.ones((1, 2, 2), np.float32)

    def cpu(self, image_CHW, intrinsics_33=None):
        return np.full((1, 2, 2), 2, np.float32)


@pytest.fixture
def device():
    return Device()


def serving(device, policy):
    network = RecoveringNetwork(device.serve(GPU), policy, device.serve)
    assert network(IMAGE).mean() == 1 and network.spec == GPU and network.error == ''
    device.asked.clear()
    return network


def test_the_cpu_takes_over_from_that_image_on(device):
    network = serving(device, 'cpu')
    device.lost = 'the memory of cuda:0 is full'
    assert network(IMAGE).mean() == 2 and network.spec == CPU
    assert network.error == ('torch fp16 on cuda:0 gave up: the memory of cuda:0 is full; '
                             'the CPU takes over')
    assert network.reason == f'tested; since {network.error}'
    device.lost = ''
    assert network(IMAGE).mean() == 2 and device.asked == [BackendSpec(device='cpu')]


def test_retry_loads_the_same_again_for_the_same_image(device, monkeypatch):
    network = serving(device, 'retry')
    device.lost = 'cuda:0 fails: unspecified launch failure'
    true = device.serve

    def reset(asked):
        device.lost = ''
        return true(asked)
    network._again = reset
    assert network(IMAGE).mean() == 1 and device.asked == [GPU]
    assert 'unspecified launch failure; the network is loaded again' in network.error


def test_retry_tries_again_for_each_image_until_it_works(device):
    network = serving(device, 'retry')
    device.lost, device.refuses = 'lost', RuntimeError('no CUDA device\na page more')
    for _ in range(2):
        with pytest.raises(DeviceError, match='gave up: lost.*but cannot: no CUDA device$'):
            network(IMAGE)
    device.lost, device.refuses = '', None
    assert network(IMAGE).mean() == 1 and device.asked == [GPU] * 3


def test_fail_serves_nothing_more(device):
    network = serving(device, 'fail')
    device.lost = 'lost'
    for lost in ('lost', ''):  # a device that comes back by itself stays unused
        device.lost = lost
        with pytest.raises(DeviceError, match='no image is served until the model is loaded'):
            network(IMAGE)
    assert not device.asked


def test_without_a_policy_an_error_is_the_caller_s_and_the_next_image_is_served(device):
    network = serving(device, '')
    device.lost = 'lost'
    with pytest.raises(DeviceError, match='^lost$'):
        network(IMAGE)
    device.lost = ''
    assert network(IMAGE).mean() == 1 and network.error == ''


class Batches:
    """A GPU whose memory holds so many images; the sizes of the batches it was given."""

    together = 8

    def __init__(self, most):
        self.most, self.given = most, []

    def batch(self, image_BCHW):
        self.given.append(len(image_BCHW))
        if len(image_BCHW) > self.most:
            raise DeviceError('the memory of cuda:0 is full')
        return np.ones((len(image_BCHW), 1, 2, 2), np.float32)


@pytest.mark.parametrize('policy', ['', 'retry', 'cpu', 'fail'])
def test_a_batch_that_failed_is_tried_only_smaller_and_that_is_told(device, policy):
    network = RecoveringNetwork(device.serve(GPU), policy, device.serve)
    network._network = gpu = Batches(2)
    sizes, told = [], []
    for _ in range(4):
        sizes.append(network.together)
        try:
            network.batch(np.stack([IMAGE] * network.together))
        except DeviceError as error:
            told.append(network.error)
            assert str(error) == 'the memory of cuda:0 is full'
    assert sizes == gpu.given == [8, 4, 2, 2]
    assert told == [f'torch fp16 on cuda:0 could not run {several} images at once: the memory of '
                    f'cuda:0 is full; from now on it is given at most {most}'
                    for several, most in ((8, 4), (4, 2))]
    assert network.error == told[-1] and network.reason == '; '.join(['tested', *told])


def test_a_batch_is_halved_down_to_single_images(device):
    network = RecoveringNetwork(device.serve(GPU), '', device.serve)
    network._network = Batches(0)
    for images in (3, 1):
        with pytest.raises(DeviceError):
            network.batch(np.stack([IMAGE] * images))
        assert network.together == 1


def test_what_is_wrong_with_an_image_replaces_nothing(device, monkeypatch):
    network = serving(device, 'cpu')

    def odd(image_CHW, intrinsics_33=None):
        raise ValueError('the graph cannot run this size')
    network._network = odd
    with pytest.raises(ValueError, match='this size'):
        network(IMAGE)
    assert network.spec == GPU and not device.asked


def test_an_unknown_policy_is_refused(device):
    with pytest.raises(ValueError, match="must be retry, cpu or fail, got 'pray'"):
        RecoveringNetwork(device.serve(GPU), 'pray', device.serve)


@pytest.mark.thorough
@pytest.mark.parametrize('policy', ['cpu', 'retry'])
def test_the_depth_is_right_after_full_memory(policy, monkeypatch):
    torch = pytest.importorskip('torch')
    from mono_depth_ros.estimator import DepthEstimator
    rgb = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    estimator = DepthEstimator.load('indoor', 'cpu', 'fp32', 'torch', policy)
    right, called = estimator.estimate(rgb).depth, []
    true = torch.nn.Module.__call__

    def full_once(self, *inputs):
        if not called:
            called.append(self)
            raise torch.cuda.OutOfMemoryError('CUDA out of memory.\nSee\npage')
        return true(self, *inputs)
    monkeypatch.setattr(torch.nn.Module, '__call__', full_once)
    found = estimator.estimate(rgb).depth
    assert called and 'the memory of cpu is full' in estimator.device_error
    np.testing.assert_allclose(found, right, rtol=0.05)
    assert estimator.device == 'cpu' and (estimator.backend == 'torch') == (policy == 'retry')
