"""A folder with one HTML page about a measurement, readable offline: tables, pictures, errors."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np

from train.data import DataSet
from train.evaluate import Predictor, Report
from train.files import write_file, write_picture
from train.metrics import DepthErrors
from train.pictures import depth_limits, depth_picture, small, small_depth
from train.protocol import Protocol
from train.sample import Sample

COLUMNS = {
    'delta1': 'delta1', 'delta2': 'delta2', 'delta3': 'delta3', 'abs_rel': 'AbsRel',
    'sq_rel': 'SqRel', 'rmse_m': 'RMSE m', 'rmse_log': 'RMSE log', 'log10': 'log10',
    'silog': 'SILog', 'bias_log': 'bias (log)'}
# A prediction this many times too far or too near has the full colour of the error map.
FULL_COLOUR = 1.5
GREY = (90, 90, 90)
TILE_WIDTH = 320
STYLE = '''body { font: 15px sans-serif; max-width: 1200px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; margin: 1em 0; } td, th { padding: .3em .8em;
text-align: right; } th { border-bottom: 1px solid #888; } td:first-child,
th:first-child { text-align: left; }
img { max-width: 100%; display: block; margin: .3em 0 1.2em; }'''


def write_report(folder: Path, title: str, report: Report, source: DataSet, protocol: Protocol,
                 predictor: Predictor) -> Path:
    """Write `index.html` and its pictures into `folder`; the page's path."""
    chosen = chosen_images(report)
    by_name = {f'{source.name}/{key}': i for i, key in enumerate(source.keys)}
    rows = []
    for number, (why, name) in enumerate(chosen):
        sample = protocol.view(source[by_name[name]])
        depth_HW = predictor.estimate(sample.rgb, sample.camera).depth
        picture = f'image_{number}.jpg'
        write_picture(folder / picture, strip(sample, depth_HW))
        errors = report.images[name]
        rows.append(f'<p>{why}: {escape(name)}, AbsRel {errors.abs_rel:.3f}, delta1 '
                    f'{errors.delta1:.3f}</p><img src="{picture}" alt="{escape(name)}">')
    page = folder / 'index.html'
    write_file(page, _page(title, report, rows))
    return page


def chosen_images(report: Report, each: int = 3) -> list[tuple[str, str]]:
    """(why, name) of the worst, the median and the best images by AbsRel."""
    names = sorted(report.images, key=lambda name: report.images[name].abs_rel)
    middle = max(0, len(names) // 2 - each // 2)
    groups = (('worst', names[::-1][:each]), ('median', names[middle:middle + each]),
              ('best', names[:each]))
    return [(why, name) for why, group in groups for name in group]


def strip(sample: Sample, depth_HW: np.ndarray) -> np.ndarray:
    """Image, truth, prediction and error side by side, BGR; one depth scale for both maps."""
    shown = small(sample, TILE_WIDTH)
    depth_hw = small_depth(depth_HW, shown.camera.width, shown.camera.height)
    limits = depth_limits([shown.depth])
    maps = [depth_picture(depth, *limits) for depth in (shown.depth, depth_hw)]
    return np.hstack([cv2.cvtColor(np.hstack([shown.rgb, *maps]), cv2.COLOR_RGB2BGR),
                      error_map(depth_hw, shown.depth)])


def error_map(depth_HW: np.ndarray, truth_HW: np.ndarray) -> np.ndarray:
    """BGR: white is right, red too far, blue too near, grey where truth is unknown."""
    known = np.isfinite(truth_HW) & (truth_HW > 0)
    ratio = np.where(known, depth_HW, 1) / np.where(known, truth_HW, 1)
    error = np.clip(np.log(ratio) / np.log(FULL_COLOUR), -1, 1)[..., None]
    red, blue = np.array((40, 40, 220.0)), np.array((220, 110, 30.0))
    towards = np.where(error > 0, red, blue)
    picture = (255 + np.abs(error) * (towards - 255)).astype(np.uint8)
    picture[~known] = GREY
    return picture


def _page(title: str, report: Report, pictures: Sequence[str]) -> str:
    low, high = report.intervals['delta1']
    bands = ''.join(_row(f'{band.near_m:g} to {band.far_m:g} m', band.errors,
                         band.errors.pixels / report.mean.pixels) for band in report.bands)
    head = ''.join(f'<th>{label}</th>' for label in COLUMNS.values())
    return f'''<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>{escape(report.data)} {escape(report.split)}, protocol <b>{escape(report.protocol)}</b>,
{len(report.images)} images, one pass without flip averaging. 95 % interval of delta1 over images:
{low:.3f} to {high:.3f}.</p>
<table><tr><th>true distance</th><th>pixels</th>{head}</tr>
{_row('all', report.mean, 1.0)}{bands}</table>
<p>Each row of pictures: image, true depth, predicted depth on the same
scale (logarithmic, blue near, red far, black unknown, white sky), and error (red too
far, blue too near, full colour at {FULL_COLOUR} times; grey where the truth is unknown).</p>
{''.join(pictures)}</body></html>
'''


def _row(label: str, errors: DepthErrors, share: float) -> str:
    cells = ''.join(f'<td>{getattr(errors, name):.4f}</td>' for name in COLUMNS)
    return f'<tr><td>{label}</td><td>{share:.1%}</td>{cells}</tr>\n'
