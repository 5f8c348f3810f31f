"""The networks are the ones they claim to be: sizes, parameters, and what a cell sees."""

import pytest
import torch

from mono_depth_ros.card import NetworkSpec
from mono_depth_ros.networks.catalogue import build, default_spec, NETWORKS


def parameters(module):
    return sum(weight.numel() for weight in module.parameters())


def test_eigen_modified_is_the_paper_s():
    network = build(default_spec('eigen_modified')).eval()
    assert parameters(network) == 50_152_885
    coarse, fine = network.both(torch.zeros(1, 3, 240, 320))
    assert coarse.shape == fine.shape == (1, 1, 60, 80)


def test_eigen_modified_fine_stack_sees_13_by_13_cells():
    fine = build(default_spec('eigen_modified')).fine
    coarse = torch.zeros(1, 1, 60, 80, requires_grad=True)
    for layer in fine.refine:
        if hasattr(layer, 'weight'):
            torch.nn.init.ones_(layer.weight)
            torch.nn.init.ones_(layer.bias)
    fine(torch.zeros(1, 3, 240, 320), coarse)[0, 0, 30, 40].backward()
    rows, columns = coarse.grad[0, 0].nonzero(as_tuple=True)
    assert (rows.min(), rows.max()) == (24, 36)
    assert (columns.min(), columns.max()) == (34, 46)


def test_eigen_modified_gives_the_fine_stack_one_edge_channel():
    fine = build(default_spec('eigen_modified')).fine
    assert fine.edges(torch.zeros(1, 3, 240, 320)).shape == (1, 1, 60, 80)
    assert fine.refine[0].in_channels == 2


def test_mobile_refines_to_half_the_input_within_10_million_parameters():
    network = build(default_spec('mobile')).eval()
    assert parameters(network) <= 10_000_000
    coarse, fine = network.both(torch.zeros(1, 3, 192, 256))
    assert coarse.shape == (1, 1, 24, 32)
    assert fine.shape == (1, 1, 96, 128)


@pytest.mark.parametrize('name', sorted(NETWORKS))
def test_coarse_stack_sees_the_whole_image(name):
    torch.manual_seed(1)
    network = build(default_spec(name)).eval()
    for weight in network.coarse.parameters():
        if weight.ndim > 1 and not weight.any():
            torch.nn.init.normal_(weight)
    spec = default_spec(name)
    image = torch.randn(1, 3, spec.input_height, spec.input_width, requires_grad=True)
    network.coarse(image)[0][0, 0, 0, 0].backward()
    corner = image.grad[0, :, -spec.input_height // 4:, -spec.input_width // 4:]
    assert corner.abs().max() > 0


@pytest.mark.parametrize('name', sorted(NETWORKS))
def test_fine_gradient_reaches_image_and_coarse_map(name):
    torch.manual_seed(0)
    spec = default_spec(name)
    network = build(spec)
    network.train()
    for weight in network.parameters():
        if weight.ndim > 1 and not weight.any():
            torch.nn.init.normal_(weight)
    image = torch.randn(2, 3, spec.input_height, spec.input_width)
    network(image).square().mean().backward()
    # The last bias of a hidden layer before a ReLU may be dead; whole layers may not.
    silent = [name for name, weight in network.named_parameters()
              if weight.ndim > 1 and not (weight.grad is not None and weight.grad.any())]
    assert silent == []


def test_unknown_network_and_wrong_size_are_refused():
    with pytest.raises(ValueError, match='unknown network .vgg.; known: eigen_modified, mobile'):
        build(NetworkSpec(name='vgg', input_height=240, input_width=320))
    with pytest.raises(ValueError, match='multiples of 32, got 100x192'):
        build(NetworkSpec(name='mobile', input_height=192, input_width=100))
    with pytest.raises(ValueError, match='320x240 images, got 256x192'):
        build(NetworkSpec(name='eigen_modified', input_height=192, input_width=256))
