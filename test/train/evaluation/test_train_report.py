"""The report's page and pictures, and what `evaluate` prints."""

import json
import re

import cv2
import numpy as np
import pytest
from train_helpers import write_folder

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate
from train.commands.evaluate import print_table
from train.data.data_sets import open_data
from train.data.samples.sample import Sample
from train.evaluation.html_report import chosen_images, error_map, write_report
from train.evaluation.measurement import evaluate
from train.evaluation.protocols import PROTOCOLS


class TwiceTooFar:
    """Predicts twice the ramp's depth, the farther the later the image."""

    def estimate(self, rgb_HW3, camera=None):
        depth = 2 * (250 - rgb_HW3[..., 0].astype(np.float32)) / 60
        return DepthEstimate(depth=np.maximum(depth, 0.1), camera=camera, network_ms=0)


class OneRow:
    """A data set of one image, one row high, of the given depth in metres."""

    name, keys = 'row', ('a',)

    def __init__(self, *depth):
        self.depth_HW = np.array([depth], np.float32)

    def __len__(self):
        return 1

    def __getitem__(self, index):
        width = self.depth_HW.shape[1]
        camera = Camera(fx=5, fy=5, cx=0, cy=0, width=width, height=1)
        return Sample(rgb=np.zeros((1, width, 3), np.uint8), depth=self.depth_HW, camera=camera,
                      name='row/a')

    def estimate(self, rgb_HW3, camera=None):
        """As a predictor it says that depth for every image."""
        return DepthEstimate(depth=self.depth_HW, camera=camera, network_ms=0)


@pytest.fixture
def measured(tmp_path):
    """The report on six images, one of them without any depth; and its data set."""
    folder = write_folder(tmp_path / 'set')
    cv2.imwrite(str(folder / 'depth' / '0002.png'), np.zeros((48, 64), np.uint16))
    source = open_data(f'mine={folder}', 'train')
    return evaluate(TwiceTooFar(), source, 'train', PROTOCOLS['full']), source


def test_page_has_the_figures_and_its_pictures(tmp_path):
    source = open_data(f'mine={write_folder(tmp_path / "set")}', 'train')
    protocol = PROTOCOLS['full']
    report = evaluate(TwiceTooFar(), source, 'train', protocol)
    page = write_report(tmp_path / 'report', 'a <title>', report, source, protocol,
                        TwiceTooFar()).read_text()
    assert 'a &lt;title&gt;' in page and f'{report.mean.abs_rel:.4f}' in page
    pictures = sorted((tmp_path / 'report').glob('*.jpg'))
    assert len(pictures) == 9 and all(p.name in page for p in pictures)
    assert cv2.imread(str(pictures[0])).shape == (240, 1280, 3)


def test_page_tells_intervals_holes_what_was_left_out_and_every_image(measured, tmp_path):
    report, source = measured
    page = write_report(tmp_path / 'report', 'title', report, source, PROTOCOLS['full'],
                        TwiceTooFar()).read_text()
    for error in ('delta1', 'abs_rel', 'rmse_m'):
        low, high = report.intervals[error]
        assert f'<td>{low:.3f} to {high:.3f}</td>' in page
    assert 'truth known for 98.4 % of the counted window' in page  # 63 of 64 columns
    assert re.search(r'Left out, .*\(1\): mine/0002\.', page)
    listed = re.findall(r'<tr><td>(mine/\d+)</td><td>3,024</td>', page)  # 48 rows of 63
    assert listed == sorted(report.images, key=lambda name: -report.images[name].abs_rel)
    assert len(listed) == 5
    assert '<img src="histogram.png"' in page and '://' not in page  # readable offline


