"""A layout is not a data set: a list as BTS writes them, of one's own images."""

import json
from pathlib import Path
import pickle

import cv2
import numpy as np
import pytest

from train.__main__ import main
from train.data.data_sets import open_data
from train.data.samples.data_notes import DataNote
from train.data.samples.splits import MissingSplit
from train.data.sources.nyu import KINECT

OWN = {'width': 640, 'height': 480, 'fx': 400.0, 'fy': 401.0, 'cx': 300.0, 'cy': 200.0,
       'depth_unit_m': 0.0002}


@pytest.fixture
def place(tmp_path):
    """Four 640x480 images of 2000 units of depth, in a list beside rgb/ and depth/."""
    lines = []
    for name in ('rgb', 'depth'):
        (tmp_path / name).mkdir()
    for number in range(4):
        for name, pixels in (('rgb', np.full((480, 640, 3), 90, np.uint8)),
                             ('depth', np.full((480, 640), 2000, np.uint16))):
            cv2.imwrite(str(tmp_path / name / f'{number}.png'), pixels)
        lines.append(f'rgb/{number}.png depth/{number}.png 500.0')
    (tmp_path / 'my_train_list.txt').write_text('\n'.join(lines))
    return tmp_path


def test_an_own_list_does_not_become_nyu(place):
    with pytest.warns(DataNote, match='not called nyu: nothing of NYU-Depth-v2 is assumed'):
        source = open_data(f'mine={place / "my_train_list.txt"}', 'train')
    sample = source[0]
    assert source.terms == 'terms not recorded'
    assert np.isfinite(sample.depth).all()  # no white frame
    assert (sample.camera.fx, sample.camera.fy) == (500, 500)
    assert (sample.camera.cx, sample.camera.cy) == (319.5, 239.5)  # the middle
    assert sample.depth[0, 0] == 2  # millimetres


def test_what_is_assumed_without_a_camera_is_said(place, capsys):
    assert main(['data', f'mine={place / "my_train_list.txt"}']) == 0
    told = capsys.readouterr().err
    assert 'principal point in the middle of the image' in told and 'millimetres' in told


def test_camera_and_unit_beside_an_own_list_hold(place):
    (place / 'camera.json').write_text(json.dumps(OWN))
    sample = pickle.loads(pickle.dumps(open_data(f'mine={place / "my_train_list.txt"}', 'val')))[0]
    assert (sample.camera.fx, sample.camera.cy) == (400, 200)
    assert sample.depth[0, 0] == pytest.approx(0.4)


def test_a_folder_with_a_list_beside_is_the_folder_layout(place):
    (place / 'camera.json').write_text(json.dumps(OWN))
    (place / 'train.txt').write_text('0\n1\n')
    source = open_data(f'mine={place}', 'train')
    assert source.keys == ('0', '1') and source[0].camera.fx == 400


def test_splits_of_an_own_list(place):
    mine = f'mine={place / "my_train_list.txt"}'
    keys = {split: open_data(mine, split).keys for split in ('train', 'val')}
    assert sorted(keys['train'] + keys['val']) == [f'rgb/{n}' for n in range(4)]
    assert len(keys['val']) == 1
    with pytest.raises(MissingSplit, match=r'no list \*test\*.txt: lists there: my_train_list'):
        open_data(mine, 'test')
    (place / 'my_val_list.txt').write_text('rgb/0.png depth/0.png 500\n')
    with pytest.warns(DataNote, match="1 frames are in train and in val, as 'rgb/0'"):
        assert open_data(mine, 'val').keys == ('rgb/0',)
    assert len(open_data(mine, 'train')) == 4


@pytest.mark.parametrize('text, message', [
    ('rgb/0.png depth/0.png\nrgb/1.png depth/1.png 5\n', 'line 1: metric depth needs the camera'),
    ('# mine\nrgb/0.png depth/0.png 5\nrgb/1.png\n', 'line 3: expected RGB DEPTH FOCAL'),
    ('\nrgb/9.png depth/9.png 5\nrgb/8.png depth/8.png 5\n',
     r'my_train_list.txt, line [23], lists rgb/[89].png, which lies')])
def test_broken_own_lists_are_named(place, text, message):
    path = place / 'my_train_list.txt'
    path.write_text(text)
    with pytest.raises((ValueError, OSError), match=message):
        open_data(f'mine={path}', 'train')


def test_a_missing_depth_is_named_with_its_line(place):
    source = open_data(f'mine={place / "my_train_list.txt"}', 'train')
    number = Path(source.keys[0]).name
    (place / 'depth' / f'{number}.png').unlink()
    with pytest.raises(OSError, match=rf'line {int(number) + 1}: depth .*{number}.png is missing'):
        source[0]


def test_nyu_says_what_it_assumes(place):
    (place / 'rgb').rename(place / 'kitchen_0001')
    (place / 'depth').rename(place / 'office_0002')
    lines = [f'{a}/{n}.png {b}/{n}.png 500.0' for n in range(2) for a, b in (
        ('kitchen_0001', 'office_0002'), ('office_0002', 'office_0002'))]
    (place / 'my_train_list.txt').write_text('\n'.join(lines))
    with pytest.warns(DataNote, match='nyu is taken for NYU-Depth-v2, .*principal point of its '
                                      'Kinect, .*millimetres, its white frame.*terms of use'):
        sample = open_data(f'nyu={place / "my_train_list.txt"}', 'train')[0]
    assert sample.camera.cx == KINECT.cx and np.isnan(sample.depth[0, 0])


def test_layouts_without_a_camera_need_the_name(tmp_path):
    (tmp_path / 'nyu2_train.csv').write_text('data/a/b/1.jpg,data/a/b/1.png\n')
    with pytest.raises(ValueError, match='hold no camera: if it is that, say nyu='):
        open_data(f'mine={tmp_path}', 'train')
