"""What test/conftest.py does to the suite: skips with a reason, its speeds, several workers."""

from pathlib import Path
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
import ros_helpers

FILE = str(Path(__file__).parents[1] / 'conftest.py')
# Runs what follows, up to a closing bracket, as if no optional package was installed.
WITHOUT = '''
import sys
sys.path.insert(0, 'test')
from optional_packages import BROUGHT_BY

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in BROUGHT_BY:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)

sys.meta_path.insert(0, Missing())
import pytest
sys.exit('''


@pytest.fixture
def conftest(request):
    """The plugin itself: by its name `import` may find that of another folder."""
    plugins = request.config.pluginmanager.get_plugins()
    return next(plugin for plugin in plugins if getattr(plugin, '__file__', '') == FILE)


def test_files_of_a_folder_whose_packages_are_missing_are_skipped_with_the_reason(
        conftest, monkeypatch):
    monkeypatch.setitem(conftest.NEEDS, 'package', 'train')
    monkeypatch.setattr(conftest, 'is_installed', lambda name: name not in ('h5py', 'tqdm'))
    with pytest.raises(pytest.skip.Exception, match='needs h5py, tqdm: pip install -r require'):
        conftest.collected(Path(__file__), lambda: ['a test'])


def test_files_of_a_folder_that_has_its_packages_are_collected(conftest, monkeypatch):
    monkeypatch.setitem(conftest.NEEDS, 'package', 'train')
    monkeypatch.setattr(conftest, 'is_installed', lambda name: True)
    assert conftest.collected(Path(__file__), lambda: ['a test']) == ['a test']


@pytest.mark.parametrize('missing, skipped', [
    ('mcap', 'needs mcap: pip install -r requirements/demo.txt'),
    ('torch', 'needs torch: pip install -r requirements/robot.txt'),
    ('numpy', ''), ('mono_depth_ros.no_such_file', ''), ('torch.no_such_module', '')])
def test_a_file_is_skipped_for_an_optional_package_only(conftest, missing, skipped):
    def collect():
        try:
            raise ModuleNotFoundError(f'No module named {missing!r}', name=missing)
        except ImportError as error:
            raise pytest.Collector.CollectError('ImportError while importing') from error

    with pytest.raises(pytest.skip.Exception if skipped else pytest.Collector.CollectError,
                       match=skipped or 'while importing'):
        conftest.collected(Path(__file__), collect)


@pytest.mark.parametrize('installed, outcome', [((), 'skipped'), (('torch',), 'failed')])
def test_a_test_is_skipped_for_what_is_not_installed_only(
        conftest, monkeypatch, installed, outcome):
    monkeypatch.setattr(conftest, 'INSTALLED', set(installed))
    error = ImportError('no backend can run this file')
    error.__cause__ = ModuleNotFoundError("No module named 'torch'", name='torch')
    for raised, expected in ((error, outcome), (AssertionError(), 'failed')):
        report = SimpleNamespace(failed=True, outcome='failed', longrepr='')
        hook = conftest.pytest_runtest_makereport(
            SimpleNamespace(fspath='test_it.py'), SimpleNamespace(
                excinfo=SimpleNamespace(value=raised)))
        next(hook)
        with pytest.raises(StopIteration):
            hook.send(SimpleNamespace(get_result=lambda report=report: report))
        assert report.outcome == expected
        if expected == 'skipped':
            assert report.longrepr[2] == (
                'Skipped: needs torch: pip install -r requirements/robot.txt')


