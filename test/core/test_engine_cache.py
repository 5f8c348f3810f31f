"""The cache of compiled networks, with a builder that counts."""

import os

import pytest

from mono_depth_ros.backends import engine_cache
from mono_depth_ros.backends.engine_cache import cached_engine, engine_folder


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


def test_those_not_used_for_longest_go_first(builder):
    for number in range(engine_cache.KEPT):
        builder.get(str(number))
        file = max(files(), key=lambda file: file.stat().st_mtime_ns)
        os.utime(file, (number, number))
    builder.get('0')  # used again just now
    builder.get('new')
    assert len(files()) == engine_cache.KEPT
    assert [builder.get('0'), builder.get('new'), builder.get('1')] == [
        'loaded', 'loaded', 'built']
