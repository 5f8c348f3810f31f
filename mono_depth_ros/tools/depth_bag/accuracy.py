"""How good the depth in a recording is, where a depth camera recorded the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
import json
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

import numpy as np

from mono_depth_ros.bags.reader import BagReader, INFO_TYPE
from mono_depth_ros.bags.stamps import paired, stamp_of
from mono_depth_ros.bags.topics import fitting, is_registered, Kind, REGISTERED
from mono_depth_ros.camera import points_from_depth
from mono_depth_ros.demo.statistics import errors_in_range
from mono_depth_ros.message_formats.camera_info import is_rectified, read_camera_info
from mono_depth_ros.message_formats.images import depth_from_message, raw_depth, rgb_from_message
from mono_depth_ros.metrics import DepthErrors, mean_errors
from mono_depth_ros.sentences import counted
from mono_depth_ros.tools.depth_bag.cameras import BagCamera

if TYPE_CHECKING:  # draws with matplotlib
    from mono_depth_ros.demo.panel import PanelRow

ROWS = 3


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Mean errors of a camera's depth over the images that have a true one.

    `scale` is shown over true depth: the mean over images of each one's geometric mean.
    """

    image_topic: str
    truth_topic: str
    images: int
    errors: DepthErrors
    range_m: tuple[float, float]

    @property
    def scale(self) -> float:
        """Shown over true depth, 1 where right."""
        return float(np.exp(self.errors.bias_log))

    def line(self) -> str:
        """One line for people."""
        lower_m, upper_m = self.range_m
        return (f'{counted(self.images, "image")} against {self.truth_topic}, '
                f'{lower_m:g} to {upper_m:g} m: delta1 {self.errors.delta1:.3f}, AbsRel '
                f'{self.errors.abs_rel:.3f}, scale {self.scale:.3f} (shown over true; '
                f'depth_scale {1 / self.scale:.3f} mends it)')

    def values(self) -> dict:
        """The same for programs."""
        own = {name: value for name, value in vars(self).items() if name != 'errors'}
        return {**own, 'scale': self.scale, **vars(self.errors)}


