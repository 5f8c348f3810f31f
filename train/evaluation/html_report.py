"""A folder with one HTML page about a measurement, readable offline: tables, pictures, errors."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np

from mono_depth_ros.metrics import DepthErrors
from mono_depth_ros.sentences import counted
from train.data.data_sets import DataSet
from train.data.samples.sample import Sample
from train.data.samples.thumbnails import depth_limits, depth_picture, small, small_depth
from train.evaluation.measurement import Histogram, Predictor, Report
from train.evaluation.protocols import Protocol
from train.output_files import canvas, FAINT, INK, write_figure, write_file, write_picture

COLUMNS = {
    'delta1': 'delta1', 'delta2': 'delta2', 'delta3': 'delta3', 'abs_rel': 'AbsRel',
    'sq_rel': 'SqRel', 'rmse_m': 'RMSE m', 'rmse_log': 'RMSE log', 'log10': 'log10',
    'silog': 'SILog', 'bias_log': 'bias (log)'}
# A prediction this many times too far or too near has the full colour of the error map.
FULL_COLOUR = 1.5
GREY = (90, 90, 90)
TILE_WIDTH = 320
HISTOGRAM = 'histogram.png'
TRUE, PREDICTED = '#b9bec8', '#c8501e'
# Bins with a smaller share of the pixels are mostly noise.
RARE = 1e-3
STYLE = '''body { font: 15px sans-serif; max-width: 1200px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; margin: 1em 0; } td, th { padding: .3em .8em;
text-align: right; } th { border-bottom: 1px solid #888; } td:first-child,
th:first-child { text-align: left; overflow-wrap: anywhere; }
img { max-width: 100%; display: block; margin: .3em 0 1.2em; }'''


def write_report(folder: Path, title: str, report: Report, source: DataSet, protocol: Protocol,
                 predictor: Predictor) -> Path:
    """Write `index.html` and its pictures into `folder`; the page's path.

    Raises OSError where that fails, ImportError without matplotlib.
    """
    pictures = _pictures(folder, report, source, protocol, predictor)
    write_figure(folder / HISTOGRAM, histogram_figure(report.histogram))
    page = folder / 'index.html'
    write_file(page, _page(title, report, pictures))
    return page


def _pictures(folder: Path, report: Report, source: DataSet, protocol: Protocol,
              predictor: Predictor) -> list[str]:
    """Write the strips of the chosen images; the part of the page that shows each."""
    by_name = {f'{source.name}/{key}': i for i, key in enumerate(source.keys)}
    shown = []
    for number, (why, name) in enumerate(chosen_images(report)):
        sample = protocol.view(source[by_name[name]])
        depth_HW = predictor.estimate(sample.rgb, sample.camera).clipped
        picture = f'image_{number}.jpg'
        write_picture(folder / picture, picture_row(sample, depth_HW))
        errors = report.images[name]
        shown.append(f'<p>{why}: {escape(name)}, AbsRel {errors.abs_rel:.3f}, delta1 '
                     f'{errors.delta1:.3f}</p><img src="{picture}" alt="{escape(name)}">')
    return shown


def chosen_images(report: Report, each: int = 3) -> list[tuple[str, str]]:
    """(why, name) of the worst, the median and the best images by AbsRel."""
    names = sorted(report.images, key=lambda name: report.images[name].abs_rel)
    middle = max(0, len(names) // 2 - each // 2)
    groups = (('worst', names[::-1][:each]), ('median', names[middle:middle + each]),
              ('best', names[:each]))
    return [(why, name) for why, group in groups for name in group]


def picture_row(sample: Sample, depth_HW: np.ndarray) -> np.ndarray:
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


def histogram_figure(histogram: Histogram):
    """Figure of true and predicted pixels by distance, and below it errors by true distance."""
    figure = canvas(8.5, 5.5, layout='constrained')
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    edges_m = np.array(histogram.edges_m)
    true_B, predicted_B = np.array(histogram.true), np.array(histogram.predicted)
    pixels = true_B.sum()
    above.stairs(100 * true_B / pixels, edges_m, fill=True, color=TRUE, label='true')
    above.stairs(100 * predicted_B / pixels, edges_m, color=PREDICTED, linewidth=2,
                 label='predicted')
    above.set_ylabel('% of counted pixels', color=INK)
    _draw_errors(below, histogram)
    below.set_xlabel('distance (m)', color=INK)
    below.set_xlim(0, edges_m[1 + np.flatnonzero(true_B + predicted_B)[-1]])
    for axis in (above, below):
        axis.legend(frameon=False, labelcolor=INK)
        axis.tick_params(colors=FAINT)
        axis.spines[['top', 'right']].set_visible(False)
    return figure


def _draw_errors(axis, histogram: Histogram) -> None:
    """AbsRel and bias in % over the bins' centres, but for those with less than RARE pixels."""
    edges_m, true_B = np.array(histogram.edges_m), np.array(histogram.true)
    told_B = true_B >= max(RARE * true_B.sum(), 1)
    centres_m = (edges_m[1:] + edges_m[:-1]) / 2
    abs_rel_B, bias_log_B = (np.where(told_B, np.array(found, float), np.nan)
                             for found in (histogram.abs_rel, histogram.bias_log))
    axis.axhline(0, color=FAINT, linewidth=0.8)
    axis.plot(centres_m, 100 * abs_rel_B, color=INK, marker='o', markersize=3, label='AbsRel')
    axis.plot(centres_m, 100 * np.expm1(bias_log_B), color=PREDICTED, linestyle='--', marker='o',
              markersize=3, label='bias (above 0: too far)')
    axis.set_ylabel('% of the distance', color=INK)


