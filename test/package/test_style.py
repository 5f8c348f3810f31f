"""The style: ruff and flake8 in 99 columns, types by mypy; no finding is left open."""

from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize('tool, arguments', [
    ('ruff', ['check', '.']),
    pytest.param('flake8', ['mono_depth_ros', 'train', 'test', 'launch', 'setup.py'],
                 marks=pytest.mark.thorough),
    pytest.param('mypy', [], marks=pytest.mark.thorough)])
def test_nothing_to_complain_of(tool, arguments):
    pytest.importorskip(tool)
    done = subprocess.run([sys.executable, '-m', tool, *arguments], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
