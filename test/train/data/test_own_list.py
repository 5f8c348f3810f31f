"""A layout is not a data set: a list as BTS writes them, of one's own images."""

import json
from pathlib import Path
import pickle

import cv2
import numpy as np
import pytest

from train.__main__ import main
from train.data.data_sets import data_use, open_data, RULES
from train.data.samples.data_notes import DataNote
from train.data.samples.splits import MissingSplit
from train.data.sources.list_files import split_said
from train.data.sources.nyu import KINECT
from train.data.sources.own_list import scenes_of
from train.fitting.run_folder import begin_run, read_run

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


@pytest.fixture
def scenes(tmp_path):
    """Five scenes of four 64x48 images, `sceneS/color/N.jpg`; depth of scene S is 1 + S metres."""
    lines = []
    for scene in range(5):
        for folder, name, pixels in (('color', '.jpg', np.full((48, 64, 3), 9, np.uint8)),
                                     ('depth', '.png', np.full((48, 64), 1000 * (1 + scene),
                                                               np.uint16))):
            (tmp_path / f'scene{scene}' / folder).mkdir(parents=True)
            for number in range(4):
                cv2.imwrite(str(tmp_path / f'scene{scene}/{folder}/{number}{name}'), pixels)
        lines += [f'scene{scene}/color/{n}.jpg scene{scene}/depth/{n}.png 60' for n in range(4)]
    (tmp_path / 'my_train.txt').write_text('\n'.join(lines))
    return tmp_path


def test_frames_of_the_same_name_in_several_scenes_all_count(scenes, recwarn):
    """Keys were FOLDER/NAME, so of five scenes only the last was left."""
    train, val = (open_data(f'mine={scenes}', split) for split in ('train', 'val'))
    assert (len(train), len(val)) == (16, 4)
    assert 'scene' in val.keys[0] and len({key.split('/')[0] for key in val.keys}) == 1
    assert not {key.split('/')[0] for key in train.keys} & {val.keys[0].split('/')[0]}
    assert {round(float(train[i].depth[0, 0])) for i in range(16)} | {
        round(float(val[0].depth[0, 0]))} == {1, 2, 3, 4, 5}
    assert not any('twice' in str(warning.message) for warning in recwarn)


def test_a_picture_listed_twice_counts_once(scenes):
    path = scenes / 'my_train.txt'
    path.write_text(path.read_text() + '\n./scene1/color/2.jpg scene1/depth/3.png 60')
    with pytest.warns(DataNote, match='lists 1 frames twice: each counts once'):
        keys = [key for split in ('train', 'val') for key in open_data(f'mine={path}', split).keys]
    assert len(keys) == 20


def test_pictures_of_two_kinds_with_one_name_are_two(scenes):
    cv2.imwrite(str(scenes / 'scene0/color/0.png'), np.full((48, 64, 3), 200, np.uint8))
    (scenes / 'two_train.txt').write_text('scene0/color/0.jpg scene0/depth/0.png 60\n'
                                          'scene0/color/0.png scene0/depth/0.png 60\n'
                                          'scene0/color/1.jpg scene0/depth/1.png 60\n')
    mine = f'mine={scenes / "two_train.txt"}'
    keys = [*open_data(mine, 'train').keys, *open_data(mine, 'val').keys]
    assert sorted(keys) == ['scene0/color/0.jpg', 'scene0/color/0.png', 'scene0/color/1.jpg']


def test_cameras_of_a_list_by_path_or_by_folder_and_name(scenes):
    own = {**OWN, 'width': 64, 'height': 48}
    (scenes / 'camera.json').write_text(json.dumps(own))
    (scenes / 'cameras.jsonl').write_text('\n'.join(
        json.dumps({**own, 'key': key, 'fx': fx})
        for key, fx in (('scene1/color/0', 70), ('color/3', 80))))
    focal = {}
    for split in ('train', 'val'):
        source = open_data(f'mine={scenes}', split)
        focal |= {key: source[i].camera.fx for i, key in enumerate(source.keys)}
    assert focal['scene1/color/0'] == 70 and focal['scene2/color/0'] == 400
    assert focal['scene0/color/3'] == focal['scene4/color/3'] == 80


@pytest.mark.parametrize('keys, scenes', [
    (['a/color/1', 'b/color/1'], ['a', 'b']), (['a/rgb/1', 'b/color/1'], ['a', 'b']),
    (['d/a/im/2/1', 'd/b/im/2/1'], ['d/a', 'd/b']), (['rgb/1', 'rgb/2'], ['', '']),
    (['a/left/1', 'a/right/1', 'b/left/1'], ['a', 'a', 'b']),
    (['kitchen/1', '1'], ['kitchen', ''])])
def test_scenes_are_the_folders_above_those_of_the_pictures(keys, scenes):
    assert scenes_of(keys) == scenes


@pytest.mark.parametrize('name, split', [
    ('nyudepthv2_train_files_with_gt.txt', 'train'), ('latest.txt', ''), ('interval.txt', ''),
    ('my-Val2.txt', 'val'), ('train_val.txt', 'train'), ('validation.txt', 'val'),
    ('test', 'test'), ('constrain.txt', ''), ('trainlist.txt', 'train'), ('testset2.txt', 'test'),
    ('mytrain.txt', '')])
