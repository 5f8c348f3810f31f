"""Files written whole or not at all."""

import pytest

from mono_depth_ros.whole_file import write_whole


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
