"""Camera calibration files (no ROS import here).

ROS YAML as camera_calibration writes it, the text of `ros2 topic echo` of a camera_info, and
camera.json.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlparse

from mono_depth_ros.camera import Camera
from mono_depth_ros.message_formats.camera_info import image_size, projection, read_camera_info

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
# Looked for beside the pictures, then one folder up; ost.yaml is what camera_calibration saves.
NAMES = ('camera.json', 'camera_info.yaml', 'camera.yaml', 'calibration.yaml', 'ost.yaml')


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A camera and, where known, rectification R (9 numbers) and projection P (12), row by row.

    `no_points` and `doubts` as in CameraReading. Where no points can be made `unread` holds the
    distortion model and its coefficients as the file has them.
    """

    camera: Camera
    rectification: tuple[float, ...] = ()
    projection: tuple[float, ...] = ()
    no_points: str = ''
    doubts: tuple[str, ...] = ()
    unread: tuple[str, tuple[float, ...]] = ('', ())

    def resized(self, width: int, height: int) -> Calibration:
        """Calibration of the same view at width x height pixels."""
        sx, sy = width / self.camera.width, height / self.camera.height
        p = self.projection
        if p:
            p = (p[0] * sx, p[1] * sx, (p[2] + 0.5) * sx - 0.5, p[3] * sx,
                 p[4] * sy, p[5] * sy, (p[6] + 0.5) * sy - 0.5, p[7] * sy, *p[8:])
        return replace(self, camera=self.camera.resized(width, height), projection=p)

    def resized_by(self, scale_x: float, scale_y: float) -> Calibration:
        """Calibration of the same view at this many times the pixels."""
        return self.resized(round(self.camera.width * scale_x),
                            round(self.camera.height * scale_y))

    def fitted(self, width: int, height: int) -> Calibration | None:
        """Calibration of a picture of this size, None where its shape is another."""
        if (self.camera.width, self.camera.height) == (width, height):
            return self
        return self.resized(width, height) if self.camera.fits(width, height) else None


def load_calibration(path: str | Path) -> Calibration:
    """Calibration of a .json or .yaml file, by its path or a file:// URL.

    Raises OSError or ValueError with one sentence naming the file.
    """
    file = _local(str(path))
    try:
        text = file.read_text()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is no camera calibration: it is not text') from error
    except OSError as error:
        raise OSError(f'cannot read camera_info_file {path}: {error.strerror}') from error
    read = _from_json if file.suffix == '.json' else _from_yaml
    try:
        return _calibration(read(text))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f'{path} is no camera calibration: {_reason(error)}') from error


def _local(path: str) -> Path:
    """The file of a path or URL, as camera drivers take them in camera_info_url."""
    if path.startswith('file:'):
        path = unquote(urlparse(path).path)
    elif '://' in path:
        raise ValueError(f'camera_info_file {path}: give a path, or a URL of file://')
    return Path(path).expanduser()


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f'{error.args[0]} is missing'
    if isinstance(error, (TypeError, AttributeError)):  # a list or text where a mapping should be
        return 'its layout differs from config/camera_info_example.yaml and camera.json'
    return str(error)


def files_of_calibration(folder: Path) -> Iterator[Path]:
    """What lies in the folder, then in its parent, by one of NAMES; it may be anything."""
    places = (Path(folder).resolve(), Path(folder).resolve().parent)
    files = (place / name for place in places for name in NAMES)
    return (file for file in files if file.is_file())


def _calibration(info) -> Calibration:
    """Calibration of what has the fields of a CameraInfo."""
    width, height = image_size(info)
    reading = read_camera_info(info, width, height, rectified=False)
    return Calibration(
        camera=reading.camera, rectification=info.r, no_points=reading.no_points,
        projection=projection(info, width, height), doubts=reading.doubts,
        unread=(info.distortion_model, info.d) if reading.no_points else ('', ()))


def _info(width, height, k, d, model, **more) -> SimpleNamespace:
    """The fields of a CameraInfo; those that are not given as if nothing were known of them."""
    roi = SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0)
    defaults = {'r': (), 'p': (0.0,) * 12, 'roi': roi, 'binning_x': 0, 'binning_y': 0}
    return SimpleNamespace(width=int(width), height=int(height), k=k, d=d, distortion_model=model,
                           **{**defaults, **more})


def _from_json(text: str) -> SimpleNamespace:
    given = json.loads(text)
    fx, fy, cx, cy = (float(given[name]) for name in ('fx', 'fy', 'cx', 'cy'))
    return _info(
        given['width'], given['height'], (fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0),
        tuple(map(float, given.get('distortion', ()))), given.get('distortion_model', 'plumb_bob'))


def _from_yaml(text: str) -> SimpleNamespace:
    import yaml

    try:
        # ros2 topic echo ends a message with ---.
        given: Any = next(iter(yaml.safe_load_all(text)), {})
    except yaml.YAMLError as error:
        raise ValueError(f'not YAML ({error})') from error
    if 'camera_matrix' not in given:
        fields = {str(name).lower(): value for name, value in given.items()}
        if 'k' in fields:
            return _from_echo(fields)
    return _info(
        given['image_width'], given['image_height'], _matrix(given, 'camera_matrix', 9),
        _matrix(given, 'distortion_coefficients', None),
        given.get('distortion_model', given.get('camera_model', 'plumb_bob')),
        r=_matrix(given, 'rectification_matrix', 9) or IDENTITY,
        p=_matrix(given, 'projection_matrix', 12) or (0.0,) * 12)


def _from_echo(fields: dict[str, Any]) -> SimpleNamespace:
    """The fields of a message, all of them as ros2 topic echo (or rostopic) prints them."""
    roi = {'x_offset': 0, 'y_offset': 0, 'width': 0, 'height': 0} | dict(fields.get('roi') or {})
    return _info(
        fields['width'], fields['height'], _numbers(fields, 'k', 9),
        _numbers(fields, 'd', None), fields.get('distortion_model', ''),
        r=_numbers(fields, 'r', 9) or IDENTITY, p=_numbers(fields, 'p', 12) or (0.0,) * 12,
        binning_x=int(fields.get('binning_x', 0)), binning_y=int(fields.get('binning_y', 0)),
        roi=SimpleNamespace(**{name: int(number) for name, number in roi.items()}))


def _matrix(given: dict, name: str, count: int | None) -> tuple[float, ...]:
    """Numbers of a matrix, none where it is missing; camera_matrix has to be there."""
    if name == 'camera_matrix' or name in given:
        return _numbers({name: given[name]['data']}, name, count)
    return ()


def _numbers(given: dict, name: str, count: int | None) -> tuple[float, ...]:
    numbers = tuple(float(number) for number in given.get(name) or ())
    if numbers and count and len(numbers) != count:
        raise ValueError(f'{name} has {len(numbers)} numbers, expected {count}')
    return numbers
