"""One camera of the node: its topics, what comes in and goes out, its counts and its status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import math
import time
from typing import Any, TYPE_CHECKING

from rclpy.lifecycle import LifecycleNode
from rclpy.logging import get_logger
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from mono_depth_ros.message_formats.stamps import stamp_ns
from mono_depth_ros.node.diagnostics import FrameStatistics, Problems, stale_input, Timing
from mono_depth_ros.node.frame_processor import FrameProcessor, PreparedImage, range_m
from mono_depth_ros.node.interface.parameters import Settings
from mono_depth_ros.node.interface.stream_part import Input
from mono_depth_ros.node.latest_frame import LatestFrameWorker
from mono_depth_ros.node.outputs.outputs import OUTPUTS, Outputs
from mono_depth_ros.node.process import one_line
from mono_depth_ros.node.steps.steps import STEPS
from mono_depth_ros.node.subscription import (
    full_topic,
    MatchedSubscription,
    refuse_shared_outputs,
)

if TYPE_CHECKING:  # torch takes seconds to import
    from mono_depth_ros.estimator import DepthEstimate, DepthEstimator

NOT_CONFIGURED = dict.fromkeys(
    ('camera', 'pixels without a ray (%)', 'lens view', 'confidence (mean)'), 'none')


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """An image as it waits to be served, and when it came (s, monotonic)."""

    stream: CameraStream
    image: Image | CompressedImage
    arrived_s: float


class CameraStream:
    """One camera; `configure` and `cleanup`, `activate` and `stop` follow the node's lifecycle.

    `name` is the namespace of its topics, '' for the only camera of a node. Its counts outlive
    the lifecycle. `settings` may be replaced at any time.
    """

    def __init__(self, node: LifecycleNode, name: str, settings: Settings):
        self.name, self.settings = name, settings
        self.statistics = FrameStatistics()
        self.processor: Any = None  # set from configure to cleanup, else None
        self._node, self._prefix = node, f'{name}/' if name else ''
        # One of its own: rclpy throttles by logger and line, so that of cameras that share one
        # only the first was ever heard of.
        self.logger = get_logger(node.get_logger().name)
        # Set from activate to stop, else None.
        self._worker: Any = None
        self._image_input: Any = None
        self._info_input: Any = None
        self._other_inputs: list[MatchedSubscription] = []
        self._unpublished_s, self._shared = time.monotonic(), ''

    def configure(self, estimator: DepthEstimator) -> None:
        """Make the publishers and whatever the steps need; ValueError for unfit settings."""
        range_m(estimator, self.settings)
        refuse_shared_outputs((full_topic(self._node, output, self._prefix),
                               self._prefix + output.topic) for output in OUTPUTS)
        self.processor = FrameProcessor(
            estimator, [step(self._node, self._prefix) for step in STEPS],
            Outputs(self._node, self._prefix), *(
                full_topic(self._node, wanted, self._prefix)
                for wanted in (self._image_wanted(), self._info_wanted())))
        self.statistics.begin_anew()

    def topics(self) -> tuple[dict[str, str], dict[str, str]]:
        """Full names of the inputs and of the outputs, each with its name before remapping."""
        inputs = [self._image_wanted(), self._info_wanted(), *(
            wanted for part in self.processor.parts for wanted in part.inputs())]
        return ({full_topic(self._node, wanted, self._prefix): self._prefix + wanted.topic
                 for wanted in inputs},
                {output.full_topic: self._prefix + output.topic
                 for output in self.processor.outputs.parts})

    def activate(self, worker: LatestFrameWorker) -> None:
        """Subscribe; images go to the worker."""
        self._unpublished_s, self._worker = time.monotonic(), worker
        self.processor.outputs.shared()
        self.processor.idle()
        self.statistics.begin_row()
        self._info_input = self._subscribed(self._info_wanted())
        for part in self.processor.parts:
            for wanted in part.inputs():
                self._other_inputs.append(self._subscribed(wanted))
        self._image_input = self._subscribed(self._image_wanted())

    def stop(self) -> None:
        """Stop receiving; allowed at any time."""
        for source in self._inputs():
            source.close()
        self._image_input = self._info_input = self._worker = None
        self._other_inputs, self._shared = [], ''

    def idle(self) -> None:
        """Tell no longer of the images before, and release what was for them, such as TF."""
        if self.processor:
            self.processor.idle()

    def cleanup(self) -> None:
        """Release the publishers; allowed at any time."""
        processor, self.processor = self.processor, None
        if processor:
            processor.close()
        self.statistics.begin_anew()

    def match_publishers(self) -> None:
        """Follow the quality of service of the publishers."""
        for source in self._inputs():
            source.match(self.settings.input_qos)

    def on_image(self, image: Image | CompressedImage) -> None:
        """Count an image and offer it to the worker."""
        if self._worker is None:
            return
        now_s = time.monotonic()
        self.statistics.received(now_s)
        with self.refusing():
            if self.processor.outputs.has_subscribers():
                arrival = Arrival(stream=self, image=image, arrived_s=now_s)
                self.statistics.count('dropped', self._worker.put(self, arrival))
            else:
                self.statistics.unused()
                self.processor.idle()

    def publish(self, arrival: Arrival, prepared: PreparedImage, estimate: DepthEstimate) -> None:
        """Publish the depth of an image and count it."""
        self.processor.publish(arrival.image.header, prepared, estimate)
        now_s = time.monotonic()
        stamp = stamp_ns(arrival.image.header.stamp)
        age_ns = self._node.get_clock().now().nanoseconds - stamp if stamp else math.nan
        self.statistics.processed(Timing(
            done_s=now_s, network_ms=estimate.network_ms,
            total_ms=(now_s - arrival.arrived_s) * 1e3, age_ms=age_ns / 1e6))

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Count an image as refused if anything at all is raised within."""
        try:
            yield
        except BaseException as error:
            self.refuse(error)

    def refuse(self, error: BaseException) -> None:
        """Count an image that gave no depth, and say why."""
        sentence = f'image refused: {one_line(error)}'
        self.statistics.refused(sentence, time.monotonic())
        self.logger.warning(self.told(sentence), throttle_duration_sec=5.0)

    def told(self, sentence: str) -> str:
        """The sentence, with the name of the camera where the node has several."""
        return f'{self.name}: {sentence}' if self.name else sentence

    def problems(self, now_s: float) -> Problems:
        """What is wrong with this camera at present."""
        if not self._image_input:
            return Problems()
        outputs = self.processor.outputs
        self._shared = shared = outputs.shared()  # in any case: what yields is told by it
        return Problems(
            stale=self._stale_input(now_s),
            camera=self._info_input.wrong_type() or self.processor.camera_warning,
            image=self.processor.image_warning,
            part=(self.settings.waiting or self.processor.part_warning or shared
                  or outputs.unheard()),
            doubt=self.processor.doubt)

    def values(self, now_s: float) -> dict[str, str]:
        """Input, camera, counts and times as the texts of a diagnostic status."""
        source, processor = self._image_input, self.processor
        return {
            'input qos': source.reliability if source else 'none',
            **({'shared topic': self._shared} if self._shared else {}),
        } | (processor.values() if processor else NOT_CONFIGURED) | self.statistics.values(now_s)

    def _stale_input(self, now_s: float) -> str:
        source = self._image_input
        publishers = source.publishers()
        if publishers == 0:
            self._unpublished_s = now_s
        quiet_s = now_s - max(self._unpublished_s, self.statistics.received_s)
        return source.wrong_type() or stale_input(publishers, source.topic, quiet_s)

    def _inputs(self) -> list[MatchedSubscription]:
        return [source for source in (self._image_input, self._info_input, *self._other_inputs)
                if source]

    def _image_wanted(self) -> Input:
        if self.settings.image_transport == 'raw':
            return Input(topic='image_raw', kind=Image, callback=self.on_image)
        return Input(topic='image_raw', kind=CompressedImage, callback=self.on_image,
                     transport=self.settings.image_transport)

    def _info_wanted(self) -> Input:
        return Input(topic='camera_info', kind=CameraInfo, callback=self._on_info)

    def _on_info(self, info: CameraInfo) -> None:
        if self.processor:
            self.processor.add_info(info)

    def _subscribed(self, wanted: Input) -> MatchedSubscription:
        return MatchedSubscription(self._node, wanted, self._prefix, self.settings.input_qos)
