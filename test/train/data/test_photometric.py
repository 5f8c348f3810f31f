"""Every range of the photometric augmentation has its effect, and only that one."""

import numpy as np
import pytest

from train.data.samples.augmentation import (
    Augmentation,
    coloured,
    degraded,
    draw_colours,
    draw_degradation,
)

NONE = {'gamma': (1.0, 1.0), 'brightness': (1.0, 1.0), 'colour': (1.0, 1.0), 'hue_deg': 0.0,
        'saturation': (1.0, 1.0), 'blur': 0.0, 'noise': 0.0, 'jpeg': 0.0, 'erase': 0.0}
GREY = np.full((8, 8, 3), 100, np.uint8)


def channels(image, seeds=40, **ranges):
    """Mean of every channel (seeds, 3) of randomly coloured images."""
    choice = Augmentation(**{**NONE, **ranges})
    return np.array([recoloured(image, choice, seed).mean((0, 1)) for seed in range(seeds)])


def recoloured(image, choice, seed):
    return coloured(image, draw_colours(choice, np.random.default_rng(seed)))


def worsened(image, choice, seed):
    height, width = image.shape[:2]
    return degraded(image, draw_degradation(choice, width, height, np.random.default_rng(seed)))


def test_without_ranges_nothing_changes():
    rgb = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    choice = Augmentation(**NONE)
    np.testing.assert_array_equal(recoloured(rgb, choice, 0), rgb)
    np.testing.assert_array_equal(worsened(rgb, choice, 0), rgb)


def test_a_colour_cast_tints_grey_within_its_range():
    """Each channel by its own factor, evenly in its logarithm: mean factor 1 in the logarithm."""
    found = channels(GREY, colour=(0.5, 2.0)) / 100
    assert found.min() >= 0.49 and found.max() <= 2.0
    assert (np.ptp(found, axis=1) > 0.1).mean() > 0.8  # not one factor for all channels
    assert abs(np.log(found).mean()) < 0.12 and np.log(found).std() == pytest.approx(0.4, abs=0.06)


def test_brightness_is_one_factor_for_all_channels():
    found = channels(GREY, brightness=(0.5, 2.0)) / 100
    assert np.ptp(found, axis=1).max() < 0.011
    assert found[:, 0].min() < 0.65 and found[:, 0].max() > 1.6


def test_gamma_leaves_black_and_white():
    ends = np.concatenate([np.zeros((4, 8, 3), np.uint8), np.full((4, 8, 3), 255, np.uint8)])
    found = channels(ends, gamma=(0.5, 2.0))
    np.testing.assert_allclose(found, 127.5)
    grey = channels(GREY, gamma=(0.5, 2.0))
    # 255 (100/255)^gamma from 39 (gamma 2) to 159 (gamma 0.5).
    assert 39 <= grey.min() < 50 and 140 < grey.max() <= 160


def test_hue_turns_colours_about_grey_and_saturation_fades_them():
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    turned = channels(red, hue_deg=30.0)
    assert (turned[:, 1:].max(axis=1) > 10).mean() > 0.7
    assert np.ptp(channels(GREY, hue_deg=30.0)) <= 1
    faded = channels(red, saturation=(0.0, 0.0))
    np.testing.assert_allclose(faded, 200 / 3, atol=1)


@pytest.mark.parametrize('name', ['blur', 'noise', 'jpeg', 'erase'])
def test_each_degradation_happens_as_often_as_asked(name):
    rgb = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    for often, least, most in ((0.0, 0, 0), (0.5, 8, 32), (1.0, 40, 40)):
        choice = Augmentation(**{**NONE, name: often})
        changed = sum(not np.array_equal(worsened(rgb, choice, seed), rgb)
                      for seed in range(40))
        assert least <= changed <= most
