"""Data source: the raw Kinect dumps of NYU-Depth-v2, one scene or a folder of scenes.

A scene holds `INDEX.txt`, which lists `r-SECONDS-TICKS.ppm` (colour, through the lens),
`d-SECONDS-TICKS.pgm` (disparity, 11 bits in 16, little-endian although PGM says big-endian, 2047
unknown) and `a-*.dump` (accelerometer, not used). A picture is paired with the disparity nearest
in time, within MAX_GAP_S. Metres are 351.3 / (1092.5 - disparity), unknown outside RANGE_M; they
are projected into the colour camera, nearest first, and the lens is taken out of the picture.

Splits: val is whole scenes, about a tenth (of a lone scene the last tenth), train the rest. The
dumps do not say which scenes are official test scenes: with `nyu_depth_v2_labeled.mat` and
`splits.mat` in the folder of scenes they are left out and make the split test; without, a note
says that train may hold them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
import re

import numpy as np

from mono_depth_ros.bags.stamps import nearest
from mono_depth_ros.camera import Camera, points_from_depth
from mono_depth_ros.image_files import read_stored_image
from train.data.samples.data_notes import note
from train.data.samples.geometry import rectified
from train.data.samples.lidar import splat
from train.data.samples.sample import Sample
from train.data.samples.splits import last_tenth_held_out, MissingSplit
from train.data.sources.list_files import read_lines
from train.data.sources.nyu import KINECT, kinect_sample, scene_of, scenes_of_split
from train.data.sources.nyu_labelled import official_test_scenes

INDEX, LABELLED = 'INDEX.txt', 'nyu_depth_v2_labeled.mat'
MAX_GAP_S = 0.03  # either camera delivers 20 to 30 frames/s, unsynchronised
# The Kinect sees nothing nearer; farther than 10 m one step of disparity is 0.3 m and more.
RANGE_M = (0.4, 10.0)

# Values of camera_params.m in the toolbox of the set, lens coefficients as OpenCV orders them.
COLOUR = replace(KINECT, distortion=(
    0.20796615318809061, -0.58613825163911781, 0.00072231363135888329, 0.0010479627195765181,
    0.49856986684705107))
DEPTH = Camera(fx=582.62448167737955, fy=582.69103270988637, cx=313.04475870804731,
               cy=238.44389626620386, width=640, height=480, distortion=(
                   -0.099897236553084481, 0.39065324602765344, 0.0019290592870229277,
                   -0.0019422022475975055, -0.51031725053400578))
# Depth camera to colour camera. The toolbox turns by minus this rotation and adds the shift;
# the minus cancels in its division by z. Its shift is named t_x, t_z, t_y, in that order. The
# colour camera lies 25 mm to the right of the depth camera.
ROTATION = np.array([
    [0.99997798940829263, -0.0050359919480810989, -0.0043196624923060242],
    [0.0050518419386157446, 0.99998051861143999, 0.0036662365748484798],
    [0.0043011152014118693, -0.0036879781309514218, 0.99998394948385538]])
SHIFT_M = -np.array([0.025031875059141302, -0.00029342312935846411, 0.00066238747008330102])


@dataclass(frozen=True, kw_only=True)
class RawPair:
    """Names, in the folder `scene`, of a picture and of the disparity taken with it."""

    scene: str
    rgb: str
    depth: str


class RawSource:
    """The pairs of one split, read when asked for; keys are SCENE/r-SECONDS-TICKS.

    Opening reads the indices. Raises OSError or ValueError naming the file and what is wrong.
    """

    def __init__(self, folder: Path, split: str):
        scenes = _scenes(folder)
        self._folder = scenes[0].parent
        self._pairs = _lone(scenes[0], split) if len(scenes) == 1 else _pairs_of(
            _chosen(folder, scenes, split))
        self.keys = tuple(f'{pair.scene}/{pair.rgb.rsplit(".", 1)[0]}' for pair in self._pairs)
        if not self.keys:
            raise ValueError(f'{folder} has no picture with a disparity within {MAX_GAP_S} s for '
                             f'the split {split!r}')

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        pair, key = self._pairs[index], self.keys[index]
        path = self._folder / pair.scene / pair.rgb
        rgb_HW3 = read_stored_image(path)
        depth_HW = depth_from_disparity(read_disparity(path.with_name(pair.depth)))
        sample = kinect_sample(rgb_HW3, registered(depth_HW), key, path)
        return replace(sample, rgb=rectified(replace(sample, camera=COLOUR)).rgb)


def accepts(path: Path) -> bool:
    """Whether `path` is a scene or a folder of scenes."""
    return (path / INDEX).is_file() or any(path.glob(f'*/{INDEX}'))


def read_disparity(path: Path) -> np.ndarray:
    """Disparity (480, 640) uint16 of a dumped PGM; OSError or ValueError naming the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OSError(f'cannot read disparity {path}: {error.strerror}') from error
    header = re.match(rb'P5\s+(\d+)\s+(\d+)\s+(\d+)\s', data)
    if header is None or [int(number) for number in header.groups()] != [640, 480, 65535]:
        raise ValueError(f'{path} is no 16-bit PGM of 640x480: it begins {data[:20]!r}')
    payload = data[header.end():]
    if len(payload) != 640 * 480 * 2:
        raise ValueError(f'{path} was cut short: {len(payload)} bytes of pixels, expected '
                         f'{640 * 480 * 2}')
    return np.frombuffer(payload, '<u2').reshape(480, 640)


