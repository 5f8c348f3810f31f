"""Where a camera is over the base frame: from TF where that is there, else from parameters."""

from __future__ import annotations

import math
from threading import Lock
import time
from typing import Any

from builtin_interfaces.msg import Time as Stamp
import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.time import Time
from std_msgs.msg import Header

from mono_depth_ros.geometry.camera_pose import (
    CameraPose,
    levelled,
    mounted_pose,
    tilt_deg,
    transform_pose,
)
from mono_depth_ros.message_formats.frames import frame_name
from mono_depth_ros.message_formats.stamps import stamp_ns
from mono_depth_ros.node.interface.parameters import Settings

# The stamp by which tf2 is asked for the latest transform.
LATEST = Stamp()
# TF that is published has come this long after it is listened to; until then no other pose
# stands in for it.
WAIT_S = 2.0
# Stamps that go back by more begin again, as those of a bag that is looped or of a simulation.
BACK_NS = 10**9


class CameraPoses:
    """Poses of cameras; listens to TF from the first question on, until closed.

    Asked again it listens anew. Any thread may close it, one at a time may ask. `told` says where
    the last pose came from, or why there is none.
    """

    def __init__(self, node: LifecycleNode):
        self._node, self._lock = node, Lock()
        self._listener: Any = None
        self._buffer: Any = None
        self._asked, self._since_s, self._stamp_ns = False, 0.0, -math.inf
        # Why what stands in for a node, such as a recording, has no TF; '' of a node.
        self._no_tf = getattr(node, 'no_tf', '')
        self.told = 'none yet'

    def pose(self, settings: Settings, header: Header,
             up_3: np.ndarray | None = None) -> CameraPose | None:
        """Pose over scan.frame of the camera of an image, None where nothing tells it.

        Its pitch and roll are by `up_3`, what points up in the optical frame, where that is known.
        """
        found = self.pose_in(settings.scan_frame, header)
        if found is None and not self.waiting:
            found = self._by_parameters(settings)
        if found is None or up_3 is None:
            return found
        pitch_deg, roll_deg = tilt_deg(up_3)
        self.told = (f'pitch {pitch_deg:.1f}, roll {roll_deg:.1f} degrees by IMU; the rest by '
                     + self.told)
        return levelled(found, up_3)

    @property
    def waiting(self) -> bool:
        """Whether TF that is published may not have come yet, so that nothing stands in for it."""
        return self._buffer is not None and time.monotonic() - self._since_s < WAIT_S

    @property
    def advice(self) -> str:
        """What to do where there is no pose."""
        if self.waiting:
            return f'wait, other poses count once TF was listened to for {WAIT_S:g} s'
        other = '' if self._no_tf else ', or publish TF' if self._buffer else (
            ', or install tf2_ros and publish TF')
        return f'set camera_height (and camera_pitch_deg, camera_roll_deg){other}'

    def _by_parameters(self, settings: Settings) -> CameraPose | None:
        if not settings.camera_height:
            return None
        self.told = (f'camera_height {settings.camera_height:g} m, camera_pitch_deg '
                     f'{settings.camera_pitch_deg:g}, camera_roll_deg '
                     f'{settings.camera_roll_deg:g}, for {self.told}')
        return mounted_pose(
            settings.camera_height, settings.camera_pitch_deg, settings.camera_roll_deg)

    def close(self) -> None:
        """Stop listening to TF, which costs as much as it is fast."""
        with self._lock:
            if self._listener:
                self._listener.unregister()
            self._listener = self._buffer = None
            self._asked, self._stamp_ns = False, -math.inf

    def pose_in(self, base: str, header: Header) -> CameraPose | None:
        """Pose by TF of the frame of a message in another, at its time, else the latest.

        None where nothing tells it.
        """
        with self._lock:
            return self._pose_in(base, header)

    def _pose_in(self, base: str, header: Header) -> CameraPose | None:
        if not self._asked:
            self._asked = True
            self._listen()
        if self._buffer is None:
            self.told = self._no_tf or 'tf2_ros is not installed'
            return None
        self._follow_stamps(stamp_ns(header.stamp))
        error: Exception | None = None
        for stamp in (header.stamp, LATEST):
            try:
                found = _pose_of(self._buffer.lookup_transform(
                    frame_name(base), frame_name(header.frame_id),
                    Time.from_msg(stamp)).transform)
            # tf2 has five kinds, and one of its own base; rclpy refuses negative seconds.
            except Exception as failed:
                error = failed
                continue
            self.told = f'TF from {header.frame_id} to {base}'
            return found
        yet = ' yet' if self.waiting else ''
        self.told = f'no TF from {header.frame_id!r} to {base!r}{yet} ({error})'
        return None

    def _follow_stamps(self, stamp: int) -> None:
        """Forget TF of a time to come: while tf2 has it, it refuses what is 10 s older.

        What is static stays: clearing a buffer does not clear tf2's caches of it.
        """
        if stamp < self._stamp_ns - BACK_NS:
            self._buffer.clear()
            self._since_s = time.monotonic()
        self._stamp_ns = stamp

    def _listen(self) -> None:
        if self._no_tf:
            return
        try:
            import tf2_ros  # no wheel on PyPI: robots have it, the demo has not
        except ImportError:
            return
        self._since_s = time.monotonic()
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, self._node)


def _pose_of(transform: Any) -> CameraPose:
    at, turn = transform.translation, transform.rotation
    return transform_pose((at.x, at.y, at.z), (turn.x, turn.y, turn.z, turn.w))
