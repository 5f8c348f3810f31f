"""The networks are the ones they claim to be: sizes, parameters, and what a cell sees."""

from functools import lru_cache

import pytest
import torch
from torch import nn

from mono_depth_ros.model_card import NetworkSpec
from mono_depth_ros.networks.efficientnet_lite import conv_norm, HalvingPad
from mono_depth_ros.networks.registry import build, default_spec, FLEXIBLE, NETWORKS


@lru_cache(maxsize=1)  # the paper's take half a second and 200 MB
def built(name):
    """A network as a training begins with it."""
    torch.manual_seed(0)
    return build(default_spec(name)).eval()


def parameters(module):
    return sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize('name, count, sizes', [
    ('eigen_modified', 50_152_885, [(60, 80), (60, 80)]),
    pytest.param('eigen_modified3', 50_317_622, [(60, 80), (60, 80), (120, 160)],
                 marks=pytest.mark.thorough),
    pytest.param('eigen', 70_877_171, [(55, 74), (55, 74)], marks=pytest.mark.thorough),
    pytest.param('alexnet', 210_084_480, [(60, 80)], marks=pytest.mark.thorough),
    pytest.param('resnet18', 126_681_088, [(60, 80)], marks=pytest.mark.thorough),
    ('mobile', 5_096_075, [(24, 32), (96, 128)]),
    ('mobile_lite2', 6_561_739, [(24, 32), (96, 128)])])
def test_parameters_and_map_sizes(name, count, sizes):
    """Counts by hand from docs/networks.md: 50.15, 70.88, 210 and about 127 M for the paper's."""
    spec = default_spec(name)
    network = build(spec).eval()
    with torch.inference_mode():
        maps = network.scales(torch.zeros(1, 3, spec.input_height, spec.input_width))
    assert [tuple(m.shape) for m in maps] == [(1, 1, *size) for size in sizes]
    assert parameters(network) == count
    assert parameters(network) == sum(
        parameters(network.get_submodule(stack)) for stack in network.stacks)


@pytest.mark.thorough
@pytest.mark.parametrize('name, sizes', [
    ('eigen_modified', [(60, 80), (30, 40), (30, 40), (15, 20), (15, 20), (8, 10), (8, 10),
                        (4, 5)]),
    ('eigen', [(56, 75), (27, 37), (27, 37), (13, 18), (13, 18), (13, 18), (13, 18), (6, 8)]),
    ('alexnet', [(60, 80), (30, 40), (30, 40), (15, 20), (15, 20), (15, 20), (15, 20), (15, 20)]),
    ])
def test_coarse_feature_sizes(name, sizes):
    spec = default_spec(name)
    features = build(spec).coarse.features
    seen = []
    for layer in features:
        if isinstance(layer, (nn.Conv2d, nn.MaxPool2d)):
            layer.register_forward_hook(lambda m, i, o: seen.append(tuple(o.shape[2:])))
    with torch.inference_mode():
        features(torch.zeros(1, 3, spec.input_height, spec.input_width))
    assert seen == sizes


