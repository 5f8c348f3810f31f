"""Files a user asked for: whole, in folders that are made, or one sentence."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from train.output_files import write_file, write_json, write_picture


def test_folders_are_made_and_text_is_utf_8(tmp_path):
    path = tmp_path / 'new' / 'folder' / 'page.md'
    write_file(path, 'δ1\n')
    assert path.read_bytes() == b'\xce\xb41\n'
    write_file(path, b'\x00')
    assert path.read_bytes() == b'\x00'


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    """Whoever finds it takes it for done."""
    path = tmp_path / 'figures.json'
    write_file(path, 'before')
    written = Path.write_bytes

    def full(self, data):
        written(self, data[:2])
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(Path, 'write_bytes', full)
    with pytest.raises(OSError, match=f'^cannot write {path}: No space left'):
        write_file(path, 'afterwards')
    assert path.read_text() == 'before'
    assert [found.name for found in tmp_path.iterdir()] == ['figures.json']  # nor half of one


def test_a_link_stays_and_what_is_no_file_is_written_to(tmp_path):
    (tmp_path / 'link.md').symlink_to(tmp_path / 'page.md')
    write_file(tmp_path / 'link.md', 'words')
    assert (tmp_path / 'link.md').is_symlink() and (tmp_path / 'page.md').read_text() == 'words'
    (tmp_path / 'nowhere').symlink_to('/dev/null')
    write_file(tmp_path / 'nowhere', 'words')
    assert (tmp_path / 'nowhere').is_char_device()


def test_where_it_cannot_be_written_the_file_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match=f'^cannot write {tmp_path}/file/page.md: '):
        write_file(tmp_path / 'file' / 'page.md', '')


def test_figures_that_are_not_known_are_null(tmp_path):
    """Browsers and most languages read no file with NaN or Infinity in it."""
    def refuse(word):
        raise AssertionError(word)
    path = tmp_path / 'figures.json'
    write_json(path, [{'off': float('nan'), 'all': (1.5, float('inf'), -1)}, None, 'NaN'])
    assert json.loads(path.read_text(), parse_constant=refuse) == [
        {'off': None, 'all': [1.5, None, -1]}, None, 'NaN']


def test_a_picture_comes_back_and_another_ending_is_refused(tmp_path):
    bgr_HW3 = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    write_picture(tmp_path / 'a.png', bgr_HW3)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'a.png')), bgr_HW3)
    with pytest.raises(ValueError, match='ends in .png or .jpg, got .*a.gif'):
        write_picture(tmp_path / 'a.gif', bgr_HW3)
