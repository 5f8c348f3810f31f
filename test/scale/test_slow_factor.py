"""The slow factor: its rate, its bounds, what it believes, when it holds."""

import math

from hypothesis import given
from hypothesis import strategies as st
import pytest

from mono_depth_ros.scale.slow_factor import Caution, SlowFactor

RATE = math.log(1.1)


def fed(factors, step_s=0.1, slow=None):
    slow = slow or SlowFactor()
    for number, factor in enumerate(factors):
        slow.add(number * step_s, factor)
    return slow


def test_it_moves_ten_percent_a_second_and_arrives():
    assert fed([0.5] * 13).factor == pytest.approx(math.exp(-RATE * 0.1 * 11))  # from the third on
    assert fed([0.5] * 200).factor == pytest.approx(0.5)


@given(st.lists(st.tuples(st.floats(0.001, 20), st.one_of(st.none(), st.floats(0.01, 50))),
                max_size=60))
def test_no_step_is_larger_than_the_rate_and_no_factor_out_of_bounds(steps):
    slow, now_s = SlowFactor(), 0.0
    for step_s, factor in steps:
        before = slow.factor
        now_s += step_s
        slow.add(now_s, factor)
        assert abs(math.log(slow.factor / before)) <= RATE * min(step_s, 1) + 1e-9
        assert 0.4 <= slow.factor <= 2.5


def test_without_evidence_it_holds_and_grows_older():
    slow = fed([0.5] * 200)
    for number in range(1, 101):
        slow.add(19.9 + number, None)
    assert slow.factor == pytest.approx(0.5)
    assert slow.age_s == pytest.approx(100)


def test_depth_shown_by_another_factor_keeps_the_product_and_the_evidence():
    slow = fed([0.6] * 200)
    slow.rescale(0.5)
    assert slow.factor == pytest.approx(1.2)
    slow.add(20.0, 1.2)
    assert slow.factor == pytest.approx(1.2) and slow.spread == pytest.approx(0, abs=1e-9)
    slow.rescale(10)
    assert slow.factor == pytest.approx(0.4) and math.isnan(slow.spread)  # out of bounds: 0.12


def test_a_factor_without_recent_evidence_stays_for_depth_shown_by_another_factor():
    slow = fed([0.6] * 200)
    slow.add(60.0, None)
    slow.rescale(0.5)
    assert slow.factor == pytest.approx(0.6) and math.isnan(slow.spread)
    assert fed([]).factor == 1


def test_two_images_are_no_evidence():
    assert fed([0.5, 0.5]).factor == 1


def test_evidence_that_disagrees_moves_nothing():
    slow = fed([0.5, 0.8, 1.2, 2.0] * 10)
    assert slow.factor == 1 and slow.spread > 0.12


def test_one_wrong_image_in_three_moves_nothing():
    slow = fed([1.0, 1.0, 2.4] * 30)
    assert slow.factor == pytest.approx(1.0)


@pytest.mark.parametrize('factor', [0.39, 2.51, 0.01])
def test_evidence_out_of_bounds_is_not_believed(factor):
    slow = SlowFactor()
    assert not slow.add(0.0, factor) and math.isnan(slow.spread)
    assert fed([factor] * 50).factor == 1


def test_time_that_runs_backwards_keeps_the_factor_and_forgets_the_evidence():
    slow = fed([0.5] * 200)
    slow.add(0.0, None)
    assert slow.factor == pytest.approx(0.5) and slow.age_s == math.inf
    assert math.isnan(slow.spread)


def test_old_evidence_does_not_outvote_new():
    slow = fed([0.5] * 100)
    for number in range(8):
        slow.add(100 + number, 1.5 if number > 1 else None)
    assert slow.spread == pytest.approx(0)  # the ten of 0.5 are older than 30 s


@pytest.mark.parametrize('log_factor, believed', [
    (0.1, 0), (-0.1, 0), (-0.2, -0.075), (-0.45, -0.45), (-0.8, -0.8), (0.3, 0), (0.5, 0.3),
    (0.9, 0.9)])
def test_caution_leaves_small_errors_alone_and_large_ones_whole(log_factor, believed):
    assert Caution(below=0.15, above=0.3).believed(log_factor) == pytest.approx(believed)


def test_a_cautious_factor_does_not_follow_what_lies_within_errors():
    assert fed([0.9] * 100, slow=SlowFactor(Caution(below=0.15, above=0.3))).factor == 1


def test_an_offset_moves_ten_centimetres_a_second_within_bounds():
    slow = SlowFactor()
    for number in range(12):
        slow.add(number * 0.1, 1.0, 0.3)
    assert slow.offset_m == pytest.approx(0.1)  # from the third image on
    for number in range(12, 100):
        slow.add(number * 0.1, 1.0, 0.3)
    assert slow.offset_m == pytest.approx(0.3)
    assert not slow.add(10.0, 1.0, 0.6)


def test_it_moves_between_evidence_that_is_fresh():
    """Evidence twice a second, images at 10 Hz: as fast as with evidence in each."""
    slow = SlowFactor()
    for number in range(40):
        slow.add(number * 0.1, 0.5 if number % 5 == 0 else None)
    assert slow.factor == pytest.approx(math.exp(-RATE * 0.1 * 30))


def test_it_stops_a_second_after_the_last_evidence():
    slow = fed([0.5] * 5)
    for number in range(5, 60):
        slow.add(number * 0.1, None)
    assert slow.factor == pytest.approx(math.exp(-RATE * 0.1 * 13))  # 3 with evidence, 10 after
