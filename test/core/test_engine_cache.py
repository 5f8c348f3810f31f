"""The cache of compiled networks, with a builder that counts."""

import os
import pwd

import pytest

from mono_depth_ros.backends import engine_cache, trial
from mono_depth_ros.backends.backend import BackendSpec
from mono_depth_ros.backends.engine_cache import cached_engine, engine_folder, own_engines


class Builder:
    """Builds 'engine' for a key, and loads what it once built unless told to refuse."""

    def __init__(self):
        self.built, self.refuses, self.content = 0, False, b'\n{"weights"}\n' * 100

    def build(self):
        self.built += 1
        return 'built', self.content

    def load(self, content):
        if self.refuses or content != self.content:
            raise RuntimeError('serialized by another version')
        return 'loaded'

    def get(self, key='model; GPU; 10.1'):
        return cached_engine(key, self.load, self.build)


@pytest.fixture
def builder(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    return Builder()


def files():
    return sorted(engine_folder().iterdir())


def test_an_engine_is_built_once_for_a_key(builder):
    assert [builder.get(), builder.get()] == ['built', 'loaded']
    assert [builder.get('model; GPU; 10.2'), builder.get('model; GPU; 10.2')] == [
        'built', 'loaded']
    assert builder.built == 2 and len(files()) == 2
    assert not [file for file in files() if file.suffix != '.engine']


@pytest.mark.parametrize('spoil', [
    lambda content: b'', lambda content: content[:-1], lambda content: content[:40],
    lambda content: content[:-1] + b'x', lambda content: b'{}\n' + content,
    lambda content: content.replace(b'10.1', b'10.2')])
def test_a_half_written_or_foreign_engine_is_built_again(builder, spoil):
    builder.get()
    file, = files()
    file.write_bytes(spoil(file.read_bytes()))
    assert [builder.get(), builder.get()] == ['built', 'loaded'] and builder.built == 2


def test_an_engine_that_the_runtime_refuses_is_built_again(builder):
    builder.get()
    builder.refuses = True
    assert builder.get() == 'built' and len(files()) == 1


def test_a_failed_build_leaves_nothing(builder, monkeypatch):
    def build():
        raise ValueError('out of memory')
    monkeypatch.setattr(builder, 'build', build)
    with pytest.raises(ValueError, match='out of memory'):
        builder.get()
    assert not engine_folder().exists()


def test_a_crash_while_writing_leaves_no_engine(builder, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt
    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(engine_cache.Path, 'replace', killed)
        builder.get()
    assert not files() and builder.get() == 'built'


def test_a_cache_that_cannot_be_written_costs_nothing_else(builder, tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    assert [builder.get(), builder.get()] == ['built', 'built']


@pytest.fixture
def homeless(monkeypatch):
    """A user without HOME, XDG_CACHE_HOME or an entry in the list of users."""
    def unknown(_):
        raise KeyError('getpwuid(): uid not found')
    monkeypatch.setattr(pwd, 'getpwuid', unknown)
    for name in ('HOME', 'XDG_CACHE_HOME'):
        monkeypatch.delenv(name, raising=False)


def test_without_a_home_directory_there_is_no_cache(builder, homeless):
    assert [builder.get(), builder.get()] == ['built', 'built'] and own_engines('weights') is None
    assert trial.recall('K') is None
    assert trial.remember('K', [trial.Finding(spec=BackendSpec(), ms=1.0)]) == (
        'not remembered (the user has no home directory: set XDG_CACHE_HOME to a folder)')


def test_a_cache_that_can_only_be_read_is_used(builder, monkeypatch):
    """As it may be of an image of a robot, made by another user."""
    builder.get()
    own = own_engines('weights')

    def refused(path, *_, **__):
        raise PermissionError(13, 'Permission denied', str(path))
    for name in ('touch', 'unlink', 'write_bytes'):
        monkeypatch.setattr(engine_cache.Path, name, refused)
    assert builder.get() == 'loaded' and own_engines('weights') == own


def test_those_not_used_for_longest_go_first(builder, monkeypatch):
    monkeypatch.setattr(engine_cache, 'MOST_BYTES', 4 * (len(builder.content) + 200))
    own = own_engines('network of a runtime that keeps its own')
    (own / 'sm90.engine').write_bytes(builder.content)
    os.utime(own, (0, 0))
    for number in range(1, 4):
        builder.get(str(number))
        file = max(files(), key=lambda file: file.stat().st_mtime_ns)
        os.utime(file, (number, number))
    assert len(files()) == 4
    builder.get('1')  # used again just now
    builder.get('new')
    assert len(files()) == 4 and own not in files()
    builder.get('newer')
    assert len(files()) == 4
    assert [builder.get('1'), builder.get('new'), builder.get('2')] == [
        'loaded', 'loaded', 'built']


def test_an_engine_larger_than_the_cache_is_kept_alone(builder, monkeypatch):
    builder.get('before')
    monkeypatch.setattr(engine_cache, 'MOST_BYTES', 10)
    assert [builder.get('large'), builder.get('large')] == ['built', 'loaded']
    assert len(files()) == 1


def test_engines_a_runtime_keeps_lie_apart_by_key(builder, tmp_path, monkeypatch):
    own = own_engines('weights 1')
    assert own.is_dir() and own == own_engines('weights 1') != own_engines('weights 2')
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    assert own_engines('weights 1') is None
