"""RViz in the camera's frame: where it is not installed, one sentence."""

import sys

import pytest

from mono_depth_ros.tools import depth_rviz


def test_where_rviz_is_its_program_is_found(monkeypatch):
    monkeypatch.setattr('ament_index_python.packages.get_package_prefix',
                        lambda name: f'/opt/ros/jazzy/{name}')
    assert depth_rviz.rviz_program() == '/opt/ros/jazzy/rviz2/lib/rviz2/rviz2'


def test_without_rviz_one_sentence_says_what_to_install(monkeypatch, capsys):
    def missing(name):
        raise LookupError(name)

    monkeypatch.setattr('ament_index_python.packages.get_package_prefix', missing)
    monkeypatch.setattr(sys, 'argv', ['depth_rviz'])
    with pytest.raises(OSError, match='^rviz2 is not installed: sudo apt install'):
        depth_rviz.rviz_program()
    assert depth_rviz.main() == 1
    assert capsys.readouterr().err.count('\n') == 1
