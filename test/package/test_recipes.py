"""launch/recipes: each is run, with stand-ins for launch where that is not installed.

What drivers publish and are called is held to a table read from their own sources (August 2026).
"""

import ast
from pathlib import Path
import re
import sys
from types import ModuleType, SimpleNamespace

import pytest

from mono_depth_ros.cameras.file_camera import PARAMETERS

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / 'launch' / 'recipes').glob('*.launch.py'))
# Of each recipe: what it starts (package, executable or launch file), and where images come from.
DRIVERS = {
    'realsense': ({('realsense2_camera', 'realsense2_camera_node')},
                  '/camera/camera/color/image_raw'),
    'usb_cam': ({('usb_cam', 'usb_cam_node_exe')}, '/camera/image_raw'),
    'oak': ({('depthai_ros_driver', 'camera.launch.py')}, '/oak/rgb/image_raw'),
    'gazebo': ({('ros_gz_bridge', 'parameter_bridge')}, '/camera/image_raw'),
    'nav2': ({('tf2_ros', 'static_transform_publisher'), ('nav2_bringup', 'navigation_launch.py')},
             None),
    'rtabmap': ({('rtabmap_launch', 'rtabmap.launch.py')}, '<image_topic>'),
    'phone': ({('mono_depth_ros', 'file_camera')}, '/phone/image_raw')}
# Arguments of other packages' launch files, and parameters of other nodes.
KNOWN = {
    'camera.launch.py': {'name', 'use_rviz', 'rectify_rgb', 'params_file'},
    'navigation_launch.py': {'params_file', 'use_sim_time', 'autostart', 'namespace'},
    'rtabmap.launch.py': {'rgb_topic', 'depth_topic', 'camera_info_topic', 'frame_id',
                          'approx_sync', 'qos'},
    'realsense2_camera_node': {'enable_color', 'enable_depth', 'rgb_camera.color_profile'},
    'usb_cam_node_exe': {'video_device', 'camera_info_url', 'frame_id', 'pixel_format',
                         'image_width', 'image_height', 'framerate'},
    'file_camera': {parameter.name for parameter in PARAMETERS}}


def declared_by_depth():
    tree = ast.parse((ROOT / 'launch' / 'depth.launch.py').read_text())
    return {call.args[0].value for call in ast.walk(tree) if isinstance(call, ast.Call)
            and getattr(call.func, 'id', '') == 'DeclareLaunchArgument'}


def stand_ins(started):
    """Modules in place of launch and launch_ros that note in `started` what is made of them."""
    def note(kind):
        return lambda *given, **named: started.append(
            SimpleNamespace(kind=kind, given=given, named=named)) or started[-1]

    parts = {
        'launch': {'LaunchDescription': list},
        'launch.actions': {
            'DeclareLaunchArgument': note('argument'), 'GroupAction': list,
            'IncludeLaunchDescription': note('include')},
        'launch.conditions': {'IfCondition': lambda word: f'if {word}'},
        'launch.substitutions': {'LaunchConfiguration': lambda name: f'<{name}>',
                                 'PathJoinSubstitution': '/'.join},
        'launch_ros': {}, 'launch_ros.actions': {'Node': note('node')},
        'launch_ros.parameter_descriptions': {'ParameterValue': lambda text, value_type: text},
        'launch_ros.substitutions': {'FindPackageShare': lambda package: package}}
    for name, content in parts.items():
        module = ModuleType(name)
        vars(module).update(content)
        yield name, module


@pytest.fixture(params=FILES, ids=lambda path: path.name.split('.')[0])
def recipe(request, monkeypatch):
    """A recipe's name, text, and what its launch description makes."""
    started, path = [], request.param
    for name, module in stand_ins(started):
        monkeypatch.setitem(sys.modules, name, module)
    names = {}
    exec(compile(path.read_text(), str(path), 'exec'), names)
    described = names['generate_launch_description']()
    assert described and all(part in flat(described) for part in started), 'made but not started'
    return SimpleNamespace(name=path.name.split('.')[0], text=path.read_text(), started=started)


