"""The shell scripts: what they make of .venv, what they ask setup for, and of their options."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[2]
# The interpreter beneath this environment: that of another environment would be no base.
PYTHON = Path(sys.base_prefix) / 'bin' / 'python3'
# A Python that says what it is asked; `-m venv` ends within ensurepip, with half a pip.
CUT_OFF = f'''#!/bin/sh
case " $* " in *' -m venv '*)
    {PYTHON} "$@" --without-pip
    for site in .venv/lib/python3.*/site-packages; do
        mkdir -p "$site/pip" && : > "$site/pip/__init__.py"
    done
    exit 1 ;;
esac
exec {PYTHON} "$@"
'''


@pytest.fixture
def checkout(tmp_path):
    """The scripts in a folder of their own, with requirements that need no network."""
    shutil.copytree(ROOT / 'scripts', tmp_path / 'scripts')
    (tmp_path / 'requirements').mkdir()
    (tmp_path / 'requirements' / 'none.txt').write_text('# nothing\n')
    return tmp_path


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def run(folder, *words, **environment):
    """A script in a folder, with a short environment."""
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False,
        env={'PATH': os.environ['PATH'], 'HOME': str(folder), **environment})


def setup(folder, python=PYTHON):
    return run(folder, 'scripts/setup', 'none', PYTHON=str(python))


@pytest.mark.thorough
def test_an_environment_made_again_gets_its_packages_again(checkout):
    """Of a Python that is gone; its stamps told of packages that the new one does not see."""
    assert 'installing requirements/none.txt' in setup(checkout).stdout
    again = setup(checkout)
    assert again.returncode == 0 and again.stdout == ''  # quick when nothing changed
    for link in (checkout / '.venv' / 'bin').glob('python*'):
        link.unlink()
    made = setup(checkout)
    assert made.returncode == 0 and 'making .venv' in made.stdout, made.stderr
    assert 'installing requirements/none.txt' in made.stdout


@pytest.mark.thorough
def test_interruptions_one_after_another_leave_no_half_of_pip(checkout):
    cut_off = program(checkout / 'cut_off', CUT_OFF)
    for _ in range(2):
        assert setup(checkout, cut_off).returncode == 1
        assert (checkout / '.venv' / 'setup-unfinished').exists()
    made = setup(checkout)
    assert made.returncode == 0, made.stderr
    assert run(checkout, '.venv/bin/python', '-m', 'pip', '--version').returncode == 0
    assert not (checkout / '.venv' / 'setup-unfinished').exists()


@pytest.mark.thorough
def test_a_person_s_environment_with_half_a_pip_is_completed_and_kept(checkout):
    assert run(checkout, str(PYTHON), '-m', 'venv', '--without-pip', '.venv').returncode == 0
    site, = (checkout / '.venv' / 'lib').glob('python3.*/site-packages')
    (site / 'mine.py').write_text('')
    (site / 'pip').mkdir()
    (site / 'pip' / '__init__.py').write_text('')
    assert setup(checkout).returncode == 0
    assert run(checkout, '.venv/bin/python', '-m', 'pip', '--version').returncode == 0
    assert (site / 'mine.py').exists()


@pytest.fixture
def told(checkout):
    """The checkout with a setup and a Python that only write down what they are asked."""
    for path in ('scripts/setup', '.venv/bin/python', 'other'):
        program(checkout / path, '#!/bin/sh\n'
                f'echo "{path}: $*, safe path ${{PYTHONSAFEPATH:-}}" >> "{checkout}/told"\n')
    (checkout / 'config').mkdir()
    return checkout


def lines(folder):
    return (folder / 'told').read_text().replace(str(folder), '.').splitlines()


def test_bench_knows_train_wherever_it_stands(told):
    for words in (('--train', '--device', 'cuda'), ('--device', 'cuda', '--train')):
        assert run(told, 'scripts/bench', *words).returncode == 0
        setup_line, bench = lines(told)
        assert setup_line.startswith('scripts/setup: train,')
        assert '-m train.gpu_check' in bench and '--device cuda,' in bench, bench
        (told / 'told').unlink()


@pytest.mark.parametrize('words, needs', [
    (('table1',), 'train demo'), (('indoor', '--root', '.'), 'train'),
    (('outdoor', '--root', '.'), 'train demo'), (('bench', '--train'), 'train'),
    (('bench',), 'demo'), (('soak', 'churn'), 'demo')])
def test_a_script_has_what_it_needs_installed_where_there_is_an_environment(told, words, needs):
    """That of scripts/demo lacks the packages of a training, and the other way round."""
    assert run(told, f'scripts/{words[0]}', *words[1:]).returncode == 0
    first, *others = lines(told)
    assert first == f'scripts/setup: {needs}, safe path ' and others
    if words[0] in ('table1', 'indoor', 'outdoor'):
        assert all('safe path 1' in line for line in others)
        (told / 'told').unlink()
        other = str(told / 'other')  # has all: nothing is installed
        assert run(told, f'scripts/{words[0]}', *words[1:], PYTHON=other).returncode == 0
        assert all(line.startswith('other: ') for line in lines(told))


@pytest.mark.parametrize('words, drawn', [
    (('--out', 'a', '--world', 'street'), '--frames 780 --seed 2 --out a/street'),
    (('--out=a', '--world=street', '--quick'), '--frames 24 --seed 2 --out a/street'),
    (('--world=street',), '--frames 780 --seed 2 --out runs/table1/street'),
    (('--world=street', '--data=street=mine'), ''),
    (('--world', 'street', '--data', 'gta=b', '--data', 'street=mine'), ''),
    (('--world', 'room'), ''), ((), '')])
def test_table1_draws_streets_where_none_are_given(told, words, drawn):
    assert run(told, 'scripts/table1', *words).returncode == 0
    asked = [line.partition(', safe')[0].removeprefix('.venv/bin/python: ')
             for line in lines(told)[1:]]
    folder = drawn.rpartition(' ')[2]
    last = ['-m', 'train', 'table1', *words, *(['--data', f'street={folder}'] if drawn else [])]
    assert asked == [*([f'-m train simulate street {drawn}'] if drawn else []), ' '.join(last)]


@pytest.mark.parametrize('words, kept, left', [
    ('', '', ''),
    ('--set amp=bf16 --workers 2', '--workers 2', '--set amp=bf16'),
    ('--workers=0 --device cpu --set=seed=1 --feed workers --no-graphs --data nyu=b',
     '--workers=0 --device cpu --feed workers --no-graphs --data nyu=b', '--set=seed=1')])
def test_a_training_called_again_goes_on_with_the_words_that_it_may(told, words, kept, left):
    """All of them were dropped, and --root, too."""
    (told / 'o' / 'indoor').mkdir(parents=True)
    (told / 'o' / 'indoor' / 'run.json').write_text('{}')
    done = run(told, 'scripts/indoor', '--root', '.', '--out', 'o', '--', *words.split())
    assert done.returncode == 0
    asked = ' '.join(('-m train fit indoor --out o/indoor --resume --root .', *kept.split()))
    assert f'.venv/bin/python: {asked}, safe path 1' in lines(told)
    assert done.stderr == (
        f'scripts/indoor: o/indoor goes on as it began: left out {left}\n' if left else '')


def test_a_training_of_streets_goes_on_with_its_table(told):
    (told / 'o' / 'outdoor').mkdir(parents=True)
    (told / 'o' / 'outdoor' / 'run.json').write_text('{}')
    done = run(told, 'scripts/outdoor', '--root', 'moved', '--out', 'o', '--start', 'mine')
    assert 'give --root DIR' in done.stderr
    (told / 'moved').mkdir()
    done = run(told, 'scripts/outdoor', '--root', 'moved', '--out', 'o', '--start', 'mine')
    assert (done.returncode, done.stderr) == (0, '')
    assert ('.venv/bin/python: -m train fit outdoor --out o/outdoor --resume --cameras outdoor '
            '--root moved --data street=o/street, safe path 1') in lines(told)


@pytest.mark.parametrize('words', [
    ('indoor', '--root'), ('indoor', '--root', '.', '--out'), ('outdoor', '--root'),
    ('outdoor', '--start'), ('outdoor', '--frames'), ('table1', '--world', 'street', '--out')])
def test_an_option_without_its_value_is_one_sentence(told, words):
    done = run(told, f'scripts/{words[0]}', *words[1:])
    assert done.returncode == 2
    assert done.stderr == f'scripts/{words[0]}: {words[-1]} needs a value\n'
    assert not (told / 'told').exists()


def pythons():
    """An interpreter of each version that the scripts run in, where it is there."""
    for minor in range(10, 14):
        beside = sorted(Path(sys.base_prefix).parent.glob(f'3.{minor}.*/bin/python3'))  # pyenv's
        found = next(map(str, beside), shutil.which(f'python3.{minor}', path='/usr/bin'))
        yield pytest.param(found, id=f'3.{minor}', marks=[] if found else pytest.mark.skip(
            reason=f'no Python 3.{minor}'))


def modules(folder, said):
    """Modules of the names of ours; each says where it is from, as does a process it starts."""
    child = 'import subprocess, sys; subprocess.run([sys.executable, "-m", "{}"], check=True)\n'
    for package, names in (
            ('train', ('gpu_check',)), ('mono_depth_ros', ('demo', 'bench', 'soak'))):
        for name in ('', *names):
            path = folder / package / name
            path.mkdir(parents=True)
            (path / '__init__.py').write_text('')
            (path / '__main__.py').write_text(f'{child.format(f"{package}.child")}print("{said}")')
        (folder / package / 'child.py').write_text(f'print("child of {said}")')
    (folder / 'json.py').write_text('raise SystemExit("this is not json")')


@pytest.mark.thorough
@pytest.mark.parametrize('python', list(pythons()))
@pytest.mark.parametrize('words', [
    ('demo',), ('train', 'fit'), ('table1',), ('gpu_check',), ('bench',), ('soak', 'churn')])
def test_modules_in_the_caller_s_folder_are_not_ours(checkout, words, python):
    """PYTHONSAFEPATH, which Python 3.10 does not know, was all that kept a train.py out."""
    program(checkout / 'scripts' / 'setup', '#!/bin/sh\n')
    modules(checkout, 'ours')
    (checkout / 'json.py').unlink()
    caller = checkout / 'caller'
    caller.mkdir()
    modules(caller, 'theirs')
    # A stand-in for packages; it is to be found as .venv, and by PYTHON.
    for path in ('.venv/bin/python', 'other'):
        program(checkout / path, f'#!/bin/sh\n[ "$1" = -c ] && exec {python} -c "import json"\n'
                f'exec {python} "$@"\n')
    for given in ({}, {'PYTHON': str(checkout / 'other')}):
        done = run(caller, f'../scripts/{words[0]}', *words[1:], **given)
        assert done.stdout == 'child of ours\nours\n', (done.stdout, done.stderr)


@pytest.mark.parametrize('script', sorted(
    str(path.relative_to(ROOT)) for path in [*(ROOT / 'scripts').iterdir(), ROOT / '.ci' / 'run']
    if path.is_file() and path.suffix != '.sh'))
def test_cdpath_leads_no_script_to_another_folder(tmp_path, script):
    """cd prints where it goes by CDPATH."""
    line, = (line for line in (ROOT / script).read_text().splitlines()
             if line.startswith('root='))
    program(tmp_path / 'mine' / script, f'#!/usr/bin/env bash\n{line}\necho "$root"')
    (tmp_path / 'other' / script).parent.mkdir(parents=True)
    done = run(tmp_path / 'mine', 'bash', script, CDPATH=str(tmp_path / 'other'))
    assert done.stdout == f'{tmp_path / "mine"}\n'
