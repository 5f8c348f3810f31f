"""What is found on a computer without importing it."""

import sys

import pytest

from mono_depth_ros.backends import machine as machine_facts


@pytest.mark.parametrize('files, version', [
    ({'tensorrt/__init__.py': '__version__ = "8.6.2"\n'}, '8.6.2'),
    ({'tensorrt/__init__.py': 'from tensorrt_bindings import *\n',
      'tensorrt_bindings/__init__.py': "x = 1\n__version__ = '10.3.0.post1'\n"}, '10.3.0.post1'),
    ({'tensorrt/__init__.py': 'raise SystemExit("imported")\n'}, 'unknown'),
    ({'tensorrt/__init__.py': '', 'tensorrt-8.6.1.dist-info/METADATA':
      'Metadata-Version: 2.1\nName: tensorrt\nVersion: 8.6.1\n'}, '8.6.1'),
    ({'tensorrt/engines/kept': ''}, ''),
    ({}, '')])
def test_the_version_of_tensorrt_is_found_without_importing_it(
        files, version, tmp_path, monkeypatch):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sys, 'path', [str(tmp_path)])
    machine_facts._version.cache_clear()
    assert machine_facts.tensorrt_version() == version
    machine_facts._version.cache_clear()
