"""What every output is: a publisher, and a message filled only while somebody listens."""

from __future__ import annotations

from typing import Any, ClassVar

from rclpy.duration import Infinite
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import LivelinessPolicy, qos_check_compatible, QoSCompatibility, QoSProfile

from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.stream_part import StreamPart, type_name, unresolved_name

try:
    from rclpy.event_handler import PublisherEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks

# Messages of an output that may wait for a subscriber's acknowledgement. Each is larger than the
# default shared memory of Fast DDS; with 1, the next message overwrites one still in transit:
# 19 % of 288 clouds and 3 % of the depth images at 15 Hz were lost, with 5 one and none.
# A subscriber that keeps up gets every message at once either way.
QUEUE_DEPTH = 5
# What publishers of that profile offer where it leaves the choice to the middleware, in the words
# in which a listener's profile is found in the graph.
OFFERED = QoSProfile(depth=QUEUE_DEPTH, deadline=Infinite, liveliness=LivelinessPolicy.AUTOMATIC,
                     liveliness_lease_duration=Infinite)
# An event handler of a publisher costs rclpy's executor time with every message of any topic, and
# the square of their number: `unheard` tells what the default ones would log.
NO_EVENTS = PublisherEventCallbacks(use_default_callbacks=False)


class Output(StreamPart):
    """One RELIABLE topic of a camera. A new one says `topic`, `kind` and `message`.

    `transport` is the last part of `topic` where that is an image_transport: the name before it
    is what is remapped. One that `yields` is not published where another node publishes on its
    topic, other than one of its kind.
    """

    topic: ClassVar[str]
    kind: ClassVar[type]
    transport: ClassVar[str] = ''
    yields: ClassVar[bool] = False

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._yielding = False
        self._name = unresolved_name(node, self.topic, self.transport, prefix)
        self._publisher: Any = node.create_lifecycle_publisher(
            self.kind, self._name, QoSProfile(depth=QUEUE_DEPTH), event_callbacks=NO_EVENTS)

    @property
    def full_topic(self) -> str:
        """The full name of its topic, after remapping."""
        return self._publisher.topic_name

    def subscribers(self) -> int:
        """Number of subscriptions; takes a microsecond."""
        return self._publisher.get_subscription_count()

    def wanted(self) -> bool:
        """Whether anybody listens, and the topic of one that yields is its own.

        The node itself never listens: configure refuses an input on the topic of an output.
        """
        return not self._yielding and self.subscribers() > 0

    def shared(self) -> str:
        """Who else publishes on its topic, as one sentence; '' where nobody does, or listens.

        To be asked regularly: by the answer one that yields is published or not.
        """
        names = self._others() if self.yields or self.subscribers() else []
        # Nodes like this one are no lidar: two that yielded to each other would both be silent.
        self._yielding = self.yields and not all(map(self._is_alike, names))
        if not names or not self.subscribers():
            return ''
        name = self.prefix + self.topic.removesuffix(f'/{self.transport}')
        others = ', '.join(names)
        told = (f'{name} is not published' if self._yielding else
                'whoever listens gets the messages of both')
        return (f'{self.full_topic} is published by {others} too, so {told}: remap {name} to a '
                'topic of its own')

    def _others(self) -> list[str]:
        """The names of the other nodes that publish on its topic."""
        if self.node.count_publishers(self.full_topic) < 2:  # which remaps nothing
            return []
        ends = self.node.get_publishers_info_by_topic(self._name)  # which remaps
        names = {_node_of(end) for end in ends}
        return sorted(names - {self.node.get_fully_qualified_name()})

    def _is_alike(self, name: str) -> bool:
        """Whether a node publishes confidence of depth, as no other than depth_node does."""
        namespace, _, last = name.rpartition('/')
        try:
            topics = self.node.get_publisher_names_and_types_by_node(last, namespace or '/')
        except RuntimeError:  # it has ended (NodeNameNonExistentError), or has no name yet
            return False
        return any(topic.endswith('/depth/confidence') for topic, _ in topics)

    def unheard(self) -> str:
        """Why somebody who subscribed gets nothing, as one sentence; '' where all do."""
        topic = self.full_topic
        if self.node.count_subscribers(topic) == self.subscribers():
            return ''
        for end in self.node.get_subscriptions_info_by_topic(self._name):
            who = _node_of(end)
            if end.topic_type != type_name(self.kind):
                return (f'{who} gets nothing of {topic}: it expects {end.topic_type}, not '
                        f'{type_name(self.kind)}')
            fits, reason = qos_check_compatible(OFFERED, end.qos_profile)
            if fits == QoSCompatibility.ERROR:
                return (f'{who} gets nothing of {topic}, which does not have the quality of '
                        f'service it asks for: {reason.removeprefix("ERROR: ").rstrip("; ")}')
        return ''

    def message(self, frame: Frame) -> Any:
        """The message of a frame, None where it has none; its memory may be reused."""
        raise NotImplementedError

    def publish(self, frame: Frame) -> bool:
        """Send the message of a frame, if anybody listens and there is one; whether it was.

        While nobody does, it is idle.
        """
        if not self.wanted():
            self.idle()
            return False
        message = self.message(frame)
        if message is not None:
            self._publisher.publish(message)
        return message is not None

    def close(self) -> None:
        """Destroy the publisher."""
        self.node.destroy_lifecycle_publisher(self._publisher)


def _node_of(end: Any) -> str:
    """The full name of the node of a publisher or subscription in the graph, where it is known.

    It comes a moment after the topic, and never of what is no ROS node.
    """
    if end.node_name.startswith('_NODE_NAME_UNKNOWN'):
        return 'a node of unknown name'
    return f'{end.node_namespace.rstrip("/")}/{end.node_name}'
