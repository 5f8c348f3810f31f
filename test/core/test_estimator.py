"""The model file and the estimator: what users call."""

from dataclasses import replace
import hashlib
from pathlib import Path
import time

from model_helpers import write_untrained
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
import torch

from mono_depth_ros.backends.backend import DeviceError
from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.geometry.lens_view import lens_view
from mono_depth_ros.model_file import find_model, FORMAT_VERSION, load_model, read_card, save_model


@pytest.fixture(scope='module')
def model(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('model') / 'untrained.safetensors'
    write_untrained(path)
    return path


@pytest.fixture(scope='module')
def estimator(model) -> DepthEstimator:
    return DepthEstimator.load(model, device='cpu')


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def camera(width, height, focal):
    return Camera(fx=focal, fy=focal, cx=width / 2, cy=height / 2, width=width, height=height)


@pytest.mark.parametrize('width, height', [
    (640, 480), (480, 640), (1280, 720), (64, 48), (641, 479), (1, 1)])
def test_depth_has_the_image_s_size(estimator, width, height):
    estimate = estimator.estimate(noise(height, width), camera(width, height, 500))
    assert estimate.depth.shape == (height, width)
    assert estimate.depth.dtype == np.float32
    assert not np.isnan(estimate.depth).any()
    lower_m, upper_m = estimate.range_m
    assert (estimate.clipped >= lower_m).all() and (estimate.clipped <= upper_m).all()
    within = np.isfinite(estimate.depth)
    assert np.array_equal(estimate.clipped[within], estimate.depth[within])
    assert set(np.unique(estimate.depth[~within])) <= {-np.inf, np.inf}
    assert estimate.camera == camera(width, height, 500)


def test_same_pixels_doubled_focal_length_doubled_depth(estimator):
    rgb = noise(480, 640)
    near = estimator.estimate(rgb, camera(640, 480, 400)).depth
    far = estimator.estimate(rgb, camera(640, 480, 800)).depth
    np.testing.assert_allclose(far, 2 * near, rtol=1e-5)


def test_an_image_at_another_resolution_is_the_same_scene(estimator):
    rgb = np.repeat(np.repeat(noise(24, 32), 20, 0), 20, 1)
    small = estimator.estimate(rgb, camera(640, 480, 500)).depth
    large = estimator.estimate(np.repeat(np.repeat(rgb, 2, 0), 2, 1),
                               camera(640, 480, 500).resized(1280, 960)).depth
    np.testing.assert_allclose(large[1::2, 1::2], small, rtol=2e-2)


def test_a_lens_that_bends_nothing_to_speak_of_changes_no_bit(estimator):
    rgb, pinhole = noise(480, 640), camera(640, 480, 500)
    bent = replace(pinhole, distortion=(-0.01, 0.003, 1e-4, 1e-4, 0.0))
    estimate = estimator.estimate(rgb, bent)
    assert np.array_equal(estimate.depth, estimator.estimate(rgb, pinhole).depth)
    assert estimate.lens is None and estimate.camera == bent


def test_the_network_gets_a_view_of_a_wide_lens_and_depth_comes_back_for_its_pixels(estimator):
    rgb = noise(480, 640)
    fisheye = replace(camera(640, 480, 250), distortion=(-0.01, 0.005, -0.001, 0.0),
                      distortion_model='equidistant')
    estimate = estimator.estimate(rgb, fisheye)
    view = lens_view(fisheye)
    of_view = estimator.estimate(view.image(rgb), view.camera)
    assert estimate.camera == fisheye and estimate.lens is view
    assert np.array_equal(estimate.depth, view.to_image(of_view.depth), equal_nan=True)
    assert np.array_equal(estimate.confidence, view.to_image(of_view.confidence), equal_nan=True)
    assert np.isnan(estimate.depth).mean() == pytest.approx(1 - view.reached)
    assert view.reached < 0.9


def test_without_a_camera_the_reference_view_is_assumed(estimator):
    rgb = noise(720, 1280)
    assumed = estimator.reference_camera(1280, 720)
    reference = estimator.card.reference
    assert assumed.focal / 1280 == pytest.approx(reference.focal / reference.width)
    np.testing.assert_array_equal(
        estimator.estimate(rgb).depth, estimator.estimate(rgb, assumed).depth)


def test_an_unknown_camera_looks_through_the_middle_of_the_image(estimator):
    """The network sees 1280x720 at 256x144: its own focal length is five times as many pixels."""
    assert estimator.content_size(1280, 720) == (256, 144)
    assumed = estimator.reference_camera(1280, 720)
    assert assumed.fx == assumed.fy == pytest.approx(5 * estimator.card.reference.focal)
    assert (assumed.cx, assumed.cy, assumed.width, assumed.height) == (639.5, 359.5, 1280, 720)


def test_warming_up_runs_two_black_images_of_the_size_to_come(estimator, monkeypatch):
    seen = []
    monkeypatch.setattr(estimator, 'estimate', seen.append)
    estimator.warm_up()
    estimator.warm_up(32, 24)
    assert [rgb.shape for rgb in seen] == [(480, 640, 3)] * 2 + [(24, 32, 3)] * 2
    assert all(rgb.dtype == np.uint8 and not rgb.any() for rgb in seen)


def test_an_estimate_says_what_ran_and_how_long(model):
    asked = DepthEstimator.load(model, 'cpu', 'fp32', 'torch', 'fail')
    assert (asked.backend, asked.device, asked.precision) == ('torch', 'cpu', 'fp32')
    assert asked.backend_reason and asked.device_error == '' and asked.has_confidence
    assert asked.model_path == model and asked.together == 1
    start_s = time.perf_counter()
    network_ms = asked.estimate(noise(48, 64)).network_ms
    assert 0.1 < network_ms < 1e3 * (time.perf_counter() - start_s)
    with pytest.raises(ValueError, match="on_device_error must be retry.*'never'"):
        DepthEstimator.load(model, 'cpu', 'fp32', 'torch', 'never')


def test_the_network_is_loaded_again_where_its_device_gives_up(model, monkeypatch):
    estimator = DepthEstimator.load(model, 'cpu', 'fp32', 'torch', 'retry')
    before = estimator.estimate(noise(48, 64)).depth

    def lost(*_):
        raise DeviceError('the device is lost')
    monkeypatch.setattr(estimator._network, '_network', lost)
    np.testing.assert_array_equal(estimator.estimate(noise(48, 64)).depth, before)
    assert 'torch fp32 on cpu gave up: the device is lost' in estimator.device_error


def test_an_image_is_stretched_where_the_card_says_so(estimator, monkeypatch):
    assert estimator.content_size(100, 100) == (192, 192)
    monkeypatch.setattr(estimator, 'card', replace(estimator.card, resize='stretch'))
    assert estimator.content_size(100, 100) == (256, 192)
    assert estimator.estimate(noise(100, 100)).depth.shape == (100, 100)


def test_errors_are_measured_with_the_ends_of_the_range(estimator):
    estimate = estimator.estimate(noise(48, 64))
    assert estimate.range_m == (estimator.card.min_depth_m, estimator.card.max_depth_m)
    depth = np.float32([[-np.inf, 2, np.inf, np.nan]])
    clipped = replace(estimate, depth=depth, range_m=(0.5, 4.0)).clipped
    np.testing.assert_array_equal(clipped, np.float32([[0.5, 2, 4, np.nan]]))


def test_the_caller_owns_the_depth(estimator):
    first = estimator.estimate(noise(48, 64, 1)).depth
    kept = first.copy()
    estimator.estimate(noise(48, 64, 2))
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize('rgb, message', [
    (np.zeros((48, 64), np.uint8), 'expected an RGB image'),
    (np.zeros((48, 64, 4), np.uint8), 'expected an RGB image'),
    (np.zeros((48, 64, 3), np.float32), 'float32'),
    (np.zeros((0, 64, 3), np.uint8), 'empty')])
def test_other_arrays_are_refused(estimator, rgb, message):
    with pytest.raises(ValueError, match=message):
        estimator.estimate(rgb)


def test_a_camera_of_another_size_is_refused(estimator):
    with pytest.raises(ValueError, match='image is 64x48 but its camera 640x480'):
        estimator.estimate(noise(48, 64), camera(640, 480, 500))


def test_estimator_computes_what_the_network_computes(model, estimator):
    """At the network's own size: torch end to end gives the same metres."""
    network, card = load_model(model)
    rgb = noise(192, 256)
    with torch.inference_mode():
        image = torch.from_numpy(rgb).permute(2, 0, 1)[None] / 127.5 - 1
        expected = torch.nn.functional.interpolate(
            network(image).exp(), size=(192, 256), mode='bilinear', align_corners=False)
    depth = estimator.estimate(rgb, card.reference).depth
    # warpAffine rounds positions to 1/32 of a cell.
    np.testing.assert_allclose(depth, expected[0, 0].numpy(), rtol=0.01)


@pytest.mark.thorough
def test_half_precision_agrees(model, estimator):
    rgb = noise(192, 256)
    half = DepthEstimator.load(model, device='cpu', precision='bf16')
    np.testing.assert_allclose(
        half.estimate(rgb).depth, estimator.estimate(rgb).depth, rtol=0.1)


def test_loading_again_gives_the_same_depth(model, estimator):
    again = DepthEstimator.load(str(model), device='cpu')
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    assert again.model_sha256 == estimator.model_sha256 == sha256
    np.testing.assert_array_equal(
        again.estimate(noise(48, 64)).depth, estimator.estimate(noise(48, 64)).depth)


@pytest.mark.parametrize('asked, message', [
    ({'device': 'tpu'}, "device must be 'auto'"), ({'device': 'cuda:77'}, 'cuda:77 was asked'),
    ({'device': 'mps'}, "device must be 'auto'"), ({'precision': 'int3'}, 'precision must be')])
def test_devices_and_precisions_that_are_not_there(model, asked, message):
    with pytest.raises(ValueError, match=message):
        DepthEstimator.load(model, **asked)


def test_missing_model_names_what_to_do():
    with pytest.raises(FileNotFoundError, match='scripts/train export.*shipped model'):
        find_model('no/such.safetensors')


def test_truncated_foreign_and_empty_files_are_refused(model, tmp_path):
    for name, data in (('half', model.read_bytes()[:9999]), ('empty', b''),
                       ('text', b'no model ' * 500)):
        path = tmp_path / f'{name}.safetensors'
        path.write_bytes(data)
        with pytest.raises(ValueError, match='not a whole .safetensors file'):
            DepthEstimator.load(path)


def test_a_model_of_another_program_is_refused(tmp_path):
    save_file({'weight': np.zeros(3, np.float32)}, tmp_path / 'foreign.safetensors')
    with pytest.raises(ValueError, match='holds no mono_depth_ros model'):
        DepthEstimator.load(tmp_path / 'foreign.safetensors')


def rewritten(model, path, weights=None, **metadata):
    header = {'format': 'mono_depth_ros', 'format_version': FORMAT_VERSION,
              'card': read_card(model).to_json(), **metadata}
    save_file(weights or load_file(model), path, metadata=header)
    return path


@pytest.mark.parametrize('version', ['1', '99'])
def test_another_format_is_refused(model, tmp_path, version):
    path = rewritten(model, tmp_path / 'other.safetensors', format_version=version)
    with pytest.raises(ValueError, match=f"version '{version}'.*export it again, or update"):
        read_card(path)


def test_missing_weights_are_refused(model, tmp_path):
    weights = load_file(model)
    weights.pop('fine.head.weight')
    path = rewritten(model, tmp_path / 'part.safetensors', weights)
    with pytest.raises(ValueError, match='do not fit network .mobile.*fine.head.weight'):
        load_model(path)


def test_changed_weights_fail_the_self_test(model, tmp_path):
    weights = load_file(model)
    weights['fine.head.bias'] = weights['fine.head.bias'] + 0.5
    path = rewritten(model, tmp_path / 'changed.safetensors', weights)
    with pytest.raises(ValueError, match='fails its self-test'):
        DepthEstimator.load(path)


def test_weights_that_are_not_finite_are_never_written(model, tmp_path):
    network, card = load_model(model)
    with torch.no_grad():
        network.fine.head.weight[0] = float('nan')
    with pytest.raises(ValueError, match='not finite'):
        save_model(tmp_path / 'bad.safetensors', network, card)
    assert list(tmp_path.iterdir()) == []


def test_others_may_read_a_model_file(model):
    assert model.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize('name, range_m', [('indoor', (0.3, 10)), ('outdoor', (1, 80))])
def test_shipped_models_are_small_and_know_where_they_come_from(name, range_m):
    path = find_model(name)
    card = read_card(path)
    assert path.stat().st_size < 20e6
    assert card.name == name and (card.min_depth_m, card.max_depth_m) == range_m
    assert card.metrics and card.provenance.data and card.provenance.git_commit


def test_several_images_as_one_batch_are_the_images_one_by_one(estimator, monkeypatch):
    images = [(noise(48, 64, 1), camera(64, 48, 50), None), (noise(40, 30, 2), None, None)]
    with pytest.raises(ValueError, match='takes one image at a time'):
        estimator.estimate_all(images)
    monkeypatch.setattr(estimator._network._network, 'together', 4)  # as on a GPU
    for estimate, image in zip(estimator.estimate_all(images), images):
        alone = estimator.estimate(*image)
        np.testing.assert_allclose(estimate.depth, alone.depth, rtol=1e-4)
        np.testing.assert_allclose(estimate.confidence, alone.confidence, rtol=1e-3)
        assert (estimate.camera, estimate.range_m) == (alone.camera, alone.range_m)
        assert 0.1 < estimate.network_ms < 10e3


def test_a_batch_has_no_more_images_than_go_together(estimator, monkeypatch):
    backend, sizes = estimator._network._network, []
    true = backend.batch
    monkeypatch.setattr(backend, 'together', 2)
    monkeypatch.setattr(backend, 'batch', lambda images: sizes.append(len(images)) or true(images))
    images = [(noise(48, 64, seed), None, None) for seed in range(3)]
    assert len(estimator.estimate_all(images)) == 3 and sizes == [2, 1]


def test_a_reduced_image_gives_depth_of_the_whole_size(estimator):
    rgb = np.kron(noise(24, 32), np.ones((20, 20, 1), np.uint8))
    whole = camera(640, 480, 500)
    reduced = estimator.estimate(rgb[::2, ::2], whole, (640, 480))
    assert reduced.depth.shape == (480, 640) and reduced.camera == whole
    expected = estimator.estimate(rgb, whole).depth
    assert np.median(np.abs(reduced.depth / expected - 1)) < 0.05
    with pytest.raises(ValueError, match='image is 320x240 but its camera 640x480'):
        estimator.estimate(rgb[::2, ::2], whole)
