"""A rosbag2 folder being written, by the package rosbags."""

from __future__ import annotations

from functools import lru_cache
import os
from pathlib import Path
from typing import Any


@lru_cache(maxsize=1)
def standard_types() -> Any:
    """The message types of ROS 2, a typestore of rosbags."""
    from rosbags.typesys import get_typestore, Stores

    return get_typestore(Stores.ROS2_KILTED)


def without_padding(kind: str, message: bytes) -> bytes:
    """A serialised message of a standard type with zeros between its fields.

    rclpy leaves there whatever was in memory, so that the same message differs between two runs.
    """
    store = standard_types()
    return bytes(store.serialize_cdr(store.deserialize_cdr(message, kind), kind))


class BagWriter:
    """Serialised messages of declared topics; whole only when the `with` block ends well.

    `storage` is 'mcap' or 'sqlite3'. Raises OSError where the folder is there already or cannot
    be written.
    """

    def __init__(self, path: Path, storage: str):
        from rosbags.rosbag2 import StoragePlugin, Writer

        if path.exists():
            raise FileExistsError(f'{path} exists already')
        self.path = path
        self._store = standard_types()
        # Not 9, which rosbag2 of Humble cannot open; that of later distributions reads 8, too.
        self._writer = Writer(path, version=8, storage_plugin=StoragePlugin[storage.upper()])
        self._connections: dict[tuple[str, str], Any] = {}
        self._types: dict[str, str] = {}

    def __enter__(self) -> BagWriter:
        self._writer.open()
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._writer.__exit__(kind, error, trace)

    def declare(self, topic: str, kind: str) -> None:
        """A topic of a standard message type."""
        self._types[topic] = kind
        self._connections[topic, kind] = self._writer.add_connection(
            topic, kind, typestore=self._store)

    def declare_like(self, connection: Any, typestore: Any) -> None:
        """A topic as a reader's connection has it: definition of its type and offered QoS."""
        key = (connection.topic, connection.msgtype)
        if key in self._connections:
            return
        self._types.setdefault(*key)
        definition, digest = _definition(connection, typestore)
        self._connections[key] = self._writer.add_connection(
            *key, msgdef=definition, rihs01=digest,
            serialization_format=connection.ext.serialization_format,
            offered_qos_profiles=connection.ext.offered_qos_profiles)

    def write(self, topic: str, log_ns: int, message: bytes, kind: str = '') -> None:
        """Add a message with its time of recording; `kind` where the topic has several types."""
        self._writer.write(
            self._connections[topic, kind or self._types[topic]], log_ns, message)

    def serialised(self, kind: str, **fields: Any) -> bytes:
        """A message of a standard type with these fields."""
        return bytes(self._store.serialize_cdr(self._store.types[kind](**fields), kind))


def sync_folder(path: Path) -> None:
    """Have the files of a folder on the disk before it gets the name of a whole one."""
    for file in (*sorted(path.iterdir()), path):
        handle = os.open(file, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _definition(connection: Any, typestore: Any) -> tuple[str, str]:
    """Text and hash of a connection's message type; of an unknown type, neither."""
    text = connection.msgdef.data
    digest = connection.digest
    if connection.msgtype in typestore.fielddefs:
        text = text or typestore.generate_msgdef(connection.msgtype, ros_version=2)[0]
        digest = digest or typestore.hash_rihs01(connection.msgtype)
    return text, digest or f'RIHS01_{"0" * 64}'
