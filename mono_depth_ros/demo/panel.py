"""The figure of a recording: image, depth, true depth where known, and cloud from the side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.colormap import colour_scale, depth_colours
from mono_depth_ros.demo.cloud_view import draw_cloud
from mono_depth_ros.demo.statistics import errors_in_range

INK, PAPER, FAINT = '#e8e8ea', '#18191c', '#9a9ca3'
COLUMN_INCHES = 4.2


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Points (N, 3) in metres with colours (N, 3) uint8, and the camera that saw them."""

    xyz_N3: np.ndarray
    rgb_N3: np.ndarray
    camera: Camera


@dataclass(frozen=True, kw_only=True)
class PanelRow:
    """One frame of a recording: image uint8, depth and, where recorded, true depth and points."""

    rgb_HW3: np.ndarray
    depth_HW: np.ndarray
    truth_HW: np.ndarray | None
    cloud: Cloud | None


def write_panel(path: Path, frames: list[PanelRow], title: str, subtitle: str) -> None:
    """Write a PNG with one row for each frame."""
    columns = 4 if any(frame.truth_HW is not None for frame in frames) else 3
    shape = frames[0].rgb_HW3.shape
    row_inches = COLUMN_INCHES * shape[0] / shape[1]
    figure = Figure(figsize=(columns * COLUMN_INCHES + 0.9, len(frames) * row_inches + 1.25),
                    dpi=110, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(frames), columns, squeeze=False, gridspec_kw={
        'left': 0.008, 'right': 1 - 0.8 / figure.get_figwidth(), 'wspace': 0.02, 'hspace': 0.04,
        'bottom': 0.1 / figure.get_figheight(), 'top': 1 - 1.1 / figure.get_figheight()})
    far_m = _far(frames)
    for row, frame in zip(axes, frames):
        _draw_row(row, frame, far_m)
    _head(figure, axes[0], title, subtitle)
    _scale(figure, axes, far_m)
    figure.savefig(path, facecolor=PAPER)


def _far(frames: list[PanelRow]) -> float:
    """End of the colour scale in metres, from the prediction: true depth may include a view out of
    a window, which would leave one colour for the whole room.
    """
    known = np.concatenate([frame.depth_HW[np.isfinite(frame.depth_HW)] for frame in frames])
    return float(np.ceil(1.1 * np.percentile(known, 99))) if known.size else 10.0


def _draw_row(row, frame: PanelRow, far_m: float) -> None:
    row[0].imshow(frame.rgb_HW3, interpolation='antialiased')
    _draw_depth(row[1], frame.depth_HW, far_m)
    if len(row) == 4 and frame.truth_HW is not None:
        _draw_depth(row[2], frame.truth_HW, far_m)
        if error := errors_in_range(frame.depth_HW, frame.truth_HW):
            _note(row[1], f'AbsRel {error.abs_rel:.3f}   delta1 {error.delta1:.3f}')
    _draw_cloud(row[-1], frame)
    for axis in row:
        axis.set_axis_off()


def _draw_depth(axis, depth_HW: np.ndarray, far_m: float) -> None:
    axis.imshow(depth_colours(depth_HW, 0, far_m), interpolation='antialiased')


def _draw_cloud(axis, frame: PanelRow) -> None:
    height, width = frame.rgb_HW3.shape[:2]
    cloud = frame.cloud
    if cloud is None:
        axis.text(0.5, 0.5, 'no points: the camera is not calibrated', color=FAINT, ha='center')
        axis.set_box_aspect(height / width)
        return
    picture = draw_cloud(cloud.xyz_N3, cloud.rgb_N3, _frustum(cloud.camera, frame.depth_HW),
                         960, round(960 * height / width))
    axis.imshow(picture, interpolation='antialiased')


def _note(axis, text: str) -> None:
    axis.text(0.02, 0.03, text, transform=axis.transAxes, color='white', fontsize=9,
              bbox={'facecolor': '#000000', 'alpha': 0.55, 'edgecolor': 'none', 'pad': 3})


def _frustum(camera: Camera, depth_HW: np.ndarray) -> np.ndarray:
    u = np.array([0, camera.width, camera.width, 0]) - 0.5
    v = np.array([0, 0, camera.height, camera.height]) - 0.5
    known = depth_HW[np.isfinite(depth_HW)]
    reach = 0.25 * float(np.median(known)) if known.size else 0.5
    return np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy,
                     np.ones(4)], axis=1) * reach


def _head(figure: Figure, axes, title: str, subtitle: str) -> None:
    height = figure.get_figheight()
    figure.text(0.01, 1 - 0.36 / height, title, color=INK, fontsize=15, weight='bold')
    figure.text(0.01, 1 - 0.66 / height, subtitle, color=FAINT, fontsize=10.5)
    names = ['camera image', 'depth, predicted', 'depth, true', 'points, from the side']
    if len(axes) == 3:
        names.pop(2)
    for axis, name in zip(axes, names):
        axis.set_title(name, color=INK, fontsize=11, loc='left', pad=6)


def _scale(figure: Figure, axes, far_m: float) -> None:
    top, bottom = axes[0, 0].get_position().y1, axes[-1, 0].get_position().y0
    bar = figure.colorbar(colour_scale(0, far_m), cax=figure.add_axes(
        (1 - 0.66 / figure.get_figwidth(), bottom, 0.16 / figure.get_figwidth(), top - bottom)))
    bar.set_label('depth (m)', color=INK, fontsize=10)
    bar.ax.tick_params(colors=INK, labelsize=9)
    bar.outline.set_visible(False)
