"""Data source: a robot's own recording, rosbag2 (SQLite or MCAP) or a plain MCAP file.

It needs an image topic (Image or CompressedImage), depth registered to that image, so of its size
and in its frame_id (32FC1 in metres, 16UC1 in millimetres, compressedDepth or PNG), and its
camera_info. Topics are found by what they hold; where several fit, `topics.json` in the bag's
folder, or `NAME.topics.json` beside a file NAME.mcap, names the three. It also lets depth of
another frame_id count, for drivers that name the sensor there. An image is paired with the depth
nearest in stamp, within MAX_GAP_S. The split val is the last tenth of the pairs by time, train
the rest: neighbouring frames show the same thing. Lens distortion is removed
(samples/geometry.py); where camera_info does not tell it in full, the image stays as it is, the
focal length is used, and standard error says so. The depth is used as ground truth: do not use a
recording of what depth_node itself published.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import sys
from typing import Any

import numpy as np

from mono_depth_ros.bags.camera_infos import CameraInfos
from mono_depth_ros.bags.reader import BagReader, INFO_TYPE
from mono_depth_ros.bags.stamps import MAX_GAP_S, paired, stamp_of
from mono_depth_ros.bags.topics import choose_topics, is_registered, side_file, Topics
from mono_depth_ros.camera import Camera
from mono_depth_ros.message_formats.camera_info import is_rectified, read_camera_info
from mono_depth_ros.message_formats.images import depth_from_message, rgb_from_message
from train.data.samples.data_notes import note
from train.data.samples.geometry import rectified
from train.data.samples.sample import Sample
from train.data.samples.splits import last_tenth_held_out, MissingSplit


@dataclass(frozen=True, kw_only=True)
class Index:
    """Stamps and times of recording of images and depths, and the camera over time.

    `image_2N` and `depth_2N`: int64 ns, row 0 the stamp, row 1 the time of recording.
    """

    image_2N: np.ndarray
    depth_2N: np.ndarray
    infos: CameraInfos


class BagSource:
    """Image and depth pairs of one split; opening reads every stamp, frames are read on demand.

    For runs of before, `former`, depth of another frame_id counts with a note.
    Raises OSError or ValueError naming the file, the topic or the frame.
    """

    def __init__(self, path: Path, split: str, former: bool = False):
        if split not in ('train', 'val'):
            raise MissingSplit(f'no split {split!r} of a recording: its splits are train and val '
                               '(the last tenth of the time)')
        self._reader = BagReader(path)
        self._warned: set[str] = set()
        self._topics = choose_topics(path, self._reader.topics())
        self._check_registered(accepted=former or side_file(path).is_file())
        self._index = _index(self._reader, self._topics)
        pairs_P2 = self._paired()
        self._pairs = pairs_P2[last_tenth_held_out(len(pairs_P2), split)]
        self.keys = tuple(_key(stamp) for stamp in self._index.image_2N[0, self._pairs[:, 0]])

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        key, (image, depth) = self.keys[index], self._pairs[index]
        try:
            rgb_HW3 = rgb_from_message(
                self._read(self._topics.image, self._index.image_2N[:, image]))
            depth_HW = depth_from_message(
                self._read(self._topics.depth, self._index.depth_2N[:, depth]))
            camera = self._camera(rgb_HW3, depth_HW, int(self._index.image_2N[0, image]))
            return rectified(Sample(rgb=rgb_HW3, depth=depth_HW, camera=camera, name=key))
        except ValueError as error:
            raise ValueError(f'{self._reader.path}, frame {key}: {error}') from error

    def _check_registered(self, accepted: bool) -> None:
        """ValueError for depth that another camera sees, a note where the user wants it so."""
        topics = self._topics
        depth, image = self._reader.first(topics.depth), self._reader.first(topics.image)
        if is_registered(depth, image):
            return
        path = self._reader.path
        what = (f'{path}: {topics.depth} has the frame_id {depth.header.frame_id!r}, '
                f'{topics.image} {image.header.frame_id!r}')
        if accepted:
            note(f'{what}: taken for depth of the pixels of that image all the same')
            return
        raise ValueError(
            f'{what}: that depth is of other pixels than the image; record depth registered '
            '(aligned) to the image, or, where it is and only its frame_id is wrong, name the '
            f'three topics in {side_file(path)} as {{"image": "{topics.image}", "depth": '
            f'"{topics.depth}", "camera_info": "{topics.camera_info}"}}')

    def _paired(self) -> np.ndarray:
        pairs_P2 = paired(self._index.image_2N[0], self._index.depth_2N[0])
        if len(pairs_P2) < 2:
            raise ValueError(
                f'{self._reader.path}: {len(pairs_P2)} images of {self._topics.image} have a '
                f'message of {self._topics.depth} within {MAX_GAP_S} s, expected at least 2')
        if not self._index.infos.messages:
            raise ValueError(f'{self._reader.path}: {self._topics.camera_info} holds no '
                             'message, and metric depth needs the camera')
        return pairs_P2

    def _read(self, topic: str, times: np.ndarray) -> Any:
        stamp_ns, log_ns = times.tolist()
        return self._reader.read(topic, log_ns, stamp_ns)

    def _camera(self, rgb_HW3: np.ndarray, depth_HW: np.ndarray, stamp_ns: int) -> Camera:
        height, width = rgb_HW3.shape[:2]
        if depth_HW.shape != (height, width):
            raise ValueError(
                f'{self._topics.depth} has {depth_HW.shape[1]}x{depth_HW.shape[0]} pixels and '
                f'{self._topics.image} {width}x{height}: record depth registered to the image')
        message = self._index.infos.in_force(stamp_ns)
        info = self._reader.decode(INFO_TYPE, message)
        topic = self._topics.image
        reading = read_camera_info(info, width, height, rectified=is_rectified(topic, info))
        self._warn(*reading.doubts, reading.no_points and (
            f'{reading.no_points}; distortion stays in the images of {topic}, their depth has the '
            'focal length of camera_info'))
        return reading.camera

    def _warn(self, *sentences: str) -> None:
        """Say each sentence once."""
        for sentence in sentences:
            if sentence and sentence not in self._warned:
                self._warned.add(sentence)
                print(f'{self._reader.path}: {sentence}', file=sys.stderr)


def accepts(path: Path) -> bool:
    """Whether `path` is a recording's file or a rosbag2 folder."""
    return path.suffix in ('.mcap', '.db3') or (path / 'metadata.yaml').is_file()


def _key(stamp_ns: int) -> str:
    return f'{stamp_ns // 10**9}.{stamp_ns % 10**9:09d}'


def _index(reader: BagReader, topics: Topics) -> Index:
    times: dict[str, list[tuple[int, int]]] = {topics.image: [], topics.depth: []}
    infos = CameraInfos()
    wanted = (topics.image, topics.depth, topics.camera_info)
    for topic, kind, log_ns, message in reader.messages(wanted):
        stamp_ns = stamp_of(message, log_ns)
        if kind != INFO_TYPE:
            times[topic].append((stamp_ns, log_ns))
        else:
            infos.add(stamp_ns, message)
    image_2N, depth_2N = (np.array(times[topic], np.int64).reshape(-1, 2).T
                          for topic in (topics.image, topics.depth))
    return Index(image_2N=image_2N, depth_2N=depth_2N, infos=infos)
