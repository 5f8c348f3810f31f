"""FastDepth's .h5 trees: the true shapes, splits by scene, listing without opening."""

import pickle

import h5py
import numpy as np
import pytest

from train.data.data_set_facts import NYU
from train.data.data_sets import open_data
from train.data.samples.splits import MissingSplit
from train.data.sources.fastdepth import accepts
from train.data.sources.nyu import KINECT

RED = np.stack([np.full((480, 640), value, np.uint8) for value in (200, 20, 10)])


def write_frame(path, **changed):
    """One frame, red, 1 m at its left edge and 1 mm more each column; a hole at row 100."""
    path.parent.mkdir(parents=True, exist_ok=True)
    depth = np.tile(1 + np.arange(640, dtype=np.float32) / 1000, (480, 1))
    depth[100, 300:310] = 0
    with h5py.File(path, 'w') as file:
        for name, array in {'rgb': RED, 'depth': depth, **changed}.items():
            file[name] = array


@pytest.fixture
def place(tmp_path):
    root = tmp_path / 'nyudepthv2'
    for scene in ('kitchen_0004a', 'kitchen_0004b', 'office_0001', 'study_0002'):
        for frame in (21, 1):
            write_frame(root / 'train' / scene / f'{frame:05d}.h5')
    write_frame(root / 'val' / 'official' / '00001.h5')
    return root


def test_frame_is_read_as_documented(place):
    sample = pickle.loads(pickle.dumps(open_data(f'nyu={place}', 'test')))[0]
    assert sample.name == 'nyu/official/00001' and sample.camera == KINECT
    assert sample.rgb.shape == (480, 640, 3) and tuple(sample.rgb[7, 9]) == (200, 20, 10)
    assert sample.rgb.flags['C_CONTIGUOUS'] and sample.depth.dtype == np.float32
    assert sample.depth[10, 400] == pytest.approx(1.4)
    assert np.isnan(sample.depth[100, 300:310]).all()
    # 467 rows and 625 columns of the picture, less the hole; the white frame is unknown.
    assert np.isfinite(sample.depth).sum() == 467 * 625 - 10
    assert open_data(f'nyu={place}', 'test').terms == NYU.terms


def test_walks_through_one_room_stay_in_one_split(place):
    rooms = {split: {key[:9] for key in open_data(f'nyu={place}', split).keys}
             for split in ('train', 'val')}
    assert len(rooms['val']) == 1 and not rooms['train'] & rooms['val']
    assert rooms['train'] | rooms['val'] == {'kitchen_0', 'office_00', 'study_000'}
    keys = [open_data(f'nyu={place}', split).keys for split in ('train', 'val')]
    assert len(keys[0] + keys[1]) == 8 and list(keys[0]) == sorted(keys[0])


def test_listing_opens_no_file(place):
    for path in (place / 'train').glob('*/*.h5'):
        path.write_bytes(b'')
    assert accepts(place) and len(open_data(f'nyu={place}', 'train')) >= 4


def test_other_folders_are_not_taken(tmp_path):
    (tmp_path / 'train' / 'scene').mkdir(parents=True)
    assert not accepts(tmp_path) and not accepts(tmp_path / 'nowhere')


@pytest.mark.parametrize('changed, message', [
    ({'rgb': RED.transpose(1, 2, 0)}, r"00001.h5, array 'rgb': expected \(3, 480, 640\) uint8, "
                                      r'got \(480, 640, 3\) uint8'),
    ({'rgb': RED.astype(np.float32)}, 'got .* float32'),
    ({'depth': RED[0]}, r"'depth': expected \(480, 640\) floating, got .* uint8")])
def test_wrong_arrays_are_named(place, changed, message):
    write_frame(place / 'val' / 'official' / '00001.h5', **changed)
    with pytest.raises(ValueError, match=message):
        open_data(f'nyu={place}', 'test')[0]


def test_broken_files_are_named(place):
    path = place / 'val' / 'official' / '00001.h5'
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) // 2])
    source = open_data(f'nyu={place}', 'test')
    with pytest.raises(OSError, match='00001.h5 is cut short or no HDF5 file, expected HDF5 with'):
        source[0]
    path.unlink()
    with pytest.raises(OSError, match='no file .*00001.h5'):
        source[0]
    with pytest.raises(ValueError, match="holds no SCENE/NNNNN.h5 for the split 'test'"):
        open_data(f'nyu={place}', 'test')


def test_missing_parts_are_named(place):
    for path in (place / 'val').rglob('*.h5'):
        path.unlink()
    for folder in (place / 'val' / 'official', place / 'val'):
        folder.rmdir()
    with pytest.raises(MissingSplit, match="no folder .*val: the split 'test'"):
        open_data(f'nyu={place}', 'test')
    with pytest.raises(ValueError, match='its splits are train, val, test'):
        open_data(f'nyu={place}', 'night')
