"""The report split of NYU-Depth-v2 is whole scenes, and in no other split."""

import warnings

import pytest
from train_helpers import write_folder, write_pair

from train.data.data_sets import open_data
from train.data.nyu_report import labelled_index, report_indices
from train.data.packing import pack
from train.data.samples.data_notes import DataNote
from train.data.samples.splits import MissingSplit


@pytest.fixture
def folder(tmp_path):
    """Images 42 to 45 for training, of which 43 and 44 are a scene of the report split."""
    place = write_folder(tmp_path / 'data')
    keys = ['0042', '0043', '0044', '0045']
    for key in keys:
        write_pair(place, key, seed=int(key))
    (place / 'train.txt').write_text('\n'.join(keys))
    return place


def test_whole_runs_and_no_more():
    indices = report_indices()
    assert len(indices) == 77
    assert {43, 44, 155, 165, 382, 1366} <= indices
    assert not {42, 45, 154, 166, 63, 74} & indices  # 63 to 74 are validation images


@pytest.mark.parametrize('key, index', [
    ('0042', 42), ('kitchen_0028/0043', 42), ('kitchen_0028_out/0043', None), ('00042', None),
    ('img_0042', None), ('a', None)])
def test_folders_count_from_0_and_the_mat_file_from_1(key, index):
    assert labelled_index(key) == index


def test_report_images_are_in_no_other_split(folder):
    assert open_data(f'nyu={folder}', 'train').keys == ('0042', '0045')
    report = open_data(f'nyu={folder}', 'report')
    assert report.keys == ('0043', '0044')
    assert report[1].name == 'nyu/0044'
    assert open_data(f'nyu={folder}', 'val').keys == ('0006', '0007')


def test_a_run_of_before_keeps_the_frames_it_began_with(folder):
    """Rules 1 and 2 took frames of DenseDepth in a pack for labelled images."""
    for key in ('kitchen_0028_out/0043', 'kitchen_0028_out/0044'):  # indices 42 and 43
        for part in ('rgb', 'depth'):
            (folder / part / key).parent.mkdir(exist_ok=True)
        write_pair(folder, key, seed=0)
    (folder / 'train.txt').write_text('kitchen_0028_out/0043\nkitchen_0028_out/0044\n')
    assert open_data(f'nyu={folder}', 'train').keys == (
        'kitchen_0028_out/0043', 'kitchen_0028_out/0044')
    for rules in (1, 2):
        assert open_data(f'nyu={folder}', 'train', rules).keys == ('kitchen_0028_out/0043',)


def test_frames_of_the_videos_are_said_to_stay_in(folder):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter('always')
        open_data(f'nyu={folder}', 'train')
    assert not any('labelled images' in str(one.message) for one in told)
    for part in ('rgb', 'depth'):
        (folder / part / 'kitchen_0028a').mkdir()
    write_pair(folder, 'kitchen_0028a/00001', seed=0)  # as FastDepth calls them
    (folder / 'train.txt').write_text('kitchen_0028a/00001\n0043\n')
    with pytest.warns(DataNote, match='other frames of NYU-Depth-v2 than the labelled images: .*'
                                      'report.* no independent measure'):
        assert open_data(f'nyu={folder}', 'train').keys == ('kitchen_0028a/00001',)


def test_other_data_keep_all_their_images(folder):
    assert len(open_data(f'rooms={folder}', 'train')) == 4
    with pytest.raises(MissingSplit, match='report'):
        open_data(f'rooms={folder}', 'report')


def test_a_pack_holds_no_report_image(folder, tmp_path):
    pack(f'nyu={folder}', tmp_path / 'pack', 64)
    assert list(open_data(f'nyu={tmp_path / "pack"}', 'train').keys) == ['0042', '0045']
    with pytest.raises(ValueError, match='report split'):
        open_data(f'nyu={tmp_path / "pack"}', 'report')


def test_a_pack_from_before_is_read_without_them(folder, tmp_path):
    pack(f'rooms={folder}', tmp_path / 'pack', 64)
    assert list(open_data(f'nyu={tmp_path / "pack"}', 'train').keys) == ['0042', '0045']
