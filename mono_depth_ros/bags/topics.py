"""Which topics of a recording are the image, its depth and its camera_info."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
import json
from pathlib import Path
from typing import Any

from mono_depth_ros.message_formats.frames import frame_name
from mono_depth_ros.message_formats.topic_names import info_topic_beside

IMAGE_TYPES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
TRANSPORTS = ('/compressed', '/compressedDepth')
# Words in the names of image topics that show no colours of the scene.
NO_COLOUR = ('depth', 'infra', '/ir/')
# Words in the names of topics whose depth is that of the pixels of an image.
REGISTERED = ('aligned', 'registered', 'ground_truth')
ROLES = ('image', 'depth', 'camera_info')


class Kind(Enum):
    """What the messages of a topic hold."""

    IMAGE = 'image'
    DEPTH = 'depth'
    CAMERA_INFO = 'camera_info'
    OTHER = 'other'


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic of a recording; `type` as sensor_msgs/msg/Image."""

    name: str
    type: str
    messages: int
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Topics:
    """The names of the three topics a training set is made from."""

    image: str
    depth: str
    camera_info: str


def choose_topics(path: Path, topics: Sequence[Topic]) -> Topics:
    """The three topics of a recording: those its topics.json names, else the only ones that fit.

    Raw messages win over compressed ones of the same name, depth that is aligned, registered or
    ground_truth over other depth (a network's, or of another camera), an image not of depth or
    infrared over one that is, and the camera_info beside the image over others. Raises
    ValueError that lists the topics where it stays unclear.
    """
    named = _named(path, topics)
    if named:
        return named
    depth = _only(path, topics, Kind.DEPTH, wanted=REGISTERED)
    image = _only(path, topics, Kind.IMAGE, unwanted=NO_COLOUR)
    beside = info_topic_beside(base(image))
    if any(t.name == beside and t.kind is Kind.CAMERA_INFO and t.messages for t in topics):
        return Topics(image=image, depth=depth, camera_info=beside)
    return Topics(image=image, depth=depth,
                  camera_info=_only(path, topics, Kind.CAMERA_INFO, unwanted=('depth', 'infra')))


def chosen_images(path: Path, topics: Sequence[Topic], asked: Sequence[str]) -> list[str]:
    """The topics of images that are asked for, else of every camera that shows colours.

    Asked for may be what looks like depth, as infrared of 16 bits does. Raises ValueError that
    lists the topics of images where there is no such one.
    """
    images = sorted(topic.name for topic in topics if topic.messages and topic.type in IMAGE_TYPES)
    chosen = list(asked) or sorted(fitting(topics, Kind.IMAGE, unwanted=NO_COLOUR).values())
    unknown = set(chosen) - set(images)
    if unknown or not chosen:
        raise ValueError(
            f'{path}: no images on {", ".join(sorted(unknown)) or "any topic"}; topics with '
            f'images there: {", ".join(images) or "none"}')
    return chosen


def is_registered(depth: Any, image: Any) -> bool:
    """Whether the depth of a message is that of the pixels of an image: in the same frame_id.

    Their sizes must agree too.
    """
    return frame_name(depth.header.frame_id) == frame_name(image.header.frame_id)


def side_file(path: Path) -> Path:
    """Where the user names the topics of a recording."""
    return path / 'topics.json' if path.is_dir() else path.with_suffix('.topics.json')


def base(topic: str) -> str:
    """The name of an image topic without its transport."""
    return next((topic[:-len(t)] for t in TRANSPORTS if topic.endswith(t)), topic)


def fitting(topics: Sequence[Topic], kind: Kind, wanted: tuple[str, ...] = (),
            unwanted: tuple[str, ...] = ()) -> dict[str, str]:
    """Topics of a kind that hold messages, one a picture: {name without transport: name}.

    Where there are several: those with a wanted word, else those without an unwanted one.
    """
    # The shortest name of several transports is the raw one; of a dict, the last entry stays.
    names = sorted((t.name for t in topics if t.kind is kind and t.messages), key=len)
    transports = {base(name): name for name in reversed(names)}
    if len(transports) == 1:
        return transports
    plain = {b: name for b, name in transports.items() if not any(w in b for w in unwanted)}
    better = {b: name for b, name in plain.items() if any(w in b for w in wanted)}
    return better or plain or transports


def _only(path: Path, topics: Sequence[Topic], kind: Kind, wanted: tuple[str, ...] = (),
          unwanted: tuple[str, ...] = ()) -> str:
    transports = fitting(topics, kind, wanted, unwanted)
    if len(transports) == 1:
        return next(iter(transports.values()))
    found = ' or '.join(sorted(transports.values())) or 'none'
    raise ValueError(f'{path}: which topic holds the {kind.value} ({found})? {_advice(path)}; '
                     f'{_listed(topics)}')


def _named(path: Path, topics: Sequence[Topic]) -> Topics | None:
    file = side_file(path)
    if not file.is_file():
        return None
    try:
        names = Topics(**json.loads(file.read_text()))
    except (TypeError, ValueError) as error:
        raise ValueError(f'{file} does not name the topics: {error}; {_advice(path)}') from error
    for role in ROLES:
        kinds = {t.kind.value for t in topics if t.name == getattr(names, role) and t.messages}
        if role not in kinds:
            raise ValueError(f'{file}: {getattr(names, role)!r} is no topic of {role} messages '
                             f'in {path}; {_listed(topics)}')
    return names


def _advice(path: Path) -> str:
    return (f'record image, depth and camera_info, or name the three in {side_file(path)} as '
            '{"image": "/...", "depth": "/...", "camera_info": "/..."}')


def _listed(topics: Sequence[Topic]) -> str:
    words = (f'{t.name} ({t.type}, {t.messages} messages)' for t in topics)
    return f'topics there: {", ".join(words) or "none"}'
