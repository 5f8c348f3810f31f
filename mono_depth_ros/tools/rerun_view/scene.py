"""What Rerun shows of a camera and its depth: arrays in, a viewer's window or an .rrd file out."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from mono_depth_ros.camera import Camera

APPLICATION = 'mono_depth_ros'
JPEG_QUALITY = 85
POINT_SIZE = 2.2  # pixels of the screen
# Share of the cloud's depth that the drawn camera is long.
FRUSTUM = 0.15


class RerunScene:
    """Logs to one recording of Rerun; `at` gives the time of what follows.

    `save` is the path of an .rrd file, '' for a window. Raises ImportError without rerun-sdk and
    OSError where there is no display.
    """

    def __init__(self, save: str):
        self._rerun = rerun = _imported()
        self._stream = rerun.RecordingStream(APPLICATION)
        self._far_m = 0.0
        if save:
            self._stream.save(save, default_blueprint=_blueprint())
        elif not (os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')):
            raise OSError('there is no display for a window: give a file with '
                          '--ros-args -p save:=FILE.rrd, and open it elsewhere with `rerun FILE`')
        else:
            self._stream.spawn(default_blueprint=_blueprint())
        # Optical axes: x right, y down, z forward.
        self._log('world', rerun.ViewCoordinates.RDF, static=True)

    def at(self, stamp_ns: int) -> None:
        """What is logged from here on happened then."""
        self._stream.set_time('stamp', timestamp=np.datetime64(stamp_ns, 'ns'))

    def image(self, rgb_HW3: np.ndarray) -> None:
        """The camera image (H, W, 3) uint8."""
        image = self._rerun.Image(rgb_HW3).compress(jpeg_quality=JPEG_QUALITY)
        self._log('image', image)

    def depth(self, depth_HW: np.ndarray) -> None:
        """Depth (H, W) float32 metres in colours; unknown and out of range stay black."""
        known = np.isfinite(depth_HW)
        if known.any():
            median_m, far_m = np.percentile(depth_HW[known], (50, 99))
            self._far_m = max(self._far_m, float(far_m))
            self.plot('scale/median depth', float(median_m))
        self._log('depth', self._rerun.DepthImage(
            np.where(known, depth_HW, np.float32(0)), meter=1.0, colormap='turbo',
            depth_range=(0.0, self._far_m or 1.0)))

    def camera(self, camera: Camera) -> None:
        """The camera's frustum."""
        self._log('world/camera', self._rerun.Pinhole(
            image_from_camera=camera.matrix,
            width=camera.width, height=camera.height,
            image_plane_distance=FRUSTUM * (self._far_m or 1.0)))

    def cloud(self, xyz_N3: np.ndarray, rgb_N3: np.ndarray) -> None:
        """Points (N, 3) metres in optical axes in their colours (N, 3) uint8; NaN are left out."""
        known = np.isfinite(xyz_N3).all(axis=1)
        self._log('world/points', self._rerun.Points3D(
            xyz_N3[known], colors=rgb_N3[known],
            radii=self._rerun.Radius.ui_points(POINT_SIZE)))

    def plot(self, name: str, value: float) -> None:
        """One value of a curve; its folder, such as timing or scale, says in which plot."""
        self._log(name.replace(' ', '_'), self._rerun.Scalars(value))

    def close(self) -> None:
        """Write what is pending."""
        self._stream.flush()
        self._stream.disconnect()

    def _log(self, entity: str, *what: Any, static: bool = False) -> None:
        self._stream.log(entity, *what, static=static)


def _imported() -> Any:
    try:
        import rerun
    except ImportError as error:
        raise ImportError('the view needs Rerun: pip install -r requirements/view.txt') from error
    return rerun


def _blueprint() -> Any:
    """The layout: the cloud large, images above each other, curves below."""
    from rerun import blueprint

    return blueprint.Blueprint(
        blueprint.Vertical(
            blueprint.Horizontal(
                blueprint.Spatial3DView(
                    origin='world', name='Points',
                    eye_controls=blueprint.EyeControls3D(
                        position=(1.4, -1.2, -1.6), look_target=(0.0, 0.2, 2.4),
                        eye_up=(0.0, -1.0, 0.0))),
                blueprint.Vertical(
                    blueprint.Spatial2DView(origin='image', name='Camera image'),
                    blueprint.Spatial2DView(origin='depth', name='Depth (m)')),
                column_shares=[2, 1]),
            blueprint.Horizontal(
                blueprint.TimeSeriesView(origin='timing', name='Times (ms)'),
                blueprint.TimeSeriesView(origin='scale', name='Scale')),
            row_shares=[3, 1]),
        collapse_panels=True)
