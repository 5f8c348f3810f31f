"""Layers that only training has: what they do, that files and random numbers stay as they were."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from mono_depth_ros.networks.efficientnet_lite import InvertedResidual
from mono_depth_ros.networks.registry import build
from train.fitting.ema import Ema
from train.fitting.regularisation import (
    add_regularisation,
    keep_depthwise_in_float32,
    keep_statistics,
    MixStyle,
    StochasticDepth,
)
from train.recipes.recipe import recipe_called


def test_stochastic_depth_keeps_the_mean_and_acts_only_while_training():
    torch.manual_seed(0)
    drop, ones = StochasticDepth(0.25), torch.ones(4000, 1, 1, 1)
    assert drop(ones).unique().tolist() == pytest.approx([0, 4 / 3])
    assert drop(ones).mean().item() == pytest.approx(1, abs=0.03)
    assert torch.equal(drop.eval()(ones), ones)


def test_mixed_styles_are_those_of_the_batch_and_only_while_training():
    """Every image comes out with a mean and deviation between its own and another's."""
    torch.manual_seed(0)
    mix = MixStyle(1.0)
    shape = torch.randn(1, 1, 16, 16)
    shape = (shape - shape.mean()) / shape.std()
    images = torch.cat([3 * shape + 10, shape + 1] * 8)
    mixed = mix(images)
    means = mixed.mean((1, 2, 3))
    assert means.min() > 0.99 and means.max() < 10.01
    assert (means[1::2] > 5).any() and (means[::2] < 5).any()
    flat = (mixed - means.view(-1, 1, 1, 1)) / mixed.std((1, 2, 3), keepdim=True)
    torch.testing.assert_close(flat, shape.expand_as(flat), rtol=1e-3, atol=1e-3)
    assert torch.equal(mix.eval()(images), images)


@pytest.fixture(scope='module')
def networks():
    """A network as the robot has it, and a copy with the layers of training."""
    recipe = replace(recipe_called('indoor'), stochastic_depth=0.2, mixstyle_probability=0.5)
    torch.manual_seed(0)
    plain = build(replace(recipe.network, input_height=64, input_width=96))
    trained = copy.deepcopy(plain)
    add_regularisation(trained, recipe)
    keep_depthwise_in_float32(trained)
    return plain, trained


def test_layers_of_training_change_no_name_and_nothing_the_robot_computes(networks):
    plain, trained = networks
    assert list(plain.state_dict()) == list(trained.state_dict())
    assert type(plain).__module__.startswith('mono_depth_ros')
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        assert torch.equal(plain.eval()(image), trained.eval()(image))


def test_every_residual_block_of_the_stem_is_dropped_the_later_the_more_often(networks):
    blocks = [m for m in networks[1].modules() if isinstance(m, InvertedResidual)]
    rates = [block.project[-1].rate for block in blocks if block.residual]
    assert len(rates) == sum(block.residual for block in blocks) > 10
    assert rates == sorted(rates)
    residual = [number + 1 for number, block in enumerate(blocks) if block.residual]
    assert rates == pytest.approx([0.2 * number / len(blocks) for number in residual])
    assert sum(isinstance(m, MixStyle) for m in networks[1].modules()) == 2


def test_depthwise_convolutions_stay_in_float32_where_a_cpu_computes_in_bfloat16(networks):
    depthwise = [m for m in networks[1].modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert len(depthwise) > 10
    seen = []
    hooks = [module.register_forward_hook(lambda _, __, y: seen.append(y.dtype))
             for module in depthwise]
    with torch.autocast('cpu', torch.bfloat16), torch.no_grad():
        networks[1].eval()(torch.rand(1, 3, 64, 96))
    for hook in hooks:
        hook.remove()
    assert len(seen) == len(depthwise) and set(seen) == {torch.float32}


@pytest.mark.thorough
def test_the_ema_after_some_steps_is_what_the_plain_formula_gives():
    """a <- d a + (1 - d) w tensor by tensor, d = min(0.998, (1 + step) / (10 + step))."""
    torch.manual_seed(0)
    network = build(recipe_called('mobile').network)
    ema = Ema(network, 0.998)
    expected = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for step in range(12):
        with torch.no_grad():
            for tensor in network.state_dict().values():
                tensor.add_(torch.randn(tensor.shape) if tensor.is_floating_point() else 1)
        ema.update(step)
        decay = min(0.998, (1 + step) / (10 + step))
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * tensor
            else:
                expected[name] = tensor.clone()
    averaged = ema.network.state_dict()
    assert list(averaged) == list(expected)
    for name in averaged:  # Only the rounding of float32 may differ.
        torch.testing.assert_close(averaged[name], expected[name], rtol=1e-5, atol=1e-6)
    assert not ema.network.training and network.training


def test_without_decay_the_ema_is_the_network_itself():
    network = build(recipe_called('mobile').network)
    ema = Ema(network, 0.0)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(1)
    ema.update(500)
    averaged = ema.network.state_dict()
    assert all(torch.equal(averaged[n], w) for n, w in network.state_dict().items())


@pytest.mark.parametrize('start, imagenet, stem, others', [
    ('', True, 0.01, 0.1), ('', False, 0.1, 0.1), ('indoor', True, 0.01, 0.01)])
def test_norms_that_bring_no_statistics_learn_theirs_at_once(start, imagenet, stem, others):
    """With 0.01 for all a half of mean 0 and variance 1 was left after 70 steps."""
    recipe = replace(recipe_called('mobile'), imagenet_stem=imagenet)
    network = build(recipe.network)
    keep_statistics(network, recipe, start)
    shares = {name: layer.momentum for name, layer in network.named_modules()
              if isinstance(layer, nn.BatchNorm2d)}
    of_stem = {name for name in shares if name.startswith('coarse.stem.')}
    assert {shares[name] for name in of_stem} == {stem}
    assert {share for name, share in shares.items() if name not in of_stem} == {others}
    assert 0.99 ** 70 > 0.4 and 0.9 ** 70 < 1e-3
