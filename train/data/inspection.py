"""What a data set holds: sizes, cameras, depth, and a contact sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from mono_depth_ros.camera import Camera
from mono_depth_ros.plausibility import doubts_about
from mono_depth_ros.sentences import counted, sentence
from train.data.data_sets import DataSet
from train.data.samples.sample import Sample, spread_numbers
from train.data.samples.thumbnails import depth_limits, depth_picture, small
from train.output_files import write_picture

# Metres; the last bin is open.
EDGES_M = (0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 30, 50, 80, np.inf)
BAR = 40
SHEET_FRAMES, SHEET_COLUMNS, TILE_WIDTH, LABEL_HEIGHT = 12, 4, 320, 20


@dataclass(kw_only=True)
class DataSetStatistics:
    """Counts over the frames of a data set that were looked at; grows with `add`.

    `histogram` counts known pixels between EDGES_M; `blank` names frames without known depth,
    `broken` holds one sentence for each frame that cannot be read.
    """

    frames: int
    read: int = 0
    cameras: Counter[Camera] = field(default_factory=Counter)
    pixels: int = 0
    unknown: int = 0
    sky: int = 0
    nearest_m: float = np.inf
    farthest_m: float = 0.0
    histogram: np.ndarray = field(default_factory=lambda: np.zeros(len(EDGES_M) - 1, np.int64))
    blank: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Count one frame."""
        self.read += 1
        self.cameras[sample.camera] += 1
        self.pixels += sample.depth.size
        self.unknown += int(np.isnan(sample.depth).sum())
        self.sky += int(np.isposinf(sample.depth).sum())
        known_N = sample.depth[np.isfinite(sample.depth)]
        if not known_N.size:
            self.blank.append(sample.name)
            return
        self.nearest_m = min(self.nearest_m, float(known_N.min()))
        self.farthest_m = max(self.farthest_m, float(known_N.max()))
        self.histogram += np.histogram(known_N, EDGES_M)[0]


def inspect(source: DataSet, frames: int) -> tuple[DataSetStatistics, list[Sample]]:
    """What is in `frames` frames spread evenly over a data set (0: all), and some to show."""
    chosen = spread_numbers(len(source), frames)
    shown = set(chosen[::-(-len(chosen) // SHEET_FRAMES)])
    found, samples = DataSetStatistics(frames=len(source)), []
    for index in tqdm(chosen, desc=source.name, unit='frame', leave=False):
        try:
            sample = source[index]
        except (ValueError, OSError) as error:
            found.broken.append(sentence(error))
            continue
        found.add(sample)
        if index in shown:
            samples.append(small(sample, TILE_WIDTH))
    return found, samples


def statistics_text(name: str, split: str, found: DataSetStatistics) -> str:
    """The statistics as text of a few lines."""
    lines = [f'{name} {split}: {counted(found.frames, "frame")}, {found.read} looked at']
    sizes = Counter[str]()
    for camera, count in found.cameras.items():
        sizes[f'{camera.width}x{camera.height}'] += count
    if sizes:
        lines.append('sizes: ' + ', '.join(f'{size} ({n})' for size, n in sizes.most_common(6)))
    lines += [_camera_line(camera, n) for camera, n in found.cameras.most_common(4)]
    if len(found.cameras) > 4:
        lines.append(f'  and {len(found.cameras) - 4} further cameras')
    if found.pixels:
        lines.append(f'unknown: {found.unknown / found.pixels:.1%} of pixels, '
                     f'sky: {found.sky / found.pixels:.1%}')
    if found.histogram.any():
        lines.append(f'depth: {found.nearest_m:.2f} m to {found.farthest_m:.2f} m, known '
                     'pixels by distance:')
        lines += _histogram_lines(found.histogram)
    if found.blank:
        lines.append(f'{counted(len(found.blank), "frame")} without known depth, as '
                     f'{found.blank[0]}')
    return '\n'.join(lines)


def check(found: DataSetStatistics) -> None:
    """Raise ValueError where frames cannot be used, or none has known depth."""
    looked_at = found.read + len(found.broken)
    if found.broken:
        raise ValueError(f'{len(found.broken)} of {looked_at} frames cannot be used; the '
                         f'first: {found.broken[0]}')
    if len(found.blank) == looked_at:
        raise ValueError(f'none of {looked_at} frames has known depth')


def _camera_line(camera: Camera, frames: int) -> str:
    distortion = f', {camera.distortion_model}' if camera.distortion else ''
    return '\n  '.join((
        f'camera of {counted(frames, "frame")}: {camera.width}x{camera.height}, fx '
        f'{camera.fx:.2f}, fy {camera.fy:.2f}, cx {camera.cx:.2f}, cy {camera.cy:.2f}{distortion}',
        *(f'looks wrong: {doubt}' for doubt in doubts_about(camera))))


def _histogram_lines(counts: np.ndarray) -> list[str]:
    """One bar a bin, from the first to the last that holds a pixel; the longest fills BAR."""
    filled = np.flatnonzero(counts)
    lines = []
    for index in range(filled[0], filled[-1] + 1):
        upper = f'{EDGES_M[index + 1]:g}' if np.isfinite(EDGES_M[index + 1]) else ''
        bar = '#' * max(int(counts[index] > 0), round(BAR * counts[index] / counts.max()))
        lines.append(f'{EDGES_M[index]:>6g} - {upper:<4} m {counts[index] / counts.sum():>6.1%} '
                     f'{bar}'.rstrip())
    return lines


def write_sheet(path: Path, samples: Sequence[Sample]) -> None:
    """Picture (.png, .jpg) of images over their depth in turbo, one log scale for all.

    Near is blue, far is red, unknown black, sky white. Raises ValueError or OSError.
    """
    if not samples:
        raise ValueError(f'no frame could be read, so there is nothing to show in {path}')
    near_m, far_m = depth_limits([sample.depth for sample in samples])
    tiles = [_tile(sample, near_m, far_m) for sample in samples]
    height = max(tile.shape[0] for tile in tiles)
    columns = min(SHEET_COLUMNS, len(tiles))
    tiles = [cv2.copyMakeBorder(tile, 0, height - tile.shape[0] + 6, 0, 6, cv2.BORDER_CONSTANT,
                                value=(255, 255, 255)) for tile in tiles]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start:start + columns]) for start in range(0, len(tiles), columns)]
    scale = (f'depth, log scale: {near_m:.2f} m (blue) to {far_m:.2f} m (red); black unknown, '
             'white sky')
    write_picture(path, np.vstack([_label(scale, rows[0].shape[1]), *rows]))


def _tile(sample: Sample, near_m: float, far_m: float) -> np.ndarray:
    """Label, image and depth of a sample, BGR."""
    pictures = np.vstack([sample.rgb, depth_picture(sample.depth, near_m, far_m)])
    return np.vstack([_label(sample.name, TILE_WIDTH),
                      cv2.cvtColor(pictures, cv2.COLOR_RGB2BGR)])


def _label(text: str, width: int) -> np.ndarray:
    strip = np.full((LABEL_HEIGHT, width, 3), 255, np.uint8)
    letters = width // 7  # of Hershey simplex at this size
    shown = text if len(text) <= letters else '...' + text[3 - letters:]
    cv2.putText(strip, shown, (2, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    return strip
