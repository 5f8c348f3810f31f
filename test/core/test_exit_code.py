"""How a command ends, as the shell sees it."""

from pathlib import Path
import subprocess
import sys

import pytest

from mono_depth_ros.exit_code import exit_code
from mono_depth_ros.sentences import counted, sentence

ROOT = Path(__file__).parents[2]


def raising(error):
    def work():
        raise error
    return work


@pytest.mark.parametrize('result, code', [(None, 0), (0, 0), (3, 3)])
def test_what_is_done_has_the_code_that_its_work_says(capsys, result, code):
    assert exit_code('wrap', lambda: result) == code
    assert capsys.readouterr() == ('', '')


@pytest.mark.parametrize('error', [
    ValueError('no such preset'), OSError('no such preset'), ImportError('no such preset')])
def test_a_mistake_is_one_sentence(capsys, error):
    assert exit_code('wrap', raising(error)) == 1
    assert capsys.readouterr() == ('', 'wrap: no such preset\n')


def test_what_the_system_says_is_a_sentence_without_its_number(tmp_path, capsys):
    """It was `[Errno 2] No such file or directory: '...'`."""
    assert exit_code('wrap', (tmp_path / 'x').read_bytes) == 1
    assert capsys.readouterr().err == f'wrap: {tmp_path / "x"}: No such file or directory\n'
    assert sentence(OSError(28, 'No space left on device')) == 'No space left on device'
    assert sentence(OSError('the disk is full')) == 'the disk is full'


def test_one_is_told_in_the_singular():
    assert [counted(number, 'image') for number in (0, 1, 2)] == [
        '0 images', '1 image', '2 images']


def test_a_fault_of_ours_is_none_of_the_user_s_mistakes():
    with pytest.raises(KeyError):
        exit_code('wrap', raising(KeyError('lost')))


@pytest.mark.parametrize('more, said', [((), 'stopped'), (('stopped; goes on',),
                                                          'stopped; goes on')])
def test_ctrl_c_is_told_on_a_line_of_its_own(capsys, more, said):
    assert exit_code('wrap', raising(KeyboardInterrupt()), *more) == 130
    assert capsys.readouterr() == ('', f'\n{said}\n')


def test_a_reader_that_has_closed_the_pipe_gets_no_traceback():
    """As `COMMAND | head -1`: more than a pipe holds is printed."""
    command = ('from mono_depth_ros.exit_code import exit_code; import sys; '
               "sys.exit(exit_code('wrap', lambda: print('line\\n' * 100000)))")
    child = subprocess.Popen([sys.executable, '-c', command], cwd=ROOT, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    assert child.stdout.readline() == b'line\n'
    child.stdout.close()
    assert child.stderr.read() == b'' and child.wait() == 1


def test_no_command_has_an_ending_of_its_own():
    modules = [path for half in ('mono_depth_ros', 'train')
               for path in (ROOT / half).rglob('*.py')]
    assert [path.name for path in modules if 'return 130' in path.read_text()] == ['exit_code.py']
