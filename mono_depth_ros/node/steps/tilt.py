"""The camera's pitch and roll by an IMU."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
import math
import time
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Imu
from std_msgs.msg import Header

from mono_depth_ros.geometry.camera_pose import tilt_deg
from mono_depth_ros.geometry.gravity import Gravity, GRAVITY_MPS2, oriented_up, within
from mono_depth_ros.message_formats.frames import frame_name
from mono_depth_ros.message_formats.stamps import stamp_ns
from mono_depth_ros.node.interface.camera_poses import CameraPoses
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.stream_part import Input
from mono_depth_ros.node.steps.step import Step

# The operator is warned where the tilt is not known for this long: longer than gravity takes to
# settle and TF is waited for.
MISSING_S = 5.0
# Without a frame for this long, or twice the time between the last two, nobody listens to depth,
# and nothing to the IMU.
IDLE_S, LONGEST_IDLE_S = 5.0, 60.0
# Messages kept, a second of a fast IMU, and how far the stamp of one may be from the image's: of
# clocks that differ the latest message counts.
KEPT, MOST_APART_S = 400, 0.5
# Orientations are of another world than the accelerometer's where their means are farther apart,
# as over a frame whose z is not up (NED); one by itself, where it is so far from its acceleration.
MOST_APART_DEG, MOST_OFF_DEG = 10.0, 30.0
ORIENTED_EVERY_S = 0.05
# What stands for data that a driver has not, in the first element of their covariance.
NO_DATA = -1.0


class Tilt(Step):
    """Tells each frame what points up by the topic `imu`, while tilt_source asks for it.

    Nothing is subscribed to else. A frame of which it is not known goes by its camera's pose.
    """

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._poses = CameraPoses(node)
        self._on, self._told = False, ''
        self._known_s, self._asked_s, self._idle_s = 0.0, -math.inf, IDLE_S
        self._begin()

    def inputs(self) -> tuple[Input, ...]:
        """The IMU, while it is asked for."""
        return (Input(topic='imu', kind=Imu, callback=self._keep, depth=10,
                      wanted=self._wanted),)

    def values(self) -> dict[str, str]:
        """What the IMU says, or why it says nothing."""
        return {'imu': self._told} if self._on else {}

    def adjust(self, frame: Frame) -> Frame:
        """The frame with its `up_3`, where an IMU is asked for and knows it."""
        now_s, anew = time.monotonic(), not self._wanted()
        if math.isfinite(self._asked_s):
            self._idle_s = min(max(IDLE_S, 2 * (now_s - self._asked_s)), LONGEST_IDLE_S)
        self._on, self._asked_s = frame.settings.tilt_source == 'imu', now_s
        self.warning = ''
        if not self._on:
            self._poses.close()
            return frame
        if anew:
            self._begin()
            self._known_s = now_s
        try:
            up_3 = self._up(frame.header, now_s)
        except ValueError as error:
            self._told = str(error)
            if now_s - self._known_s > MISSING_S:
                self.warning = ('tilt_source imu, but pitch and roll are those of the pose: '
                                + self._told)
            return frame
        self._known_s = now_s
        return replace(frame, up_3=up_3)

    def idle(self) -> None:
        """As every part, and stop listening to TF."""
        super().idle()
        self._poses.close()

    def close(self) -> None:
        """Stop listening to TF."""
        self._poses.close()

    def _wanted(self) -> bool:
        return self._on and time.monotonic() - self._asked_s < self._idle_s

    def _up(self, header: Header, now_s: float) -> np.ndarray:
        """What points up in the frame of the image; ValueError with why it is not known."""
        topic = f'{self.prefix}imu'
        try:
            up_3, source = self._gravity.up(now_s), 'accelerometer'
        except ValueError as error:
            raise ValueError(f'{topic}: {error}') from error
        message = self._nearest(header)
        oriented_3 = self._oriented_up(message, up_3, now_s)
        if oriented_3 is not None:
            up_3, source = oriented_3, 'orientation'
        rotation_33, mounted = self._rotation(message.header, header)
        up_3 = rotation_33 @ up_3
        pitch_deg, roll_deg = tilt_deg(up_3)
        self._told = (f'pitch {pitch_deg:.1f}, roll {roll_deg:.1f} degrees by the {source} of '
                      f'{topic}, {mounted}')
        return up_3

    def _rotation(self, imu: Header, image: Header) -> tuple[np.ndarray, str]:
        """What brings vectors of the IMU's frame to that of the image, and how it is known."""
        if frame_name(imu.frame_id) == frame_name(image.frame_id):
            return np.eye(3), 'in the frame of the image'
        pose = self._poses.pose_in(image.frame_id, imu)
        if pose is not None:
            return np.array(pose.rotation), self._poses.told
        if 'optical' in imu.frame_id and not self._poses.waiting:
            return np.eye(3), (f'{imu.frame_id} taken as parallel to {image.frame_id}: '
                               f'{self._poses.told}')
        raise ValueError(f'{self.prefix}imu is in frame {imu.frame_id!r}, the image in '
                         f'{image.frame_id!r}: {self._poses.told}')

    def _begin(self) -> None:
        self._gravity, self._oriented, self._oriented_s = Gravity(), Gravity(), -math.inf
        self._kept: deque[Imu] = deque(maxlen=KEPT)

    def _nearest(self, image: Header) -> Imu:
        """The message with the stamp nearest to an image's, the latest where none is near."""
        stamp, kept = stamp_ns(image.stamp), tuple(self._kept)
        nearest = min(reversed(kept), key=lambda one: abs(stamp_ns(one.header.stamp) - stamp))
        apart_s = abs(stamp_ns(nearest.header.stamp) - stamp) / 1e9
        return nearest if apart_s <= MOST_APART_S else kept[-1]

    def _oriented_up(self, message: Imu, gravity_3: np.ndarray,
                     now_s: float) -> np.ndarray | None:
        """Up by a message's orientation; None where it has none, or one of another world."""
        up_3 = oriented_up(_quaternion(message))
        try:
            mean_3 = self._oriented.up(now_s)
        except ValueError:
            return None
        if up_3 is None or not within(mean_3, gravity_3, MOST_APART_DEG):
            return None
        acceleration_3 = np.array(_acceleration(message))
        length_mps2 = float(np.linalg.norm(acceleration_3))
        if 0 < length_mps2 < math.inf and not within(
                up_3, acceleration_3 / length_mps2, MOST_OFF_DEG):
            return None
        return up_3

    def _keep(self, message: Imu) -> None:
        if self._kept and message.header.frame_id != self._kept[-1].header.frame_id:
            self._begin()
        self._kept.append(message)
        stamp_s, now_s = stamp_ns(message.header.stamp) / 1e9, time.monotonic()
        self._gravity.add(_acceleration(message), stamp_s, now_s)
        if now_s - self._oriented_s < ORIENTED_EVERY_S:  # for its mean a few of them do
            return
        self._oriented_s = now_s
        up_3 = oriented_up(_quaternion(message))
        if up_3 is not None:
            self._oriented.add((GRAVITY_MPS2 * up_3).tolist(), stamp_s, now_s)


def _acceleration(message: Any) -> tuple[float, float, float]:
    """In m/s^2; NaN where the driver says that it has none."""
    if message.linear_acceleration_covariance[0] == NO_DATA:
        return (math.nan, math.nan, math.nan)
    at = message.linear_acceleration
    return at.x, at.y, at.z


def _quaternion(message: Any) -> tuple[float, ...]:
    """Orientation x, y, z, w; zeros where the driver says that it has none."""
    if message.orientation_covariance[0] == NO_DATA:
        return (0.0, 0.0, 0.0, 0.0)
    turn = message.orientation
    return turn.x, turn.y, turn.z, turn.w
