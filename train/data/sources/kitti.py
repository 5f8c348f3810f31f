"""Data source: KITTI, depth completion and depth prediction sets and the raw recordings.

Place: a folder with the drives of the depth sets, `train/DRIVE/proj_depth/` and
`val/DRIVE/proj_depth/` (or `DRIVE/proj_depth/`), and with the raw data, or a folder `raw` that
has it: `DATE/DRIVE/image_02/data/NNNNNNNNNN.png` and `DATE/calib_cam_to_cam.txt`. Depth, the
first that is there:
1. `proj_depth/groundtruth/image_02/*.png`, 2. `proj_depth/velodyne_raw/image_02/*.png` (uint16,
   metres times 256, 0 unknown);
3. raw alone: `DATE/DRIVE/velodyne_points/data/*.bin` (float32 x, y, z, reflectance) through
   `calib_velo_to_cam.txt`, R_rect_00 and P_rect_02.
Single scans (2 and 3) are made dense for the split train (samples/lidar.py); other splits keep
the measured pixels only, so that nothing is measured against filled depth. Without the folders
train and val the split is by drive: see samples/splits.py. Depth is z of camera 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.image_files import read_stored_image
from train.data.samples.lidar import densify, splat
from train.data.samples.sample import Sample
from train.data.samples.splits import hashed_split, MissingSplit
from train.data.sources.depth_files import read_depth

CAMERA = 'image_02'
UNITS_M = {'uint16': 1 / 256}
PROJECTED = ('groundtruth', 'velodyne_raw')


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where one pair lies; `depth` is a PNG of projected depth or a .bin of points."""

    image: Path
    depth: Path
    calibration: Path

    @property
    def single_scan(self) -> bool:
        """Whether the depth is one turn of the lidar, not several put together."""
        return 'groundtruth' not in self.depth.parts


class KittiSource:
    """The pairs of one split, read when asked for; keys are DRIVE/NNNNNNNNNN.

    Raises OSError or ValueError naming the file, what it holds and what was expected.
    """

    def __init__(self, folder: Path, split: str):
        depths = _split(folder, _depth_files(folder), split)
        self.keys = tuple(f'{_drive(path)}/{path.stem}' for path in depths)
        self._depths = depths
        self._raw = folder / 'raw' if (folder / 'raw').is_dir() else folder
        self._densify = split == 'train'

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        frame = self._frame(index)
        rgb_HW3 = _image(frame.image)
        height, width = rgb_HW3.shape[:2]
        calibration = read_calibration(frame.calibration / 'calib_cam_to_cam.txt')
        projection_34 = _matrix(calibration, frame.calibration, 'P_rect_02', 3, 4)
        if frame.depth.suffix == '.bin':
            to_image_34 = _velodyne_to_image(frame.calibration, calibration, projection_34)
            depth_HW = splat(_points(frame.depth), to_image_34, height, width)
        else:
            depth_HW = _projected_depth(frame.depth, (height, width))
        if self._densify and frame.single_scan:
            depth_HW = densify(depth_HW, rgb_HW3)
        (fx, _, cx), (_, fy, cy) = projection_34[:2, :3].tolist()
        camera = Camera(fx=fx, fy=fy, cx=cx, cy=cy, width=width, height=height)
        return Sample(rgb=rgb_HW3, depth=depth_HW, camera=camera, name=self.keys[index])

    def _frame(self, index: int) -> Frame:
        depth = self._depths[index]
        drive = _drive(depth)
        date = drive[:len('2011_09_26')]
        image = self._raw / date / drive / CAMERA / 'data' / f'{depth.stem}.png'
        return Frame(image=image, depth=depth, calibration=self._raw / date)


def accepts(path: Path) -> bool:
    """Whether `path` holds a drive with projected depth or with raw velodyne points."""
    patterns = ('*/proj_depth', '*/*/proj_depth', '*/*/velodyne_points/data',
                'raw/*/*/velodyne_points/data')
    return any(next(path.glob(pattern), None) is not None for pattern in patterns)


def _drive(depth: Path) -> str:
    # DRIVE/proj_depth/KIND/image_02/N.png, or DRIVE/velodyne_points/data/N.bin.
    return depth.parents[2 if depth.suffix == '.bin' else 3].name


