"""What test/conftest.py does to the suite: skips with a reason, its speeds, several workers."""

from pathlib import Path
import re
import signal
from types import SimpleNamespace

import pytest
import ros_helpers

FILE = str(Path(__file__).parents[1] / 'conftest.py')


@pytest.fixture
def conftest(request):
    """The plugin itself: by its name `import` may find that of another folder."""
    plugins = request.config.pluginmanager.get_plugins()
    return next(plugin for plugin in plugins if getattr(plugin, '__file__', '') == FILE)


@pytest.fixture
def this_file(request):
    """The collector of this file; what a test hangs on it is taken off again."""
    collector = request.node.getparent(pytest.Module)
    yield collector
    vars(collector).pop('collect', None)


def test_files_of_a_folder_whose_packages_are_missing_are_skipped_with_the_reason(
        conftest, this_file, monkeypatch):
    monkeypatch.setitem(conftest.NEEDS, 'package', 'train')
    monkeypatch.setattr(conftest, 'is_installed', lambda name: name not in ('h5py', 'tqdm'))
    conftest.pytest_collectstart(this_file)
    with pytest.raises(pytest.skip.Exception, match='needs h5py, tqdm: pip install -r require'):
        this_file.collect()


def test_files_of_a_folder_that_has_its_packages_are_collected(
        conftest, this_file, monkeypatch):
    monkeypatch.setitem(conftest.NEEDS, 'package', 'train')
    monkeypatch.setattr(conftest, 'is_installed', lambda name: True)
    conftest.pytest_collectstart(this_file)
    assert 'collect' not in vars(this_file)


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
def test_what_has_no_fast_test_is_not_read_for_them(conftest, tmp_path, text, expression, unread):
    path = tmp_path / 'test_it.py'
    path.write_text(text)
    config = SimpleNamespace(option=SimpleNamespace(markexpr=expression))
    assert bool(conftest.pytest_ignore_collect(path, config)) is unread
    assert not conftest.pytest_ignore_collect(tmp_path, config)


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
