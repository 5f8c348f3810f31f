"""`scripts/train densify`: errors on points that were hidden."""

import json

import cv2
import numpy as np
import pytest
from train_helpers import write_folder

from mono_depth_ros.camera import Camera
from train.__main__ import main
from train.data.samples.sample import Sample
from train.evaluation.fill_comparison import compare_densifiers, DENSIFIERS, nearest_within

CAMERA = Camera(fx=50, fy=50, cx=31.5, cy=23.5, width=64, height=48)


def points_on_a_slope():
    """Every second pixel of a wall that recedes from 2 m to 4 m over 64 columns."""
    depth = np.tile(np.linspace(2, 4, 64, dtype=np.float32), (48, 1))
    depth[::2], depth[:, ::2] = np.nan, np.nan
    return Sample(rgb=np.full((48, 64, 3), 90, np.uint8), depth=depth, camera=CAMERA, name='a')


def test_errors_are_those_of_the_hidden_points():
    sample = points_on_a_slope()
    errors, before, after = compare_densifiers([sample], 0.2, np.random.default_rng(0))
    assert before == pytest.approx(0.25) and after > 0.99
    bilateral, nearest = (errors[name] for name in DENSIFIERS)
    assert bilateral.pixels == nearest.pixels == pytest.approx(0.2 * 768, rel=0.2)
    assert bilateral.filled == nearest.filled == 1
    # The nearest point is 2 columns away or above: 2 * 2 / 63 of about 3 m at most.
    assert 0 < bilateral.abs_rel < nearest.abs_rel < 2 * 2 / 63 / 2
    assert bilateral.gross == 0


def test_nearest_stays_within_the_radius_of_the_filter():
    """6 pixels to either side of a lone point."""
    depth = np.full((1, 40), np.nan, np.float32)
    depth[0, 20] = 3
    filled = nearest_within(depth, np.zeros((1, 40, 3), np.uint8))
    assert np.flatnonzero(np.isfinite(filled[0])).tolist() == list(range(14, 27))


def test_command_prints_and_writes(tmp_path, capsys):
    folder = write_folder(tmp_path / 'set')
    for path in (folder / 'depth').iterdir():
        depth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        depth[::2], depth[:, ::2] = 0, 0
        cv2.imwrite(str(path), depth)
    assert main(['densify', '--data', f'mine={folder}', '--frames', '1',
                 '--json', str(tmp_path / 'figures.json')]) == 0
    out = capsys.readouterr().out
    assert 'mine val, 1 of 2 frames, 20% of the known points hidden' in out
    found, = json.loads((tmp_path / 'figures.json').read_text())
    assert f'| {found["nearest in the same radius"]["abs_rel"]:.4f} |' in out


def test_nothing_to_hide_is_said(tmp_path, capsys):
    folder = write_folder(tmp_path / 'set')
    for path in (folder / 'depth').iterdir():
        cv2.imwrite(str(path), np.zeros((48, 64), np.uint16))
    assert main(['densify', '--data', f'mine={folder}']) == 1
    assert 'no known point to hide' in capsys.readouterr().err
    assert main(['densify', '--data', f'mine={folder}', '--hide', '1']) == 1
    assert '--hide above 0 and below 1, got 1' in capsys.readouterr().err
