"""The report's page and pictures."""

import cv2
import numpy as np
from train_helpers import write_folder

from mono_depth_ros.estimator import DepthEstimate
from train.data import open_data
from train.evaluate import evaluate
from train.protocol import PROTOCOLS
from train.report import chosen_images, error_map, write_report


class TwiceTooFar:
    """Predicts twice the ramp's depth, the farther the later the image."""

    def estimate(self, rgb_HW3, camera=None):
        depth = 2 * (250 - rgb_HW3[..., 0].astype(np.float32)) / 60
        return DepthEstimate(depth=np.maximum(depth, 0.1), camera=camera, network_ms=0)


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