def test_words_in_a_name_say_its_split(name, split):
    assert split_said(Path(name)) == split


def test_a_list_given_by_itself_is_the_one_that_is_read(scenes):
    few = (scenes / 'my_train.txt').read_text().splitlines()[:4]
    for name in ('kitchen.txt', 'latest.txt', 'interval.txt'):
        (scenes / name).write_text('\n'.join(few))
        splits = [open_data(f'mine={scenes / name}', split).keys for split in ('train', 'val')]
        assert sorted(splits[0] + splits[1]) == [f'scene0/color/{n}' for n in range(4)]
    (scenes / 'my_val.txt').write_text('scene4/color/3.jpg scene4/depth/3.png 60')
    assert len(open_data(f'mine={scenes / "my_val.txt"}', 'train')) == 20
    with pytest.warns(DataNote, match=r'kitchen.txt is taken .*training, my_val.txt beside it'):
        assert len(open_data(f'mine={scenes / "kitchen.txt"}', 'train')) == 4


@pytest.mark.parametrize('name', ['trainlist.txt', 'mytrain.txt'])
def test_a_folder_whose_list_contains_train_opens(scenes, name):
    (scenes / 'my_train.txt').rename(scenes / name)
    assert sum(len(open_data(f'mine={scenes}', split)) for split in ('train', 'val')) == 20


@pytest.mark.parametrize('name', ['testlist.txt', 'nyutest.txt'])
def test_a_test_list_of_nyu_is_never_learned_from(scenes, name):
    (scenes / 'my_train.txt').rename(scenes / 'trainlist.txt')
    (scenes / name).write_text('scene4/color/3.jpg scene4/depth/3.png 60\n')
    with pytest.raises(ValueError, match='trainlist.txt holds 1 training scenes'):
        open_data(f'nyu={scenes / name}', 'train')
    assert open_data(f'nyu={scenes / name}', 'test').keys == ('color/3',)


def test_pictures_of_two_kinds_in_train_and_val_are_said(scenes):
    """Keys keep the suffix of a whole list where two pictures differ by it alone."""
    lines = [f'scene0/color/0.{kind} scene0/depth/0.png 60' for kind in ('jpg', 'png')]
    (scenes / 'my_train.txt').write_text('\n'.join(lines))
    (scenes / 'my_val.txt').write_text(lines[0])
    with pytest.warns(DataNote, match='1 frames are in train and in val'):
        open_data(f'mine={scenes}', 'val')


def test_the_list_called_alike_is_that_of_val(scenes):
    for name in ('kitchen', 'office'):
        for split, number in (('train', 0), ('val', 1)):
            (scenes / f'{name}_{split}.txt').write_text(
                f'scene1/color/{number}.jpg scene1/depth/1.png 60\n')
    assert open_data(f'mine={scenes / "kitchen_train.txt"}', 'val').keys == ('scene1/color/1',)
    with pytest.raises(ValueError, match='found kitchen_train.txt, my_train.txt, office_train'):
        open_data(f'mine={scenes}', 'train')


def test_every_frame_of_one_list_is_in_train_or_val(scenes):
    """A tenth was in a split for testing that no list of testing asked for."""
    names = [f'scene0/color/{n:03}.jpg scene0/depth/{n:03}.png 60' for n in range(100)]
    for suffix, kind in (('jpg', 'color'), ('png', 'depth')):
        (scenes / f'scene0/{kind}/0.{suffix}').rename(scenes / f'scene0/{kind}/000.{suffix}')
    (scenes / 'my_train.txt').write_text('\n'.join(names))
    # Pictures are looked for by the first of a split.
    for n in range(100):
        (scenes / f'scene0/color/{n:03}.jpg').touch()
    train, val = (open_data(f'mine={scenes}', split).keys for split in ('train', 'val'))
    assert (len(train), len(val)) == (90, 10) and not set(train) & set(val)


def test_a_run_from_before_reads_its_list_as_it_did(scenes):
    """Its keys, and so its hash, and its val."""
    keys = {split: open_data(f'mine={scenes}', split, rules=1).keys for split in ('train', 'val')}
    assert sorted(keys['train'] + keys['val']) == [f'color/{n}' for n in range(4)]
    source = open_data(f'mine={scenes}', 'val', rules=1)
    assert source[0].depth[0, 0] == 5  # the last scene's


def test_a_run_records_the_rules_of_its_data(scenes, tmp_path):
    begin_run(tmp_path / 'run', 'mobile', (), (f'mine={scenes}',))
    path = tmp_path / 'run' / 'run.json'
    run = json.loads(path.read_text())
    assert run['rules'] == RULES and len(read_run(tmp_path / 'run').sources('train')[0]) == 16
    del run['rules']
    before = open_data(f'mine={scenes}', 'train', rules=1)
    path.write_text(json.dumps({**run, 'frames': [len(before)],
                                'keys_sha256': [data_use(before).keys_sha256]}))
    assert read_run(tmp_path / 'run').sources('train')[0].keys == before.keys
    assert len(read_run(tmp_path / 'run').validation()[0]) == 1
