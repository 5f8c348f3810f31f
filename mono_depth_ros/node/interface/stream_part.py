"""What the steps and the outputs of one camera have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node


def always() -> bool:
    """True: most inputs are wanted at any time."""
    return True


@dataclass(frozen=True, kw_only=True)
class Input:
    """A topic to listen to while the node is active; its callback runs on the executor's thread.

    A relative `topic` is in the namespace of the camera. With `transport` it is the topic beside
    it of that image_transport. `depth` is that of the queue. While `wanted` says no, nothing is
    received; it is asked several times a second.
    """

    topic: str
    kind: type
    callback: Callable
    transport: str = ''
    depth: int = 1
    wanted: Callable[[], bool] = always


def unresolved_name(node: Node, topic: str, transport: str, prefix: str) -> str:
    """The name by which rclpy is asked for a topic; it remaps that itself.

    Of one that is remapped already it would make another where that name has a rule of its own. A
    relative `topic` is in the namespace `prefix` of a camera.
    """
    name = topic.removesuffix(f'/{transport}')  # an output's has it already
    if not name.startswith(('/', '~')):
        name = prefix + name
    # Remapped is the name before the transport, as by image_transport. Like there, a rule for the
    # whole name counts after that: rclpy cannot be told to leave a name as it is.
    return f'{node.resolve_topic_name(name)}/{transport}' if transport else name


def type_name(kind: type) -> str:
    """What the ROS graph calls a message class, as sensor_msgs/msg/Image."""
    return f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'


class StreamPart:
    """A step or an output of one camera, made when the node is configured, closed at cleanup.

    `prefix` is '' or the camera's namespace with a slash. `warning` is one sentence for the
    diagnostics, '' where nothing is wrong.
    """

    warning = ''

    def __init__(self, node: LifecycleNode, prefix: str):
        self.node, self.prefix = node, prefix

    def inputs(self) -> tuple[Input, ...]:
        """Topics it listens to, from activate to deactivate."""
        return ()

    def uses_rgb(self) -> bool:
        """Whether the next frame needs its colours, at the size of the image."""
        return False

    def values(self) -> dict[str, str]:
        """What it adds to the values of the camera's diagnostics."""
        return {}

    def idle(self) -> None:
        """Tell no longer of the images before: nobody asks for depth."""
        self.warning = ''

    def close(self) -> None:
        """Release what it made with the node."""
        return