def test_histogram_is_drawn_of_true_and_predicted(measured, tmp_path):
    """Grey bars and an orange line, the line of twice the depth further to the right."""
    report, source = measured
    write_report(tmp_path / 'report', '', report, source, PROTOCOLS['full'], TwiceTooFar())
    picture = cv2.imread(str(tmp_path / 'report' / 'histogram.png')).astype(int)
    above = picture[:picture.shape[0] // 2, :int(0.7 * picture.shape[1])]  # left of the legend
    true, predicted = (np.argwhere(np.abs(above - colour[::-1]).max(axis=2) < 3)[:, 1]
                       for colour in ((185, 190, 200), (200, 80, 30)))
    assert true.size > 5000 and predicted.size > 500
    assert predicted.mean() > 1.3 * true.mean()


def test_histogram_by_hand():
    """1 m predicted as 1.6 m, 2.1 m twice as 1 m and 30 m; bins are 0.25 m wide."""
    histogram = evaluate(OneRow(1.6, 1, 30, 7), OneRow(1, 2.1, 2.1, np.nan), 'val',
                         PROTOCOLS['full']).histogram
    assert histogram.edges_m == pytest.approx(np.arange(41) / 4)
    assert {i: n for i, n in enumerate(histogram.true) if n} == {4: 1, 8: 2}
    assert {i: n for i, n in enumerate(histogram.predicted) if n} == {4: 1, 6: 1, 39: 1}
    abs_rel, bias = ({i: e for i, e in enumerate(errors) if e is not None}
                     for errors in (histogram.abs_rel, histogram.bias_log))
    assert abs_rel == pytest.approx({4: 0.6, 8: (1.1 / 2.1 + 7.9 / 2.1) / 2})  # held to 10 m
    assert bias == pytest.approx({4: np.log(1.6), 8: np.log(10 / 2.1 ** 2) / 2})


def test_report_of_a_json_file_is_strict_json(measured):
    json.dumps(measured[0].as_json(), allow_nan=False)


@pytest.mark.parametrize('depth, told', [
    ((1, 2, np.inf, 12), '100 % of the counted window: no holes'),
    ((1, np.nan, np.nan, 2), '50.0 % of the counted window: holes do not count'),
    ((1,) * 9999 + (np.nan,), ' 99.9 % of the counted window: holes')])
def test_holes_of_the_truth_are_told(depth, told):
    """Sky and what lies beyond the range are known; a single hole is one."""
    truth = OneRow(*depth)
    report = evaluate(OneRow(*[1] * len(depth)), truth, 'val', PROTOCOLS['full'])
    assert told in report.truth_text()


def test_console_shows_every_error_in_lines_that_fit(measured, capsys):
    report, _ = measured
    print_table([('a model', report), ('another', report)])
    out = capsys.readouterr().out
    mean = report.mean
    for label, value in (('SqRel', mean.sq_rel), ('RMSE log', mean.rmse_log),
                         ('log10', mean.log10), ('SILog', mean.silog), ('delta3', mean.delta3)):
        assert label in out and out.count(f'{value:.4f}') >= 2, label
    for error in ('delta1', 'abs_rel', 'rmse_m'):
        assert '{:.3f}-{:.3f}'.format(*report.intervals[error]) in out
    caption = ('mine train, 5 images (1 without known depth left out): truth known for 98.4 % of '
               'the counted window')
    assert out.count(caption) == 1
    assert max(len(line) for line in out.splitlines()) <= 140


def test_worst_come_first(tmp_path):
    source = open_data(f'mine={write_folder(tmp_path / "set")}', 'train')
    report = evaluate(TwiceTooFar(), source, 'train', PROTOCOLS['full'])
    chosen = chosen_images(report, each=1)
    errors = [report.images[name].abs_rel for _, name in chosen]
    assert [why for why, _ in chosen] == ['worst', 'median', 'best']
    assert errors == sorted(errors, reverse=True)
    assert errors[0] == max(e.abs_rel for e in report.images.values())


def test_error_map_colours():
    """Right is white, too far red, too near blue, unknown grey (BGR)."""
    picture = error_map(np.array([[2.0, 4.0, 1.0, 3.0]]), np.array([[2.0, 2.0, 2.0, np.nan]]))
    right, far, near, unknown = picture[0].astype(int)
    assert tuple(right) == (255, 255, 255) and tuple(unknown) == (90, 90, 90)
    assert far[2] > far[0] + 100 and near[0] > near[2] + 100
