"""The pages: every command in them works as written, and what they name is there."""

from functools import cache
import os
from pathlib import Path
import re
import shutil
import subprocess

import cv2
from docs_commands import blocks, commands, LANGUAGES, PAGES, reason_not_to_run, runnable
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
IGNORED = shutil.ignore_patterns('.git', '.venv', 'runs', 'demo_out', 'build', 'install', 'log',
                                 '__pycache__', '.*_cache', '.hypothesis')
OTHERS_OPTIONS = {'--ros-args', '--params-file'}  # of ROS 2, in running text
FOLDERS = 'config|docs|launch|mono_depth_ros|requirements|scripts|test|train'


@pytest.fixture(params=PAGES, ids=lambda path: path.name)
def page(request):
    return request.param


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """A copy of the checkout in a path with a space, with the environment of this one."""
    if not (ROOT / '.venv').exists():
        pytest.skip('there is no .venv: scripts/setup makes it')
    copy = tmp_path_factory.mktemp('docs') / 'a copy'
    shutil.copytree(ROOT, copy, ignore=IGNORED)
    (copy / '.venv').symlink_to((ROOT / '.venv').resolve())
    cv2.imwrite(str(copy / 'photo.jpg'), np.full((480, 640, 3), 127, np.uint8))
    return copy


def inline_code(page):
    """Text between single backticks, outside of fenced blocks."""
    text = re.sub(r'^```.*?^```', '', page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r'`([^`\n]+)`', text)


@cache
def python_code(*folders):
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob('*'))
             if path.is_file() and path.suffix in ('.py', '.sh', '')]
    return '\n'.join(path.read_text() for path in paths)


def run(command, folder):
    """What a shell that knows nothing of this package says to a command."""
    fresh = {name: os.environ[name] for name in ('PATH', 'HOME', 'LANG', 'TMPDIR')
             if name in os.environ}
    return subprocess.run(command, cwd=folder, env=fresh, capture_output=True, text=True,
                          check=False)


def skip_without_foreign_weights(page):
    if 'from_pretrained' in page.read_text():
        pytest.skip('downloads the weights of another project')


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_quick_commands_work_as_written_in_a_fresh_shell(page, checkout):
    skip_without_foreign_weights(page)
    for command in runnable(page):
        done = run(['bash', '-c', command.text], checkout)
        assert done.returncode == 0, (
            f'{command.page}:{command.line}: {command.text}\n{done.stdout}{done.stderr}')


@pytest.mark.thorough
def test_python_in_the_pages_works_as_written(page, checkout):
    skip_without_foreign_weights(page)
    for language, line, lines in blocks(page):
        if language == 'python':
            code = '\n'.join(lines)
            compile(code, f'{page.name}:{line}', 'exec')
            if 'rclpy' not in code:  # that needs a node: test_node_stream.py
                done = run(['.venv/bin/python', '-c', code], checkout)
                assert done.returncode == 0, f'{page.name}:{line}\n{done.stderr}'


def test_enough_is_run():
    """Each page's quick commands are recognised as such: a wrong rule would run none."""
    texts = [command.text for path in PAGES for command in runnable(path)]
    assert 'scripts/train show indoor' in texts
    for name in ('simulate', 'fit', 'export', 'evaluate', 'data'):
        assert any(text.startswith(f'scripts/train {name} ') for text in texts), name


def test_a_command_is_left_out_for_a_reason_that_holds():
    every = [command for path in PAGES for command in commands(path)]
    reasons = {reason_not_to_run(command) for command in every}
    assert len(every) > 30 and {'needs ROS 2', 'is the suite itself'} <= reasons
    for command in every:
        if command.words[0].startswith('scripts/'):
            assert (ROOT / command.words[0]).is_file(), command


def test_every_training_command_parses(page):
    """Also those that are not run: an option that was renamed shows here."""
    pytest.importorskip('h5py', reason='training packages are not installed')
    from train.__main__ import parser
    from train.recipes.overrides import overridden
    from train.recipes.recipe import recipe_called

    whole = parser()
    for command in commands(page):
        words = command.words
        if words[0] == 'scripts/train' and '--help' not in words:
            options = whole.parse_args(words[1:])
            if words[1] == 'fit':
                overridden(recipe_called(options.recipe), options.settings)


