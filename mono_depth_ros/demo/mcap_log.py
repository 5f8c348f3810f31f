"""An MCAP file of ROS 2 messages as they came over the wire, for Foxglove and ros2 bag."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
import re
import struct

from ament_index_python.packages import get_package_share_directory
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

PRIMITIVE = re.compile(r'(bool|byte|char|w?string|float(32|64)|u?int(8|16|32|64))$')


class McapLog:
    """Writes serialised messages of declared topics; `close` makes the file complete.

    A thread of its own compresses, so that who hears the messages misses none meanwhile.
    """

    MOST_WAITING = 200

    def __init__(self, path: Path):
        self.path = path
        self._file = open(path, 'wb')
        self._writer = Writer(self._file, chunk_size=4 << 20, compression=CompressionType.ZSTD)
        self._writer.start(profile='ros2', library='mono_depth_ros')
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix='mcap')
        self._waiting: deque[Future] = deque()
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}

    def declare(self, topic: str, type_name: str) -> None:
        """Announce a topic, say '/points' of 'sensor_msgs/msg/PointCloud2'."""
        if type_name not in self._schemas:
            self._schemas[type_name] = self._writer.register_schema(
                name=type_name, encoding='ros2msg', data=definition(type_name).encode())
        self._channels[topic] = self._writer.register_channel(
            topic=topic, message_encoding='cdr', schema_id=self._schemas[type_name])

    def write(self, topic: str, data: bytes, stamp_ns: int, received_ns: int) -> None:
        """Add one message: its header's stamp and when it arrived.

        OSError where one before it could not be written.
        """
        self._waiting.append(self._thread.submit(
            self._writer.add_message, self._channels[topic], log_time=received_ns,
            publish_time=stamp_ns, data=data))
        while self._waiting and (
                self._waiting[0].done() or len(self._waiting) > self.MOST_WAITING):
            self._waiting.popleft().result()

    def close(self) -> None:
        """Write what waits, index and summary; OSError where that fails."""
        self._thread.shutdown()
        try:
            while self._waiting:
                self._waiting.popleft().result()
            self._writer.finish()
        finally:
            self._file.close()


def messages(path: Path, topics: list[str], stamps_ns: set[int]) -> Iterator[tuple[
        str, int, bytes]]:
    """Topic, stamp and data of the recorded messages with one of the given stamps."""
    with open(path, 'rb') as file:
        for _, channel, message in make_reader(file).iter_messages(topics=topics):
            if message.publish_time in stamps_ns:
                yield channel.topic, message.publish_time, message.data


def stamp_of(data: bytes) -> int:
    """Nanoseconds of the stamp of a serialised message that begins with a std_msgs/Header."""
    order = '<' if data[1] & 1 else '>'  # the CDR encapsulation names the byte order
    seconds, nanoseconds = struct.unpack_from(f'{order}iI', data, 4)
    return seconds * 10**9 + nanoseconds


def definition(type_name: str) -> str:
    """Text of a message type followed by all it is made of, as MCAP's 'ros2msg' wants it.

    Raises LookupError where the package of the type is not installed.
    """
    text = _msg_file(type_name)
    for part in _parts(type_name, seen=[]):
        text += f'\n{"=" * 80}\nMSG: {part.replace("/msg/", "/")}\n{_msg_file(part)}'
    return text


def _msg_file(type_name: str) -> str:
    package, _, name = type_name.split('/')
    share = Path(get_package_share_directory(package))
    return (share / 'msg' / f'{name}.msg').read_text()


def _parts(type_name: str, seen: list[str]) -> list[str]:
    package = type_name.split('/')[0]
    for line in _msg_file(type_name).splitlines():
        field = re.match(r'\s*([A-Za-z][\w/]*)', line)
        if field is None or PRIMITIVE.match(field[1]):
            continue
        words = field[1].split('/')
        part = f'{words[0] if len(words) > 1 else package}/msg/{words[-1]}'
        if part not in seen:
            seen.append(part)
            _parts(part, seen)
    return seen
