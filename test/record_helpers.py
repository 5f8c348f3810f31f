"""Recorded behaviour: numbers in test/record/*.json that change only when somebody means them to.

`pytest test -k as_recorded --record` writes them anew from what the code does now.
"""

import json
from pathlib import Path

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.simulation.recorded_walk import RecordedWalk

FOLDER = Path(__file__).with_name('record')
# (rows, columns) cut from the recorded room of 240 x 320: 4:3, 16:9, 3.3:1 and portrait.
SHAPES = {'4:3': (240, 320), '16:9': (180, 320), '3.3:1': (96, 320), '3:4': (240, 180)}


def cut_image(shape):
    """RGB (H, W, 3) of one of SHAPES from the recorded room, and its camera."""
    walk = RecordedWalk()
    rgb_HW3, _ = walk.frame(12)
    walk.close()
    height, width = SHAPES[shape]
    top, left = (rgb_HW3.shape[0] - height) // 2, (rgb_HW3.shape[1] - width) // 2
    camera = walk.camera.cropped(left, top, width, height)
    return np.ascontiguousarray(rgb_HW3[top:top + height, left:left + width]), camera


def camera_with_distortion(camera):
    """The same camera with a little barrel distortion."""
    return Camera(fx=camera.fx, fy=camera.fy, cx=camera.cx, cy=camera.cy, width=camera.width,
                  height=camera.height, distortion=(0.05, -0.02, 0.001, 0.0, 0.0))


def blocks(image_HW, rows=4, columns=6):
    """Means of the finite pixels in rows x columns blocks of an image (H, W); NaN where none."""
    parts = [part for strip in np.array_split(np.asarray(image_HW, float), rows, axis=0)
             for part in np.array_split(strip, columns, axis=1)]
    return [float(part[np.isfinite(part)].mean()) if np.isfinite(part).any() else float('nan')
            for part in parts]


class Record:
    """Values by name in one JSON file; with `write` they are written instead of compared."""

    def __init__(self, write):
        self._write = write

    def check(self, name, values, rtol=1e-3, atol=0.0):
        """Compare {key: text, integer or list of floats} with test/record/NAME.json."""
        path = FOLDER / f'{name}.json'
        if self._write:
            rounded = {key: [float(f'{number:.6g}') for number in value]
                       if isinstance(value, list) else value for key, value in values.items()}
            lines = ',\n'.join(f'{json.dumps(key)}: {json.dumps(value)}'
                               for key, value in rounded.items())
            path.write_text(f'{{\n{lines}\n}}\n')
            return
        recorded = json.loads(path.read_text())
        assert list(values) == list(recorded)
        for key, value in recorded.items():
            if isinstance(value, list):
                np.testing.assert_allclose(values[key], value, rtol=rtol, atol=atol, err_msg=key)
            else:
                assert values[key] == value, key
