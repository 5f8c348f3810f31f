"""An MCAP file of serialised ROS 2 messages, for Foxglove and ros2 bag.

By the library mcap, as neither ROS writer fits: mcap-ros2-support encodes every message again, in
Python, and rosbags writes a folder without the publish time that frames are found by.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer
from rosbags.typesys import get_typestore, Stores


class McapLog:
    """Writes serialised messages of declared topics; `close` makes the file complete.

    A thread of its own compresses, so that the subscriber loses no messages meanwhile.
    """

    MOST_PENDING = 200

    def __init__(self, path: Path):
        self.path = path
        self._file = open(path, 'wb')
        self._writer = Writer(self._file, chunk_size=4 << 20, compression=CompressionType.ZSTD)
        self._writer.start(profile='ros2', library='mono_depth_ros')
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix='mcap')
        self._pending: deque[Future] = deque()
        self._types: dict[str, str] = {}
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}

    def declare(self, topic: str, type_name: str) -> None:
        """Say what a topic holds, such as '/points' of 'sensor_msgs/msg/PointCloud2'."""
        self._types[topic] = type_name

    def write(self, topic: str, data: bytes, stamp_ns: int, received_ns: int) -> None:
        """Add one message: its header's stamp and when it arrived.

        OSError where one before it could not be written.
        """
        self._pending.append(self._thread.submit(
            self._add, topic, log_time=received_ns, publish_time=stamp_ns, data=data))
        while self._pending and (
                self._pending[0].done() or len(self._pending) > self.MOST_PENDING):
            self._pending.popleft().result()

    def _add(self, topic: str, **message) -> None:
        # Registered with its first message, so that the file names no topic it has nothing of.
        if topic not in self._channels:
            self._channels[topic] = self._writer.register_channel(
                topic=topic, message_encoding='cdr', schema_id=self._schema(self._types[topic]))
        self._writer.add_message(self._channels[topic], **message)

    def _schema(self, type_name: str) -> int:
        if type_name not in self._schemas:
            self._schemas[type_name] = self._writer.register_schema(
                name=type_name, encoding='ros2msg', data=type_definition(type_name).encode())
        return self._schemas[type_name]

    def close(self) -> None:
        """Write pending messages, index and summary; OSError where that fails."""
        self._thread.shutdown()
        try:
            while self._pending:
                self._pending.popleft().result()
            self._writer.finish()
        finally:
            self._file.close()


def messages(
        path: Path, topics: list[str], stamps_ns: set[int]) -> Iterator[tuple[str, int, bytes]]:
    """Topic, stamp and data of the recorded messages with one of the given stamps."""
    with open(path, 'rb') as file:
        for _, channel, message in make_reader(file).iter_messages(topics=topics):
            if message.publish_time in stamps_ns:
                yield channel.topic, message.publish_time, message.data


def type_definition(type_name: str) -> str:
    """Text of a message type followed by all types it contains, as schema encoding 'ros2msg'."""
    return get_typestore(Stores.ROS2_KILTED).generate_msgdef(type_name, ros_version=2)[0]
