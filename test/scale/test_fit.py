"""Factor and offset of pairs, against pairs made by hand with outliers among them."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from mono_depth_ros.scale.fit import fit_factor, fit_factor_and_offset


def test_one_measured_distance_is_its_ratio():
    fit = fit_factor(np.array([2.0]), np.array([1.5]))
    assert (fit.factor, fit.spread, fit.samples) == (pytest.approx(0.75), 0, 1)


@given(factor=st.floats(0.3, 3), seed=st.integers(0, 99))
def test_a_third_of_the_pairs_may_be_anything(factor, seed):
    rng = np.random.default_rng(seed)
    shown = rng.uniform(0.5, 8, 300)
    true = factor * shown * np.exp(rng.normal(0, 0.02, 300))
    true[:100] = rng.uniform(0.1, 20, 100)
    fit = fit_factor(shown, true)
    assert fit.factor == pytest.approx(factor, rel=0.03)
    assert fit.samples == 300


def test_trimming_takes_off_what_a_median_alone_leans_to():
    """Nine ratios around 1 and four of 3: the 7th of all is 1.02, the middle of the nine is 1."""
    near = np.exp(np.linspace(-0.04, 0.04, 9))
    fit = fit_factor(np.ones(13), np.concatenate([near, np.full(4, 3.0)]))
    assert fit.factor == pytest.approx(1.0, abs=1e-9)


def test_pairs_that_are_not_known_do_not_count():
    fit = fit_factor(np.array([np.nan, np.inf, -np.inf, 0, 2]), np.array([1, 1, 1, 1, 4.0]))
    assert (fit.factor, fit.samples) == (pytest.approx(2), 1)


def test_nothing_known_is_said():
    with pytest.raises(ValueError, match='no pixel with both'):
        fit_factor(np.array([np.nan]), np.array([1.0]))


def test_factor_and_offset_come_back_among_outliers():
    rng = np.random.default_rng(1)
    shown = rng.uniform(1, 6, 400)
    true = 0.8 * shown + 0.3
    true[:60] = 9
    fit = fit_factor_and_offset(shown, true)
    assert fit.factor == pytest.approx(0.8, abs=1e-3)
    assert fit.offset_m == pytest.approx(0.3, abs=3e-3)


def test_an_offset_needs_different_depths():
    with pytest.raises(ValueError, match='different depths'):
        fit_factor_and_offset(np.full(50, 2.0), np.full(50, 3.0))


def test_depth_that_falls_as_the_truth_grows_is_refused():
    shown = np.linspace(1, 4, 50)
    with pytest.raises(ValueError, match='disagree'):
        fit_factor_and_offset(shown, 6 - shown)
