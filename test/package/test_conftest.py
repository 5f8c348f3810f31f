"""What test/conftest.py does to the suite: skips with a reason, and the marks of its speeds."""

from pathlib import Path
import signal

import pytest

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


@pytest.mark.parametrize('turn', range(2))
def test_signals_that_a_test_blocks_or_takes_are_free_in_the_next(turn):
    """Else what a later test starts cannot be stopped: it inherits both."""
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    assert signal.signal(signal.SIGINT, signal.SIG_IGN) is signal.default_int_handler
