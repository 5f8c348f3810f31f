"""What `scripts/train data` says of a data set, and the contact sheet it draws."""

import re

import cv2
import numpy as np
import pytest

from mono_depth_ros.camera import Camera
from train.__main__ import main
from train.data.data_sets import open_data
from train.data.inspection import DataSetStatistics, inspect, statistics_text, write_sheet
from train.data.samples.sample import Sample


def sample(depth, name='a'):
    height, width = depth.shape
    camera = Camera(fx=10, fy=10, cx=5, cy=5, width=width, height=height)
    return Sample(rgb=np.full((height, width, 3), 77, np.uint8), depth=depth, camera=camera,
                  name=name)


def test_figures_are_counted_by_hand():
    depth = np.full((10, 10), 1.2, np.float32)
    depth[0], depth[1], depth[2:4] = np.nan, np.inf, 6
    summary = DataSetStatistics(frames=9)
    summary.add(sample(depth))
    summary.add(sample(np.full((10, 20), np.nan, np.float32), 'blind'))
    lines = statistics_text('x', 'val', summary).splitlines()
    assert lines[0] == 'x val: 9 frames, 2 looked at'
    assert lines[1] == 'sizes: 10x10 (1), 20x10 (1)'
    assert 'fx 10.00, fy 10.00, cx 5.00, cy 5.00' in lines[2]
    assert lines[4].startswith('  looks wrong: principal point cx 5 lies far from the middle')
    assert lines[5] == 'unknown: 70.0% of pixels, sky: 3.3%'  # 10 + 200 and 10 of 300
    assert lines[6].startswith('depth: 1.20 m to 6.00 m')
    bars = [line.split() for line in lines[7:-1]]
    assert bars[0] == ['1', '-', '1.5', 'm', '75.0%', 40 * '#']
    assert bars[-1] == ['5', '-', '7', 'm', '25.0%', 13 * '#']  # 40 / 3
    assert all(bar[-1] == '0.0%' for bar in bars[1:-1])
    assert lines[-1] == '1 frame without known depth, as blind'


def test_frames_are_spread_over_the_set(folder):
    source = open_data(f'mine={folder}', 'train')
    summary, samples = inspect(source, 3)
    assert (summary.frames, summary.read) == (6, 3)
    assert [s.name for s in samples] == ['mine/0000', 'mine/0002', 'mine/0005']
    assert inspect(source, 0)[0].read == 6


def test_sheet_shows_near_blue_far_red_unknown_black_sky_white(tmp_path):
    depth = np.full((240, 320), 1, np.float32)
    depth[:, 160:], depth[:60, :160], depth[:60, 160:] = 10, np.nan, np.inf
    write_sheet(tmp_path / 'new' / 'sheet.png', [sample(depth)])
    sheet = cv2.imread(str(tmp_path / 'new' / 'sheet.png'))
    top = 20 + 20  # the scale and the name above the image
    assert sheet[top + 10, 50].tolist() == [77, 77, 77]
    shown = sheet[top + 240:top + 480]
    assert shown[20, 50].tolist() == [0, 0, 0] and shown[20, 300].tolist() == [255, 255, 255]
    near, far = shown[150, 50].astype(int), shown[150, 300].astype(int)
    assert near[0] > near[2] and far[2] > 90 > far[0]  # BGR


def test_command_tells_and_draws(folder, tmp_path, capsys):
    sheet = tmp_path / 'sheet.png'
    assert main(['data', f'mine={folder}', '--split', 'val', '--sheet', str(sheet)]) == 0
    out = capsys.readouterr().out
    assert 'mine val: 2 frames, 2 looked at' in out and 'unknown: 1.6% of pixels' in out
    assert sheet.stat().st_size > 1000
    assert main(['data', str(folder)]) == 0
    assert 'set train: 6 frames' in capsys.readouterr().out


@pytest.mark.parametrize('part, word', [('.', '.'), ('rgb', '..')])
def test_the_folder_one_is_in_has_its_name(folder, monkeypatch, capsys, part, word):
    monkeypatch.chdir(folder / part)
    assert main(['data', word]) == 0
    assert 'set train: 6 frames' in capsys.readouterr().out


@pytest.mark.parametrize('words, message', [
    (['/no/such/place'], 'error: no file or folder /no/such/place'),
    (['{folder}', '--split', 'test'], 'error: .*test.txt is missing'),
    (['{folder}', '--sheet', '/proc/sheet.png'], 'error: cannot write /proc/sheet.png')])
def test_mistakes_are_one_sentence(folder, capsys, words, message):
    assert main(['data', *(word.format(folder=folder) for word in words)]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert re.search(message, error)


def test_broken_frames_are_counted_and_named(folder, capsys):
    (folder / 'depth' / '0001.png').write_bytes(b'half')
    assert main(['data', str(folder)]) == 1
    told = capsys.readouterr()
    assert '6 frames, 5 looked at' in told.out
    assert 'error: 1 of 6 frames cannot be used; the first: ' in told.err
    assert '0001.png is no readable image' in told.err


def test_a_set_of_broken_frames_has_no_sheet(folder, tmp_path, capsys):
    for path in (folder / 'depth').iterdir():
        path.write_bytes(b'')
    assert main(['data', str(folder), '--sheet', str(tmp_path / 'x.png')]) == 1
    told = capsys.readouterr()
    assert 'no frame could be read' in told.err
    assert told.out.splitlines() == ['set train: 6 frames, 0 looked at']
