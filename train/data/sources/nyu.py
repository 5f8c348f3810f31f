"""What all layouts of NYU-Depth-v2 share: its Kinect and its scenes.

Numbers from camera_params.m of the toolbox published with the set (Silberman et al. 2012).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
import re

import numpy as np

from mono_depth_ros.camera import Camera
from train.data.samples.sample import Sample
from train.data.samples.splits import hashed_split, MissingSplit

# The colour camera with its distortion removed: every layout but the raw one has images of it. Our
# networks predict indoor depth as this camera would see it.
KINECT = Camera(fx=518.857901, fy=519.469611, cx=325.582449, cy=253.736166, width=640, height=480)


def scene_of(folder: str) -> str:
    """Scene `kitchen_0028` of a folder kitchen_0028b or kitchen_0028b_out.

    The letter counts walks through the same room, and one room must not be in two splits.
    """
    return re.sub(r'(_\d+)[a-z]?(_out)?$', r'\1', folder)


def scenes_of_split(folders: Iterable[str], split: str, place: Path) -> set[str]:
    """Scenes of the split train or val of those that the official split trains on.

    About one scene in ten is val, the same on every machine. Raises ValueError for another
    split's name or where a single scene cannot make two splits.
    """
    if split not in ('train', 'val'):
        raise MissingSplit(f'{place} has no split {split!r}: its splits are train, val, test')
    scenes = {scene_of(folder) for folder in folders}
    if len(scenes) < 2:
        raise ValueError(f'{place} holds {len(scenes)} training scenes: train and val need 2')
    held_out = hashed_split(scenes, 'val')
    return held_out if split == 'val' else scenes - held_out


def kinect_sample(rgb_HW3: np.ndarray, depth_HW: np.ndarray, key: str, place: Path,
                  camera: Camera = KINECT) -> Sample:
    """Sample of a picture and its depth in metres, NaN where depth is 0.

    Raises ValueError naming `place` where the two are not 640x480.
    """
    if rgb_HW3.shape != (480, 640, 3) or depth_HW.shape != (480, 640):
        raise ValueError(f'{place}, frame {key}: expected image (480, 640, 3) and depth '
                         f'(480, 640) of the NYU Kinect, got {rgb_HW3.shape} and '
                         f'{depth_HW.shape}')
    known = np.isfinite(depth_HW) & (depth_HW > 0)
    depth_HW = np.where(known, depth_HW, np.nan).astype(np.float32)
    return Sample(rgb=np.ascontiguousarray(rgb_HW3), depth=depth_HW, camera=camera, name=key)
