"""Depth for bags and Wi-Fi: what image_transport's subscribers of depth/image read."""

from __future__ import annotations

from array import array

from sensor_msgs.msg import CompressedImage

from mono_depth_ros.message_formats.compressed_depth import compressed_depth, FORMAT
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.outputs.output import Output


class CompressedDepth(Output):
    """Depth as PNG of 16 bits."""

    topic, kind, transport = 'depth/image/compressedDepth', CompressedImage, 'compressedDepth'

    def message(self, frame: Frame) -> CompressedImage:
        """The depth in range, unknown beyond it."""
        return CompressedImage(
            header=frame.header, format=FORMAT,
            data=array('B', compressed_depth(frame.depth_HW, *frame.range_m)))
