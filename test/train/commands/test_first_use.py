"""What the commands do and say where nothing else is asked for: a path with a space among it."""

import json
import shlex

from model_helpers import write_untrained
import pytest
from train_helpers import write_folder

from train.__main__ import main
from train.evaluation.protocols import usual_protocol
from train.fitting import run_log
from train.fitting.run_folder import resume_command
from train.fitting.run_log import board_command

FIT = ('--workers', '0', '--device', 'cpu', '--set', 'stages.1.epochs=1',
       '--set', 'stages.2.epochs=0', '--set', 'stages.3.epochs=0')


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / 'own rooms')


@pytest.fixture
def model(tmp_path):
    write_untrained(tmp_path / 'a model.safetensors', 'mobile')
    return tmp_path / 'a model.safetensors'


def words_after(mark, said):
    """The words that a shell makes of what follows `mark` on its line."""
    line, = (line for line in said.splitlines() if mark in line)
    return shlex.split(line.partition(mark)[2])


@pytest.mark.parametrize('name, max_depth_m, protocol', [
    ('mine', 10, 'full'), ('nyu', 10, 'eigen-crop'), ('nyu_v2_train', 10, 'eigen-crop'),
    ('mine', 80, 'outdoor'), ('nyu', 80, 'outdoor'), ('kitti', 80, 'outdoor')])
def test_only_the_images_of_nyu_have_its_window(name, max_depth_m, protocol):
    assert usual_protocol(name, max_depth_m) == protocol


@pytest.mark.thorough
@pytest.mark.parametrize('command', ['evaluate', 'compare'])
def test_each_data_set_is_measured_by_its_own_protocol(folder, model, tmp_path, command):
    data = ['--data', f'mine={folder}', '--data', f'nyu={folder}', '--split', 'train']
    file = tmp_path / 'figures.json'
    assert main([command, str(model), *data, '--json', str(file)]) == 0
    rows = json.loads(file.read_text())
    assert [row['protocol'] for row in rows] == ['full', 'eigen-crop']
    assert main([command, str(model), *data, '--json', str(file), '--protocol', 'full']) == 0
    assert [row['protocol'] for row in json.loads(file.read_text())] == ['full', 'full']


@pytest.mark.thorough
def test_from_data_to_a_model_by_the_commands_that_are_printed(folder, tmp_path, capsys,
                                                               monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / 'a run'
    assert main(['fit', 'mobile', '--data', f'mine={folder}', '--out', str(out), *FIT]) == 0
    told = capsys.readouterr()
    assert 'stage 1  epoch 1' in told.out + told.err and 'stage 0' not in told.out + told.err
    assert 'mobile 1/3' in told.err and 'mobile 2/3' not in told.err
    assert words_after('curves and pictures: ', told.out)[-1] == str(out / 'tensorboard')
    program, *words = words_after('done; next: ', told.out)
    assert program == 'scripts/train' and main(words) == 0
    told = capsys.readouterr().out
    assert 'mine val, 2 images, protocol full: delta1 0.' in told
    assert len(told.splitlines()) < 10
    program, *words = words_after('its card:', told)
    assert program == 'scripts/train' and main(words) == 0
    assert '"protocol": "full"' in capsys.readouterr().out
    assert words_after('try it:', told) == ['scripts/demo', '--model', 'a run.safetensors']
    assert words_after('on a robot:', told)[-1] == f'model_file:={tmp_path / "a run.safetensors"}'


@pytest.mark.thorough
def test_a_pack_is_learned_from_by_the_command_that_is_printed(folder, tmp_path, capsys):
    out = tmp_path / 'a pack'
    assert main(['pack', f'mine={folder}', '--out', str(out)]) == 0
    assert f'mine={out}' in words_after('next: ', capsys.readouterr().out)


def test_a_run_is_continued_and_shown_by_words_a_shell_understands(tmp_path, monkeypatch):
    out = tmp_path / 'a run'
    assert shlex.split(resume_command('mobile', out)) == [
        'scripts/train', 'fit', 'mobile', '--out', str(out), '--resume']
    # .venv need not be active: the program is that beside the Python that trains.
    python = tmp_path / 'bin' / 'python'
    monkeypatch.setattr(run_log.sys, 'executable', str(python))
    assert shlex.split(board_command(out)) == ['tensorboard', '--logdir', str(out)]
    python.parent.mkdir()
    (python.parent / 'tensorboard').write_text('')
    assert shlex.split(board_command(out))[0] == str(python.parent / 'tensorboard')


def test_a_split_that_is_not_there_can_be_chosen(folder, model, capsys):
    (folder / 'val.txt').unlink()
    for command in ('evaluate', 'compare'):
        assert main([command, str(model), '--data', f'mine={folder}']) == 1
        told = capsys.readouterr().err
        assert '(splits there: ' in told and told.rstrip().endswith(
            '; --split NAME takes another one')


def test_report_says_what_measures_other_data(folder, model, capsys):
    assert main(['report', str(model), '--data', f'mine={folder}']) == 1
    assert '`evaluate` for all other data' in capsys.readouterr().err