def test_every_block_tells_its_language_and_none_is_indented(page):
    assert {language for language, _, _ in blocks(page)} <= LANGUAGES
    text = re.sub(r'^```.*?^```', '', page.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r'^\n {4}\S', text, re.MULTILINE), 'a block without fences'


def test_links_lead_somewhere(page):
    for target in re.findall(r'\]\(([^)#]+)\)', page.read_text()):
        assert target.startswith('http') or (page.parent / target).exists(), target


def test_files_named_are_there(page):
    for code in inline_code(page):
        if re.fullmatch(rf'(?:{FOLDERS})/[\w./]+', code):
            assert (ROOT / code).exists(), code


def test_files_of_the_architecture_are_there():
    """Its paths are below mono_depth_ros/ unless they begin with a folder of the checkout."""
    text = (ROOT / 'docs' / 'architecture.md').read_text().split('## Rooms and arrows')[0]
    named = re.findall(r'`([\w/]+(?:\.\w+|/))`', text)
    assert len(named) > 30
    missing = [name for name in named
               if not (ROOT / name).exists() and not (ROOT / 'mono_depth_ros' / name).exists()]
    assert not missing


def test_options_named_exist(page):
    known = python_code('scripts', 'train', 'mono_depth_ros')
    for code in inline_code(page):
        for option in re.findall(r'(?:^|\s)(--[a-z][\w-]*)', code):
            assert option in OTHERS_OPTIONS or f"'{option}'" in known or f' {option}' in known, (
                option)


def test_the_readme_is_short_and_leads_to_every_page():
    readme = (ROOT / 'README.md').read_text()
    assert len(readme.splitlines()) <= 120
    assert {path.name for path in PAGES[1:]} <= set(re.findall(r'\(docs/(\w+\.md)\)', readme))


def test_the_node_s_page_names_every_topic():
    from mono_depth_ros.node.outputs.outputs import KINDS

    page = (ROOT / 'docs' / 'node.md').read_text().split('## Topics', 1)[1].split('\n## ', 1)[0]
    named = set(re.findall(r'^\| `([^`]+)`', page, re.MULTILINE))
    inputs = {'image_raw', 'camera_info', 'reference/depth', 'reference/points', 'reference/scan',
              'sensor_depth', 'imu'}
    assert named == set(KINDS) | inputs | {'/diagnostics'}


def test_launch_arguments_in_the_pages_are_those_of_the_launch_files(page):
    declared = {path.name: set(re.findall(r"DeclareLaunchArgument\(\s*'(\w+)'", path.read_text()))
                for path in (ROOT / 'launch').rglob('*.launch.py')}
    for command in commands(page):
        if command.text.startswith('ros2 launch'):
            # Every other file includes depth.launch.py.
            known = declared[command.words[3]] | declared['depth.launch.py']
            assert set(re.findall(r'(\w+):=', command.text)) <= known, command
    if page.name == 'install.md':
        rows = re.findall(r'^\| (`[^|]*) \|', page.read_text().split('launch argument', 1)[1],
                          re.MULTILINE)
        assert {name for row in rows for name in re.findall(r'`(\w+)`', row)} == declared[
            'depth.launch.py']


def test_the_training_page_names_every_command_and_recipe():
    pytest.importorskip('h5py', reason='training packages are not installed')
    from train.__main__ import COMMANDS
    from train.recipes.recipe import RECIPES

    named = set(inline_code(ROOT / 'docs' / 'training.md'))
    modules = {module.__name__.rpartition('.')[2] for module in COMMANDS}
    assert {name.replace('_', '-') for name in modules} | set(RECIPES) <= named


def test_commands_are_right_for_bash(page):
    for command in commands(page):
        done = run(['bash', '-n', '-c', command.text], ROOT)
        assert done.returncode == 0, f'{command}: {done.stderr}'
