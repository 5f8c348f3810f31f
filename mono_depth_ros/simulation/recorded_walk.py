"""A recorded walk through a simulated world: colour, true depth and camera in one zip file.

Members: camera.json, and for every frame NNNN.jpg (colour) and NNNN.png (16-bit millimetres,
0 where the depth is unknown, infinite or above 65.535 m).
"""

from __future__ import annotations

from dataclasses import asdict
import json
from pathlib import Path
import zipfile

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.depth_units import depth_to_uint16

SHIPPED = Path(__file__).resolve().parent.parent / 'recordings' / 'room.zip'
JPEG_QUALITY = 90


class RecordedWalk:
    """Frames of a recorded walk, read one at a time; `camera` took them all.

    Raises OSError for a missing file, ValueError for one that is no recorded walk.
    """

    def __init__(self, path: Path = SHIPPED):
        try:
            self._archive = zipfile.ZipFile(path)
            text = self._archive.read('camera.json')
        except (zipfile.BadZipFile, KeyError) as error:
            raise ValueError(f'{path} is no recorded walk ({error}): make one with '
                             'python -m mono_depth_ros.simulation.record') from error
        self.camera = Camera(**json.loads(text))
        self._names = sorted(name for name in self._archive.namelist() if name.endswith('.jpg'))

    def __len__(self) -> int:
        return len(self._names)

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def frame(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """(rgb_HW3 uint8, depth_HW float32 metres, NaN unknown) of a frame.

        Any number: the walk is played forth and back without end.
        """
        name = self._names[forth_and_back(number, len(self))]
        bgr_HW3 = self._image(name, cv2.IMREAD_COLOR)
        millimetres_HW = self._image(name.replace('.jpg', '.png'), cv2.IMREAD_UNCHANGED)
        depth_HW = millimetres_HW.astype(np.float32) / 1000
        depth_HW[millimetres_HW == 0] = np.nan
        return cv2.cvtColor(bgr_HW3, cv2.COLOR_BGR2RGB), depth_HW

    def _image(self, name: str, mode: int) -> np.ndarray:
        image = cv2.imdecode(np.frombuffer(self._archive.read(name), np.uint8), mode)
        if image is None:
            raise ValueError(f'{self._archive.filename}: {name} is broken')
        return image


def forth_and_back(number: int, count: int) -> int:
    """Index 0, 1, ... count - 1, count - 2, ... 1, 0, 1, ... for number 0, 1, 2, ..."""
    if count == 1:
        return 0
    step = number % (2 * count - 2)
    return min(step, 2 * count - 2 - step)


def write_recorded_walk(path: Path, camera: Camera, frames) -> None:
    """Write the frames (rgb_HW3, depth_HW in metres) of one camera."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_STORED) as archive:
        members = {'camera.json': _camera_json(camera)}
        for number, (rgb_HW3, depth_HW) in enumerate(frames):
            bgr_HW3 = cv2.cvtColor(rgb_HW3, cv2.COLOR_RGB2BGR)
            jpeg = cv2.imencode('.jpg', bgr_HW3, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            steps_HW = depth_to_uint16(depth_HW.astype(np.float64))
            png = cv2.imencode('.png', steps_HW, [cv2.IMWRITE_PNG_COMPRESSION, 9])
            members[f'{number:04d}.jpg'] = jpeg[1].tobytes()
            members[f'{number:04d}.png'] = png[1].tobytes()
        for name, data in members.items():
            # A fixed date, so that the same frames make the same file.
            archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), data)


def _camera_json(camera: Camera) -> bytes:
    numbers = {name: value for name, value in asdict(camera).items()
               if name not in ('distortion', 'distortion_model')}
    return json.dumps(numbers, indent=2).encode()