@pytest.mark.thorough
def test_without_any_optional_package_everything_is_collected_or_skipped():
    """As on a robot with the packages of rosdep alone: no file is an error."""
    code = WITHOUT + "pytest.main(['--collect-only', '-q', '-p', 'no:cacheprovider', 'test']))"
    done = subprocess.run([sys.executable, '-c', code], cwd=Path(FILE).parents[1], text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert 'needs torch: pip install -r requirements/robot.txt' in done.stdout
    for name in ('core/test_camera.py', 'node/test_messages.py', 'package/test_package.py'):
        assert f'test/{name}::' in done.stdout  # what needs none of them is there


def test_hooks_are_those_that_the_pytest_of_every_distribution_knows():
    """Humble has pytest 6.2 and pluggy 0.13: a hook or argument unknown to them ends it all."""
    later = re.compile(r'collection_path|\(wrapper=|def pytest_ignore_collect|start_path')
    for path in Path(FILE).parent.rglob('conftest.py'):
        code = re.sub(r'""".*?"""', '', path.read_text(), flags=re.DOTALL)
        assert not later.findall(code), path


@pytest.fixture
def this_file(request):
    """The collector of this file; what a test hangs on it is taken off again."""
    collector = request.node.getparent(pytest.Module)
    collect = collector.collect
    yield collector
    collector.collect = collect


def test_folders_that_a_robot_tests_need_no_more_than_it_has(conftest):
    assert set(conftest.NEEDS) == {'train', 'simulation', 'demo'}
    assert conftest.missing_packages(None) == []
    assert conftest.is_installed('numpy') and not conftest.is_installed('no-such-package')


@pytest.mark.parametrize('marks, fast', [
    ((), True), (('thorough',), False), (('slow',), False), (('timeout',), True)])
def test_what_has_no_other_speed_is_fast(conftest, marks, fast):
    class Item:
        given = list(marks)

        def get_closest_marker(self, name):
            return name if name in self.given else None

        def add_marker(self, name):
            self.given.append(name)

    item = Item()
    conftest.pytest_collection_modifyitems([item])
    assert ('fast' in item.given) is fast


@pytest.mark.parametrize('text, expression, unread', [
    ('pytestmark = pytest.mark.thorough\n', 'fast', True),
    ('import os\n\npytestmark = [pytest.mark.timeout(9), pytest.mark.slow]\n', 'fast', True),
    ('pytestmark = pytest.mark.thorough\n', 'not slow', False),
    ('pytestmark = pytest.mark.timeout(9)\n', 'fast', False),
    ('@pytest.mark.thorough\ndef test_it():\n    pass\n', 'fast', False)])
def test_what_has_no_fast_test_is_not_read_for_them(
        conftest, this_file, tmp_path, monkeypatch, text, expression, unread):
    path = tmp_path / 'test_it.py'
    path.write_text(text)
    monkeypatch.setattr(this_file, 'fspath', path)
    monkeypatch.setattr(this_file.config.option, 'markexpr', expression)
    monkeypatch.setattr(conftest, 'collected', lambda path, collect: [path])
    conftest.pytest_collectstart(this_file)
    assert this_file.collect() == ([] if unread else [path])


def test_a_folder_is_collected_as_ever(conftest, request):
    folder = request.node.getparent(pytest.Module).parent
    conftest.pytest_collectstart(folder)
    assert 'collect' not in vars(folder)


def test_tests_too_slow_for_the_fast_ones_are_named_the_slowest_first(conftest):
    def report(name, duration):
        return SimpleNamespace(nodeid=name, duration=duration)
    found, said = {'passed': [report('quick', 0.1), report('a', 1.6), report('b', 9.0)],
                   'failed': [report('a', 0.5)]}, []
    reporter = SimpleNamespace(getreports=found.get, write_line=said.append)
    for expression in ('fast', ''):
        config = SimpleNamespace(option=SimpleNamespace(markexpr=expression))
        conftest.pytest_terminal_summary(reporter, config)
    assert said == [f'{seconds} s, too long for the fast tests, mark it thorough: {name}'
                    for seconds, name in ((9.0, 'b'), (2.1, 'a'))]


def test_two_workers_never_take_the_same_domain(monkeypatch):
    asked = []
    monkeypatch.setattr(ros_helpers.processes, 'free_domain', lambda among: asked.append(among))
    monkeypatch.setenv('PYTEST_XDIST_WORKER_COUNT', '2')
    for worker in ('gw0', 'gw1'):
        monkeypatch.setenv('PYTEST_XDIST_WORKER', worker)
        ros_helpers.free_domain()
    assert sorted([*asked[0], *asked[1]]) == list(range(1, 101))
    assert len(asked[0]) == 50


def test_every_test_takes_its_domain_so():
    others = [path.name for path in Path(FILE).parent.rglob('test_*.py') if re.search(
        r'^ *from mono_depth_ros\.demo\.processes import .*\bfree_domain\b', path.read_text(),
        re.MULTILINE)]
    assert others == []


@pytest.mark.parametrize('turn', range(2))
def test_signals_that_a_test_blocks_or_takes_are_free_in_the_next(turn):
    """Else what a later test starts cannot be stopped: it inherits both."""
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    assert signal.signal(signal.SIGINT, signal.SIG_IGN) is signal.default_int_handler
