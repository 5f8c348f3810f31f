"""Which topics of a recording are cameras, and where their depth goes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from mono_depth_ros.bags.camera_infos import CameraInfos
from mono_depth_ros.bags.reader import BagReader
from mono_depth_ros.bags.stamps import stamp_of
from mono_depth_ros.bags.topics import base, chosen_images
from mono_depth_ros.message_formats.topic_names import info_topic_beside


@dataclass(frozen=True, kw_only=True)
class BagCamera:
    """One camera of a recording: its image topic, camera_info and namespace of its depth.

    `info_topic` is where camera_info lies or would lie; `infos` is empty where there is none.
    """

    image_topic: str
    info_topic: str
    namespace: str
    infos: CameraInfos = field(default_factory=CameraInfos)

    def output(self, name: str) -> str:
        """Full name of an output of the node, such as depth/image."""
        return f'{self.namespace}/{name}'


def cameras_of(reader: BagReader, asked: Sequence[str], outputs: Collection[str]
               ) -> list[BagCamera]:
    """The cameras whose images are to have depth, with their camera_info over time.

    Those `asked` for by topic, else all that show colours. Their `outputs` go to the namespace of
    the image, or, where a topic of that name is there already, to the image's own name. Raises
    ValueError that lists the image topics.
    """
    topics = reader.topics()
    taken = {topic.name for topic in topics}
    cameras = []
    for image_topic in chosen_images(reader.path, topics, asked):
        bare = base(image_topic)
        info_topic = info_topic_beside(bare)
        camera = BagCamera(image_topic=image_topic, info_topic=info_topic,
                           namespace=bare.rpartition('/')[0])
        if taken & {camera.output(name) for name in outputs}:
            camera = BagCamera(image_topic=image_topic, info_topic=info_topic, namespace=bare)
        taken |= {camera.output(name) for name in outputs}
        cameras.append(camera)
    _read_infos(reader, cameras)
    return cameras


def _read_infos(reader: BagReader, cameras: Sequence[BagCamera]) -> None:
    topics = {camera.info_topic for camera in cameras}
    for topic, _, log_ns, message in reader.messages(topics):
        for camera in cameras:
            if camera.info_topic == topic:
                camera.infos.add(stamp_of(message, log_ns), message)
