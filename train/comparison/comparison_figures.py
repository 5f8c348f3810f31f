"""Pictures of a comparison: image, true depth and the prediction of each network, side by side.

The paper's figures 6 (coarse and fine output), 7 (all networks) and 8 (outdoor scenes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from mono_depth_ros.colormap import colour_scale
from mono_depth_ros.letterbox import input_letterbox
from mono_depth_ros.model_file import has_weights, load_model
from mono_depth_ros.preprocess import decode_depth, encode_image, focal_ratio, with_camera
from train.comparison.comparison import Entry, Row
from train.data.data_sets import DataSet
from train.data.samples.sample import Sample, spread_numbers
from train.data.samples.thumbnails import depth_limits, depth_picture, small, small_depth
from train.evaluation.measurement import Report
from train.evaluation.protocols import Protocol
from train.output_files import canvas, FAINT, INK, write_figure

TILE_INCHES, TILE_WIDTH = 2.5, 320


@dataclass(frozen=True, kw_only=True)
class Column:
    """Depth maps (H, W) in metres under a heading, one an image, each with a note or without."""

    heading: str
    depths: Sequence[np.ndarray]
    notes: Sequence[str] = ()


def chosen_samples(report: Report, source: DataSet, protocol: Protocol,
                   count: int) -> list[Sample]:
    """`count` images evenly spaced from the best to the worst by AbsRel of one report."""
    names = sorted(report.images, key=lambda name: report.images[name].abs_rel)
    numbers = {f'{source.name}/{key}': number for number, key in enumerate(source.keys)}
    return [protocol.view(source[numbers[names[place]]])
            for place in spread_numbers(len(names), count)]


def columns_of(rows: Sequence[Row], samples: Sequence[Sample], stacks: bool,
               protocol: Protocol) -> list[Column]:
    """What each network predicts, with its errors; with `stacks` the output of each stack."""
    columns = []
    for row in rows:
        heading = f'{row.entry.name}\ndelta1 {row.report.mean.delta1:.3f}'
        if stacks:
            columns += stack_columns(row.entry, samples, heading)
        else:
            columns.append(Column(heading=heading, depths=[
                row.entry.estimator.estimate(s.rgb, s.camera).clipped for s in samples]))
    return [replace(column, notes=[error_note(depth_HW, sample, protocol) for depth_HW, sample
                                   in zip(column.depths, samples)]) for column in columns]


def stack_columns(entry: Entry, samples: Sequence[Sample], heading: str) -> list[Column]:
    """The depth of every stack of a network, coarse first; the last is what it predicts."""
    if not has_weights(entry.estimator.model_path):
        raise ValueError(f'{entry.name} is an ONNX graph, which has no stacks to show: leave '
                         '--stacks away')
    network, card = load_model(entry.estimator.model_path)
    maps: list[list[np.ndarray]] = [[] for _ in network.depth_stacks]
    for sample in samples:
        camera = sample.camera
        letterbox = input_letterbox(camera.width, camera.height, card.network)
        image_CHW = encode_image(sample.rgb, letterbox, card.normalisation)
        if card.network.camera_input:
            image_CHW = with_camera(image_CHW, letterbox.camera(camera), card.reference)
        image = torch.from_numpy(image_CHW)[None]
        with torch.inference_mode():
            scales = network.scales(image)
        ratio = focal_ratio(letterbox.camera(camera), card.reference)
        for found, log_depth in zip(maps, scales):
            depth_HW = decode_depth(log_depth[0, 0].numpy(), letterbox, ratio, card.min_depth_m,
                                    card.max_depth_m)
            found.append(np.clip(depth_HW, card.min_depth_m, card.max_depth_m))
    name, _, errors = heading.partition('\n')
    last = network.depth_stacks[-1]
    return [Column(heading=f'{name}, {stack}\n{errors if stack == last else " "}', depths=found)
            for stack, found in zip(network.depth_stacks, maps)]


def check_ending(path: Path) -> None:
    """Raise ValueError where no figure can be written by that name."""
    if path.suffix not in ('.png', '.pdf', '.svg'):
        raise ValueError(f'a figure ends in .png, .pdf or .svg, got {path}')


def figure_file(path: Path, source: DataSet, count: int) -> Path:
    """The figure of one of `count` data sets: of several each has its name in that of the file."""
    return path if count == 1 else path.with_name(f'{path.stem}_{source.name}{path.suffix}')


def write_comparison(path: Path, samples: Sequence[Sample], columns: Sequence[Column],
                     title: str) -> None:
    """Write a picture (.png, .pdf, .svg), one row an image; OSError or ValueError where it cannot.

    One logarithmic colour scale for all, its bar in metres: the known true depth, but 1 % at
    each end. Unknown is black, sky white.
    """
    check_ending(path)
    shown = [small(sample, TILE_WIDTH) for sample in samples]
    limits = depth_limits([sample.depth for sample in shown])
    figure, axes = _grid(shown, 2 + len(columns), title)
    truth = Column(heading='true depth\n ', depths=[s.depth for s in shown])
    for axis, sample in zip(axes[:, 0], shown):
        axis.imshow(sample.rgb)
    axes[0, 0].set_title('image\n ', color=INK, fontsize=9, loc='left')
    for number, column in enumerate([truth, *columns], 1):
        axes[0, number].set_title(column.heading, color=INK, fontsize=9, loc='left')
        for axis, depth_HW, sample in zip(axes[:, number], column.depths, shown):
            depth_hw = small_depth(depth_HW, sample.camera.width, sample.camera.height)
            axis.imshow(depth_picture(depth_hw, *limits))
        for axis, note in zip(axes[:, number], column.notes):
            _note(axis, note)
    _bar(figure, axes, limits)
    write_figure(path, figure)


def _grid(shown: Sequence[Sample], columns: int, title: str):
    """A figure and its axes (rows, columns), sized so that no tile is stretched or cut."""
    heights = [TILE_INCHES * s.camera.height / s.camera.width for s in shown]
    width, height = columns * TILE_INCHES + 0.85, sum(heights) * 1.03 + 0.95
    figure = canvas(width, height)
    axes = figure.subplots(len(shown), columns, squeeze=False, height_ratios=heights, gridspec_kw={
        'left': 0.1 / width, 'right': 1 - 0.75 / width, 'bottom': 0.08 / height,
        'top': 1 - 0.85 / height, 'wspace': 0.03, 'hspace': 0.03})
    figure.text(0.1 / width, 1 - 0.26 / height, title, color=INK, fontsize=11)
    for axis in axes.flat:
        axis.set_axis_off()
    return figure, axes


def error_note(depth_HW: np.ndarray, sample: Sample, protocol: Protocol) -> str:
    """AbsRel and delta1 of a depth map of a sample, as they are written into its picture."""
    errors = protocol.errors(depth_HW, sample.depth)
    return f'AbsRel {errors.abs_rel:.2f}  delta1 {errors.delta1:.2f}'


def _note(axis, text: str) -> None:
    axis.text(0.02, 0.04, text, transform=axis.transAxes, color='white', fontsize=7.5,
              bbox={'facecolor': 'black', 'alpha': 0.55, 'edgecolor': 'none', 'pad': 2})


def _bar(figure, axes, limits: tuple[float, float]) -> None:
    width = figure.get_figwidth()
    top, bottom = axes[0, -1].get_position().y1, axes[-1, -1].get_position().y0
    bar = figure.colorbar(colour_scale(*limits, log=True), cax=figure.add_axes(
        (1 - 0.65 / width, bottom, 0.14 / width, top - bottom)))
    ticks = [t for t in (0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40, 60, 80)
             if limits[0] <= t <= limits[1]]
    bar.set_ticks(ticks, labels=[f'{t:g}' for t in ticks])
    bar.minorticks_off()
    bar.set_label('depth (m)', color=INK, fontsize=9)
    bar.ax.tick_params(colors=FAINT, labelsize=8)
    bar.outline.set_visible(False)
