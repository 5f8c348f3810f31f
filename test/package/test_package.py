"""Packaging: what colcon installs is there, named alike everywhere, and asks rosdep for it all."""

import ast
import configparser
import importlib
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

from optional_packages import BROUGHT_BY
import pytest
from test_architecture import statements, tree_of

ROOT = Path(__file__).parents[2]
NAME = 'mono_depth_ros'
# rosdep key of each import of the robot's half that does not come with Python.
KEYS = {'cv2': 'python3-opencv', 'numpy': 'python3-numpy', 'yaml': 'python3-yaml',
        'tf2_ros': 'tf2_ros_py'}
# Wheel of each import whose name differs.
WHEELS = {'cv2': 'opencv-python-headless', 'yaml': 'PyYAML', 'OpenGL': 'PyOpenGL',
          'mcap_ros2': 'mcap-ros2-support', 'rerun': 'rerun-sdk'}
# No wheels: used where ROS 2 is installed.
ROS_ONLY = {'cv_bridge', 'launch', 'launch_ros', 'tf2_ros'}
# Used where it is: JetPack brings it, of the version its driver wants; no rosdep key.
OF_THE_MACHINE = {'tensorrt'}
# The robot's half runs without them: other backends, and the tracing of a network for them.
OPTIONAL = {'rerun', 'openvino', 'onnxruntime', 'onnx', 'onnxscript'}


@pytest.fixture(scope='module')
def package():
    return ElementTree.parse(ROOT / 'package.xml').getroot()


@pytest.fixture(scope='module')
def setup():
    """Keyword arguments of setup() as setup.py computes them in the checkout."""
    code = ('import json, setuptools\n'
            'setuptools.setup = lambda **given: print(json.dumps(given, default=str))\n'
            'exec(compile(open("setup.py").read(), "setup.py", "exec"))')
    output = subprocess.run([sys.executable, '-c', code], cwd=ROOT, check=True, text=True,
                            capture_output=True).stdout
    return importlib.import_module('json').loads(output)


