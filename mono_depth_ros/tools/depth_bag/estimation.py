"""Depth of recorded images by the node's own code, with a recording in place of its topics."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TYPE_CHECKING

from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from mono_depth_ros.bags.stamps import stamp_of
from mono_depth_ros.bags.writing import without_padding
from mono_depth_ros.message_formats.pictures import is_16
from mono_depth_ros.node.frame_processor import FrameProcessor, range_m
from mono_depth_ros.node.interface.parameters import Settings
from mono_depth_ros.node.interface.stream_part import type_name
from mono_depth_ros.node.outputs.outputs import KINDS, Outputs
from mono_depth_ros.node.steps.steps import STEPS
from mono_depth_ros.tools.depth_bag.cameras import BagCamera

if TYPE_CHECKING:  # torch takes seconds to import
    from mono_depth_ros.estimator import DepthEstimator

COMPRESSED = 'sensor_msgs/msg/CompressedImage'


@dataclass(frozen=True, kw_only=True)
class _Publisher:
    """A publisher whose messages are collected, serialised, in `sent`; heard where `wanted`."""

    topic: str
    wanted: bool
    sent: dict[str, bytes]

    def get_subscription_count(self) -> int:
        """One where the output is asked for."""
        return int(self.wanted)

    def publish(self, message: Any) -> None:
        """Keep what would be sent."""
        self.sent[self.topic] = without_padding(
            type_name(KINDS[self.topic]), serialize_message(message))


class _BagNode:
    """What the outputs need of a node: publishers."""

    no_tf = 'TF is not read here'

    def __init__(self, wanted: Collection[str]):
        self._wanted = wanted
        self.sent: dict[str, bytes] = {}

    def create_lifecycle_publisher(self, kind: type, topic: str, qos: Any,
                                   event_callbacks: Any = None) -> _Publisher:
        """A publisher that keeps what it would send."""
        return _Publisher(topic=topic, wanted=topic in self._wanted, sent=self.sent)

    def resolve_topic_name(self, topic: str) -> str:
        """The name as it is: nothing is remapped."""
        return topic


class BagEstimation:
    """The images of one camera in order; `outputs` are names such as depth/image.

    `range_m` is the nearest and farthest depth that comes out.
    """

    def __init__(self, estimator: DepthEstimator, camera: BagCamera, outputs: Collection[str],
                 settings: Settings):
        self._estimator, self._camera, self._settings = estimator, camera, settings
        self._node = _BagNode(outputs)
        node: Any = self._node
        self._processor = FrameProcessor(
            estimator, [step(node, '') for step in STEPS], Outputs(node), camera.image_topic,
            camera.info_topic)
        self.range_m = range_m(estimator, settings)

    def outputs_of(self, kind: str, message: bytes, log_ns: int) -> dict[str, bytes]:
        """Serialised output messages by name; ValueError says why an image has no depth."""
        self._node.sent.clear()
        self._use_info(stamp_of(message, log_ns))
        image, processor = _image(kind, message), self._processor
        prepared = processor.prepare(image, self._settings)
        failed = processor.publish(image.header, prepared, self._estimator.estimate(
            prepared.rgb_hw3, prepared.camera.depth, prepared.size))
        for error in failed.values():
            if not isinstance(error, Exception):  # Ctrl-C while that output was made
                raise error
        return {self._camera.output(name): data for name, data in self._node.sent.items()}

    def skip(self, kind: str, message: bytes) -> None:
        """Pass over an image whose depth is there already."""
        image = _image(kind, message)
        if is_16(image.data) or (kind != COMPRESSED and '16' in image.encoding):
            # How bright such an image is depends on the bits that those before it have used.
            with suppress(ValueError):
                self._processor.prepare(image, self._settings)

    def warnings(self) -> list[str]:
        """What is to be said of the latest image and its camera, one sentence each."""
        processor = self._processor
        return [sentence for sentence in (
            processor.camera_warning, processor.image_warning, processor.part_warning,
            processor.doubt) if sentence]

    def _use_info(self, stamp_ns: int) -> None:
        if self._camera.infos.messages:
            self._processor.add_info(deserialize_message(
                self._camera.infos.in_force(stamp_ns), CameraInfo))


def _image(kind: str, message: bytes) -> Image | CompressedImage:
    return deserialize_message(message, CompressedImage if kind == COMPRESSED else Image)


def output_types(outputs: Collection[str]) -> dict[str, str]:
    """Message type of each output by name, as sensor_msgs/msg/Image."""
    return {name: type_name(KINDS[name]) for name in outputs}
