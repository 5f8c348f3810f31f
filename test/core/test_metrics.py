"""Errors of depth and their uncertainty, against numbers worked by hand."""

import math

import numpy as np
import pytest

from mono_depth_ros.metrics import (
    bootstrap,
    depth_errors,
    HEADLINE,
    interval,
    mean_errors,
    pooled_errors,
)


def test_errors_by_hand():
    errors = depth_errors(np.array([1.2, 4.0]), np.array([1.0, 2.0]))
    assert errors.delta1 == 0.5 and errors.delta2 == 0.5 and errors.delta3 == 0.5
    assert errors.abs_rel == pytest.approx((0.2 + 1.0) / 2)
    assert errors.sq_rel == pytest.approx((0.04 + 2.0) / 2)
    assert errors.rmse_m == pytest.approx(math.sqrt((0.04 + 4) / 2))
    a, b = math.log(1.2), math.log(2)
    assert errors.rmse_log == pytest.approx(math.sqrt((a * a + b * b) / 2))
    assert errors.log10 == pytest.approx((a + b) / 2 / math.log(10))
    assert errors.silog == pytest.approx(abs(a - b) / 2)


def test_a_pixel_counts_where_it_is_less_than_the_threshold_apart():
    """Deltas are 1.25, 1.5625 and 1.953125, exact in binary: at the threshold is not below."""
    factors = np.array([1.0, 1.25, 1.5, 1.5625, 1.75, 1.953125, 2.5, 3.0])
    errors = depth_errors(np.ones(8), factors)
    assert (errors.delta1, errors.delta2, errors.delta3) == (1 / 8, 3 / 8, 5 / 8)
    assert errors.bias_log == pytest.approx(-np.log(factors).mean()) and errors.pixels == 8


def test_a_perfect_prediction_has_no_error():
    errors = depth_errors(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    assert (errors.delta1, errors.abs_rel, errors.rmse_m, errors.silog) == (1, 0, 0, 0)


def test_nothing_to_measure_is_an_error():
    with pytest.raises(ValueError, match='no pixel with known true depth'):
        depth_errors(np.array([]), np.array([]))
    with pytest.raises(ValueError, match='no image'):
        mean_errors([])


def test_pooling_images_equals_one_image_of_all_pixels():
    rng = np.random.default_rng(0)
    truth, prediction = rng.uniform(1, 5, 50), rng.uniform(1, 5, 50)
    parts = [depth_errors(prediction[a:b], truth[a:b]) for a, b in ((0, 7), (7, 50))]
    whole, pooled_parts = depth_errors(prediction, truth), pooled_errors(parts)
    for name, value in vars(whole).items():
        assert getattr(pooled_parts, name) == pytest.approx(value), name
    assert mean_errors(parts).abs_rel == pytest.approx((parts[0].abs_rel + parts[1].abs_rel) / 2)


def parts_of(seed, images=40, scale=1.0):
    """Errors of images of 20 to 200 pixels, the prediction off by up to 40 % times `scale`."""
    rng = np.random.default_rng(seed)
    parts = []
    for pixels in rng.integers(20, 200, images):
        truth = rng.uniform(1, 5, pixels)
        parts.append(depth_errors(truth * rng.uniform(1, 1.4) ** scale, truth))
    return parts


def test_interval_holds_the_mean_and_is_as_wide_as_normal_theory_says():
    parts = parts_of(0, images=400)
    drawn = bootstrap(parts, False, np.random.default_rng(0))
    values = np.array([part.abs_rel for part in parts])
    low, high = interval(drawn['abs_rel'])
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_interval_by_hand():
    """Of 0 to 1000 in steps of one: 2.5 % lie below 25, and 2.5 % above 975."""
    assert interval(np.arange(1001)) == (25, 975)


def test_pooled_rmse_is_the_root_of_the_mean_square():
    """One image drawn with itself: 3 m in each draw, of which there are 2000."""
    drawn = bootstrap([depth_errors(np.array([4.0]), np.array([1.0]))] * 2, True,
                      np.random.default_rng(0))
    assert drawn['rmse_m'].shape == (2000,)
    assert drawn['rmse_m'] == pytest.approx(3.0)


@pytest.mark.parametrize('pooled, combine', [(False, mean_errors), (True, pooled_errors)])
def test_bootstrap_draws_what_the_table_combines(pooled, combine):
    """The middle of what is drawn is the figure itself, RMSE by its own rule."""
    parts = parts_of(1, images=300)
    drawn = bootstrap(parts, pooled, np.random.default_rng(0))
    whole = combine(parts)
    for name in HEADLINE:
        assert np.median(drawn[name]) == pytest.approx(getattr(whole, name), rel=0.01), name


def test_differences_of_one_seed_are_paired():
    """The same images, each a little worse: sure, though either interval is far wider."""
    better, worse = (bootstrap(parts_of(2, scale=s), False, np.random.default_rng(5))['abs_rel']
                     for s in (1.0, 1.1))
    low, high = interval(worse - better)
    wide = interval(better)
    assert 0 < low < high < (wide[1] - wide[0]) / 2
