"""DenseDepth's csv lists: 8-bit and 16-bit depth, the zip's paths, splits by scene."""

import pickle

import cv2
import numpy as np
import pytest
from train_helpers import put_instead

from train.data.data_sets import open_data
from train.data.sources.densedepth import accepts
from train.data.sources.nyu import KINECT, scene_of

SCENES = ('living_room_0038_out', 'kitchen_0028a_out', 'kitchen_0028b_out', 'office_0001_out')


def write_pair(rgb, depth, raw):
    rgb.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(rgb), np.full((480, 640, 3), (10, 20, 200), np.uint8))
    cv2.imwrite(str(depth), raw)


@pytest.fixture
def place(tmp_path):
    """What the published zip unpacks to: four training scenes and one test image."""
    data = tmp_path / 'data'
    rows = []
    eight_bit = np.full((480, 640), 51, np.uint8)
    eight_bit[100, 300], eight_bit[100, 301] = 0, 255
    for scene in SCENES:
        start = f'nyu2_train/{scene}/37'
        write_pair(data / f'{start}.jpg', data / f'{start}.png', eight_bit)
        rows.append(f'data/{start}.jpg,data/{start}.png')
    (data / 'nyu2_train.csv').write_text('\n'.join(rows) + '\n')
    sixteen_bit = np.full((480, 640), 2345, np.uint16)
    sixteen_bit[100, 300] = 0
    names = [f'nyu2_test/00000_{part}.png' for part in ('colors', 'depth')]
    write_pair(data / names[0], data / names[1], sixteen_bit)
    (data / 'nyu2_test.csv').write_text(','.join(f'data/{name}' for name in names))
    return tmp_path


def test_training_depth_is_ten_metres_in_255_steps(place):
    sample = pickle.loads(pickle.dumps(open_data(f'nyu={place}', 'train')))[0]
    assert sample.camera == KINECT and sample.depth.dtype == np.float32
    assert sample.depth[10, 10] == pytest.approx(2.0)  # 51 * 10 / 255
    assert np.isnan(sample.depth[100, 300]) and sample.depth[100, 301] == pytest.approx(10)
    assert sample.rgb[240, 320, 0] > 180 > 60 > sample.rgb[240, 320, 2]
    assert np.isfinite(sample.depth).sum() == 467 * 625 - 1


def test_test_depth_is_millimetres(place):
    source = open_data(f'nyu={place}', 'test')
    assert source.keys == ('nyu2_test/00000',) and source[0].name == 'nyu/nyu2_test/00000'
    assert source[0].depth[10, 10] == pytest.approx(2.345)
    assert tuple(source[0].rgb[0, 0]) == (200, 20, 10) and np.isnan(source[0].depth[100, 300])


def test_place_may_be_the_list_or_either_folder_and_be_renamed(place):
    (place / 'data').rename(place / 'nyu_dense')
    folder = place / 'nyu_dense'
    lists = [folder / 'nyu2_train.csv', folder / 'nyu2_test.csv']
    keys = {open_data(f'nyu={path}', 'train').keys for path in (folder, *lists)}
    assert len(keys) == 1 and accepts(folder) and not accepts(place)
    assert open_data(f'nyu={folder}', 'train')[0].depth.shape == (480, 640)


def test_rooms_stay_in_one_split(place):
    keys = {split: open_data(f'nyu={place}', split).keys for split in ('train', 'val')}
    rooms = {split: {key[:7] for key in keys[split]} for split in keys}
    assert sorted(keys['train'] + keys['val']) == sorted(f'{scene}/37' for scene in SCENES)
    assert scene_of('kitchen_0028a_out') == scene_of('kitchen_0028b_out') == 'kitchen_0028'
    assert scene_of('nyu_office_1') == 'nyu_office_1' and scene_of('official') == 'official'
    assert len(rooms['val']) == 1 and not rooms['train'] & rooms['val']
    with pytest.raises(ValueError, match='its splits are train, val, test'):
        open_data(f'nyu={place}', 'night')


@pytest.mark.parametrize('text, message', [
    ('', 'nyu2_test.csv lists no frame'),
    ('data/nyu2_test/a.png\n', r"line 1: expected data/FOLDER/PICTURE.* got 'data/.*a.png'"),
    ('a.png,b.png', 'line 1: expected'), (None, 'nyu2_test.csv is missing')])
def test_broken_lists_are_named(place, text, message):
    path = place / 'data' / 'nyu2_test.csv'
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises((ValueError, OSError), match=message):
        open_data(f'nyu={place}', 'test')


@pytest.mark.parametrize('name, content, message', [
    ('00000_colors.png', b'half', 'cannot read picture .*00000_colors.png'),
    ('00000_colors.png', None, 'cannot read picture .*00000_colors.png'),
    ('00000_depth.png', b'half', 'depth .*00000_depth.png is no readable image'),
    ('00000_depth.png', np.ones((480, 640, 3), np.uint8), 'one channel of uint8 or uint16, or'),
    ('00000_depth.png', np.ones((240, 320), np.uint16), r'expected .*got .* and \(240, 320\)')])
def test_broken_frames_are_named(place, name, content, message):
    source = open_data(f'nyu={place}', 'test')
    path = place / 'data' / 'nyu2_test' / name
    put_instead(path, content)
    with pytest.raises((ValueError, OSError), match=message):
        source[0]
