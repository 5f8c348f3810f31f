"""Lists of keys and pairs as editors, cameras and people write them; errors name file and line."""

import codecs

import cv2
import numpy as np
import pytest

from train.__main__ import main
from train.data.data_sets import open_data
from train.data.samples.data_notes import DataNote
from train.data.sources.list_files import parsed_pair, read_keys, read_lines


def rename(folder, key, name, image_suffix='.png'):
    (folder / 'rgb' / f'{key}.png').rename(folder / 'rgb' / f'{name}{image_suffix}')
    (folder / 'depth' / f'{key}.png').rename(folder / 'depth' / f'{name}.png')


def test_keys_with_spaces_are_one_key(folder):
    rename(folder, '0006', 'living room 1')
    (folder / 'val.txt').write_text('living room 1\n0007\n')
    source = open_data(f'mine={folder}', 'val')
    assert source.keys == ('living room 1', '0007') and source[0].rgb.shape == (48, 64, 3)


def test_suffixes_in_capitals_in_list_and_folder(folder):
    image = cv2.imread(str(folder / 'rgb' / '0006.png'))
    cv2.imwrite(str(folder / 'rgb' / 'IMG_1.jpg'), image)
    (folder / 'rgb' / 'IMG_1.jpg').rename(folder / 'rgb' / 'IMG_1.JPG')
    (folder / 'depth' / '0006.png').rename(folder / 'depth' / 'IMG_1.PNG')
    (folder / 'val.txt').write_text('IMG_1.JPG\n')
    source = open_data(f'mine={folder}', 'val')
    assert source.keys == ('IMG_1',) and np.isfinite(source[0].depth).any()


@pytest.mark.parametrize('data', [
    codecs.BOM_UTF8 + 'Küche 1\r\n0007\r\n'.encode(),
    'Küche 1\n0007\n'.encode('latin-1'),
    'Küche 1\n0007\n'.encode('utf-16'),
    '\n# kitchens\n\nKüche 1\n\n  0007  \n#0009\n\n'.encode()])
def test_byte_order_mark_latin1_blank_lines_and_comments(folder, data):
    rename(folder, '0006', 'Küche 1')
    (folder / 'val.txt').write_bytes(data)
    source = open_data(f'mine={folder}', 'val')
    assert source.keys == ('Küche 1', '0007') and len(source[0].rgb) == 48


def test_a_missing_file_is_named_with_its_line(folder):
    (folder / 'val.txt').write_text('# two\n0007\n\nnone\n')
    with pytest.raises(OSError, match=r'val.txt, line 4: .*none.jpg is missing'):
        open_data(f'mine={folder}', 'val')[1]


def test_frames_in_two_splits_are_said(folder, capsys):
    (folder / 'val.txt').write_text('0006\n0000\n0001\n')
    with pytest.warns(DataNote, match="2 frames are in train and in val, as '0000'"):
        open_data(f'mine={folder}', 'val')
    assert main(['data', f'mine={folder}']) == 0
    assert capsys.readouterr().err.count('note: ') == 1


def test_a_key_listed_twice_is_said_and_counts_once(folder):
    (folder / 'val.txt').write_text('0006\n0007\n0006.png\n')
    with pytest.warns(DataNote, match="lists 1 keys twice, as '0006' in lines 1 and 3"):
        assert open_data(f'mine={folder}', 'val').keys == ('0006', '0007')


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    (tmp_path / 'list.txt').write_bytes(b'one\r\n\r\ntwo\x0cthree\r\n')
    assert read_lines(tmp_path / 'list.txt') == [(1, 'one'), (3, 'two\x0cthree')]
    (tmp_path / 'list.txt').write_bytes(b'one\r\rtwo\rthree\n')
    assert read_lines(tmp_path / 'list.txt') == [(1, 'one'), (3, 'two'), (4, 'three')]
    (tmp_path / 'keys.txt').write_text('rooms\\a.JPG\nv1.2\n')
    assert read_keys(tmp_path / 'keys.txt') == {'rooms/a': 1, 'v1.2': 2}


@pytest.mark.parametrize('text, expected', [
    ('/a/rgb 1.jpg /a/depth 1.png 518.8', ('a/rgb 1.jpg', 'a/depth 1.png', 518.8)),
    ('v1.2 set/a.JPG\tv1.2 set/a.PNG', ('v1.2 set/a.JPG', 'v1.2 set/a.PNG', None)),
    ('a\\b.jpg None 500', ('a/b.jpg', 'None', 500)),
    ('a.jpg b.png -3', None), ('a.jpg b.png nan', None), ('a.jpg b.png 5 6', None),
    ('three plain words', None), ('0001', None)])
def test_pairs_with_spaces(text, expected):
    pair = parsed_pair(text, 1)
    assert (pair and (pair.rgb, pair.depth, pair.focal_px)) == expected


def test_blank_lines_between_cameras(folder):
    """cameras.jsonl is a list too."""
    line = '{"key": "%s", "width": 64, "height": 48, "fx": 50, "fy": 50, "cx": 31.5, "cy": 23.5}'
    (folder / 'cameras.jsonl').write_bytes(
        codecs.BOM_UTF8 + (line % '0006' + '\r\n\r\n' + line % '0007').encode())
    assert open_data(f'mine={folder}', 'val')[1].camera.fx == 50
    (folder / 'cameras.jsonl').write_text('\n' + line % '0006' + '\n{}\n')
    with pytest.raises(ValueError, match='cameras.jsonl, line 3 is no camera'):
        open_data(f'mine={folder}', 'val')
