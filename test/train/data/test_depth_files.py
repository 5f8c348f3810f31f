"""Depth in other files than 16-bit PNG is read, or named with what to do."""

import cv2
import numpy as np
import pytest

from train.data.data_sets import open_data
from train.data.sources.depth_files import read_depth

METRES = np.tile(np.linspace(1, 4, 64, dtype=np.float32), (48, 1))
METRES[0, :4] = np.nan, 0, -1, np.inf


def write_npy(path, depth):
    np.save(path.with_suffix('.npy'), depth)


def write_picture(suffix):
    return lambda path, depth: cv2.imwrite(str(path.with_suffix(suffix)), depth)


@pytest.mark.parametrize('write', [
    write_npy, lambda path, depth: write_npy(path, depth.astype(np.float64)),
    write_picture('.tiff'), write_picture('.tif'), write_picture('.pfm')])
def test_floating_point_files_hold_metres(folder, write):
    (folder / 'depth' / '0006.png').unlink()
    write(folder / 'depth' / '0006', METRES)
    depth_HW = open_data(f'mine={folder}', 'val')[0].depth
    assert np.isnan(depth_HW[0, :3]).all() and depth_HW[0, 3] == np.inf
    np.testing.assert_allclose(depth_HW[1:], METRES[1:], rtol=1e-6)
    assert depth_HW.dtype == np.float32


def test_whole_numbers_count_units_in_any_file(folder):
    (folder / 'depth' / '0006.png').unlink()
    write_npy(folder / 'depth' / '0006', np.full((48, 64), 1500, np.uint16))
    np.testing.assert_allclose(open_data(f'mine={folder}', 'val')[0].depth, 1.5, rtol=1e-6)


@pytest.mark.parametrize('name, advice', [
    ('0006.exr', 'EXR is not read: save the metres as float32 .tiff or .npy'),
    ('0006.npz', 'save its one array'), ('0006.jpg', 'JPEG changes depth')])
def test_other_files_are_named_with_what_to_do(folder, name, advice):
    (folder / 'depth' / '0006.png').unlink()
    (folder / 'depth' / name).write_bytes(b'any')
    with pytest.raises(OSError, match=rf'val.txt, line 1: .*{name} is no depth .*{advice}'):
        open_data(f'mine={folder}', 'val')[0]


@pytest.mark.parametrize('array, message', [
    (np.ones((48, 64), np.int32), r'of floating point metres, got \(48, 64\) int32'),
    (np.ones((48, 64, 3), np.float32), r'expected one channel .* got \(48, 64, 3\)'),
    (np.array([{}]), 'no readable NumPy array')])
def test_other_arrays_are_named(tmp_path, array, message):
    np.save(tmp_path / 'a.npy', array)
    with pytest.raises((OSError, ValueError), match=message):
        read_depth(tmp_path / 'a.npy', {'uint16': 0.001})


def test_an_npz_by_another_name_is_named(tmp_path):
    np.savez(tmp_path / 'a.npz', np.ones((4, 5)))
    (tmp_path / 'a.npz').rename(tmp_path / 'a.npy')
    with pytest.raises(OSError, match='a.npy .* an .npz file: save its one array'):
        read_depth(tmp_path / 'a.npy', {})
    (tmp_path / 'a.npy').write_bytes(b'PK\3\4half')
    with pytest.raises(OSError, match='a.npy is no readable NumPy array'):
        read_depth(tmp_path / 'a.npy', {})


@pytest.mark.filterwarnings('error')
def test_a_number_too_large_for_a_depth_is_no_sky(tmp_path):
    np.save(tmp_path / 'a.npy', np.array([[1.0, np.inf, np.nan, 1e300]]))
    with pytest.raises(ValueError, match=r'a.npy holds 1e\+300 m, which is no depth'):
        read_depth(tmp_path / 'a.npy', {})
    np.save(tmp_path / 'a.npy', np.array([[1.0, np.inf, np.nan, -1.0]]))
    np.testing.assert_array_equal(read_depth(tmp_path / 'a.npy', {}),
                                  np.float32([[1, np.inf, np.nan, np.nan]]))


def test_a_channel_axis_of_one_is_no_other_shape(tmp_path):
    np.save(tmp_path / 'a.npy', np.ones((4, 5, 1), np.float32))
    assert read_depth(tmp_path / 'a.npy', {}).shape == (4, 5)
