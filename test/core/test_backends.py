"""PyTorch backend: the network's own numbers, in the precision asked for, on the device asked."""

import numpy as np
import pytest
import torch

from mono_depth_ros.backends.torch_backend import pick_device, TorchBackend
from mono_depth_ros.model_card import NetworkSpec
from mono_depth_ros.networks.registry import build


@pytest.fixture(scope='module')
def network():
    torch.manual_seed(0)
    made = build(NetworkSpec(name='mobile', input_height=64, input_width=96)).eval()
    for weight in made.parameters():
        if weight.ndim > 1 and not weight.any():
            torch.nn.init.normal_(weight, std=0.5)
    return made


@pytest.fixture(scope='module')
def image_3HW():
    return np.random.default_rng(0).uniform(-1, 1, (3, 64, 96)).astype(np.float32)


def test_fused_network_gives_what_the_network_gives(network, image_3HW):
    before = [tensor.clone() for tensor in network.state_dict().values()]
    planes = TorchBackend(network, 'cpu', 'fp32')(image_3HW)
    with torch.inference_mode():
        expected = network(torch.from_numpy(image_3HW)[None])[0].numpy()
    assert planes.dtype == np.float32 and planes.shape == expected.shape and expected.std() > 0.1
    np.testing.assert_allclose(planes, expected, atol=2e-4)
    assert all(torch.equal(a, b) for a, b in zip(before, network.state_dict().values()))


def test_precision_is_that_asked_for(network, image_3HW):
    full = TorchBackend(network, 'cpu', 'fp32')(image_3HW)
    half = TorchBackend(network, 'cpu', 'bf16')(image_3HW)
    assert half.dtype == np.float32 and (half != full).mean() > 0.9
    # bf16 keeps 8 bits: every number it gives is one of those.
    assert np.array_equal(half, torch.from_numpy(half).bfloat16().float().numpy())


def test_unknown_device_gets_a_sentence():
    assert pick_device('cpu') == 'cpu'
    for word in ('gpu', 'mps', 'cuda:x'):
        with pytest.raises(ValueError, match=f"device must be .* got '{word}'"):
            pick_device(word)


def test_a_missing_gpu_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    assert pick_device('cuda') == pick_device('auto') == 'cuda:0' and pick_device('cuda:1') == (
        'cuda:1')
    with pytest.raises(ValueError, match='cuda:2 was asked for .* sees 2 CUDA devices'):
        pick_device('cuda:2')
