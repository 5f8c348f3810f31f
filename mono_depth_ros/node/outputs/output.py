"""What every output is: a publisher, and a message filled only while somebody listens."""

from __future__ import annotations

from typing import Any, ClassVar

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile

from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.stream_part import StreamPart

# Messages of an output that may wait for a subscriber's acknowledgement. Each is larger than the
# default shared memory of Fast DDS; with 1, the next message overwrites one still in transit:
# 19 % of 288 clouds and 3 % of the depth images at 15 Hz were lost, with 5 one and none.
# A subscriber that keeps up gets every message at once either way.
QUEUE_DEPTH = 5


class Output(StreamPart):
    """One RELIABLE topic of a camera. A new one says `topic`, `kind` and `message`.

    `transport` is the last part of `topic` where that is an image_transport: the name before it
    is what is remapped.
    """

    topic: ClassVar[str]
    kind: ClassVar[type]
    transport: ClassVar[str] = ''

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._publisher: Any = node.create_lifecycle_publisher(
            self.kind, self._name(), QoSProfile(depth=QUEUE_DEPTH))

    def _name(self) -> str:
        name = self.prefix + self.topic
        if not self.transport:
            return name
        base = self.node.resolve_topic_name(name.removesuffix(f'/{self.transport}'))
        return f'{base}/{self.transport}'

    def subscribers(self) -> int:
        """Number of subscriptions; takes a microsecond."""
        return self._publisher.get_subscription_count()

    def wanted(self) -> bool:
        """Whether anybody listens."""
        return self.subscribers() > 0

    def message(self, frame: Frame) -> Any:
        """The message of a frame, None where it has none; its memory may be reused."""
        raise NotImplementedError

    def publish(self, frame: Frame) -> None:
        """Send the message of a frame, if anybody listens and there is one."""
        if self.wanted():
            message = self.message(frame)
            if message is not None:
                self._publisher.publish(message)

    def close(self) -> None:
        """Destroy the publisher."""
        self.node.destroy_lifecycle_publisher(self._publisher)
