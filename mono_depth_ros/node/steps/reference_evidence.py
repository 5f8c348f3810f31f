"""What another range sensor says of the scale: a depth image, a point cloud, a laser scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sensor_msgs.msg import Image, LaserScan, PointCloud2

from mono_depth_ros.message_formats.frames import frame_name
from mono_depth_ros.message_formats.images import depth_from_message
from mono_depth_ros.message_formats.points import points_from_cloud, points_from_scan
from mono_depth_ros.message_formats.stamps import stamp_ns
from mono_depth_ros.node.interface.camera_poses import CameraPoses
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.stream_part import Input
from mono_depth_ros.node.steps.evidence import Evidence
from mono_depth_ros.scale.reference import (
    believable_fit,
    check_same_frame,
    pairs_of_depth,
    pairs_of_points,
)

# Messages kept of each topic, and how far their stamp may be from the image's.
KEPT, MOST_APART_S = 10, 0.15


class ReferenceEvidence(Evidence):
    """Keeps the latest messages of three topics; `look` takes the one nearest to an image."""

    def __init__(self, node, prefix: str):
        super().__init__(node, prefix)
        self._kept: dict[str, tuple[Any, ...]] = {}
        self._used: Any = None
        self._poses = CameraPoses(node)

    def inputs(self) -> tuple[Input, ...]:
        """Depth images, clouds and scans."""
        return tuple(Input(topic=topic, kind=kind, callback=self._keeper(topic), depth=2)
                     for topic, kind in (('reference/depth', Image),
                                         ('reference/points', PointCloud2),
                                         ('reference/scan', LaserScan)))

    @property
    def expected(self) -> bool:  # type: ignore[override]
        """But while TF may not have come yet, as after a time in which nobody asked for depth."""
        return not self._poses.waiting

    def look(self, frame: Frame) -> tuple[float, float]:
        """Factor and offset (m) for the shown depth; ValueError with why there is none."""
        topic, message = self._nearest(frame)
        if topic == 'reference/depth':
            check_same_frame(message.header.frame_id, frame.header.frame_id)
            pairs = pairs_of_depth(depth_from_message(message), frame.depth_HW)
        else:
            if frame.camera is None:
                raise ValueError(f'{topic} needs camera_info, to know where its points are seen')
            pairs = pairs_of_points(self._points(topic, message, frame), frame.depth_HW,
                                    frame.camera)
        fit = believable_fit(*pairs, offset=frame.settings.reference_offset)
        return fit.factor, fit.offset_m

    def _points(self, topic: str, message: Any, frame: Frame) -> np.ndarray:
        """The points of a message in the frame of the image."""
        read = points_from_cloud if topic == 'reference/points' else points_from_scan
        image_frame = frame.header.frame_id
        if frame_name(message.header.frame_id) == frame_name(image_frame):
            return read(message)
        pose = self._poses.pose_in(image_frame, message.header)
        if pose is None:
            raise ValueError(f'{topic} is in frame {message.header.frame_id!r}, the image in '
                             f'{image_frame!r}: {self._poses.told}')
        return pose.in_base(read(message))

    def forget(self) -> None:
        """Release the messages."""
        self._kept, self._used = {}, None

    def close(self) -> None:
        """Stop listening to TF."""
        self._poses.close()

    def _nearest(self, frame: Frame) -> tuple[str, Any]:
        """Topic and message with the stamp nearest to the image's; each counts once."""
        stamp = stamp_ns(frame.header.stamp)
        # Of those alike near, as where no stamp is set, the latest.
        apart = [(abs(stamp_ns(message.header.stamp) - stamp) / 1e9, topic, message)
                 for topic, messages in self._kept.items() for message in reversed(messages)]
        if not apart:
            raise ValueError('nothing on reference/depth, reference/points or reference/scan')
        apart_s, topic, message = min(apart, key=lambda one: one[0])
        if apart_s > MOST_APART_S:
            raise ValueError(f'{topic} is {apart_s:.2f} s apart from the image, expected '
                             f'{MOST_APART_S} s or less: look at the clocks of both')
        if message is self._used:
            raise ValueError(f'nothing new on {topic}')
        self._used = message
        return topic, message

    def _keeper(self, topic: str) -> Callable[[Any], None]:
        def keep(message: Any) -> None:
            # A new dict and tuple: the other thread may be reading the old ones.
            self._kept = self._kept | {
                topic: (*self._kept.get(topic, ())[1 - KEPT:], message)}
        return keep
