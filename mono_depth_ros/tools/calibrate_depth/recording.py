"""The model's depth of a recording's images, against a depth camera or a lidar in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

import numpy as np

from mono_depth_ros.bags.reader import BagReader
from mono_depth_ros.bags.stamps import nearest, stamp_of
from mono_depth_ros.bags.topics import base, chosen_images, Kind, Topic
from mono_depth_ros.camera import Camera
from mono_depth_ros.message_formats.camera_info import is_rectified, read_camera_info
from mono_depth_ros.message_formats.images import depth_from_message, rgb_from_message
from mono_depth_ros.message_formats.points import points_from_cloud, points_from_scan
from mono_depth_ros.message_formats.topic_names import info_topic_beside
from mono_depth_ros.scale.reference import check_same_frame, pairs_of_depth, pairs_of_points
from mono_depth_ros.sentences import counted
from mono_depth_ros.tools.calibrate_depth.bag_transforms import BagTransforms
from mono_depth_ros.tools.calibrate_depth.samples import Sample

if TYPE_CHECKING:  # torch takes seconds to import
    from mono_depth_ros.estimator import DepthEstimator

CLOUD, SCAN = 'sensor_msgs/msg/PointCloud2', 'sensor_msgs/msg/LaserScan'
MOST_APART_S = 0.1
# Pairs kept of each image, so that all images count alike.
OF_AN_IMAGE = 500


def measure_recording(path: Path, model: str, image: str, reference: str, frames: int
                      ) -> list[Sample]:
    """Pairs of shown and measured depth, of at most `frames` images spread over the recording.

    `image` and `reference` name topics, '' for the only one there is.

    Raises OSError or ValueError, one sentence, where the recording has no such topics.
    """
    from mono_depth_ros.estimator import DepthEstimator  # torch takes seconds to import

    recording = _Recording.opened(path, image, reference)
    estimator = DepthEstimator.load(model)
    samples: list[Sample] = []
    left_out: Counter[str] = Counter()
    for picture, message in recording.together(frames):
        try:
            samples += _samples(recording, estimator, picture, message)
        except ValueError as error:  # one that is damaged costs no other
            left_out[str(error)] += 1
    if not samples:
        raise ValueError(f'{path}: ' + next(
            iter(left_out), 'no pixel with both a shown and a measured depth'))
    for why, number in left_out.items():
        print(f'left out, {counted(number, "image")}: {why}', file=sys.stderr)
    return samples


def _samples(recording: _Recording, estimator: DepthEstimator, image: Any,
             message: Any) -> list[Sample]:
    """Pairs of one image and the reference beside it; ValueError where one is no good."""
    rgb_HW3 = rgb_from_message(image)
    camera = recording.camera(rgb_HW3)
    depth_HW = estimator.estimate(rgb_HW3, camera).depth
    shown_N, true_N = recording.pairs(message, depth_HW, camera, image.header.frame_id)
    known = np.isfinite(shown_N) & np.isfinite(true_N) & (shown_N > 0) & (true_N > 0)
    pairs_N2 = np.stack([shown_N[known], true_N[known]], axis=1)
    return [Sample(shown_m=shown_m, true_m=true_m) for shown_m, true_m
            in pairs_N2[::max(1, len(pairs_N2) // OF_AN_IMAGE)].tolist()]


@dataclass(frozen=True, kw_only=True)
class _Recording:
    """A recording with the topics that are used of it, and the first camera_info."""

    reader: BagReader
    image: Topic
    reference: Topic
    info: Any

    @classmethod
    def opened(cls, path: Path, image: str, reference: str) -> _Recording:
        reader = BagReader(path)
        topics = [topic for topic in reader.topics() if topic.messages]
        images = chosen_images(path, topics, [image] if image else [])
        shown = _chosen(path, 'image', [t for t in topics if t.name in images], image)
        candidates = [t for t in topics if t.kind is Kind.DEPTH or t.type in (CLOUD, SCAN)]
        beside = info_topic_beside(base(shown.name))
        infos = [t for t in topics if t.kind is Kind.CAMERA_INFO]
        info = next((t for t in infos if t.name == beside), None) or _chosen(
            path, 'camera_info', infos, '')
        return cls(reader=reader, image=shown, info=reader.first(info.name), reference=_chosen(
            path, 'reference', [t for t in candidates if t != shown], reference))

    def together(self, frames: int) -> Iterator[tuple[Any, Any]]:
        """Images with the reference nearest in stamp."""
        times: dict[str, list[tuple[int, int]]] = {self.image.name: [], self.reference.name: []}
        for topic, _, log_ns, message in self.reader.messages(times):
            times[topic].append((stamp_of(message, log_ns), log_ns))
        images, references = (np.array(times[topic.name]).reshape(-1, 2)
                              for topic in (self.image, self.reference))
        index_N = nearest(images[:, 0], references[:, 0])
        apart_N = np.abs(images[:, 0] - references[index_N, 0]) / 1e9
        close, = np.nonzero(apart_N <= MOST_APART_S)
        if not close.size:
            raise ValueError(f'{self.reader.path}: no image of {self.image.name} within '
                             f'{MOST_APART_S} s of {self.reference.name}')
        for number in close[np.unique(np.linspace(0, close.size - 1, frames).astype(int))]:
            yield (self._read(self.image.name, images[number]),
                   self._read(self.reference.name, references[index_N[number]]))

    def camera(self, rgb_HW3: np.ndarray) -> Camera:
        """The camera of an image of the recording."""
        height, width = rgb_HW3.shape[:2]
        return read_camera_info(self.info, width, height,
                                rectified=is_rectified(self.image.name, self.info)).camera

    def pairs(self, message: Any, depth_HW: np.ndarray, camera: Camera,
              frame_id: str) -> tuple[np.ndarray, np.ndarray]:
        """Shown and measured depth of one message of the reference."""
        if self.reference.kind is Kind.DEPTH:
            check_same_frame(message.header.frame_id, frame_id)
            return pairs_of_depth(depth_from_message(message), depth_HW)
        read: Callable = points_from_cloud if self.reference.type == CLOUD else points_from_scan
        transforms = BagTransforms.of(self.reader)
        return pairs_of_points(transforms.moved(read(message), message.header.frame_id, frame_id),
                               depth_HW, camera)

    def _read(self, topic: str, times: np.ndarray) -> Any:
        stamp_ns, log_ns = times.tolist()
        return self.reader.read(topic, log_ns, stamp_ns)


def _chosen(path: Path, what: str, topics: list[Topic], name: str) -> Topic:
    """The topic of that name, else the only one; several transports of one count as one."""
    named = [topic for topic in topics if not name or topic.name == name]
    several = {base(topic.name): topic for topic in sorted(named, key=lambda t: -len(t.name))}
    if len(several) != 1:
        found = ', '.join(topic.name for topic in topics) or 'none'
        raise ValueError(f'{path}: which topic is the {what}? It has {found}'
                         + ('' if what == 'camera_info' else f'; name it with --{what}'))
    return next(iter(several.values()))
