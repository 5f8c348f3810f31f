"""The self-test: what is measured of a network, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from mono_depth_ros.model_card import Normalisation
from mono_depth_ros.model_file import find_model, read_card
from mono_depth_ros.self_test import check, measured, probe_image, self_test_image, TOLERANCE


@pytest.fixture(scope='module')
def card():
    """The card of `indoor` with the self-test of the stand-in network `ramp`."""
    indoor = read_card(find_model('indoor'))
    return replace(indoor, self_test=measured(ramp, indoor))


def ramp(image_CHW, intrinsics_33, more=0.0):
    """Log depth that rises from 0 to 3 over the columns, one plane of 4x8."""
    return np.repeat(np.linspace(0, 3, 8, dtype=np.float32)[None, None], 4, axis=1) + more


def test_mean_deviation_and_sixteen_parts_are_measured(card):
    test = card.self_test
    assert test.mean == pytest.approx(1.5)
    assert test.std == pytest.approx(np.linspace(0, 3, 8).std())
    assert test.probe == pytest.approx([3 * n / 14 for n in (1, 5, 9, 13)] * 4)


def test_both_inputs_are_of_the_network_s_size_and_differ(card):
    noise, probe = self_test_image(card), probe_image(card)
    assert noise.shape == probe.shape == (3, 192, 256)
    assert noise.dtype == probe.dtype == np.float32
    assert -1 <= noise.min() < -0.9 < 0.9 < noise.max() <= 1
    # Neighbours in the probe are alike, as in an image.
    assert abs(np.diff(noise)).mean() > 0.5 > 0.1 > abs(np.diff(probe)).mean() > 0


def test_inputs_of_version_2_are_images_as_the_card_normalises_them(card):
    """Mean 0 and deviation 1/255 leave bytes; ImageNet's make of white, 255, 2.249 in red."""
    of_bytes = replace(
        card, normalisation=Normalisation(mean=(0.0,) * 3, std=(1 / 255,) * 3),
        self_test=replace(card.self_test, version=2))
    imagenet = replace(of_bytes, normalisation=Normalisation(
        mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)))
    for make in (self_test_image, probe_image):
        planes, first = make(of_bytes), make(replace(of_bytes, self_test=card.self_test))
        np.testing.assert_allclose(
            planes, np.clip(127.5 * first + 127.5, 0, 255), atol=0.51)
        assert planes.min() < 5 and planes.max() > 250 and planes.dtype == np.float32
        white = planes[0] == 255
        np.testing.assert_allclose(make(imagenet)[0][white], (1 - 0.485) / 0.229, rtol=1e-5)
    assert abs(probe_image(of_bytes)[0] - probe_image(of_bytes)[2]).max() > 200  # the box


def test_inputs_of_version_1_are_what_they_were(card):
    """Whatever the normalisation; bytes for a graph that takes such."""
    other = replace(card, normalisation=Normalisation(mean=(0.0,) * 3, std=(1 / 255,) * 3))
    of_bytes = replace(card, graph=replace(card.graph, image_type='uint8'))
    assert card.self_test.version == 1
    for make, place, value in ((self_test_image, (0, 0, 0), 0.82039), (
            probe_image, (2, 100, 90), -1.13610)):
        planes = make(card)
        assert planes[place] == pytest.approx(value, abs=1e-4)
        np.testing.assert_array_equal(make(other), planes)
        np.testing.assert_allclose(
            make(of_bytes), np.clip(127.5 * planes + 127.5, 0, 255), atol=1e-4)


def test_infinite_depth_is_the_end_of_the_range_in_version_2(card):
    """Half of the plane is sky: the mean is half the logarithm of 10 m."""
    sky = np.ones((1, 4, 8), np.float32)
    sky[:, :2] = np.inf
    second = replace(card, self_test=replace(card.self_test, version=2), output='depth',
                     min_depth_m=0.1, max_depth_m=10.0)
    assert measured(lambda *inputs: sky, second).mean == pytest.approx(np.log(10) / 2)


def test_metres_are_tested_as_their_logarithm(card):
    metric = replace(card, output='depth', min_depth_m=0.5, max_depth_m=10.0)
    test = measured(lambda *inputs: np.exp(ramp(*inputs)), metric)
    # Below 0.5 m and beyond 10 m the range's ends count.
    assert test.mean == pytest.approx(
        np.clip(np.linspace(0, 3, 8), np.log(0.5), np.log(10)).mean(), abs=1e-6)


@pytest.mark.parametrize('precision', TOLERANCE)
def test_an_error_within_the_tolerance_passes_and_twice_that_does_not(card, precision):
    check(lambda *inputs: ramp(*inputs, more=0.9 * TOLERANCE[precision]), card, precision)
    with pytest.raises(ValueError, match=f'fails its self-test in {precision}: log depth has'):
        check(lambda *inputs: ramp(*inputs, more=2 * TOLERANCE[precision]), card, precision)


def test_a_turned_map_and_one_without_numbers_are_refused(card):
    for wrong in (lambda *inputs: ramp(*inputs)[..., ::-1],
                  lambda *inputs: ramp(*inputs, more=np.nan)):
        with pytest.raises(ValueError, match='fails its self-test'):
            check(wrong, card, 'bf16')


def test_a_file_without_a_probe_is_tested_by_noise_alone(card):
    older = replace(card, self_test=replace(card.self_test, probe=()))
    check(ramp, older, 'fp32')
    with pytest.raises(ValueError, match='fails its self-test'):
        check(lambda *inputs: ramp(*inputs, more=0.1), older, 'fp32')
