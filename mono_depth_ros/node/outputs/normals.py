"""Surface normals of depth as an image."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image

from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.outputs.output import Output


class Normals(Output):
    """Unit normals in the optical frame, 32FC3."""

    topic, kind = 'depth/normals', Image

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._image = messages.NormalsImage()

    def message(self, frame: Frame) -> Image | None:
        """The normals, None where the camera's rays are not known."""
        if not frame.camera:
            return None
        return self._image.fill(frame.depth_HW, frame.camera, frame.header)