def report(recording: Path, cameras: Sequence[BagCamera], outputs: set[str],
           range_m: tuple[float, float]) -> list[Accuracy]:
    """Accuracy of each camera of a finished recording that has true depth; [] where none has.

    Depth counts as the truth of a camera where it has the frame_id and the size of its images.
    Only truth within `range_m` counts. Writes accuracy.json and, with matplotlib, accuracy.png
    beside the messages.
    """
    reader, measured = BagReader(recording), []
    others = outputs | {camera.image_topic for camera in cameras}
    for camera in cameras:
        truth = _truth_topic(reader, camera, others)
        if truth and (pairs := _pairs(reader, camera.output('depth/image'), truth)):
            measured.append((camera, truth, pairs))
    found, shown = [], list[_View]()
    for camera, truth, pairs in measured:
        views, errors = _compared([
            _View(reader=reader, camera=camera, truth_topic=truth, pair=pair)
            for pair in pairs], range_m)
        if errors:
            found.append(Accuracy(
                image_topic=camera.image_topic, truth_topic=truth, images=len(errors),
                errors=mean_errors(errors), range_m=range_m))
            shown += _spaced(views, max(1, ROWS // len(measured)))
    if found:
        text = json.dumps([accuracy.values() for accuracy in found], indent=1)
        (recording / 'accuracy.json').write_text(f'{text}\n')
        _draw(recording / 'accuracy.png', shown, found)
    return found


def _compared(views: Sequence[_View], range_m: tuple[float, float]
              ) -> tuple[list[_View], list[DepthErrors]]:
    """The images with truth in range and their errors; tells what is damaged and left out."""
    compared: list[tuple[_View, DepthErrors]] = []
    left_out: Counter[str] = Counter()
    for view in views:
        try:
            errors = view.errors(range_m)
        except ValueError as error:  # one that is damaged costs no other
            left_out[f'{view.truth_topic}: {error}'] += 1
            continue
        if errors:
            compared.append((view, errors))
    for why, number in left_out.items():
        print(f'left out of the accuracy, {counted(number, "image")}: {why}', file=sys.stderr)
    return [view for view, _ in compared], [errors for _, errors in compared]


@dataclass(frozen=True, kw_only=True)
class _View:
    """One image of a camera with its true depth; `pair` has stamp and time of both (ns)."""

    reader: BagReader
    camera: BagCamera
    truth_topic: str
    pair: tuple[tuple[int, int], tuple[int, int]]

    def errors(self, range_m: tuple[float, float]) -> DepthErrors | None:
        return errors_in_range(self.depth_HW, self.truth_HW, range_m)

    @property
    def depth_HW(self) -> np.ndarray:
        return raw_depth(self._read(self.camera.output('depth/image'), 0))

    @property
    def truth_HW(self) -> np.ndarray:
        return depth_from_message(self._read(self.truth_topic, 1))

    def frame(self) -> PanelRow:
        from mono_depth_ros.demo.panel import PanelRow

        rgb_HW3 = rgb_from_message(self._read(self.camera.image_topic, 0))
        return PanelRow(rgb_HW3=rgb_HW3, depth_HW=self.depth_HW, truth_HW=self.truth_HW,
                        cloud=self._cloud(rgb_HW3))

    def _cloud(self, rgb_HW3: np.ndarray) -> Any:
        from mono_depth_ros.demo.panel import Cloud

        if not self.camera.infos.messages:
            return None
        info = self.reader.decode(INFO_TYPE, self.camera.infos.in_force(self.pair[0][0]))
        height, width = rgb_HW3.shape[:2]
        try:
            reading = read_camera_info(
                info, width, height, rectified=is_rectified(self.camera.image_topic, info))
        except ValueError:  # uncalibrated
            return None
        if reading.no_points:
            return None
        xyz_3HW = points_from_depth(self.depth_HW, reading.camera)
        return Cloud(xyz_N3=np.stack(list(xyz_3HW), axis=-1).reshape(-1, 3),
                     rgb_N3=rgb_HW3.reshape(-1, 3), camera=reading.camera)

    def _read(self, topic: str, which: int) -> Any:
        stamp_ns, log_ns = self.pair[which]
        return self.reader.read(topic, log_ns, stamp_ns)


def _truth_topic(reader: BagReader, camera: BagCamera, others: set[str]) -> str:
    """The depth topic in the frame and of the size of a camera's images, '' where none is.

    Those named in `others` are none.
    """
    topics, own = reader.topics(), camera.output('depth/image')
    if not any(topic.name == own and topic.messages for topic in topics):
        return ''
    shown = reader.first(own)  # of the frame and size of the images
    recorded = [topic for topic in topics if topic.name not in others]
    for topic in fitting(recorded, Kind.DEPTH, wanted=REGISTERED).values():
        if any(is_registered(depth, shown) and shape == (shown.height, shown.width)
               for depth, shape in _first_whole(reader, topic)):
            return topic
    return ''


def _first_whole(reader: BagReader, topic: str) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """The first depth of a topic that is not damaged, and its shape (H, W); none where all are."""
    for _, kind, _, data in reader.messages((topic,)):
        message = reader.decode(kind, data)
        with suppress(ValueError):
            yield message, depth_from_message(message).shape
            return


def _pairs(reader: BagReader, depth_topic: str, truth_topic: str
           ) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    times: dict[str, list[tuple[int, int]]] = {depth_topic: [], truth_topic: []}
    for topic, _, log_ns, message in reader.messages(times):
        times[topic].append((stamp_of(message, log_ns), log_ns))
    ours, true = times[depth_topic], times[truth_topic]
    together = paired(*(np.array([stamp for stamp, _ in part], np.int64)
                        for part in (ours, true)))
    return [(ours[i], true[j]) for i, j in together.tolist()]


def _spaced(views: Sequence[_View], number: int) -> Iterator[_View]:
    number = min(number, len(views))
    return (views[int((step + 0.5) * len(views) / number)] for step in range(number))


def _draw(path: Path, shown: Sequence[_View], found: Sequence[Accuracy]) -> None:
    try:
        from mono_depth_ros.demo.panel import write_panel
    except ImportError as error:  # the recording is worth more than its picture
        print(f'there is no {path.name}: {error}: pip install -r requirements/recordings.txt',
              file=sys.stderr)
        return
    write_panel(path, [view.frame() for view in shown],
                'Depth of a recording against its true depth',
                '; '.join(accuracy.line() for accuracy in found))
