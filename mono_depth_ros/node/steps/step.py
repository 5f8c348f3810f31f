"""What every step is: a change of a frame between the network and the outputs."""

from __future__ import annotations

from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.stream_part import StreamPart


class Step(StreamPart):
    """Changes each frame of one camera, on the thread that serves all cameras."""

    def adjust(self, frame: Frame) -> Frame:
        """The frame with what this step knows; ValueError refuses the image."""
        raise NotImplementedError
