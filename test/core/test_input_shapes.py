"""One network for every aspect ratio: which input an image gets, and that depth stays right."""

from dataclasses import replace

from hypothesis import given, strategies
from model_helpers import write_untrained
import numpy as np
import pytest
import torch

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.letterbox import input_letterbox, input_size
from mono_depth_ros.model_card import card_from_json, NetworkSpec
from mono_depth_ros.networks.registry import build

FIXED = NetworkSpec(name='mobile', input_height=192, input_width=256)
ANY = replace(FIXED, aspect_ratios=(0.5, 3.5))


@pytest.mark.parametrize('image, expected', [
    ((640, 480), (256, 192)), ((480, 640), (192, 256)), ((400, 400), (224, 224)),
    ((1920, 1080), (288, 160)),  # 46,080 of 49,152 pixels, 1.80 for 1.78
    ((1242, 375), (416, 128)),  # 3.25 for 3.31; 384x128 has the very number of pixels, but 3.0
    ((2000, 100), (448, 128)), ((100, 2000), (160, 320))])  # 3.5 and 0.5 are the limits
def test_the_input_has_the_shape_of_the_image(image, expected):
    assert input_size(*image, ANY) == expected
    assert input_size(*image, FIXED) == (256, 192)


@given(strategies.floats(0.5, 3.5))
def test_about_as_many_pixels_and_little_border_at_every_shape(shape):
    width, height = round(1000 * shape), 1000
    size = input_size(width, height, ANY)
    assert size[0] % 32 == size[1] % 32 == 0
    assert 0.8 < size[0] * size[1] / (256 * 192) <= 1.25
    letterbox = input_letterbox(width, height, ANY)
    content = letterbox.content_width * letterbox.content_height
    assert content > 0.88 * size[0] * size[1]


@pytest.mark.parametrize('limits', [(1.0,), (2.0, 1.0), (0.0, 1.0), (1.0, 2.0, 3.0)])
def test_limits_that_cannot_be_are_refused(limits):
    with pytest.raises(ValueError, match='lowest and the highest'):
        replace(FIXED, aspect_ratios=limits)


def test_a_network_of_one_size_is_refused():
    with pytest.raises(ValueError, match='eigen takes images of one size'):
        build(NetworkSpec(name='eigen', input_height=228, input_width=304,
                          aspect_ratios=(1.0, 2.0)))


@pytest.mark.parametrize('size', [(64, 96), (96, 64), (32, 160), (64, 64)])
def test_the_network_answers_at_every_shape(size):
    torch.manual_seed(0)
    network = build(replace(ANY, input_height=64, input_width=96)).eval()
    image = torch.randn(2, 3, *size, requires_grad=True)
    maps = network(image)
    assert maps.shape == (2, 2, size[0] // 2, size[1] // 2)
    torch.nn.init.normal_(network.coarse.head.weight)
    network(image)[:, 0].mean().backward()
    assert torch.isfinite(image.grad).all() and image.grad.abs().sum() > 0


def test_the_global_context_reaches_everywhere_at_another_shape():
    torch.manual_seed(0)
    network = build(ANY).eval()
    context = network.coarse.context
    features = torch.randn(1, network.coarse.stem.channels[-1], 4, 13)
    assert context(features).shape == (1, 32, 4, 13)
    changed = features.clone()
    changed[..., 0, 0] += 10
    assert (context(changed) - context(features))[..., -1, -1].abs().max() > 0


@pytest.mark.thorough
def test_depth_is_metric_at_every_shape(tmp_path, monkeypatch):
    path = tmp_path / 'any.safetensors'
    card = write_untrained(path, 'mobile', aspect_ratios=(0.5, 3.5))
    assert card_from_json(card.to_json()).network.aspect_ratios == (0.5, 3.5)
    estimator = DepthEstimator.load(path, 'cpu')
    network, inputs = estimator._network, []

    def watched(image_3HW, intrinsics_33):
        inputs.append(image_3HW.shape)
        return network(image_3HW, intrinsics_33)
    monkeypatch.setattr(estimator, '_network', watched)
    for width, height in ((640, 480), (320, 100), (90, 160)):
        rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        camera = Camera(fx=200, fy=200, cx=width / 2, cy=height / 2, width=width, height=height)
        near = estimator.estimate(rgb, camera).clipped
        far = estimator.estimate(rgb, replace(camera, fx=210, fy=210)).clipped
        columns, rows = input_size(width, height, card.network)
        assert inputs.pop() == (3, rows, columns)
        assert near.shape == (height, width)
        inside = (near > card.min_depth_m) & (far < card.max_depth_m)
        np.testing.assert_allclose(far[inside] / near[inside], 1.05, rtol=1e-3)
        # An unknown camera is the reference: as many pixels of focal length in the input.
        reference = estimator.reference_camera(width, height)
        letterbox = input_letterbox(width, height, card.network)
        assert letterbox.camera(reference).focal == pytest.approx(card.reference.focal, rel=0.01)
