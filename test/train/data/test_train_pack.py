"""Packs: the same frames without decoding, made in one go or in two."""

import json

import numpy as np
import pytest
from train_helpers import held, write_folder

from train.__main__ import main
from train.data.data_sets import open_data
from train.data.packing import pack, shrunk
from train.data.samples.data_notes import DataNote
from train.data.sources.packed import DEPTH, INDEX, RGB

FRAME = {'key': 'a', 'split': 'train', 'height': 4, 'width': 4, 'offset': 0,
         'camera': {'fx': 1, 'fy': 1, 'cx': 1, 'cy': 1}}


def test_a_pack_holds_the_frames_of_its_source(folder, tmp_path, capsys):
    assert main(('pack', f'mine={folder}', '--out', str(tmp_path / 'p'), '--width', '64')) == 0
    assert '8 frames' in capsys.readouterr().out
    for split in ('train', 'val'):
        source, packed = (open_data(f'mine={place}', split) for place in (folder, tmp_path / 'p'))
        assert list(packed.keys) == list(source.keys) and packed.terms == source.terms
        for index in range(len(source)):
            a, b = source[index], packed[index]
            assert (a.rgb == b.rgb).all() and a.camera == b.camera and a.name == b.name
            np.testing.assert_allclose(a.depth, b.depth, rtol=5e-4)


def test_terms_can_be_told_of_a_pack_that_lacks_them(folder, tmp_path):
    pack(f'mine={folder}', tmp_path / 'p', 64)
    (tmp_path / 'p' / 'terms.txt').write_text('for friends only')
    assert open_data(f'mine={tmp_path / "p"}', 'train').terms == 'for friends only'


def test_terms_that_were_missing_may_be_told_before_a_pack_goes_on(folder, tmp_path):
    pack(f'mine={folder}', tmp_path / 'p', 64)
    (folder / 'terms.txt').write_text('for friends only')
    assert pack(f'mine={folder}', tmp_path / 'p', 64) == 8
    assert open_data(f'mine={tmp_path / "p"}', 'train').terms == 'for friends only'


def test_images_are_made_small_with_their_camera(folder):
    sample = open_data(f'mine={folder}', 'train')[0]
    small = shrunk(sample, 32)
    assert small.rgb.shape == (24, 32, 3) and small.depth.shape == (24, 32)
    assert small.camera == sample.camera.resized(32, 24)
    known = np.isfinite(small.depth)
    assert set(small.depth[known]) <= set(sample.depth[np.isfinite(sample.depth)])
    assert shrunk(sample, 64) is sample


