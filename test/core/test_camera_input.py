"""Networks that take the camera beside the image: planes, networks, card, file and estimator."""

from dataclasses import replace

from model_helpers import write_untrained
import numpy as np
import pytest
import torch

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_card import card_from_json, NetworkSpec
from mono_depth_ros.model_file import read_card
from mono_depth_ros.networks.registry import build
from mono_depth_ros.preprocess import with_camera

PLAIN = NetworkSpec(name='mobile', input_height=64, input_width=96)
SPEC = replace(PLAIN, camera_input=True)
CAMERA = Camera(fx=50, fy=100, cx=47.5, cy=31.5, width=96, height=64)


def networks():
    """The same network without and with the camera."""
    torch.manual_seed(0)
    plain, with_it = build(PLAIN).eval(), build(SPEC).eval()
    with_it.load_state_dict(with_it.state_dict() | plain.state_dict())
    for head in (plain.coarse.head, with_it.coarse.head):
        torch.nn.init.constant_(head.weight, 0.01)
    return plain, with_it


def images(camera=CAMERA, count=1):
    """Noise with the camera's planes behind it."""
    noise = np.random.default_rng(0).uniform(-1, 1, (3, 64, 96)).astype(np.float32)
    return torch.from_numpy(np.stack([with_camera(noise, camera, CAMERA)] * count))


def test_planes_are_ray_directions_and_the_focal_length():
    half = replace(CAMERA, fx=25, fy=50)
    image = np.ones((3, 64, 96), np.float32)
    planes = with_camera(image, half, CAMERA)
    assert planes.shape == (6, 64, 96) and planes.dtype == np.float32
    assert (planes[:3] == 1).all()
    assert planes[3, 5, [0, 95]] == pytest.approx([-47.5 / 25, 47.5 / 25])
    assert planes[4, [0, 63], 7] == pytest.approx([-31.5 / 50, 31.5 / 50])
    assert np.unique(planes[5]) == pytest.approx(np.log(0.5))


def test_at_first_the_camera_changes_nothing():
    plain, with_it = networks()
    assert (plain.input_planes, with_it.input_planes) == (3, 6)
    image = images()
    torch.testing.assert_close(with_it(image), plain(image[:, :3]), rtol=0, atol=0)


def test_the_camera_is_learned_and_then_counts():
    _, network = networks()
    network(images())[:, 0].sum().backward()
    for features in (network.coarse.camera_8, network.coarse.camera_32):
        assert features.mix[-1].weight.grad.abs().sum() > 0
        torch.nn.init.normal_(features.mix[-1].weight)
    near, far = network(images()), network(images(replace(CAMERA, fx=100, fy=200)))
    assert (near - far).abs().mean() > 1e-3


def test_a_network_without_a_place_for_it_is_refused():
    with pytest.raises(ValueError, match='eigen takes .* no camera.*mobile, mobile_lite2'):
        build(NetworkSpec(name='eigen', input_height=228, input_width=304, camera_input=True))


def test_the_card_says_so_and_one_from_before_does_not(tmp_path):
    card = write_untrained(tmp_path / 'plain.safetensors', input_height=64, input_width=96)
    text = card.to_json()
    assert card_from_json(text.replace('"camera_input": false,', '')) == card
    taking = replace(card, network=replace(card.network, camera_input=True))
    assert card_from_json(taking.to_json()) == taking
    with pytest.raises(ValueError, match='camera_input: expected bool, got 1'):
        card_from_json(text.replace('"camera_input": false', '"camera_input": 1'))


def test_the_estimator_shows_the_network_the_camera_of_the_image(tmp_path):
    path = tmp_path / 'camera.safetensors'
    write_untrained(path, camera_input=True, input_height=64, input_width=96)
    assert read_card(path).network.camera_input
    estimator = DepthEstimator.load(path, 'cpu')  # its self-test passes
    rgb = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    reference = estimator.reference_camera(80, 60)
    unknown = estimator.estimate(rgb).clipped
    np.testing.assert_array_equal(unknown, estimator.estimate(rgb, reference).clipped)
    longer = replace(reference, fx=1.5 * reference.fx, fy=1.5 * reference.fy)
    ratio = estimator.estimate(rgb, longer).clipped / unknown
    assert ratio.std() > 1e-3  # not the focal length's factor alone
