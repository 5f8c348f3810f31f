"""Raw NYU dumps: time matching, little-endian disparity, projection into the colour camera."""

import pickle

import h5py
import numpy as np
import pytest

from train.data.data_sets import open_data
from train.data.samples.splits import MissingSplit
from train.data.sources.nyu import KINECT
from train.data.sources.nyu_raw import (
    accepts,
    depth_from_disparity,
    MAX_GAP_S,
    read_disparity,
    registered,
    ROTATION,
)

START = 1294886360
TEST_SCENE = 'office_0009'


def write_ppm(path, rgb=(200, 20, 10)):
    path.write_bytes(b'P6 640 480 255\n' + bytes(rgb) * (640 * 480))


def write_pgm(path, raw_HW):
    """Little-endian, as the dumps are and PGM should not be."""
    path.write_bytes(b'P5 640 480 65535\n' + raw_HW.astype('<u2').tobytes())


def write_scene(folder, count=3, real=1):
    """Pictures at 0, 0.1, 0.2 s ..., disparity 10 ms later; the first `real` have pixels."""
    folder.mkdir(parents=True)
    names = ['a-1294886360.000001-1.dump']
    for i in range(count):
        names += [f'r-{START + 0.1 * i:.6f}-{i}.ppm', f'd-{START + 0.1 * i + 0.01:.6f}-{i}.pgm']
        if i < real:
            write_ppm(folder / names[-2])
            write_pgm(folder / names[-1], np.full((480, 640), 917))
    (folder / 'INDEX.txt').write_text('\n'.join(names) + '\n')
    return folder


@pytest.fixture
def scene(tmp_path):
    return write_scene(tmp_path / 'kitchen_0028a')


@pytest.fixture
def place(tmp_path):
    for name in ('kitchen_0028a', 'kitchen_0028b', 'study_0003', TEST_SCENE):
        write_scene(tmp_path / name, real=0)
    return tmp_path


def write_labelled(folder):
    """A labelled .mat of two images, the second, from TEST_SCENE, for testing."""
    savemat = pytest.importorskip('scipy.io').savemat
    with h5py.File(folder / 'nyu_depth_v2_labeled.mat', 'w') as file:
        file.create_dataset('images', (2, 3, 640, 480), 'u1')
        file.create_dataset('depths', (2, 640, 480), 'f4')
        references = file.create_dataset('scenes', (1, 2), h5py.ref_dtype)
        for i, name in enumerate(('kitchen_0028', TEST_SCENE)):
            letters = np.array([[ord(letter)] for letter in name], np.uint16)
            references[0, i] = file.create_dataset(f'#refs#/{i}', data=letters).ref
    savemat(folder / 'splits.mat', {'trainNdxs': [[1]], 'testNdxs': [[2]]})


def test_disparity_is_little_endian_and_becomes_metres(tmp_path):
    raw = np.full((480, 640), 2047, np.uint16)
    raw[1, 2], raw[3, 4], raw[5, 6], raw[7, 8], raw[9, 10] = 741, 1057, 1058, 1093, 0
    write_pgm(tmp_path / 'd.pgm', raw)
    np.testing.assert_array_equal(read_disparity(tmp_path / 'd.pgm'), raw)
    depth = depth_from_disparity(read_disparity(tmp_path / 'd.pgm'))
    assert depth.dtype == np.float32 and depth[1, 2] == pytest.approx(351.3 / 351.5)
    assert depth[3, 4] == pytest.approx(351.3 / 35.5)  # 9.896 m
    # 1058 is 10.18 m, 1093 behind the camera, 0 nearer than a Kinect sees, 2047 nothing.
    assert np.isfinite(depth).sum() == 2


def test_a_point_lands_where_the_colour_camera_sees_it():
    """Worked by hand, pixel (313, 238) at 0.99943 m, where the depth camera's lens does nothing.

    x = -0.00008 - 0.00432 - 0.02503 = -0.02942, y = -0.00076 + 0.00366 + 0.00029 = 0.00320 and
    z = 0.99942 - 0.00066 = 0.99876 m, so u = 325.58 - 15.29 = 310.30, v = 253.74 + 1.66 = 255.40.
    """
    depth = np.full((480, 640), np.nan, np.float32)
    depth[238, 313] = 351.3 / 351.5
    seen = registered(depth)
    assert np.argwhere(np.isfinite(seen)).tolist() == [[255, 310]]
    assert seen[255, 310] == pytest.approx(0.99876, abs=2e-5)
    np.testing.assert_allclose(ROTATION @ ROTATION.T, np.eye(3), atol=1e-6)


def test_the_nearer_of_two_surfaces_wins():
    """A board at 0.8 m shifts 16.2 px left, the wall at 4 m 3.2 px: the board hides wall."""
    depth = np.full((480, 640), 4.0, np.float32)
    depth[200:280, 300:340] = 0.8
    seen = registered(depth)[120:360, 160:480]
    board = seen < 1
    assert not np.isnan(seen[:, :100]).any() and np.nanmax(seen) == pytest.approx(4, abs=0.02)
    # The board's 40 columns are 0.8906 as wide for the colour camera; nothing shines through.
    assert np.isclose(board.any(axis=0).sum(), 40 * 518.858 / 582.624, atol=1.01)
    rows, columns = np.nonzero(board)
    assert board[rows.min():rows.max() + 1, columns.min():columns.max() + 1].mean() > 0.97
    # What only one camera sees, right of the board, stays unknown.
    assert np.isnan(seen[:, columns.max() + 1:columns.max() + 10]).any()