def test_an_interrupted_pack_goes_on_and_is_the_same(folder, tmp_path):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    pack(f'mine={folder}', whole, 32)
    pack(f'mine={folder}', parts, 32)
    lines = (parts / INDEX).read_text().split('\n')
    (parts / INDEX).write_text('\n'.join(lines[:3]) + '\n' + lines[3][:10])
    for name in (RGB, DEPTH):
        data = (parts / name).read_bytes()
        (parts / name).write_bytes(data[:len(data) * 7 // 16])  # frame 4 half written
    assert pack(f'mine={folder}', parts, 32) == 8
    for name in (RGB, DEPTH, INDEX):
        assert (parts / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.parametrize('name, bytes_a_pixel', [(RGB, 3), (DEPTH, 2)])
def test_pixels_that_are_cut_short_are_read_again(folder, tmp_path, name, bytes_a_pixel):
    """As by a copy that stopped: black images without depth took their places."""
    pack(f'mine={folder}', tmp_path / 'p', 32)
    path = tmp_path / 'p' / name
    whole = path.read_bytes()
    path.write_bytes(whole[:6 * 32 * 24 * bytes_a_pixel - 1])
    with pytest.raises(ValueError, match=f'{name} has .* bytes, .*: pack again'):
        open_data(f'mine={tmp_path / "p"}', 'train')[0]
    with pytest.warns(DataNote, match='the pixels of 3 of its 8 frames are cut short, and are'):
        assert pack(f'mine={folder}', tmp_path / 'p', 32) == 8
    assert path.read_bytes() == whole


def test_a_pack_goes_on_wherever_it_is_called_from(folder, tmp_path, monkeypatch):
    pack(f'mine={folder}', tmp_path / 'p', 32)
    monkeypatch.chdir(tmp_path)
    for place in ('set', 'set/', './set/../set'):
        assert pack(f'mine={place}', tmp_path / 'p', 32) == 8
    head = tmp_path / 'p' / 'pack.json'
    before = {**json.loads(head.read_text()), 'source': 'set'}  # one of before
    del before['called']
    head.write_text(json.dumps(before))
    assert pack(f'mine={folder}', tmp_path / 'p', 32) == 8
    folder.rename(tmp_path / 'other disk')
    folder.symlink_to(tmp_path / 'other disk')
    assert pack(f'mine={folder}', tmp_path / 'p', 32) == 8
    write_folder(tmp_path / 'elsewhere' / 'set')
    monkeypatch.chdir(tmp_path / 'elsewhere')
    with pytest.raises(ValueError, match='holds another pack'):
        pack('mine=set', tmp_path / 'p', 32)


@pytest.mark.filterwarnings('ignore::train.data.samples.data_notes.DataNote')
def test_a_pack_keeps_the_data_set_that_its_name_said(folder, tmp_path):
    """By another NAME it lost its terms of use, and got the frames of the split report."""
    pack(f'nyu={folder}', tmp_path / 'p', 32)
    with pytest.raises(ValueError, match="holds another pack .*'called': 'nyu'"):
        pack(f'rooms={folder}', tmp_path / 'p', 32)
    assert pack(f'nyu2={folder}', tmp_path / 'p', 32) == 8
    assert 'research use' in open_data(f'rooms={tmp_path / "p"}', 'train').terms


def test_two_processes_do_not_fill_one_pack(folder, tmp_path):
    """Each counted its own pixels, and the frames of both were of other images."""
    with held(tmp_path / 'p', 'packing'):
        with pytest.raises(OSError, match=f'a packing still goes on in {tmp_path / "p"}'):
            pack(f'mine={folder}', tmp_path / 'p', 32)
    assert pack(f'mine={folder}', tmp_path / 'p', 32) == 8


def test_a_frame_moved_to_another_split_leaves_the_one_it_was_in(folder, tmp_path):
    """Five of six training frames of a pack became val frames too, and stayed in train."""
    pack(f'mine={folder}', tmp_path / 'p', 32)
    (folder / 'train.txt').write_text('0000\n0001\n')
    (folder / 'val.txt').write_text('0002\n0003\n0006\n')
    with pytest.warns(DataNote, match='5 of its 8 frames are not in the split any more'):
        assert pack(f'mine={folder}', tmp_path / 'p', 32) == 5
    train, val = (open_data(f'mine={tmp_path / "p"}', split) for split in ('train', 'val'))
    assert (list(train.keys), list(val.keys)) == (['0000', '0001'], ['0006', '0002', '0003'])
    pack(f'mine={folder}', tmp_path / 'fresh', 32)
    for split, packed in (('train', train), ('val', val)):
        fresh = open_data(f'mine={tmp_path / "fresh"}', split)
        for index, key in enumerate(packed.keys):
            same = fresh[list(fresh.keys).index(key)]
            assert (packed[index].rgb == same.rgb).all()
            np.testing.assert_array_equal(packed[index].depth, same.depth)
    # And again, with gaps between its frames.
    (folder / 'val.txt').write_text('0006\n0007\n')
    assert pack(f'mine={folder}', tmp_path / 'p', 32) == 4
    with open(tmp_path / 'p' / INDEX) as lines:
        assert [json.loads(line)['key'] for line in lines] == ['0000', '0001', '0006', '0007']


def test_frames_of_two_splits_of_a_pack_are_said(folder, tmp_path):
    pack(f'mine={folder}', tmp_path / 'p', 32)
    index = tmp_path / 'p' / INDEX
    index.write_text(index.read_text().replace('"0006"', '"0001"'))
    with pytest.warns(DataNote, match="1 frames are in train and in val, as '0001'"):
        open_data(f'mine={tmp_path / "p"}', 'train')


def test_a_broken_image_is_left_out_of_a_pack_and_tried_again(folder, tmp_path):
    image = folder / 'rgb' / '0003.png'
    whole = image.read_bytes()
    image.write_bytes(b'x')
    with pytest.warns(DataNote, match='1 of 8 images cannot be used, the first: mine/0003 cannot'):
        assert pack(f'mine={folder}', tmp_path / 'p', 32) == 7
    assert '0003' not in open_data(f'mine={tmp_path / "p"}', 'train').keys
    image.write_bytes(whole)
    assert pack(f'mine={folder}', tmp_path / 'p', 32) == 8
    assert list(open_data(f'mine={tmp_path / "p"}', 'train').keys)[-1] == '0003'


def test_a_pack_of_mostly_broken_images_is_an_error(folder, tmp_path):
    for number in range(5):
        (folder / 'rgb' / f'{number:04d}.png').write_bytes(b'x')
    with pytest.raises(ValueError, match='5 of 8 images cannot be used, the first: mine/0000'):
        pack(f'mine={folder}', tmp_path / 'p', 32)


@pytest.mark.parametrize('spoil, message', [
    (lambda p: (p / RGB).write_bytes(b'short'), 'rgb.bin has 5 bytes.*pack again'),
    (lambda p: (p / 'pack.json').write_text('{}'), 'describes no pack'),
    *((lambda p, text=text: (p / 'pack.json').write_text(text), 'describes no pack')
      for text in ('[]', '{"format": 1}', '{"format": 1, "terms": 5}')),
    *((lambda p, text=text: (p / INDEX).write_text(text), 'index.jsonl is no index of a pack')
      for text in ('x\n', '[]\n', '5\n', '{"split": "train"}\n')),
    *((lambda p, more=more: (p / INDEX).write_text(json.dumps(FRAME | more) + '\n'),
       'index.jsonl is no index of a pack') for more in (
        {'width': 4.0}, {'width': 0}, {'offset': -1}, {'key': 5}, {'camera': {'fx': 1}},
        {'camera': {'fx': 1, 'fy': 1, 'cx': 1, 'cy': '1'}}))])
def test_a_broken_pack_is_one_sentence(folder, tmp_path, spoil, message):
    pack(f'mine={folder}', tmp_path / 'p', 32)
    spoil(tmp_path / 'p')
    with pytest.raises(ValueError, match=message):
        open_data(f'mine={tmp_path / "p"}', 'train')[0]


def test_a_pack_is_not_made_among_another_data_set(folder, tmp_path):
    """Which was then read as the pack."""
    other = write_folder(tmp_path / 'other')
    for place in (folder, other):
        with pytest.raises(ValueError, match=f'^{place} holds a data set .folder of rgb/'):
            pack(f'mine={folder}', place, 32)
        assert not (place / 'pack.json').exists()
    (tmp_path / 'p').mkdir()
    assert pack(f'mine={folder}', tmp_path / 'p', 32) == 8


def test_another_pack_is_not_overwritten(folder, tmp_path, capsys):
    pack(f'mine={folder}', tmp_path / 'p', 32)
    assert main(('pack', f'mine={folder}', '--out', str(tmp_path / 'p'), '--width', '48')) == 1
    assert 'holds another pack' in capsys.readouterr().err
    assert json.loads((tmp_path / 'p' / 'pack.json').read_text())['width'] == 32
