"""Simulated driving in the ROB 599 layout: z of the nearest point, splits by folder."""

import pickle

import cv2
import numpy as np
import pytest

from mono_depth_ros.camera import Camera
from train.data.data_set_facts import GTA
from train.data.data_sets import open_data
from train.data.samples.data_notes import DataNote

PROJECTION = np.array([[30, 0, 19.5, 0], [0, 30, 9.5, 0], [0, 0, 1, 0]], np.float32)


def write_frame(folder, number):
    """A frame of 40x20 pixels with points 4 m and 9 m ahead on one pixel, and one beside."""
    folder.mkdir(parents=True, exist_ok=True)
    start = folder / f'{number:04d}'
    image = np.full((20, 40, 3), (10, 20, 200), np.uint8)
    cv2.imwrite(f'{start}_image.jpg', image)
    points = np.array([(0, 0, 9), (0, 0, 4), (2, -1, 6), (0, 0, -3)], np.float32)
    points.T.tofile(f'{start}_cloud.bin')
    PROJECTION.tofile(f'{start}_proj.bin')


@pytest.fixture
def place(tmp_path):
    for drive in range(4):
        for number in range(3):
            write_frame(tmp_path / 'trainval' / f'drive{drive}', number)
    return tmp_path


def test_frame_is_read_as_documented(place):
    source = open_data(f'gta={place}', 'train')
    sample = pickle.loads(pickle.dumps(source))[0]
    assert sample.camera == Camera(fx=30, fy=30, cx=19.5, cy=9.5, width=40, height=20)
    assert sample.name == f'gta/{source.keys[0]}' and sample.depth.dtype == np.float32
    assert sample.rgb[5, 5, 0] > 180 > 60 > sample.rgb[5, 5, 2]
    known = np.argwhere(np.isfinite(sample.depth)).tolist()
    # (2, -1, 6) falls on column 19.5 + 30 * 2/6 = 29.5, row 9.5 - 5 = 4.5; halves round up.
    assert known == [[5, 30], [10, 20]]
    assert sample.depth[10, 20] == 4 and sample.depth[5, 30] == 6


def test_terms_are_taken_where_the_name_says_so(place):
    source = open_data(f'gta_drives={place}', 'train')
    assert source.terms == GTA.terms and np.isfinite(source[0].depth).sum() == 2
    with pytest.warns(DataNote, match='not called gta: nothing of .* is assumed'):
        assert open_data(f'mine={place}', 'train').terms == 'terms not recorded'
    with pytest.raises(ValueError, match='called as NYU-Depth-v2, but it lies as'):
        open_data(f'nyu={place}', 'train')


def test_a_drive_lies_in_one_split_only(place):
    drives = {split: {key.split('/')[1] for key in open_data(f'gta={place}', split).keys}
              for split in ('train', 'val')}
    assert len(drives['train']) == 3 and len(drives['val']) == 1
    assert not drives['train'] & drives['val']
    with pytest.raises(ValueError, match="no frame left for the split 'test'.*20 make test"):
        open_data(f'gta={place}', 'test')
    with pytest.raises(ValueError, match='splits here are train, val, test'):
        open_data(f'gta={place}', 'night')


def test_one_folder_splits_by_frame(place):
    folder = place / 'trainval' / 'drive0'
    keys = [open_data(f'gta={folder}', split).keys for split in ('train', 'val')]
    assert sorted(keys[0] + keys[1]) == ['0000', '0001', '0002']


@pytest.mark.parametrize('suffix, content, message', [
    ('_cloud.bin', None, 'cannot read .*_cloud.bin: No such file.*each image needs'),
    ('_cloud.bin', b'1234' * 4, 'holds 16 bytes, expected float32 numbers in 3 rows'),
    ('_cloud.bin', b'', 'holds 0 bytes'),
    ('_proj.bin', PROJECTION[:, :3].tobytes(), 'is no projection'),
    ('_proj.bin', (0 * PROJECTION).tobytes(), 'is no projection'),
    ('_image.jpg', b'half a file', 'cannot read picture .*_image.jpg')])
def test_broken_files_are_named(place, suffix, content, message):
    source = open_data(f'gta={place}', 'train')
    path = place / f'{source.keys[1]}{suffix}'
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((ValueError, OSError), match=message):
        source[1]