def test_frame_is_read_as_documented(scene):
    source = pickle.loads(pickle.dumps(open_data(f'nyu={scene}', 'train')))
    sample = source[0]
    assert sample.name == f'nyu/kitchen_0028a/r-{START}.000000-0' and sample.camera == KINECT
    assert tuple(sample.rgb[240, 320]) == (200, 20, 10) and not sample.rgb[0].any()
    inside = sample.depth[7:474, 7:632]
    assert np.isfinite(sample.depth).sum() == np.isfinite(inside).sum() > 0.85 * inside.size
    # A wall at 351.3 / 175.5 = 2.0017 m of the depth camera leans 0.25 degrees for the other.
    assert np.nanmedian(inside) == pytest.approx(2.0, abs=0.005)


def test_pictures_take_the_disparity_nearest_in_time(scene):
    at = [100.0, 100.05, 100.1, 100.2, 100.4]
    depth = [99.98, 100.02, 100.06, 100.21, 100.4 + 2 * MAX_GAP_S]
    (scene / 'INDEX.txt').write_text('\n'.join(
        [f'd-{t:.6f}-7.pgm' for t in reversed(depth)] + [f'r-{t:.6f}-8.ppm' for t in at]))
    source = open_data(f'nyu={scene}', 'train')._source
    # 100.0 ties between 99.98 and 100.02, the earlier wins; 100.1 and 100.4 are too far from any.
    assert [pair.depth for pair in source._pairs] == ['d-99.980000-7.pgm', 'd-100.060000-7.pgm']
    assert open_data(f'nyu={scene}', 'val').keys == ('kitchen_0028a/r-100.200000-8',)


def test_a_lone_disparity_serves(scene):
    (scene / 'INDEX.txt').write_text('r-1.00-1.ppm\nr-1.02-2.ppm\nr-2.00-3.ppm\nd-1.01-4.pgm\n')
    assert len(open_data(f'nyu={scene}', 'train')) == len(open_data(f'nyu={scene}', 'val')) == 1


def test_official_test_scenes_are_held_out(place):
    write_labelled(place)
    assert accepts(place) and accepts(place / TEST_SCENE) and not accepts(place / 'nowhere')
    rooms = {split: {key.split('/')[0].rstrip('ab')
                     for key in open_data(f'nyu={place}', split).keys}
             for split in ('train', 'val', 'test')}
    assert rooms['test'] == {TEST_SCENE} and len(rooms['val']) == 1
    assert rooms['train'] | rooms['val'] == {'kitchen_0028', 'study_0003'}
    assert not rooms['train'] & rooms['val']


def test_unknown_test_scenes_are_said(place):
    with pytest.warns(UserWarning, match='official test scenes are unknown: train may hold some'):
        assert len(open_data(f'nyu={place}', 'train')) >= 6
    with pytest.raises(MissingSplit, match='has no split test without nyu_depth_v2_labeled.mat'):
        open_data(f'nyu={place}', 'test')
    with pytest.raises(ValueError, match='of one scene .*: its splits are train and val'):
        open_data(f'nyu={place / TEST_SCENE}', 'test')


@pytest.mark.parametrize('index, message', [
    ('', r'INDEX.txt lists 0 r-\*.ppm and 0 d-\*.pgm: expected both'),
    ('r-1.0-1.ppm\nd-later-2.pgm\n', "INDEX.txt lists 'd-later-2.pgm': expected r-SECONDS"),
    ('r-1.0-1.ppm\nd-9.0-2.pgm\n', "no picture with a disparity within 0.03 s for the split 'tr")])
def test_broken_indices_are_named(scene, index, message):
    (scene / 'INDEX.txt').write_text(index)
    with pytest.raises(ValueError, match=message):
        open_data(f'nyu={scene}', 'train')


@pytest.mark.parametrize('kind, content, message', [
    ('r-*-0.ppm', b'P6 640 480 255\nhalf', 'cannot read picture .*ppm'),
    ('r-*-0.ppm', b'P6 2 1 255\n123456', r'expected image \(480, 640, 3\).*got \(1, 2, 3\)'),
    ('d-*-0.pgm', None, 'cannot read disparity .*pgm: No such file'),
    ('d-*-0.pgm', b'', "no 16-bit PGM of 640x480: it begins b''"),
    ('d-*-0.pgm', b'P5 320 240 65535\n', 'it begins .*320 240'),
    ('d-*-0.pgm', b'P5 640 480 65535\nhalf', 'was cut short: 4 bytes of pixels, expected 614400')])
def test_broken_frames_are_named(scene, kind, content, message):
    path = next(scene.glob(kind))
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((ValueError, OSError), match=message):
        open_data(f'nyu={scene}', 'train')[0]
