"""How a command ends, as the shell sees it."""

from pathlib import Path
import subprocess
import sys

import pytest

from mono_depth_ros.exit_code import exit_code

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
