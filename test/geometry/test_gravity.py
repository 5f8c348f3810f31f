"""Gravity of an IMU: noise, bumps, no messages, numbers that cannot be, orientations."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from mono_depth_ros.geometry.camera_pose import mounted_pose, tilt_deg
from mono_depth_ros.geometry.gravity import Gravity, GRAVITY_MPS2, oriented_up, within

UP = mounted_pose(1.0, 12.0, -3.0).up


def measured(gravity, seconds, acceleration, start_s=0.0, rate_hz=100):
    """Accelerations of a time, at 100 Hz, by a function of seconds; when they end."""
    for number in range(round(seconds * rate_hz)):
        now_s = start_s + number / rate_hz
        gravity.add(acceleration(now_s), now_s, now_s)
    return start_s + seconds


def still(_):
    return GRAVITY_MPS2 * UP


def apart_deg(up, other=UP):
    return math.degrees(math.acos(min(float(up @ other), 1.0)))


@pytest.mark.parametrize('seed', range(3))
def test_noise_and_bumps_leave_half_a_degree(seed):
    """Noise of 0.3 m/s^2, 2 % off; 4 m/s^2 this way or that for 50 ms of each half second."""
    rng, gravity = np.random.default_rng(seed), Gravity()
    bumps = rng.choice([-4, 4], (60, 3))

    def acceleration(now_s):
        bump = bumps[int(2 * now_s)] * (now_s % 0.5 >= 0.45)
        return 1.02 * GRAVITY_MPS2 * UP + rng.normal(0, 0.3, 3) + bump

    errors = []
    for second in range(30):
        end_s = measured(gravity, 1, acceleration, second)
        errors.append(apart_deg(gravity.up(end_s)))
    assert errors[0] < 1.0 and max(errors[1:]) < 0.5
    assert tilt_deg(gravity.up(end_s)) == pytest.approx((12, -3), abs=0.5)


def test_a_start_is_slow_and_then_right():
    gravity = Gravity()
    measured(gravity, 0.2, still)
    with pytest.raises(ValueError, match='too few messages yet'):
        gravity.up(0.2)
    end_s = measured(gravity, 0.3, still, 0.2)
    assert apart_deg(gravity.up(end_s)) < 1e-4


@pytest.mark.parametrize('rate_hz', [10, 400])
def test_a_turn_is_followed_within_seconds_at_any_rate(rate_hz):
    other, gravity = mounted_pose(1.0, 5.0, -3.0).up, Gravity()
    start_s = measured(gravity, 20, still, rate_hz=rate_hz)
    end_s = measured(gravity, 2, lambda _: GRAVITY_MPS2 * other, start_s, rate_hz)
    assert apart_deg(gravity.up(end_s), other) == pytest.approx(7 / math.e, rel=0.1)
    end_s = measured(gravity, 8, lambda _: GRAVITY_MPS2 * other, end_s, rate_hz)
    assert apart_deg(gravity.up(end_s), other) < 0.1


def test_a_large_turn_is_followed_once_it_has_lasted_for_longer_than_a_bump():
    other, gravity = mounted_pose(1.0, 72.0, -3.0).up, Gravity()
    start_s = measured(gravity, 20, still)
    end_s = measured(gravity, 0.4, lambda _: GRAVITY_MPS2 * other, start_s)
    assert apart_deg(gravity.up(end_s), other) == pytest.approx(60, abs=0.1)
    end_s = measured(gravity, 3.6, lambda _: GRAVITY_MPS2 * other, end_s)
    assert apart_deg(gravity.up(end_s), other) < 60 / math.e ** 2
    end_s = measured(gravity, 10, lambda _: GRAVITY_MPS2 * other, end_s)
    assert apart_deg(gravity.up(end_s), other) < 0.1


def test_braking_for_less_than_half_a_second_is_not_a_turn():
    gravity = Gravity()
    end_s = measured(gravity, 5, still)
    end_s = measured(gravity, 0.4, lambda _: GRAVITY_MPS2 * UP + (0, 0, 3), end_s)
    assert apart_deg(gravity.up(end_s)) < 1e-4


@pytest.mark.parametrize('stamp', [lambda now_s: 0.0, lambda now_s: -now_s])
def test_stamps_that_do_not_move_or_run_back_are_done_without(stamp):
    gravity, other = Gravity(), mounted_pose(1.0, 5.0, -3.0).up
    for number in range(1000):
        now_s = number / 100
        gravity.add(GRAVITY_MPS2 * (UP if number < 500 else other), stamp(now_s), now_s)
    assert apart_deg(gravity.up(10.0), other) == pytest.approx(7 / math.e ** 2.5, rel=0.1)


def test_an_imu_that_falls_silent_is_told_and_forgotten():
    gravity = Gravity()
    with pytest.raises(ValueError, match='no message yet'):
        gravity.up(0.0)
    end_s = measured(gravity, 1, still)
    gravity.up(end_s + 0.9)
    with pytest.raises(ValueError, match=r'the last message is 1\.\d s old'):
        gravity.up(end_s + 1.1)
    end_s = measured(gravity, 0.5, lambda _: GRAVITY_MPS2 * mounted_pose(1.0, 40.0).up, 60)
    assert tilt_deg(gravity.up(end_s)) == pytest.approx((40, 0), abs=1e-6)


def test_a_fall_is_bridged_and_what_is_never_gravity_is_told():
    gravity = Gravity()
    end_s = measured(gravity, 1, still)
    end_s = measured(gravity, 4, lambda _: (0.0, 0.0, 0.0), end_s)
    assert apart_deg(gravity.up(end_s)) < 1e-4
    end_s = measured(gravity, 2, lambda _: UP, end_s)  # in g, not in m/s^2
    with pytest.raises(ValueError, match=r'an acceleration of 1\.00 m/s\^2 is not gravity'):
        gravity.up(end_s)


def test_an_imu_that_tumbles_has_no_up():
    gravity = Gravity()
    end_s = measured(gravity, 5, lambda s: GRAVITY_MPS2 * np.array(
        [math.cos(3 * s), math.sin(3 * s), 0]))
    with pytest.raises(ValueError, match='turns too fast'):
        gravity.up(end_s)


NUMBERS = st.sampled_from(
    [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1e308, -1e308, 9.8, -9.8, 1.0])


@settings(max_examples=30)
@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_no_numbers_do_harm(x, y, z, stamp_s):
    gravity = Gravity()
    end_s = measured(gravity, 1, still)
    for number in range(20):
        gravity.add((x, y, z), stamp_s, end_s + number / 100)
    gravity.add((0.0, 0.0, 0.0), stamp_s, end_s)
    up = gravity.up(end_s + 0.2)
    assert np.linalg.norm(up) == pytest.approx(1)


def of_axis(axis, degrees):
    half = math.radians(degrees) / 2
    return (*(math.sin(half) * np.array(axis, float)), math.cos(half))


def test_up_by_an_orientation_is_the_world_s():
    """Turned by 8 degrees about y, then by any yaw of the world."""
    for yaw in (0, 130):
        x, y, z, w = of_axis((0, 1, 0), 8)
        s, c = of_axis((0, 0, 1), yaw)[2:]
        turned = (c * x - s * y, c * y + s * x, c * z + s * w, c * w - s * z)
        up = oriented_up(turned)
        np.testing.assert_allclose(
            up, (-math.sin(math.radians(8)), 0, math.cos(math.radians(8))), atol=1e-9)


@pytest.mark.parametrize('quaternion', [
    (0, 0, 0, 0), (0, 0, 0, 1), (math.nan, 0, 0, 1), (math.inf, 0, 0, 1), (3, 4, 5, 6)])
def test_an_orientation_that_is_none_is_left_out(quaternion):
    assert oriented_up(quaternion) is None


@pytest.mark.parametrize('degrees, near', [(8, True), (12, False), (180, False)])
def test_two_directions_are_so_far_apart(degrees, near):
    assert within(oriented_up(of_axis((0, 1, 0), degrees)), np.array([0, 0, 1.0]), 10) is near