def depth_from_disparity(raw_HW: np.ndarray) -> np.ndarray:
    """Depth (H, W) float32 m along the depth camera's axis; NaN where unknown."""
    near, far = (1092.5 - 351.3 / metres for metres in RANGE_M)
    known = (raw_HW >= near) & (raw_HW <= far)
    return (351.3 / np.where(known, 1092.5 - raw_HW, np.nan)).astype(np.float32)


def registered(depth_HW: np.ndarray) -> np.ndarray:
    """Depth (480, 640) float32 m as the colour camera without its lens sees it, NaN in holes."""
    points_3N = np.stack(points_from_depth(depth_HW, DEPTH)).reshape(3, -1)
    projection_34 = KINECT.matrix @ np.column_stack([ROTATION, SHIFT_M])
    return splat(points_3N, projection_34, KINECT.height, KINECT.width)


def _scenes(folder: Path) -> list[Path]:
    if (folder / INDEX).is_file():
        return [folder.absolute()]
    return sorted(path.parent for path in folder.glob(f'*/{INDEX}'))


def _chosen(folder: Path, scenes: list[Path], split: str) -> list[Path]:
    labelled = folder / LABELLED
    test = official_test_scenes(labelled) if labelled.is_file() else set()
    if split == 'test':
        if not test:
            raise MissingSplit(f'{folder} has no split test without {LABELLED} and splits.mat, '
                               'which tell the official test scenes')
        return [scene for scene in scenes if scene_of(scene.name) in test]
    if not test:
        note(f'without {LABELLED} in {folder} its official test scenes are unknown: {split} may '
             'hold some')
    training = [scene for scene in scenes if scene_of(scene.name) not in test]
    chosen = scenes_of_split((scene.name for scene in training), split, folder)
    return [scene for scene in training if scene_of(scene.name) in chosen]


def _lone(scene: Path, split: str) -> list[RawPair]:
    if split not in ('train', 'val'):
        raise MissingSplit(f'no split {split!r} of one scene {scene}: its splits are train and '
                           'val')
    pairs = _pairs_of([scene])
    return pairs[last_tenth_held_out(len(pairs), split)]


def _pairs_of(scenes: list[Path]) -> list[RawPair]:
    return [pair for scene in scenes for pair in _read(scene)]


def _read(scene: Path) -> list[RawPair]:
    names = [name for _, line in read_lines(scene / INDEX) for name in line.split()]
    colour = sorted((_time(scene, name), name) for name in names if name.startswith('r-'))
    depth = sorted((_time(scene, name), name) for name in names if name.startswith('d-'))
    if not colour or not depth:
        raise ValueError(f'{scene / INDEX} lists {len(colour)} r-*.ppm and {len(depth)} d-*.pgm: '
                         'expected both')
    matches = nearest(np.array([at for at, _ in colour]), np.array([at for at, _ in depth]))
    return [RawPair(scene=scene.name, rgb=name, depth=depth[i][1])
            for (at, name), i in zip(colour, matches) if abs(depth[i][0] - at) <= MAX_GAP_S]


def _time(scene: Path, name: str) -> float:
    found = re.fullmatch(r'[rd]-(\d+\.\d+)-\d+\.p[pg]m', name)
    if found is None:
        raise ValueError(f'{scene / INDEX} lists {name!r}: expected r-SECONDS-TICKS.ppm or '
                         'd-SECONDS-TICKS.pgm')
    return float(found[1])
