"""A rosbag2 or MCAP recording opened for reading, message by message."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
from typing import Any

from mono_depth_ros.bags.stamps import stamp_of
from mono_depth_ros.bags.topics import IMAGE_TYPES, Kind, Topic
from mono_depth_ros.message_formats.images import is_depth

INFO_TYPE = 'sensor_msgs/msg/CameraInfo'


class BagReader:
    """Messages of a recording by topic and time; may be pickled, and used after a fork.

    Raises OSError, one sentence, where the file is damaged or no recording.
    """

    def __init__(self, path: Path):
        self.path = path
        self._reader: Any = None
        self._process = 0

    def __getstate__(self) -> dict:
        return {**self.__dict__, '_reader': None}

    def topics(self) -> tuple[Topic, ...]:
        """Every topic with its type, number of messages and what it holds."""
        with reading(self.path):
            counts: dict[tuple[str, str], int] = {}
            for connection in self._open().connections:
                name = (connection.topic, connection.msgtype)
                counts[name] = counts.get(name, 0) + connection.msgcount
            return tuple(
                Topic(name=name, type=kind, messages=count, kind=self._kind(name, kind))
                for (name, kind), count in sorted(counts.items()))

    def messages(self, topics: Collection[str], start_ns: int | None = None,
                 stop_ns: int | None = None) -> Iterator[tuple[str, str, int, bytes]]:
        """Topic, type, time of recording in ns and serialised message, in order of that time."""
        with reading(self.path):
            reader = self._open()
            chosen = [c for c in reader.connections if c.topic in topics]
            for connection, log_ns, message in reader.messages(chosen, start_ns, stop_ns):
                yield connection.topic, connection.msgtype, log_ns, bytes(message)

    def connections(self) -> list[Any]:
        """The connections of rosbags: topic, type, definition of the type, QoS offered."""
        with reading(self.path):
            return list(self._open().connections)

    def typestore(self) -> Any:
        """The message types of the recording, a typestore of rosbags."""
        with reading(self.path):
            return self._open().typestore

    def read(self, topic: str, log_ns: int, stamp_ns: int) -> Any:
        """The message of a topic recorded at that time with that stamp."""
        for _, kind, _, message in self.messages((topic,), log_ns, log_ns + 1):
            if stamp_of(message, log_ns) == stamp_ns:
                return self.decode(kind, message)
        raise OSError(f'{self.path} has changed: no message of {topic} at {log_ns} ns any more')

    def first(self, topic: str) -> Any:
        """The first message of a topic that has one."""
        _, kind, _, message = next(self.messages((topic,)))
        return self.decode(kind, message)

    def decode(self, kind: str, message: bytes) -> Any:
        """The fields of a serialised message of a type."""
        with reading(self.path):
            return self._open().deserialize(message, kind)

    def _kind(self, topic: str, kind: str) -> Kind:
        if kind == INFO_TYPE:
            return Kind.CAMERA_INFO
        if kind not in IMAGE_TYPES:
            return Kind.OTHER
        first = next(self.messages((topic,)), None)
        if first is None:
            return Kind.OTHER
        return Kind.DEPTH if is_depth(self.decode(kind, first[3]), topic) else Kind.IMAGE

    def _open(self) -> Any:
        # A forked worker shares the file's position with its parent, so each opens its own.
        if self._reader is None or self._process != os.getpid():
            self._reader, self._process = _opened(self.path), os.getpid()
        return self._reader


def _opened(path: Path) -> Any:
    try:  # here, because only recordings need it
        from rosbags.highlevel import AnyReader
        from rosbags.typesys import get_typestore, Stores
    except ImportError as error:
        raise ImportError('recordings are read with the package rosbags: pip install -r '
                          'requirements/recordings.txt') from error
    if not path.exists():
        raise FileNotFoundError(f'{path} does not exist: give the folder or the file of a '
                                'recording')
    if path.is_dir() and not (path / 'metadata.yaml').is_file():
        files = sorted(file.name for file in path.iterdir() if file.suffix in ('.mcap', '.db3'))
        raise OSError(f'{path} cannot be read as a recording: it has no metadata.yaml' + (
            f'; `ros2 bag reindex` makes one, or name the file {path / files[0]}' if files
            else ''))
    # Bags from before message definitions were stored hold standard messages of that time.
    reader = AnyReader([path], default_typestore=get_typestore(Stores.ROS2_HUMBLE))
    reader.open()
    return reader


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a damaged recording raises into one OSError that names it."""
    try:
        yield
    except (OSError, ImportError):
        raise
    except Exception as error:  # rosbags raises its own, SQLite's, zstd's, lz4's and struct's
        raise OSError(f'{path} cannot be read as a recording: {str(error) or repr(error)} '
                      '(for a recording cut short try `mcap recover` or `ros2 bag reindex`)'
                      ) from error