def _depth_files(folder: Path) -> list[Path]:
    """Depth files of the best kind that is there, in order."""
    for kind in PROJECTED:
        files = [path for depth in range(2) for path in folder.glob(
            f'{"*/" * (depth + 1)}proj_depth/{kind}/{CAMERA}/*.png')]
        if files:
            return sorted(files)
    raw = folder / 'raw' if (folder / 'raw').is_dir() else folder
    scans = raw.glob('*/*/velodyne_points/data/*.bin')
    # A few scans are missing from the raw data, and the last ones may lack an image.
    return sorted(scan for scan in scans if (
        scan.parents[2] / CAMERA / 'data' / f'{scan.stem}.png').is_file())


def _split(folder: Path, depths: list[Path], split: str) -> tuple[Path, ...]:
    if not depths:
        raise FileNotFoundError(
            f'{folder} holds no depth: expected DRIVE/proj_depth/groundtruth/{CAMERA}/*.png, or '
            f'DATE/DRIVE/velodyne_points/data/*.bin with DATE/DRIVE/{CAMERA}/data/*.png')
    official = {path.relative_to(folder).parts[0] for path in depths} & {'train', 'val'}
    if official:
        chosen = [path for path in depths if path.relative_to(folder).parts[0] == split]
    else:
        drives = hashed_split({_drive(path) for path in depths}, split)
        chosen = [path for path in depths if _drive(path) in drives]
    if not chosen:
        raise MissingSplit(f'{folder} has no frame of the split {split!r}: '
                           f'{", ".join(sorted(official)) or "too few drives"} there')
    return tuple(chosen)


def _image(path: Path) -> np.ndarray:
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing: the depth sets come without photographs; put the raw recordings '
            '(DATE/DRIVE/image_02/data) beside train and val, or into a folder raw there')
    return read_stored_image(path)


def _projected_depth(path: Path, size: tuple[int, int]) -> np.ndarray:
    depth_HW = read_depth(path, UNITS_M)
    if depth_HW.shape != size:
        raise ValueError(f'{path}: expected {size} (rows, columns) as the image, got '
                         f'{depth_HW.shape}')
    return depth_HW


def _points(path: Path) -> np.ndarray:
    """Points (3, N) in metres, frame of the lidar (x forward, y left, z up)."""
    try:
        numbers = np.fromfile(path, np.float32)
    except OSError as error:
        raise OSError(f'cannot read {path}: {error.strerror}') from error
    if not numbers.size or numbers.size % 4:
        raise ValueError(f'{path} holds {path.stat().st_size} bytes, expected float32 x, y, z, '
                         'reflectance of each point: it was cut short')
    return numbers.reshape(-1, 4)[:, :3].T


def read_calibration(path: Path) -> dict[str, np.ndarray]:
    """The numbers of a KITTI calibration file by their names; lines without numbers left out."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError as error:
        raise FileNotFoundError(f'{path} is missing: metric depth needs the calibration of that '
                                'date (part of the raw data)') from error
    numbers = {}
    for line in lines:
        name, _, words = line.partition(':')
        try:
            numbers[name.strip()] = np.array(words.split(), np.float64)
        except ValueError:
            continue  # calib_time, corner_dist and the like
    return numbers


def _matrix(calibration: dict[str, np.ndarray], place: Path, name: str, rows: int,
            columns: int) -> np.ndarray:
    numbers = calibration.get(name, np.empty(0))
    if numbers.size != rows * columns or not np.isfinite(numbers).all():
        raise ValueError(f'the calibration in {place} has no {name} of {rows}x{columns} numbers '
                         f'(got {numbers.size})')
    return numbers.reshape(rows, columns)


def _velodyne_to_image(place: Path, cameras: dict[str, np.ndarray],
                       projection_34: np.ndarray) -> np.ndarray:
    """Projection (3, 4) of lidar points into camera 2: P_rect_02 R_rect_00 [R | T]."""
    lidar = read_calibration(place / 'calib_velo_to_cam.txt')
    rectify_44, move_44 = np.eye(4), np.eye(4)
    rectify_44[:3, :3] = _matrix(cameras, place, 'R_rect_00', 3, 3)
    move_44[:3, :3] = _matrix(lidar, place, 'R', 3, 3)
    move_44[:3, 3:] = _matrix(lidar, place, 'T', 3, 1)
    return projection_34 @ rectify_44 @ move_44
