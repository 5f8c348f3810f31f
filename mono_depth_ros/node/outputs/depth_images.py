"""Depth as images: metres, millimetres, colours; its camera; its confidence."""

from __future__ import annotations

import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, Image

from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.outputs.output import Output


class Metres(Output):
    """Depth in metres, 32FC1."""

    topic, kind = 'depth/image', Image

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._image = messages.DepthImage()

    def message(self, frame: Frame) -> Image:
        """The depth as it is."""
        return self._image.fill(frame.depth_HW, frame.header)


class Millimetres(Output):
    """Depth in millimetres, 16UC1."""

    topic, kind = 'depth/image_raw', Image

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._image = messages.DepthMillimetres()

    def message(self, frame: Frame) -> Image:
        """The depth in whole millimetres, 0 where it is unknown or out of range."""
        return self._image.fill(frame.depth_HW, frame.header)


class ColouredDepth(Output):
    """Depth as colours over the range, rgb8."""

    topic, kind = 'depth/image_color', Image

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._image = messages.ColorImage()

    def message(self, frame: Frame) -> Image:
        """The depth in colours of the frame's range."""
        return self._image.fill(frame.depth_HW, *frame.range_m, frame.header)


class Confidence(Output):
    """Chance of each pixel to be within 25 % of the truth, 32FC1."""

    topic, kind = 'depth/confidence', Image

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._image = messages.DepthImage()

    def message(self, frame: Frame) -> Image | None:
        """The network's confidence, None from one that tells none."""
        if not frame.estimate.uncertainty:
            return None
        return self._image.fill(np.asarray(frame.estimate.confidence), frame.header)


class DepthCameraInfo(Output):
    """The camera of the depth images."""

    topic, kind = 'depth/camera_info', CameraInfo

    def message(self, frame: Frame) -> CameraInfo:
        """The camera whose rays are known, uncalibrated where none is."""
        height, width = frame.depth_HW.shape
        return messages.info_from_camera(frame.camera, frame.header, width, height)
