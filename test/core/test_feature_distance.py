"""Networks that know how unlike the images they learned from an image is."""

from dataclasses import replace
import math

from model_helpers import write_untrained
import pytest
import torch

from mono_depth_ros.model_card import card_from_json, NetworkSpec
from mono_depth_ros.model_file import load_model
from mono_depth_ros.networks.registry import build

SPEC = NetworkSpec(name='mobile_lite2_bimodal', input_height=64, input_width=96,
                   feature_distance=True)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build(SPEC).eval()


@pytest.fixture(scope='module')
def image():
    return torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1


def features_of(network, image):
    return network.coarse.stem(image)[-1].mean((2, 3))


@torch.no_grad()
def test_twice_the_distance_is_so_much_more_uncertainty_and_the_same_depth(network, image):
    plain = build(replace(SPEC, feature_distance=False)).eval()
    plain.load_state_dict({name: tensor for name, tensor in network.state_dict().items()
                           if 'feature_distance' not in name})
    expected = plain(image)
    torch.testing.assert_close(network(image), expected, rtol=0, atol=0)
    distance, size = network.coarse.feature_distance, len(features_of(network, image)[0])
    apart = torch.full((size,), 2.0)
    distance.mean.copy_(features_of(network, image)[0] - apart)
    distance.whitening.copy_(torch.eye(size))
    distance.slope.fill_(1.5)
    found = network(image)
    torch.testing.assert_close(found[:, 0], expected[:, 0], rtol=0, atol=0)
    more = (found - expected)[:, 1]
    other = (features_of(network, image)[1] - distance.mean).square().mean().sqrt().item()
    torch.testing.assert_close(more[0], torch.full_like(more[0], 1.5 * math.log(2)))
    torch.testing.assert_close(more[1], torch.full_like(more[1], 1.5 * math.log(other)))


@torch.no_grad()
def test_an_image_no_farther_than_held_out_ones_is_as_sure_as_without(network, image):
    distance = network.coarse.feature_distance
    distance.mean.copy_(features_of(network, image)[0])
    distance.whitening.copy_(torch.eye(len(distance.mean)))
    distance.slope.fill_(1.5)
    with_it = network(image[:1])
    distance.slope.zero_()
    torch.testing.assert_close(with_it, network(image[:1]), rtol=0, atol=0)


def test_a_network_without_a_place_for_it_is_refused():
    with pytest.raises(ValueError, match='eigen takes .*feature_distance=False'):
        build(NetworkSpec(name='eigen', input_height=228, input_width=304, feature_distance=True))


def test_a_file_keeps_it_and_a_card_of_before_has_none(tmp_path):
    path = tmp_path / 'm.safetensors'
    card = write_untrained(path, network=SPEC.name, input_height=64, input_width=96,
                           feature_distance=True)
    loaded, found = load_model(path)
    assert found.network.feature_distance and loaded.coarse.feature_distance.slope.item() == 1
    plain = replace(card, network=replace(card.network, feature_distance=False))
    assert card_from_json(plain.to_json().replace('"feature_distance": false,', '')) == plain