def _page(title: str, report: Report, pictures: Sequence[str]) -> str:
    return f'''<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>{escape(report.data)} {escape(report.split)}, protocol <b>{escape(report.protocol)}</b>,
{counted(len(report.images), 'image')}, one pass without flip averaging; {report.truth_text()}.
In-painted depth is known everywhere, raw sensors and lidar leave holes. The 95 % intervals
are bootstraps over images.</p>
{_left_out(report)}
{_summary_table(report)}
<h2>Pixels and errors by distance</h2>
<img src="{HISTOGRAM}" alt="histogram of true and predicted distances, errors by distance">
<p>All counted pixels of all images, in bins of {report.histogram.edges_m[1]:g} m. Above: how many
are truly that far and how many are predicted so. Below: mean relative error and bias of the
pixels truly that far; bins with less than {RARE:.1%} of the pixels are not drawn there.</p>
<h2>Worst, median and best images</h2>
<p>Each row of pictures: image, true depth, predicted depth on the same
scale (logarithmic, blue near, red far, black unknown, white sky), and error (red too
far, blue too near, full colour at {FULL_COLOUR} times; grey where the truth is unknown).</p>
{''.join(pictures)}
<h2>Image by image, the worst AbsRel first</h2>
{_image_table(report)}</body></html>
'''


def _left_out(report: Report) -> str:
    reasons = ((report.blank, 'the protocol counts no pixel of them'),
               (report.unreadable, 'they cannot be read'))
    return ''.join(f'<p>Left out, for {reason} ({len(names)}): {escape(", ".join(names))}.</p>'
                   for names, reason in reasons if names)


def _summary_table(report: Report) -> str:
    """All pixels, the intervals, and one row for each band."""
    intervals = {name: f'{low:.3f} to {high:.3f}'
                 for name, (low, high) in report.intervals.items()}
    bands = [_row(f'{band.near_m:g} to {band.far_m:g} m',
                  f'{band.errors.pixels / report.mean.pixels:.1%}', _figures(band.errors))
             for band in report.bands]
    return _table('true distance', 'pixels', [
        _row('all', f'{1:.1%}', _figures(report.mean)),
        _row('95 % interval', '', [intervals.get(name, '') for name in COLUMNS]), *bands])


def _image_table(report: Report) -> str:
    images = sorted(report.images.items(), key=lambda image: -image[1].abs_rel)
    return _table('image', 'pixels counted', [
        _row(escape(name), f'{errors.pixels:,}', _figures(errors)) for name, errors in images])


def _table(first: str, second: str, rows: Sequence[str]) -> str:
    head = ''.join(f'<th>{label}</th>' for label in (first, second, *COLUMNS.values()))
    return f'<table><tr>{head}</tr>\n{"".join(rows)}</table>'


def _figures(errors: DepthErrors) -> list[str]:
    return [f'{getattr(errors, name):.4f}' for name in COLUMNS]


def _row(label: str, pixels: str, figures: Sequence[str]) -> str:
    cells = ''.join(f'<td>{cell}</td>' for cell in (label, pixels, *figures))
    return f'<tr>{cells}</tr>\n'