def flat(parts):
    return [one for part in parts for one in (flat(part) if isinstance(part, list) else [part])]


def of_kind(recipe, kind):
    return [part for part in recipe.started if part.kind == kind]


def arguments(include):
    return dict(include.named.get('launch_arguments', ()))


def depth_of(recipe):
    include, = [part for part in of_kind(recipe, 'include')
                if part.given[0] == 'mono_depth_ros/launch/depth.launch.py']
    return arguments(include)


def test_every_recipe_starts_depth_with_arguments_it_has(recipe):
    assert set(depth_of(recipe)) <= declared_by_depth()
    assert depth_of(recipe).get('image_topic') == DRIVERS[recipe.name][1]


def test_drivers_are_called_by_their_names(recipe):
    found = {(part.named['package'], part.named['executable'])
             for part in of_kind(recipe, 'node')}
    for include in of_kind(recipe, 'include'):
        package, folder, file = include.given[0].split('/')
        assert folder == 'launch'
        if package != 'mono_depth_ros':
            found.add((package, file))
            assert set(arguments(include)) <= KNOWN[file]
    assert found == DRIVERS[recipe.name][0]
    for node in of_kind(recipe, 'node'):
        for parameters in node.named.get('parameters', ()):
            assert set(parameters) <= KNOWN[node.named['executable']]


def test_arguments_are_described_read_and_in_the_command(recipe):
    own = {part.given[0]: part.named for part in of_kind(recipe, 'argument')}
    assert all(named['description'] for named in own.values())
    assert set(re.findall(r"LaunchConfiguration\(\s*'(\w+)'", recipe.text)) == set(own)
    command = re.search(rf'^ros2 launch mono_depth_ros {recipe.name}.launch.py.*$', recipe.text,
                        re.MULTILINE)[0]
    given = set(re.findall(r'(\w+):=', command))
    assert given <= set(own) | declared_by_depth()
    needed = {name for name, named in own.items() if 'default_value' not in named}
    assert needed <= given


def test_the_images_come_from_where_the_node_listens(recipe):
    """The driver's node, name and namespace make the topic that depth.launch.py is given."""
    topic = DRIVERS[recipe.name][1]
    for node in of_kind(recipe, 'node'):
        if recipe.name in ('usb_cam', 'phone'):
            assert f'/{node.named["namespace"]}/image_raw' == topic
        if recipe.name == 'realsense':
            assert topic == f'/{node.named["namespace"]}/{node.named["name"]}/color/image_raw'
        if recipe.name == 'gazebo':
            bridged = [word.split('@')[0] for word in node.named['arguments']]
            assert bridged == [topic, '/camera/camera_info', '/clock']
            assert depth_of(recipe)['use_sim_time'] == 'true'


@pytest.mark.parametrize('recipe', [ROOT / 'launch' / 'recipes' / 'nav2.launch.py'],
                         indirect=True, ids=['nav2'])
def test_a_camera_of_the_urdf_gets_no_second_parent(recipe):
    mounting, = of_kind(recipe, 'node')
    assert mounting.named['condition'] == 'if <camera_transform>'
    told, = (part.named for part in of_kind(recipe, 'argument')
             if part.given == ('camera_transform',))
    assert told['default_value'] == 'true'


def test_the_page_has_every_recipe_with_its_command():
    page = (ROOT / 'docs' / 'recipes.md').read_text()
    names = {path.name.split('.')[0] for path in FILES}
    assert names == set(DRIVERS)
    assert set(re.findall(r'^ros2 launch mono_depth_ros (\w+)\.launch\.py', page,
                          re.MULTILINE)) == names
    for path in FILES:
        # Continued in the next line where it is long.
        text = re.sub(r'\\\\\n +', '', path.read_text())
        command = re.search(r'^ros2 launch.*$', text, re.MULTILINE)[0]
        assert command in page, command


def test_launch_takes_every_recipe_for_real():
    pytest.importorskip('launch_ros')
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    for path in FILES:
        assert get_launch_description_from_python_launch_file(str(path)).entities