def seen_by_centre(refine, channels, height, width):
    """Rows and columns of a stack's input that its output at the centre depends on."""
    for layer in refine:
        if hasattr(layer, 'weight'):
            nn.init.ones_(layer.weight)
            nn.init.ones_(layer.bias)
    maps = torch.zeros(1, channels, height, width, requires_grad=True)
    refine(maps)[0, 0, height // 2, width // 2].backward()
    rows, columns = maps.grad[0].sum(0).nonzero(as_tuple=True)
    return int(rows.max() - rows.min() + 1), int(columns.max() - columns.min() + 1)


@pytest.mark.thorough
def test_fine_stacks_see_what_the_papers_say():
    """13x13 cells here ("49x49 pixels" = 1 + 12 * 4); Eigen's two layers 9x9 cells.

    Eigen's cells are pooled from 9/2 edges: 4 * 8 + 13 = 45 pixels.
    """
    assert seen_by_centre(build(default_spec('eigen_modified')).fine.refine, 2, 60, 80) == (13, 13)
    assert seen_by_centre(build(default_spec('eigen')).fine.refine, 64, 55, 74) == (9, 9)


def test_eigen_modified_gives_the_fine_stack_one_edge_channel():
    fine = built('eigen_modified').fine
    assert fine.edges(torch.zeros(1, 3, 240, 320)).shape == (1, 1, 60, 80)
    assert fine.refine[0].in_channels == 2


def filled(network):
    """The network with its zero-initialised heads at random, so that all layers matter."""
    for weight in network.parameters():
        if weight.ndim > 1 and not weight.any():
            nn.init.normal_(weight)
    return network


@pytest.mark.thorough
@pytest.mark.parametrize('name', ['eigen_modified', 'eigen', 'mobile'])
def test_coarse_stack_sees_the_whole_image(name):
    torch.manual_seed(1)
    spec = default_spec(name)
    network = filled(build(spec)).eval()
    image = torch.randn(1, 3, spec.input_height, spec.input_width, requires_grad=True)
    network.coarse(image)[0][0, 0, 0, 0].backward()
    corner = image.grad[0, :, -spec.input_height // 4:, -spec.input_width // 4:]
    assert corner.abs().max() > 0


@pytest.mark.thorough
@pytest.mark.parametrize('name', ['eigen_modified', 'eigen_modified3', 'eigen', 'mobile'])
def test_every_layer_takes_part(name):
    torch.manual_seed(0)
    spec = default_spec(name)
    network = filled(build(spec)).train()
    image = torch.randn(2, 3, spec.input_height, spec.input_width)
    network(image).square().mean().backward()
    silent = [name for name, weight in network.named_parameters()
              if weight.ndim > 1 and not (weight.grad is not None and weight.grad.any())]
    assert silent == []


@pytest.mark.parametrize('size, kernel, before, after', [
    (16, 3, 0, 1), (15, 3, 1, 1), (16, 5, 1, 2), (15, 5, 2, 2)])
def test_halving_pads_as_tensorflow_does(size, kernel, before, after):
    """TensorFlow: (ceil(size / 2) - 1) * 2 + kernel - size in all, the smaller half before."""
    padded = HalvingPad((kernel - 1) // 2)(torch.ones(1, 1, size, size))[0, 0, size // 2]
    assert padded.shape == (before + size + after,)
    assert padded[:before].sum() == padded[size + before:].sum() == 0
    strided = conv_norm(4, 4, kernel, stride=2)
    assert strided(torch.ones(1, 4, size, size)).shape[-1] == 8


@pytest.mark.parametrize('name', [
    'eigen_modified', *[pytest.param(name, marks=pytest.mark.thorough)
                        for name in ('eigen', 'eigen_modified3', 'alexnet', 'resnet18')]])
def test_the_papers_networks_begin_in_the_middle_of_a_room_and_see_their_image(name):
    """Two images differ in the last hidden layer; with PyTorch's initialisation by 0.001 to 0.01.

    All that learns from such features at first is the biases: one mean depth map.
    """
    spec, network = default_spec(name), built(name)
    torch.manual_seed(0)
    images = torch.nn.functional.avg_pool2d(
        torch.randn(2, 3, spec.input_height, spec.input_width), 9, 1, 4) * 4
    hidden = []
    network.coarse.head[1].register_forward_hook(lambda m, i, o: hidden.append(o))
    with torch.inference_mode():
        maps = network.scales(images)
    assert (hidden[0][0] - hidden[0][1]).abs().mean() > 0.2
    for depth in maps:
        assert depth.exp().numpy() == pytest.approx(2.718, abs=1e-3)


@pytest.mark.parametrize('name, rates', [
    ('eigen_modified', [0.5]), ('eigen_modified3', [0.5]), ('eigen', [0.5]), ('alexnet', [0.5]),
    ('resnet18', [0.0])])
def test_hidden_units_are_dropped_where_the_papers_say(name, rates):
    assert [layer.p for layer in built(name).modules() if isinstance(layer, nn.Dropout)] == rates


def test_unknown_network_and_wrong_size_are_refused():
    with pytest.raises(ValueError, match='unknown network .vgg.; known: alexnet, eigen'):
        build(NetworkSpec(name='vgg', input_height=240, input_width=320))
    with pytest.raises(ValueError, match='multiples of 16, got 100x192'):
        build(NetworkSpec(name='mobile', input_height=192, input_width=100))
    for name in sorted(set(NETWORKS) - set(FLEXIBLE)):
        with pytest.raises(ValueError, match=f'{name} takes .* images, got 256x192'):
            build(NetworkSpec(name=name, input_height=192, input_width=256))
