"""The labelled .mat of NYU-Depth-v2 in its true layout: axes, splits by scene, broken files."""

import pickle

import h5py
import numpy as np
import pytest

from train.data.data_sets import open_data
from train.data.sources.nyu import KINECT
from train.data.sources.nyu_labelled import accepts, LabelledSource

savemat = pytest.importorskip('scipy.io').savemat

# Image numbers from 1; scenes of 12 images, kitchen_0004 on two walks.
SCENES = ['office_0001', 'kitchen_0004a', 'kitchen_0004b', 'bedroom_0007', 'bath_0009'] + [
    f'study_{i:04d}' for i in range(7)]
TRAIN, TEST = (2, 3, 4, 6, 7, 8, 9, 10, 11, 12), (1, 5)


@pytest.fixture(scope='module')
def mat(tmp_path_factory):
    """As MATLAB 7.3 writes it: 512 bytes of its own first, compressed chunks, references."""
    path = tmp_path_factory.mktemp('nyu') / 'nyu_depth_v2_labeled.mat'
    count = len(SCENES)
    with h5py.File(path, 'w', userblock_size=512) as file:
        how = {'compression': 'gzip', 'compression_opts': 1}
        images = file.create_dataset('images', (count, 3, 640, 480), 'u1',
                                     chunks=(1, 3, 640, 480), **how)
        for name in ('depths', 'rawDepths'):
            file.create_dataset(name, (count, 640, 480), 'f4', chunks=(1, 640, 480), **how)
        for i in range(count):
            # Red tells a quarter of the column, green half the row, blue the image; depth is
            # 1 m + column in mm + row in tenths of a mm.
            column, row = np.mgrid[:640, :480]
            images[i] = np.stack([column // 4, row // 2, np.full_like(row, i)])
            depth = 1 + np.arange(640)[:, None] * 1e-3 + np.arange(480) * 1e-4
            file['depths'][i] = depth
            depth[300, 100:200] = 0
            file['rawDepths'][i] = depth
        references = file.create_dataset('scenes', (1, count), h5py.ref_dtype)
        for i, scene in enumerate(SCENES):
            letters = np.array([[ord(letter)] for letter in scene], np.uint16)
            references[0, i] = file.create_dataset(f'#refs#/{i}', data=letters).ref
    savemat(path.with_name('splits.mat'), {'trainNdxs': np.array([TRAIN], np.uint16).T,
                                           'testNdxs': np.array([TEST], np.uint16).T})
    return path


def test_a_frame_is_the_right_way_round(mat):
    source = pickle.loads(pickle.dumps(open_data(f'nyu={mat}', 'test')))
    assert source.keys == ('office_0001/0001', 'bath_0009/0005')
    sample = source[1]
    assert sample.camera == KINECT and sample.name == 'nyu/bath_0009/0005'
    assert sample.rgb.shape == (480, 640, 3) and tuple(sample.rgb[100, 400]) == (100, 50, 4)
    assert sample.depth.dtype == np.float32
    assert sample.depth[100, 400] == pytest.approx(1.41)
    rows, columns = np.nonzero(np.isfinite(sample.depth))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (7, 473, 7, 631)
    assert np.isfinite(sample.depth[7:474, 7:632]).all()


def test_raw_depth_keeps_its_holes(mat):
    path = mat.with_name(f'{mat.name}#raw')
    assert accepts(path) and accepts(mat) and not accepts(mat.parent)
    depth = LabelledSource(path, 'test')[0].depth
    assert np.isnan(depth[100:200, 300]).all() and np.isfinite(depth[99, 300])
    assert np.isnan(depth[7:474, 7:632]).sum() == 100


def test_splits_share_no_scene(mat):
    keys = {split: open_data(f'nyu={mat}', split).keys for split in ('train', 'val', 'test')}
    rooms = {split: {key.split('/')[0].rstrip('ab') for key in keys[split]} for split in keys}
    assert len(keys['train']) + len(keys['val']) == len(TRAIN) and len(rooms['val']) == 1
    assert not rooms['train'] & rooms['val'] and not rooms['train'] & rooms['test']
    assert keys == {s: open_data(f'nyu={mat}', s).keys for s in keys}
    with pytest.raises(ValueError, match='its splits are train, val, test'):
        open_data(f'nyu={mat}', 'night')


def small(path, **arrays):
    with h5py.File(path, 'w') as file:
        for name, (shape, kind) in arrays.items():
            file.create_dataset(name, shape, kind)


IMAGES, DEPTHS = ((2, 3, 640, 480), 'u1'), ((2, 640, 480), 'f4')


@pytest.mark.parametrize('arrays, message', [
    ({}, r"no array 'images', expected \(N, 3, 640, 480\) uint8; it holds nothing"),
    ({'images': ((2, 480, 640, 3), 'u1')}, r"'images': expected .*got \(2, 480, 640, 3\) uint8"),
    ({'images': ((2, 3, 640, 480), 'f4')}, 'got .* float32'),
    ({'images': IMAGES, 'rawDepths': DEPTHS}, "no array 'depths'.*it holds images, rawDepths"),
    ({'images': IMAGES, 'depths': ((3, 640, 480), 'f4')}, r'expected \(2, 640, 480\) floating'),
    ({'images': IMAGES, 'depths': DEPTHS}, "no array 'scenes'"),
    ({'images': IMAGES, 'depths': DEPTHS, 'scenes': ((1, 2), 'u8')}, r"'scenes': .*got \(1, 2\)")])
def test_wrong_arrays_are_named(tmp_path, arrays, message):
    small(tmp_path / 'labeled.mat', **arrays)
    with pytest.raises(ValueError, match=message):
        open_data(f'nyu={tmp_path / "labeled.mat"}', 'test')


def test_half_a_file_is_named(mat, tmp_path):
    half = tmp_path / 'labeled.mat'
    half.write_bytes(mat.read_bytes()[:mat.stat().st_size // 2])
    with pytest.raises(OSError, match='labeled.mat is cut short or no HDF5 file, expected nyu_'):
        open_data(f'nyu={half}', 'test')
    half.write_bytes(b'<html>not found</html>')
    with pytest.raises(OSError, match='labeled.mat is cut short or no HDF5 file'):
        open_data(f'nyu={half}', 'test')


@pytest.fixture
def copy(mat, tmp_path):
    (tmp_path / 'labeled.mat').symlink_to(mat)
    return tmp_path


@pytest.mark.parametrize('splits, message', [
    (None, 'splits.mat is missing: the official split'),
    (b'', 'splits.mat is cut short or no MATLAB 5 file'),
    (b'MATLAB 5.0 MAT-file', 'splits.mat is cut short'),
    ({'trainNdxs': [1]}, "splits.mat has no 'testNdxs'; it holds trainNdxs"),
    ({'testNdxs': [0, 3]}, 'expected numbers from 1 to 12 .*got 2 from 0 to 3'),
    ({'testNdxs': [13]}, 'got 1 from 13 to 13'), ({'testNdxs': []}, 'got 0')])
def test_broken_splits_are_named(copy, splits, message):
    path = copy / 'splits.mat'
    if isinstance(splits, bytes):
        path.write_bytes(splits)
    elif splits:
        savemat(path, splits)
    with pytest.raises((ValueError, OSError), match=message):
        open_data(f'nyu={copy / "labeled.mat"}', 'test')