def imported(*folders):
    """Top-level names that the Python files below these folders import, wherever in them."""
    for path in (path for folder in folders for path in (ROOT / folder).rglob('*.py')):
        for node in statements(tree_of(path)):
            if isinstance(node, ast.Import):
                yield from (alias.name.split('.')[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module.split('.')[0]


def foreign(names):
    """Those of the names that neither Python nor this repository brings."""
    helpers = {path.stem for path in (ROOT / 'test').rglob('*.py')}
    return set(names) - sys.stdlib_module_names - helpers - {NAME, 'train', '__future__'}


def required(path):
    """Names that a requirements file and those it includes ask for."""
    names = {name for name, _ in pinned(path)}
    for other in re.findall(r'^-r (\S+)', path.read_text(), re.MULTILINE):
        names |= required(path.parent / other)
    return names


def pinned(path):
    """Name and version of the lines of a requirements file."""
    for line in path.read_text().splitlines():
        if found := re.match(r'(\w[\w.-]*)(==[\w.+]+)?', line):
            yield re.sub(r'[-_.]+', '-', found[1]).lower(), found[2]


def test_package_xml_is_format_3_for_ament_python(package, setup):
    assert package.get('format') == '3' and package.findtext('name') == NAME == setup['name']
    assert package.findtext('export/build_type') == 'ament_python'
    assert package.findtext('license') == setup['license'] == 'Apache-2.0'
    assert 'Apache License' in (ROOT / 'LICENSE').read_text()
    weights = package.findall('license')[1]  # the code's terms are not the weights'
    assert 'non-commercial' in weights.text and (ROOT / weights.get('file')).is_file()
    assert package.findtext('version') == setup['version']
    assert package.findtext('description') == setup['description']
    names = [tag.text for tag in package if tag.tag.endswith('_depend')]
    assert names and len(names) == len(set(names))


def test_changelog_knows_the_version(setup):
    assert setup['version'] in (ROOT / 'CHANGELOG.md').read_text()


def test_everything_imported_is_asked_for(package):
    asked = {tag.text for tag in package.iter('exec_depend')}
    needed = {KEYS.get(name, name)
              for name in foreign(imported(NAME, 'launch')) - BROUGHT_BY.keys() - OF_THE_MACHINE}
    assert needed <= asked, f'package.xml lacks {needed - asked}'
    assert asked - needed <= {'ros2launch', 'rviz2'}, 'asked for, but not used'


@pytest.mark.thorough
@pytest.mark.parametrize('name, folders', [
    ('demo', [NAME]), ('train', ['train']), ('test', [NAME, 'train', 'test'])])
def test_everything_imported_is_required(name, folders):
    asked = required(ROOT / 'requirements' / f'{name}.txt')
    for module in foreign(imported(*folders)) - ROS_ONLY - OF_THE_MACHINE:
        if module in OPTIONAL:
            assert WHEELS.get(module, module) in required(
                ROOT / 'requirements' / f'{BROUGHT_BY[module]}.txt')
            continue
        names = {WHEELS.get(module, module), f'ros-{module}'}
        assert asked & {other.replace('_', '-').lower() for other in names}, module


def test_optional_packages_come_with_the_file_that_a_skipped_test_names():
    for module, name in BROUGHT_BY.items():
        asked = required(ROOT / 'requirements' / f'{name}.txt')
        assert WHEELS.get(module, module).replace('_', '-').lower() in asked, module


@pytest.mark.thorough
def test_programs_for_a_robot_load_without_the_packages_of_the_demo():
    """`ros2 run` is one sentence, not a traceback, where what a program draws with is missing."""
    modules = ['.'.join(path.relative_to(ROOT).with_suffix('').parts)
               for folder in ('bags', 'cameras', 'node', 'tools')
               for path in sorted((ROOT / NAME / folder).rglob('*.py'))
               if path.name != '__init__.py']
    assert f'{NAME}.tools.rerun_view.view_node' in modules
    blocked = [name for name, file in BROUGHT_BY.items() if file in ('demo', 'recordings', 'view')]
    code = ('import importlib, sys\n'
            f'sys.modules.update(dict.fromkeys({blocked}))\n'
            f'for name in {modules}: importlib.import_module(name)')
    subprocess.run([sys.executable, '-c', code], cwd=ROOT, check=True)


def test_what_a_robot_installs_leaves_numpy_and_opencv_to_the_distribution():
    """A constraint alone would have pip replace what is installed beneath."""
    assert 'numpy' not in dict(pinned(ROOT / 'requirements' / 'constraints.txt'))
    for name in ('robot', 'backends', 'recordings'):
        asked = required(ROOT / 'requirements' / f'{name}.txt')
        assert not [other for other in asked if re.match('numpy|opencv|ros-', other)]
    assert required(ROOT / 'requirements' / 'recordings.txt') == {'matplotlib', 'rosbags'}


def test_no_ros_name_is_asked_of_pypi(setup):
    assert setup['install_requires'] == ['setuptools']


def test_installed_files_exist_and_none_is_forgotten(setup):
    places = dict(setup['data_files'])
    for files in places.values():
        assert files and all((ROOT / file).is_file() for file in files)
    share = f'share/{NAME}'
    assert places['share/ament_index/resource_index/packages'] == [f'resource/{NAME}']
    assert places[share] == ['package.xml']
    for folder in ('launch', 'launch/recipes', 'config'):
        assert {Path(file).name for file in places[f'{share}/{folder}']} == {
            path.name for path in (ROOT / folder).iterdir() if path.is_file()}


def test_package_data_covers_every_file_that_is_no_python(setup):
    folder = ROOT / NAME
    installed = {path for pattern in setup['package_data'][NAME] for path in folder.glob(pattern)}
    lying = {path for path in folder.rglob('*') if path.is_file()
             and path.suffix not in ('.py', '.pyc')}
    assert lying <= installed, f'not installed: {lying - installed}'
    assert any(path.suffix == '.safetensors' for path in installed)
    assert set(setup['packages']) == {
        '.'.join(path.parent.relative_to(ROOT).parts) for path in folder.rglob('__init__.py')}


def test_executables_are_where_ros2_run_looks_and_start(setup):
    lines = setup['entry_points']['console_scripts']
    assert {line.split(' = ')[0] for line in lines} == {
        'calibrate_depth', 'depth_bag', 'depth_node', 'depth_rviz', 'rerun_view', 'sim_camera',
        'file_camera'}
    for line in lines:
        module, function = line.split(' = ')[1].split(':')
        assert callable(getattr(importlib.import_module(module), function))
    config = configparser.ConfigParser()
    config.read(ROOT / 'setup.cfg')
    assert config['develop']['script_dir'] == config['install']['install_scripts'] == (
        f'$base/lib/{NAME}')


@pytest.mark.thorough
def test_executables_of_a_symlinked_build_take_the_environment_that_is_active(tmp_path):
    """`colcon build --symlink-install` is setup.py develop, which named the building Python."""
    for name in ('setup.py', 'setup.cfg'):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / '__init__.py').write_text('')
    prefix = tmp_path / 'prefix'
    site = prefix / 'lib' / 'python{}.{}'.format(*sys.version_info) / 'site-packages'
    site.mkdir(parents=True)
    subprocess.run(
        [sys.executable, 'setup.py', '-q', 'develop', '--prefix', str(prefix), '--no-deps'],
        cwd=tmp_path, check=True, capture_output=True, env=os.environ | {'PYTHONPATH': str(site)})
    scripts = [path.read_text() for path in (prefix / 'lib' / NAME).iterdir()]
    assert len(scripts) == 7
    for text in scripts:
        assert text.startswith('#!/usr/bin/env python3\n') and text.count('#!') == 1
        compile(text, 'script', 'exec')


def test_every_requirement_is_pinned_exactly():
    files = sorted((ROOT / 'requirements').glob('*.txt'))
    assert len(files) >= 6
    pins = {}
    for name, version in pinned(ROOT / 'requirements' / 'constraints.txt'):
        assert version, f'{name} has no version'
        pins.setdefault(name, []).append(version)
    assert all(len(versions) <= 2 for versions in pins.values())
    for path in files:
        for name, version in pinned(path):
            assert version or name in pins, (
                f'{path.name} asks for {name}, which constraints.txt does not pin')
        for other in re.findall(r'^-[rc] (\S+)', path.read_text(), re.MULTILINE):
            assert (path.parent / other).is_file()


def test_scripts_are_executable_and_right_for_bash():
    files = [path for path in (ROOT / 'scripts').iterdir() if path.is_file()]
    for path in [*files, ROOT / '.ci' / 'run']:
        text = path.read_text()
        if not text.startswith('#!'):
            assert path.suffix == '.sh'
        elif 'bash' in text.splitlines()[0]:
            assert path.stat().st_mode & 0o111, f'{path} is not executable'
            assert 'set -euo pipefail' in text
            subprocess.run(['bash', '-n', str(path)], check=True)
