"""What a run's folder records of how it began."""

from argparse import Namespace
import json
from pathlib import Path
import subprocess

import pytest
from train_helpers import held, write_folder

from train.__main__ import main
from train.commands.fit import _run, default_workers
from train.fitting import run_folder
from train.fitting.distributed import ProcessGroup
from train.fitting.run_folder import begin_run, read_run
from train.recipes.recipe import MIXED, RECIPES

ROOT = Path(__file__).parents[3]
SHIPPED = ('indoor', 'outdoor')


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A git repository of one file, in place of this one."""
    folder = tmp_path / 'repository'
    folder.mkdir()

    def git(*words):
        subprocess.run(['git', '-c', 'user.name=a', '-c', 'user.email=a@b', *words], cwd=folder,
                       check=True, capture_output=True)
    (folder / 'code.py').write_text('a = 1\n')
    git('init', '-q')
    git('add', '.')
    git('commit', '-q', '-m', 'first')
    monkeypatch.setattr(run_folder, '__file__', str(folder / 'code.py'))
    return folder


def test_a_run_records_whether_its_code_was_as_committed(repository, tmp_path):
    """The commit alone would claim code that was not what ran."""
    data = f'mine={write_folder(tmp_path / "set")}'
    assert begin_run(tmp_path / 'a', 'mobile', (), (data,)).git_tree == 'clean'
    (repository / 'code.py').write_text('a = 2\n')
    assert begin_run(tmp_path / 'b', 'mobile', (), (data,)).git_tree == 'modified'
    assert read_run(tmp_path / 'b').git_tree == 'modified'
    assert len(read_run(tmp_path / 'b').git_commit) == 12


def test_a_run_records_its_training_images(tmp_path):
    folder = write_folder(tmp_path / 'set')
    begin_run(tmp_path / 'run', 'mobile', (), (f'mine={folder}',))
    recorded = json.loads((tmp_path / 'run' / 'run.json').read_text())
    assert recorded['frames'] == [6] and len(recorded['keys_sha256'][0]) == 64
    (folder / 'train.txt').write_text('0000\n0001\n0002\n0003\n0004\n0006\n')
    with pytest.raises(ValueError, match='has 6 training images, this run began with 6 others'):
        read_run(tmp_path / 'run').sources('train')


def test_a_run_goes_on_where_its_data_lies_now(tmp_path, monkeypatch, capsys):
    """--data was not looked at."""
    folder, run = write_folder(tmp_path / 'set'), tmp_path / 'run'
    begin_run(run, 'mobile', (), (f'mine={folder}',))
    folder.rename(tmp_path / 'moved')
    seen = []
    monkeypatch.setattr('train.commands.fit.fit', lambda recipe, training, *_, **__: seen.append(
        training[0][0].name))
    words = ['fit', 'mobile', '--out', str(run), '--resume', '--device', 'cpu']
    assert main(words) == 1
    assert 'say where it lies now by --data mine=DIR' in capsys.readouterr().err
    assert main([*words, '--data', f'mine={tmp_path / "moved"}']) == 0 and seen == ['mine/0000']
    assert main(words) == 0 and len(seen) == 2  # it remembers
    other = write_folder(tmp_path / 'other')
    (other / 'train.txt').write_text('0001\n')
    assert main([*words, '--data', f'mine={other}']) == 1
    assert 'has 1 training images, this run began with 6 others' in capsys.readouterr().err
    assert read_run(run).data == (f'mine={tmp_path / "moved"}',)


def test_the_sets_of_a_table_that_are_gone_are_found_below_root(tmp_path, monkeypatch, capsys):
    """scripts/indoor called again with another --root went on where nothing lies any more."""
    places = [f'{name}={write_folder(tmp_path / "old" / name)}' for name in ('d435_lab', 'mine')]
    kept, run = write_folder(tmp_path / 'kept'), tmp_path / 'run'
    begin_run(run, 'mobile', (), (*places, f'd435_desk={kept}'))
    new = tmp_path / 'new'
    new.mkdir()
    (tmp_path / 'old' / 'd435_lab').rename(new / 'd435_lab')
    monkeypatch.setattr('train.commands.fit.fit', lambda *_, **__: None)
    words = ['fit', 'mobile', '--out', str(run), '--resume', '--root', str(new), '--device', 'cpu']
    assert main(words) == 0, capsys.readouterr().err
    assert read_run(run).data == (f'd435_lab={new / "d435_lab"}', places[1], f'd435_desk={kept}')


@pytest.mark.parametrize('text', [
    '[]', '5', '{', '{}', '{"settings": 5}', '{"data": [5]}', '{"settings": [["a"]]}'])
def test_a_run_that_cannot_be_read_is_named(tmp_path, text):
    begin_run(tmp_path, 'mobile', (), (f'mine={write_folder(tmp_path / "set")}',))
    path = tmp_path / 'run.json'
    more = json.loads(text) if text.endswith('}') else None
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}) if more else text)
    with pytest.raises(ValueError, match=f'^{path} describes no run: '):
        read_run(tmp_path)


@pytest.mark.parametrize('words', [['--start', 'indoor'], ['--root', '.'], ['--capped']])
def test_what_only_begins_a_run_is_refused_by_resume(tmp_path, capsys, words):
    begin_run(tmp_path, 'mobile', (), (f'mine={write_folder(tmp_path / "set")}',))
    assert main(['fit', 'mobile', '--out', str(tmp_path), '--resume', *words]) == 1
    assert f'{words[0]} can only begin a run' in capsys.readouterr().err


def test_processes_that_continue_a_run_share_its_own_batch(tmp_path):
    """They were asked to share the batch of the recipe, 8, whatever the run had been told."""
    data = f'mine={write_folder(tmp_path / "set")}'
    begin_run(tmp_path / 'run', 'mobile', ('batch_size=6', 'imagenet_stem=False'), (data,))
    options = Namespace(recipe='mobile', out=tmp_path / 'run', resume=True, root=None, data=[],
                        cameras='indoor', capped=False, settings=[], start='')
    with _run(options, ProcessGroup(rank=1, size=3)) as (_, recipe):
        assert recipe.batch_size == 6
    with pytest.raises(ValueError, match='batch_size 6 is not a multiple of the 4 processes'):
        with _run(options, ProcessGroup(rank=1, size=4)):
            pass


def test_caps_of_a_table_without_its_sets_are_refused(tmp_path, capsys):
    data = f'mine={write_folder(tmp_path / "set")}'
    assert main(['fit', 'mobile', '--data', data, '--capped', '--out', str(tmp_path / 'r')]) == 1
    assert '--capped caps the sets of --root DIR, which is not given' in capsys.readouterr().err
    assert not (tmp_path / 'r').exists()


def test_two_trainings_in_one_folder_are_refused(tmp_path, monkeypatch, capsys):
    """The second, begun before a checkpoint, gave its recipe to the weights of the first."""
    data, run = f'mine={write_folder(tmp_path / "set")}', tmp_path / 'run'
    begin_run(run, 'mobile', (), (data,))
    before = (run / 'run.json').read_text()
    monkeypatch.setattr('train.commands.fit.fit', lambda *_, **__: None)
    words = ['fit', 'mobile', '--out', str(run), '--device', 'cpu']
    again = (['--data', data, '--set', 'seed=1'], ['--resume'])
    with held(run, 'training'):
        for more in again:
            assert main([*words, *more]) == 1
            assert f'a training still goes on in {run}' in capsys.readouterr().err
        assert (run / 'run.json').read_text() == before
    assert [main([*words, *more]) for more in again] == [0, 0]
    assert json.loads((run / 'run.json').read_text())['settings'] == ['seed=1']


@pytest.mark.parametrize('name', SHIPPED)
def test_shipped_recipes_learn_with_frozen_norms_to_the_last(name):
    """Batches that mix data sets have statistics that no camera's images have."""
    *depth, _, last = RECIPES[name].stages
    mixed = [stage for stage in depth if len(stage.data) != 1]
    assert mixed[-1] is depth[-1] and all(stage.frozen_norms for stage in (*mixed, last))
    assert MIXED.frozen_norms


def test_more_processes_read_for_a_gpu(monkeypatch):
    monkeypatch.setattr('os.cpu_count', lambda: 32)
    assert default_workers('cpu') == 4 and default_workers('cuda:1') == 16
    monkeypatch.setattr('os.cpu_count', lambda: 1)
    assert default_workers('cpu') == default_workers('cuda:0') == 1
