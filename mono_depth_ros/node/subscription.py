"""A subscription whose quality of service follows that of its publishers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from mono_depth_ros.node.interface.stream_part import Input, type_name, unresolved_name
from mono_depth_ros.node.outputs.output import Output

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks


def matching_qos(reliability: str, offered: list[QoSProfile], depth: int = 1) -> QoSProfile:
    """A profile that is compatible with every publisher.

    `reliability` is 'reliable', 'best_effort' or 'auto': RELIABLE unless a publisher is not,
    because BEST_EFFORT loses images larger than the shared-memory segment between processes.
    """
    reliable = reliability == 'reliable' or (reliability == 'auto' and all(
        qos.reliability == ReliabilityPolicy.RELIABLE for qos in offered))
    # A camera_info may be published once and kept for late subscribers.
    kept = bool(offered) and all(
        qos.durability == DurabilityPolicy.TRANSIENT_LOCAL for qos in offered)
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if kept else DurabilityPolicy.VOLATILE)


class MatchedSubscription:
    """Subscribes to `topic` at once; call `match` regularly, since publishers come and go.

    `topic` is the full name, after remapping: to be shown and compared, not given to rclpy.
    """

    def __init__(self, node: Node, wanted: Input, prefix: str, reliability: str):
        self._node, self._kind, self._callback = node, wanted.kind, wanted.callback
        self._depth, self._wanted = wanted.depth, wanted.wanted
        self._type = type_name(self._kind)
        self._subscription: Any = None
        self._qos = QoSProfile(depth=1)
        self._name = unresolved_name(node, wanted.topic, wanted.transport, prefix)
        self.topic = full_topic(node, wanted, prefix)
        self.match(reliability)

    @property
    def reliability(self) -> str:
        """'RELIABLE' or 'BEST_EFFORT', as subscribed at present."""
        return self._qos.reliability.name

    def publishers(self) -> int:
        """Number of publishers of this topic and type, with compatible QoS or not."""
        return len(self._offers())

    def wrong_type(self) -> str:
        """Sentence where the topic has publishers, but all of another message type, else ''."""
        types = {end.topic_type for end in self._ends()}
        if not types or self._type in types:
            return ''
        advice = ('remap image_raw to the name before its transport, such as /compressed, and set '
                  'image_transport to compressed'
                  if any('Compressed' in name for name in types) else 'remap to the right topic')
        return f'{self.topic} carries {", ".join(sorted(types))}, not {self._type}: {advice}'

    def match(self, reliability: str) -> None:
        """Subscribe again where the present publishers need another profile; end it unwanted."""
        if not self._wanted():
            self.close()
            return
        offered = self._offers()
        if self._subscription and not offered:
            return
        wanted = matching_qos(reliability, offered, self._depth)
        if self._subscription and _same(wanted, self._qos):
            return
        self.close()
        # Without the default callbacks: they log a mismatch as an error, though the next match
        # resolves it.
        self._subscription = self._node.create_subscription(
            self._kind, self._name, self._callback, wanted,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False))
        self._qos = wanted

    def close(self) -> None:
        """End the subscription."""
        if self._subscription:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _offers(self) -> list[QoSProfile]:
        return [end.qos_profile for end in self._ends() if end.topic_type == self._type]

    def _ends(self) -> list:
        return self._node.get_publishers_info_by_topic(self._name)  # which remaps it


def full_topic(node: Node, wanted: Input | type[Output], prefix: str) -> str:
    """The name of an input or output after remapping."""
    return node.resolve_topic_name(
        unresolved_name(node, wanted.topic, wanted.transport, prefix))


def refuse_shared_outputs(outputs: Iterable[tuple[str, str]]) -> None:
    """Raise ValueError where two outputs of a camera are one topic.

    Each is given by its full name and its name before remapping.
    """
    names: dict[str, str] = {}
    for topic, name in outputs:
        if topic in names:
            raise ValueError(f'outputs {names[topic]} and {name} are the same topic, {topic}: '
                             'remap one of them')
        names[topic] = name


def refuse_own_outputs(topics: Iterable[tuple[dict[str, str], dict[str, str]]]) -> None:
    """Raise ValueError where an input of any camera is the topic of an output of any.

    `topics` are inputs and outputs of each camera: full name -> name before remapping.
    """
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    for of_camera in topics:
        inputs |= of_camera[0]
        outputs |= of_camera[1]
    for topic in inputs.keys() & outputs.keys():
        raise ValueError(
            f'input {inputs[topic]} and output {outputs[topic]} are the same topic, {topic}, so '
            'that the node would listen to itself: remap one of them')


def _same(a: QoSProfile, b: QoSProfile) -> bool:
    return (a.reliability, a.durability) == (b.reliability, b.durability)
