"""The factor on depth as a topic."""

from __future__ import annotations

from std_msgs.msg import Float32

from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.outputs.output import Output


class ScaleFactor(Output):
    """What the model's depth was multiplied by."""

    topic, kind = 'depth/scale', Float32

    def message(self, frame: Frame) -> Float32:
        """The factor of this image."""
        return Float32(data=frame.scale)
