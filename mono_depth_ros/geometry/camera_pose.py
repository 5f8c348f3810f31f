"""Where a camera is over the base frame of its robot: rotation, translation, height, up."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

# Columns: the optical axes (x right, y down, z forward; REP 103) in a base frame (x forward,
# y left, z up) whose x is the way the camera looks.
LEVEL = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
# Of a measured tilt: what is computed for a pose is kept, and a robot at rest has few of them.
TILT_STEP_DEG = 0.1


@dataclass(frozen=True, kw_only=True)
class CameraPose:
    """The camera's optical frame in the base frame (x forward, y left, z up; metres).

    A point p of the optical frame is `rotation` @ p + `translation` in the base frame; both are
    nested tuples (3, 3) and (3,), so that poses compare and serve as keys.
    """

    rotation: tuple[tuple[float, ...], ...]
    translation: tuple[float, ...]

    @property
    def height_m(self) -> float:
        """Height of the camera over the base frame's ground, z = 0."""
        return self.translation[2]

    @property
    def up(self) -> np.ndarray:
        """Unit vector (3,) of the optical frame that points up: (0, -1, 0) for a level camera."""
        return np.array(self.rotation[2])

    def in_base(self, points_N3: np.ndarray) -> np.ndarray:
        """Points (..., 3) of the optical frame in the base frame."""
        return points_N3 @ np.array(self.rotation).T + np.array(self.translation)


def mounted_pose(height_m: float, pitch_deg: float = 0.0, roll_deg: float = 0.0) -> CameraPose:
    """Pose of a camera `height_m` over the origin of the base frame, looking along its x.

    Pitch is above 0 looking down, roll above 0 where the right side of the camera is lower: both
    as rotations about y (left) and x (forward) of REP 103, roll first.
    """
    return _pose(_turn(pitch_deg, roll_deg) @ LEVEL, (0.0, 0.0, height_m))


def tilt_deg(up_3: np.ndarray) -> tuple[float, float]:
    """Pitch and roll in degrees, as of `mounted_pose`, by what points up in the optical frame."""
    x, y, z = up_3
    return math.degrees(math.asin(min(max(-z, -1.0), 1.0))), math.degrees(math.atan2(-x, -y))


def levelled(pose: CameraPose, up_3: np.ndarray) -> CameraPose:
    """The pose over a base frame tilted so that the unit vector `up_3` (optical frame) is up.

    The base keeps the way its x points, the camera its translation. The tilt is in steps of
    TILT_STEP_DEG.
    """
    rotation_33 = np.array(pose.rotation)
    steps = [round(angle / TILT_STEP_DEG) for angle in tilt_deg(LEVEL.T @ rotation_33 @ up_3)]
    turn_33 = _turn(*(step * TILT_STEP_DEG for step in steps))
    return _pose(turn_33 @ rotation_33, pose.translation)


def transform_pose(translation, quaternion) -> CameraPose:
    """Pose of a transform: translation x, y, z in metres and quaternion x, y, z, w.

    Raises ValueError for numbers that are no rotation.
    """
    numbers = np.array([*translation, *quaternion], float)
    length = math.hypot(*numbers[3:])
    if not np.isfinite(numbers).all() or abs(length - 1) > 0.01:
        raise ValueError(f'translation {tuple(translation)} m and quaternion {tuple(quaternion)} '
                         '(x, y, z, w) are no pose: expected finite numbers and a quaternion of '
                         'length 1; look at who publishes this transform')
    x, y, z, w = numbers[3:] / length
    return _pose(np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]), translation)


def _turn(pitch_deg: float, roll_deg: float) -> np.ndarray:
    """Rotation (3, 3) about y and x of REP 103, roll first."""
    pitch, roll = math.radians(pitch_deg), math.radians(roll_deg)
    about_y = np.array([[math.cos(pitch), 0, math.sin(pitch)], [0, 1, 0],
                        [-math.sin(pitch), 0, math.cos(pitch)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(roll), -math.sin(roll)],
                        [0, math.sin(roll), math.cos(roll)]])
    return about_y @ about_x


def _pose(rotation_33: np.ndarray, translation) -> CameraPose:
    return CameraPose(rotation=tuple(tuple(map(float, row)) for row in rotation_33),
                      translation=tuple(map(float, translation)))
