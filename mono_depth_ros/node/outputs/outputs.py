"""All outputs of a camera; a new one is a file of this folder and an entry in OUTPUTS."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode

from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.outputs.compressed_depth import CompressedDepth
from mono_depth_ros.node.outputs.depth_images import (
    ColouredDepth,
    Confidence,
    DepthCameraInfo,
    Metres,
    Millimetres,
)
from mono_depth_ros.node.outputs.filled import Filled
from mono_depth_ros.node.outputs.normals import Normals
from mono_depth_ros.node.outputs.output import Output
from mono_depth_ros.node.outputs.points import Points
from mono_depth_ros.node.outputs.scale import ScaleFactor
from mono_depth_ros.node.outputs.scan import Scan

OUTPUTS: tuple[type[Output], ...] = (
    Metres, Millimetres, CompressedDepth, ColouredDepth, DepthCameraInfo, Confidence, Points,
    Normals, Scan, Filled, ScaleFactor)
KINDS = {output.topic: output.kind for output in OUTPUTS}


class Outputs:
    """The outputs of one camera, in the order in which a frame is published."""

    def __init__(self, node: LifecycleNode, prefix: str = ''):
        self.parts = [output(node, prefix) for output in OUTPUTS]

    def has_subscribers(self) -> bool:
        """Whether any output has a subscriber; takes microseconds."""
        return any(output.wanted() for output in self.parts)

    def subscription_count(self) -> int:
        """Number of subscriptions to all outputs together."""
        return sum(output.subscribers() for output in self.parts)

    def unheard(self) -> str:
        """Why somebody who subscribed to an output gets nothing, '' where all do."""
        return next(filter(None, (output.unheard() for output in self.parts)), '')

    def shared(self) -> str:
        """Who else publishes on the topic of an output, '' where nobody does; asks each."""
        return next(filter(None, [output.shared() for output in self.parts]), '')

    def publish(self, frame: Frame) -> dict[str, BaseException]:
        """Send what somebody listens to; what each output that could not raised, by its topic.

        No output costs another; the first error is raised where none was sent for it.
        """
        failed: dict[str, BaseException] = {}
        sent = False
        for output in self.parts:
            try:
                sent = bool(output.publish(frame)) or sent
            except BaseException as error:  # a library's SystemExit too
                failed[output.topic] = error
        if failed and not sent:
            raise next(iter(failed.values()))
        return failed
