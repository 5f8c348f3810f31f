"""BTS file lists: millimetres, focal length per line, roots, splits by scene, broken lines."""

import pickle

import cv2
import numpy as np
import pytest
from train_helpers import put_instead

from train.data.data_sets import open_data
from train.data.samples.splits import MissingSplit
from train.data.sources.bts import accepts

FOCAL = 518.8579
TRAIN, TEST = 'nyudepthv2_train_files_with_gt.txt', 'nyudepthv2_test_files_with_gt.txt'
SCENES = ('kitchen_0028a', 'kitchen_0028b', 'office_0001', 'study_0003')


def write_pair(folder, number):
    """A red picture and depth that grows 1 mm a column from 1000 mm; a hole at row 100."""
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f'rgb_{number:05d}.jpg'), np.full((480, 640, 3), (10, 20, 200), 'u1'))
    depth = np.tile(np.arange(1000, 1640, dtype=np.uint16), (480, 1))
    depth[100, 300:310] = 0
    cv2.imwrite(str(folder / f'sync_depth_{number:05d}.png'), depth)


@pytest.fixture
def place(tmp_path):
    lines = []
    for scene in SCENES:
        write_pair(tmp_path / 'sync' / scene, 45)
        lines.append(f'/{scene}/rgb_00045.jpg /{scene}/sync_depth_00045.png {FOCAL}')
    lines.append(f'/{SCENES[0]}/rgb_00046.jpg None {FOCAL}')
    (tmp_path / TRAIN).write_text('\n'.join(lines) + '\n')
    write_pair(tmp_path / 'official_splits' / 'test' / 'bathroom', 46)
    (tmp_path / TEST).write_text('bathroom/rgb_00046.jpg bathroom/sync_depth_00046.png 500.5\n')
    return tmp_path


def test_frame_is_read_as_documented(place):
    sample = pickle.loads(pickle.dumps(open_data(f'nyu={place}', 'test')))[0]
    assert sample.name == 'nyu/bathroom/rgb_00046'
    assert sample.camera.fx == 500.5
    # 500.5 * 519.46961112127485 / 518.85790117450188
    assert sample.camera.fy == pytest.approx(501.09006, abs=1e-5)
    assert (sample.camera.cx, sample.camera.cy) == pytest.approx((325.58245, 253.73617))
    assert sample.rgb[240, 320, 0] > 180 > 60 > sample.rgb[240, 320, 2]
    assert sample.depth[10, 400] == pytest.approx(1.4) and np.isnan(sample.depth[100, 305])
    assert np.isfinite(sample.depth).sum() == 467 * 625 - 10


def test_list_or_folder_is_the_same_place(place):
    assert accepts(place) and accepts(place / TRAIN) and accepts(place / TEST)
    by_list = open_data(f'nyu={place / TRAIN}', 'test')
    assert by_list.keys == open_data(f'nyu={place}', 'test').keys == ('bathroom/rgb_00046',)


def test_frames_without_depth_are_left_out_and_rooms_stay_together(place):
    keys = {split: open_data(f'nyu={place}', split).keys for split in ('train', 'val')}
    rooms = {split: {key.split('/')[0].rstrip('ab') for key in keys[split]} for split in keys}
    assert sorted(keys['train'] + keys['val']) == [f'{scene}/rgb_00045' for scene in SCENES]
    assert len(rooms['val']) == 1 and not rooms['train'] & rooms['val']
    with pytest.raises(ValueError, match='its splits are train, val, test'):
        open_data(f'nyu={place}', 'night')


@pytest.mark.parametrize('text, message', [
    ('a/rgb.jpg a/depth.png 500\na/rgb.jpg a/depth.png\n', 'line 2: expected RGB DEPTH FOCAL, '
                                                           'got no focal length'),
    ('a/rgb.jpg a/depth.png 500\na/rgb.jpg a/depth.png -3\n', 'line 2: expected RGB DEPTH FOCAL'),
    ('a/rgb.jpg None 500\n', 'test.*txt lists no frame with depth'),
    ('a/rgb.jpg a/depth.png 500\n', 'lists a/rgb.jpg, which lies in none of .*sync'),
    ('d/a.png d/proj_depth/groundtruth/image_02/a.png 721.5377\n', 'lists KITTI frames')])
def test_broken_lists_are_named(place, text, message):
    (place / TEST).write_text(text)
    with pytest.raises((ValueError, OSError), match=message):
        open_data(f'nyu={place}', 'test')


def test_missing_and_doubtful_lists_are_named(place):
    (place / 'other_test.txt').write_text((place / TEST).read_text())
    with pytest.raises(ValueError, match='expected one list .*found nyudepthv2.*, other_test'):
        open_data(f'nyu={place}', 'test')
    for name in (TEST, 'other_test.txt'):
        (place / name).unlink()
    with pytest.raises(MissingSplit, match=r'expected one list \*test\*.txt .* found none'):
        open_data(f'nyu={place}', 'test')


def test_other_text_is_not_taken(tmp_path):
    (tmp_path / 'train.txt').write_text('0001\n0002\n')
    (tmp_path / 'test.txt').write_text('three plain words\n')
    assert not accepts(tmp_path) and not accepts(tmp_path / 'train.txt')


@pytest.mark.parametrize('name, content, message', [
    ('rgb_00046.jpg', b'half', 'cannot read picture .*rgb_00046.jpg'),
    ('sync_depth_00046.png', None, 'depth .*sync_depth_00046.png is missing'),
    ('sync_depth_00046.png', np.ones((480, 640), np.uint8), 'expected one channel of uint16, or'),
    ('sync_depth_00046.png', np.ones((8, 8), np.uint16), r'frame bathroom/.*got .* and \(8, 8\)')])
def test_broken_frames_are_named(place, name, content, message):
    source = open_data(f'nyu={place}', 'test')
    path = place / 'official_splits' / 'test' / 'bathroom' / name
    put_instead(path, content)
    with pytest.raises((ValueError, OSError), match=message):
        source[0]
