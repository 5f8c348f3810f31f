"""KITTI's layouts: projected depth, raw lidar through its calibration, official splits."""

import pickle

import cv2
import numpy as np
import pytest

from mono_depth_ros.camera import Camera
from train.data.data_sets import open_data

DATE = '2011_09_26'
DRIVES = tuple(f'{DATE}_drive_{number:04d}_sync' for number in (1, 2, 5))
# Camera 2 sits 0.06 m left of the rectified frame, so P has 30 * 0.06 = 1.8 in its last column.
CAMERAS = '''calib_time: 09-Jan-2012 13:57:47
corner_dist: 9.950000e-02
R_rect_00: -1 0 0 0 -1 0 0 0 1
P_rect_02: 30 0 20 1.8 0 30 10 0 0 0 1 0
'''
# Lidar x forward, y left, z up to camera x right, y down, z forward; lidar 0.5 m behind. The
# camera hangs upside down (R is half a turn off), which R_rect_00 puts right.
LIDAR = '''calib_time: 15-Mar-2012 11:37:16
R: 0 1 0 0 0 1 1 0 0
T: 0 0 -0.5
'''
CAMERA = Camera(fx=30, fy=30, cx=20, cy=10, width=40, height=20)


def write_raw(root, drive, frames=(5, 6), points=((10.5, 0, 0), (6.5, 1, 0), (-3, 0, 0))):
    for folder in (root / DATE / drive / 'image_02' / 'data',
                   root / DATE / drive / 'velodyne_points' / 'data'):
        folder.mkdir(parents=True)
    (root / DATE / 'calib_cam_to_cam.txt').write_text(CAMERAS)
    (root / DATE / 'calib_velo_to_cam.txt').write_text(LIDAR)
    for frame in frames:
        place = root / DATE / drive
        cv2.imwrite(str(place / 'image_02' / 'data' / f'{frame:010d}.png'),
                    np.full((20, 40, 3), (10, 20, 200), np.uint8))
        cloud = np.array([(*point, 0.3) for point in points], np.float32)
        cloud.tofile(place / 'velodyne_points' / 'data' / f'{frame:010d}.bin')


def write_projected(root, kind, frames=(5, 6)):
    folder = root / 'proj_depth' / kind / 'image_02'
    folder.mkdir(parents=True)
    depth = np.zeros((20, 40), np.uint16)
    depth[3, 4], depth[12, 30] = 256 * 7 + 128, 256 * 80
    for frame in frames:
        cv2.imwrite(str(folder / f'{frame:010d}.png'), depth)


@pytest.fixture
def place(tmp_path):
    """The depth set with its official splits, and the raw data beside it."""
    for drive, split in zip(DRIVES, ('train', 'train', 'val')):
        write_raw(tmp_path / 'raw', drive)
        write_projected(tmp_path / split / drive, 'groundtruth')
        write_projected(tmp_path / split / drive, 'velodyne_raw', frames=(5, 6, 7))
    return tmp_path


def known(depth):
    return {(row, column): float(depth[row, column]) for row, column in np.argwhere(
        np.isfinite(depth)).tolist()}


def test_depth_set_keeps_its_splits(place):
    train, val = (open_data(f'kitti={place}', split) for split in ('train', 'val'))
    assert val.keys == tuple(f'{DRIVES[2]}/{frame:010d}' for frame in (5, 6))
    assert len(train) == 4
    sample = pickle.loads(pickle.dumps(train))[0]
    assert sample.camera == CAMERA and tuple(sample.rgb[0, 0]) == (200, 20, 10)
    assert known(sample.depth) == {(3, 4): 7.5, (12, 30): 80}
    with pytest.raises(ValueError, match="no frame of the split 'test': train, val there"):
        open_data(f'kitti={place}', 'test')


def test_single_scans_are_made_dense_for_training_alone(tmp_path):
    for drive in DRIVES:
        write_raw(tmp_path, drive)
        write_projected(tmp_path / drive, 'velodyne_raw')
    train, val = (open_data(f'kitti={tmp_path}', split) for split in ('train', 'val'))
    assert not set(train.keys) & set(val.keys) and len(val) == 2
    assert known(val[0].depth) == {(3, 4): 7.5, (12, 30): 80}
    dense = train[0].depth
    assert dense[3, 4] == 7.5 and dense[3, 6] == pytest.approx(7.5)
    assert np.isnan(dense[3, 15])


def test_raw_lidar_lands_on_its_pixels(tmp_path):
    """(10.5, 0, 0) is 10 m ahead of the camera: column 20 + 1.8/10 = 20.18, row 10.

    (6.5, 1, 0) is 6 m ahead and 1 m left: column 20 - 5 + 1.8/6 = 15.3, row 10.
    """
    for drive in DRIVES:
        write_raw(tmp_path, drive)
    val = open_data(f'kitti={tmp_path}', 'val')
    assert known(val[0].depth) == {(10, 20): 10, (10, 15): 6}
    assert val[0].camera == CAMERA


def test_scans_without_an_image_are_left_out(tmp_path):
    for drive in DRIVES:
        write_raw(tmp_path, drive)
    key = open_data(f'kitti={tmp_path}', 'train').keys[0]
    drive, frame = key.split('/')
    (tmp_path / DATE / drive / 'image_02' / 'data' / f'{frame}.png').unlink()
    assert key not in open_data(f'kitti={tmp_path}', 'train').keys


@pytest.mark.parametrize('pattern, content, message', [
    ('raw/*/*/image_02/data/*', None, 'is missing: the depth sets come without photographs'),
    ('raw/*/*/image_02/data/*', b'half', 'cannot read picture'),
    ('raw/*/calib_cam_to_cam.txt', None, 'calib_cam_to_cam.txt is missing: metric depth needs'),
    ('raw/*/calib_cam_to_cam.txt', b'P_rect_02: 1 2\n', 'no P_rect_02 of 3x4 numbers .got 2'),
    ('train/*/proj_depth/groundtruth/image_02/*', b'half', 'no readable image')])
def test_broken_depth_sets_are_named(place, pattern, content, message):
    source = open_data(f'kitti={place}', 'train')
    for path in place.glob(pattern):
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    with pytest.raises((ValueError, OSError), match=message):
        source[0]


def test_depth_of_another_size_is_refused(place):
    for path in place.glob('train/*/proj_depth/groundtruth/image_02/*'):
        cv2.imwrite(str(path), np.ones((10, 40), np.uint16))
    with pytest.raises(ValueError, match=r'expected \(20, 40\).*as the image, got \(10, 40\)'):
        open_data(f'kitti={place}', 'train')[0]


@pytest.mark.parametrize('file, content, message', [
    ('*/velodyne_points/data/*', b'12345678', 'holds 8 bytes, expected float32 x, y, z'),
    ('calib_velo_to_cam.txt', b'R: 1 0\n', 'no R of 3x3 numbers')])
def test_broken_raw_data_is_named(tmp_path, file, content, message):
    for drive in DRIVES:
        write_raw(tmp_path, drive)
    for path in (tmp_path / DATE).glob(file):
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        open_data(f'kitti={tmp_path}', 'train')[0]
