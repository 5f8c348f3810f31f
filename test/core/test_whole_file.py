"""Files written whole or not at all."""

import pytest

from mono_depth_ros.whole_file import replacing, write_whole


def test_a_file_is_written_whole_with_its_folder_or_stays_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / 'new' / 'a.json'
    write_whole(file, b'first')
    write_whole(file, b'second')
    assert file.read_bytes() == b'second'

    def full(handle):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError, match='No space left'):
        write_whole(file, b'third')
    assert file.read_bytes() == b'second' and list(file.parent.iterdir()) == [file]


def test_processes_that_write_one_file_write_no_half_of_another(tmp_path, monkeypatch):
    """The half-written files of both had one name."""
    file = tmp_path / 'a.json'
    with replacing(file) as first:
        first.write_text('first')
        monkeypatch.setattr('os.getpid', lambda: 0)
        write_whole(file, b'second')
    assert file.read_text() == 'first' and list(tmp_path.iterdir()) == [file]
    with replacing(file, alone=True) as unfinished:
        assert unfinished.name == 'a.json.part'
        unfinished.write_text('alone')
    assert file.read_text() == 'alone'
