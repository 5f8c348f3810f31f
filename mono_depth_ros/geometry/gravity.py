"""Which way is up in the frame of an IMU, by its accelerometer and by its own orientation."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import NamedTuple

import numpy as np

from mono_depth_ros.geometry.camera_pose import transform_pose

GRAVITY_MPS2 = 9.80665
# An acceleration of this share more or less is that of a bump: accelerometers are off by less.
GATE = 0.1
TIME_CONSTANT_S = 2.0
# So is one in another direction than the mean (0.15: 8.6 degrees), for less than so long.
REACH, BUMP_S = 0.15, 0.5
# What is known once the mean is of so many accelerations and so old.
NEEDED, SETTLED_S = 5, 0.3
# Without a message, and without an acceleration that may be gravity, for so long nothing is known.
OLDEST_S, HELD_S = 1.0, 5.0
# Length of the mean of unit vectors that are not all over the place.
LEAST_AGREEMENT = 0.8


class _Mean(NamedTuple):
    """Weighted mean of unit vectors: of how many, and when (s) it began and the latest came.

    `stamp_s` is that of the latest, `reached_s` when one within reach came.
    """

    vector: tuple[float, ...] = (0.0, 0.0, 0.0)
    number: int = 0
    began_s: float = -math.inf
    latest_s: float = -math.inf
    stamp_s: float = -math.inf
    reached_s: float = -math.inf


class Gravity:
    """The accelerations of one IMU, low-passed; `add` on one thread, `up` on any.

    Times are seconds of a monotonic clock, but for stamps.
    """

    def __init__(self) -> None:
        self._mean, self._received_s, self._length_mps2 = _Mean(), -math.inf, math.nan

    def add(self, acceleration_mps2: Sequence[float], stamp_s: float, now_s: float) -> None:
        """Take a measurement (x, y, z); any numbers, what cannot be gravity is left out."""
        length = math.hypot(*acceleration_mps2)
        self._received_s, self._length_mps2 = now_s, length
        if not abs(length - GRAVITY_MPS2) <= GATE * GRAVITY_MPS2:
            return
        mean = self._mean if now_s - self._mean.latest_s <= HELD_S else _Mean(began_s=now_s)
        unit = tuple(part / length for part in acceleration_mps2)
        within = mean.number < NEEDED or math.dist(unit, mean.vector) < REACH
        if within or now_s - mean.reached_s > BUMP_S:
            self._mean = _Mean(
                _towards(unit, mean, _step_s(mean, stamp_s, now_s)), mean.number + 1, mean.began_s,
                now_s, stamp_s, now_s if within else mean.reached_s)

    def up(self, now_s: float) -> np.ndarray:
        """Unit vector (3,) that points up; ValueError with why it is not known."""
        mean, silent_s = self._mean, now_s - self._received_s
        if silent_s > OLDEST_S:
            raise ValueError('no message yet' if math.isinf(silent_s) else
                             f'the last message is {silent_s:.1f} s old')
        if now_s - mean.latest_s > HELD_S:
            raise ValueError(f'an acceleration of {self._length_mps2:.2f} m/s^2 is not gravity')
        if mean.number < NEEDED or mean.latest_s - mean.began_s < SETTLED_S:
            raise ValueError('too few messages yet')
        length = math.hypot(*mean.vector)
        if length < LEAST_AGREEMENT:
            raise ValueError('it turns too fast')
        return np.array(mean.vector) / length


def _step_s(mean: _Mean, stamp_s: float, now_s: float) -> float:
    """Time since the latest; by the clock where stamps do not move, or jump."""
    by_stamps_s = stamp_s - mean.stamp_s
    if 0 < by_stamps_s <= BUMP_S:
        return by_stamps_s
    return min(max(now_s - mean.latest_s, 0.0), BUMP_S)


def _towards(unit: Sequence[float], mean: _Mean, step_s: float) -> tuple[float, ...]:
    """The plain mean at first, then an exponential one."""
    weight = max(step_s / (TIME_CONSTANT_S + step_s), 1 / (mean.number + 1))
    return tuple(old + weight * (new - old) for old, new in zip(mean.vector, unit))


def oriented_up(quaternion: Sequence[float]) -> np.ndarray | None:
    """Up (3,) by an IMU's orientation x, y, z, w, which follows turns at once.

    None where it has none: drivers without one leave zeros or the identity in the message.
    """
    try:
        pose = transform_pose((0.0, 0.0, 0.0), quaternion)
    except ValueError:
        return None
    return pose.up if any(quaternion[:3]) else None


def within(first_3: np.ndarray, second_3: np.ndarray, most_deg: float) -> bool:
    """Whether two unit vectors are at most so many degrees apart."""
    return float(first_3 @ second_3) >= math.cos(math.radians(most_deg))
