"""Static transforms of a recording: points of one frame in another."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mono_depth_ros.bags.reader import BagReader
from mono_depth_ros.geometry.camera_pose import transform_pose
from mono_depth_ros.message_formats.frames import frame_name

TF_STATIC = '/tf_static'


@dataclass(frozen=True, kw_only=True)
class BagTransforms:
    """4x4 matrices between frames: `matrices[child, parent]` brings points of child to parent."""

    path: str
    matrices: dict[tuple[str, str], np.ndarray]

    @classmethod
    def of(cls, reader: BagReader) -> BagTransforms:
        """The transforms on /tf_static of a recording; read once."""
        return _read(reader)

    def moved(self, points_N3: np.ndarray, source: str, target: str) -> np.ndarray:
        """Points (N, 3) of frame `source` in frame `target`; ValueError where nothing joins them.
        """
        source, target = frame_name(source), frame_name(target)
        reached, waiting = {source: np.eye(4)}, deque([source])
        while waiting and target not in reached:
            frame = waiting.popleft()
            for (child, parent), matrix_44 in self.matrices.items():
                if child == frame and parent not in reached:
                    reached[parent] = matrix_44 @ reached[frame]
                    waiting.append(parent)
        if target not in reached:
            raise ValueError(f'{self.path}: points are in frame {source!r}, images in {target!r}, '
                             f'and no transforms on {TF_STATIC} join them')
        matrix_44 = reached[target]
        return points_N3 @ matrix_44[:3, :3].T + matrix_44[:3, 3]


@lru_cache(maxsize=4)
def _read(reader: BagReader) -> BagTransforms:
    matrices: dict[tuple[str, str], np.ndarray] = {}
    for _, kind, _, message in reader.messages((TF_STATIC,)):
        for one in reader.decode(kind, message).transforms:
            matrix_44 = _matrix(one.transform)
            child, parent = map(frame_name, (one.child_frame_id, one.header.frame_id))
            matrices[child, parent] = matrix_44
            matrices[parent, child] = np.linalg.inv(matrix_44)
    return BagTransforms(path=str(reader.path), matrices=matrices)


def _matrix(transform) -> np.ndarray:
    shift, turn = transform.translation, transform.rotation
    pose = transform_pose((shift.x, shift.y, shift.z), (turn.x, turn.y, turn.z, turn.w))
    matrix_44 = np.eye(4)
    matrix_44[:3, :3], matrix_44[:3, 3] = pose.rotation, pose.translation
    return matrix_44
