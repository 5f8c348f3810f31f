"""Data source: simulated driving with lidar, the layout of ROB 599 (GTA V), the paper's outdoors.

Layout, in the folder itself or up to two folders below: `NNNN_image.jpg`; `NNNN_cloud.bin`,
float32 3xN points in metres in the camera's optical frame (z forward); `NNNN_proj.bin`, float32
3x4 projection in pixels. Depth is z of the nearest point on a pixel, not range; a pixel without
a point, the sky among them, is unknown. Split by folder (a folder is one drive), or by frame
where there is one folder only: see train.data.samples.splits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.image_files import read_stored_image
from train.data.samples.lidar import splat
from train.data.samples.sample import Sample
from train.data.samples.splits import split_by_folder

IMAGE, CLOUD, PROJECTION = '_image.jpg', '_cloud.bin', '_proj.bin'
PATTERNS = tuple(f'{"*/" * depth}*{IMAGE}' for depth in range(3))


class GtaSource:
    """The frames of one split, read when asked for; keys are FOLDER/NNNN.

    Raises OSError or ValueError naming the file, what it holds and what was expected.
    """

    def __init__(self, folder: Path, split: str):
        self.keys = _keys(folder, split)
        self._folder = folder

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Sample:
        key = self.keys[index]
        start = str(self._folder / key)
        rgb_HW3 = read_stored_image(Path(start + IMAGE))
        height, width = rgb_HW3.shape[:2]
        projection_34 = _projection(Path(start + PROJECTION))
        (fx, _, cx), (_, fy, cy) = projection_34[:2, :3].tolist()
        camera = Camera(fx=fx, fy=fy, cx=cx, cy=cy, width=width, height=height)
        depth_HW = splat(_cloud(Path(start + CLOUD)), projection_34, height, width)
        return Sample(rgb=rgb_HW3, depth=depth_HW, camera=camera, name=key)


def accepts(path: Path) -> bool:
    """Whether `path` holds an image and a cloud of one name in this layout."""
    images = (image for pattern in PATTERNS for image in path.glob(pattern))
    first = next(images, None)
    return first is not None and any(first.parent.glob(f'*{CLOUD}'))


def _keys(folder: Path, split: str) -> tuple[str, ...]:
    keys = sorted(str(path.relative_to(folder))[:-len(IMAGE)]
                  for pattern in PATTERNS for path in folder.glob(pattern))
    chosen = split_by_folder(keys, split, folder)
    return tuple(key for key in keys if key in chosen)


def _floats(path: Path, rows: int) -> np.ndarray:
    try:
        numbers = np.fromfile(path, np.float32)
    except OSError as error:
        raise OSError(f'cannot read {path}: {error.strerror}; each image needs {CLOUD} and '
                      f'{PROJECTION} of the same name') from error
    if not numbers.size or numbers.size % rows:
        raise ValueError(f'{path} holds {path.stat().st_size} bytes, expected float32 numbers in '
                         f'{rows} rows: it was cut short')
    return numbers.reshape(rows, -1)


def _cloud(path: Path) -> np.ndarray:
    return _floats(path, 3)


def _projection(path: Path) -> np.ndarray:
    matrix_34 = _floats(path, 3)
    if (matrix_34.shape != (3, 4) or matrix_34[0, 0] <= 0 or matrix_34[1, 1] <= 0
            or not np.allclose(matrix_34[2], (0, 0, 1, 0), atol=1e-4)):
        raise ValueError(f'{path} is no projection: expected float32 3x4, '
                         f'[fx 0 cx 0; 0 fy cy 0; 0 0 1 0], got {matrix_34.tolist()}')
    return matrix_34
