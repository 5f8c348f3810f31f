"""Camera calibration files: ROS YAML as camera_calibration writes it, and camera.json (no ROS)."""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path

from mono_depth_ros.camera import Camera

# Looked for beside the pictures, then one folder up; ost.yaml is what camera_calibration saves.
NAMES = ('camera.json', 'camera_info.yaml', 'camera.yaml', 'calibration.yaml', 'ost.yaml')


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A camera and, where known, rectification R (9 numbers) and projection P (12), row by row."""

    camera: Camera
    rectification: tuple[float, ...] = ()
    projection: tuple[float, ...] = ()

    def resized(self, width: int, height: int) -> Calibration:
        """Calibration of the same view at width x height pixels."""
        sx, sy = width / self.camera.width, height / self.camera.height
        p = self.projection
        if p:
            p = (p[0] * sx, p[1] * sx, (p[2] + 0.5) * sx - 0.5, p[3] * sx,
                 p[4] * sy, p[5] * sy, (p[6] + 0.5) * sy - 0.5, p[7] * sy, *p[8:])
        return Calibration(camera=self.camera.resized(width, height), projection=p,
                           rectification=self.rectification)

    def fitted(self, width: int, height: int) -> Calibration | None:
        """Calibration of a picture of this size, None where its shape is another."""
        if (self.camera.width, self.camera.height) == (width, height):
            return self
        return self.resized(width, height) if self.camera.fits(width, height) else None


def load_calibration(path: Path) -> Calibration:
    """Calibration of a .json or .yaml file; OSError or ValueError with one sentence naming it."""
    try:
        text = Path(path).read_text()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is no camera calibration: it is not text') from error
    except OSError as error:
        raise OSError(f'cannot read camera_info_file {path}: {error.strerror}') from error
    read = _from_json if Path(path).suffix == '.json' else _from_yaml
    try:
        return read(text)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f'{path} is no camera calibration: {_reason(error)}') from error


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f'{error.args[0]} is missing'
    if isinstance(error, (TypeError, AttributeError)):  # a list or text where a mapping should be
        return 'its layout differs from config/camera_info_example.yaml and camera.json'
    return str(error)


def find_calibration(folder: Path) -> Path | None:
    """The first of NAMES that lies in the folder, else in its parent, else None."""
    places = (Path(folder).resolve(), Path(folder).resolve().parent)
    files = (place / name for place in places for name in NAMES)
    return next((file for file in files if file.is_file()), None)


def _from_json(text: str) -> Calibration:
    given = json.loads(text)
    numbers = {name: float(given[name]) for name in ('fx', 'fy', 'cx', 'cy')}
    return Calibration(camera=Camera(
        **numbers, width=int(given['width']), height=int(given['height']),
        distortion=tuple(map(float, given.get('distortion', ()))),
        distortion_model=given.get('distortion_model', 'plumb_bob')))


def _from_yaml(text: str) -> Calibration:
    import yaml

    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f'not YAML ({error})') from error
    k = _matrix(given, 'camera_matrix', 9)
    camera = Camera(
        fx=k[0], fy=k[4], cx=k[2], cy=k[5], width=int(given['image_width']),
        height=int(given['image_height']),
        distortion_model=given.get('distortion_model', 'plumb_bob'),
        distortion=_matrix(given, 'distortion_coefficients', None))
    return Calibration(camera=camera, rectification=_matrix(given, 'rectification_matrix', 9),
                       projection=_matrix(given, 'projection_matrix', 12))


def _matrix(given: dict, name: str, count: int | None) -> tuple[float, ...]:
    """Numbers of a matrix; only camera_matrix has to be there."""
    if name not in given and name != 'camera_matrix':
        return (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0) if count == 9 else ()
    numbers = tuple(float(number) for number in given[name]['data'])
    if count and len(numbers) != count:
        raise ValueError(f'{name} has {len(numbers)} numbers, expected {count}')
    return numbers
