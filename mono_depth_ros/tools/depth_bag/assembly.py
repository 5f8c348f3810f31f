"""The finished recording: what was recorded, and beside each image its depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mono_depth_ros.bags.reader import BagReader
from mono_depth_ros.bags.writing import BagWriter
from mono_depth_ros.tools.depth_bag.cameras import BagCamera
from mono_depth_ros.tools.depth_bag.journal import Outcome


def assemble(reader: BagReader, cameras: Sequence[BagCamera], types: Mapping[str, str],
             outcomes: Iterator[Outcome], path: Path) -> None:
    """Write the messages of the recording, each image followed by its outcome's messages.

    Those have the image's time of recording. The order is that in which `outcomes` were made.
    """
    images = {camera.image_topic for camera in cameras}
    typestore = reader.typestore()
    with BagWriter(path, storage_of(reader.path)) as writer:
        for connection in reader.connections():
            writer.declare_like(connection, typestore)
        for topic, kind in types.items():
            writer.declare(topic, kind)
        for topic, kind, log_ns, message in everything(reader):
            writer.write(topic, log_ns, message, kind)
            if topic in images:
                made = next(outcomes).messages
                for output in types:  # their order must not depend on how they were kept
                    if output in made:
                        writer.write(output, log_ns, made[output])


def everything(reader: BagReader) -> Iterator[tuple[str, str, int, bytes]]:
    """All messages, in the same order every time."""
    return reader.messages({connection.topic for connection in reader.connections()})


def storage_of(path: Path) -> str:
    """The storage of a recording, 'sqlite3' or 'mcap'."""
    files = [path] if path.is_file() else list(path.iterdir())
    return 'sqlite3' if any('.db3' in file.suffixes for file in files) else 'mcap'
