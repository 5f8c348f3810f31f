"""Launch files: what they name exists and every argument is used; with launch_ros, for real."""

import ast
import os
from pathlib import Path
import re
import sys
from xml.etree import ElementTree

from model_helpers import write_untrained
import pytest
from ros_helpers import free_domain, Peer, Process
import yaml

from mono_depth_ros.cameras import file_camera, sim_camera
from mono_depth_ros.message_formats.topic_names import info_topic_beside
from mono_depth_ros.node.interface.parameters import PARAMETERS
from mono_depth_ros.node.parameter_files import cameras_of, check_remappings

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / 'launch').glob('*.launch.py'))
# FIELD names of a depth node's launch file; others may come with them.
ARGUMENTS = {'params_file', 'image_topic', 'camera_info_topic', 'namespace', 'use_rviz',
             'use_sim_time', 'log_level', 'autostart', 'model_file'}
CAMERA_TOPICS = ['image_raw', 'camera_info']
OTHER_TOPICS = ['imu', 'sensor_depth', 'reference/depth', 'reference/points', 'reference/scan']
RUN = '''
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
file, *given = sys.argv[1:]
service = LaunchService(noninteractive=True)
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(
    PythonLaunchDescriptionSource(file),
    launch_arguments=[tuple(word.split(':=', 1)) for word in given])]))
sys.exit(service.run())
'''


def calls(tree, *names):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, 'id', '') in names:
            yield node


def text(node):
    return node.value if isinstance(node, ast.Constant) else None


def keywords(call):
    return {keyword.arg: keyword.value for keyword in call.keywords}


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def tree(request):
    return ast.parse(request.param.read_text())


def depth_tree():
    return ast.parse((ROOT / 'launch' / 'depth.launch.py').read_text())


def declared(tree):
    return [text(call.args[0]) for call in calls(tree, 'DeclareLaunchArgument')]


def literals(tree):
    """Every text in a launch file but the names in its declarations."""
    names = {id(call.args[0]) for call in calls(tree, 'DeclareLaunchArgument')}
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)
            and isinstance(node.value, str) and id(node) not in names]


def test_the_arguments_users_know_are_there():
    names = declared(depth_tree())
    assert set(names) >= ARGUMENTS and len(names) == len(set(names))


def test_every_declared_argument_is_used_and_described(tree):
    assert set(declared(tree)) <= set(literals(tree)), 'declared, but never read'
    for call in calls(tree, 'DeclareLaunchArgument'):
        assert text(keywords(call)['description'])


def test_every_argument_that_is_read_is_declared(tree):
    read = {text(call.args[0]) for call in calls(tree, 'LaunchConfiguration')} - {None}
    read |= {text(call.args[1]) for call in calls(tree, 'given', 'override')} - {None}
    assert read and read <= set(declared(tree))


def test_executables_exist(tree):
    scripts = re.findall(r"f'(\w+) = \{NAME\}", (ROOT / 'setup.py').read_text())
    assert len(scripts) >= 5
    for call in calls(tree, 'Node'):
        given = keywords(call)
        if text(given['package']) == 'mono_depth_ros':
            named = {text(node) for node in ast.walk(given['executable'])} - {None, '', 'source'}
            assert named and named <= set(scripts)
        else:
            assert (text(given['package']), text(given['executable'])) == ('rviz2', 'rviz2')


def test_overridden_parameters_are_the_node_s():
    names = {parameter.name for parameter in PARAMETERS} | {'use_sim_time'}
    overridden = {text(call.args[1]) for call in calls(depth_tree(), 'override')}
    assert len(overridden) == 3 and overridden <= names


def test_every_other_input_of_the_node_has_an_argument():
    """As docs/node.md lists them; those of the camera by names of their own."""
    page = (ROOT / 'docs' / 'node.md').read_text()
    listed = set(re.findall(r'^\| `([a-z_/]+)` \(in\)', page, re.MULTILINE))
    tree = depth_tree()
    declared = {text(call.args[0]) for call in calls(tree, 'DeclareLaunchArgument')}
    remapped = {text(node.elts[0]): ast.unparse(node.elts[1]) for node in ast.walk(tree)
                if isinstance(node, ast.Tuple) and text(node.elts[0]) in listed}
    assert set(remapped) == listed
    assert listed == {*CAMERA_TOPICS, *OTHER_TOPICS}
    for topic in OTHER_TOPICS:
        argument = topic.replace('/', '_') + '_topic'
        assert argument in declared and remapped[topic] == f"given(context, '{argument}')"


def test_camera_parameters_of_the_demo_are_the_cameras():
    tree = ast.parse((ROOT / 'launch' / 'demo.launch.py').read_text())
    file, simulated = ({parameter.name for parameter in module.PARAMETERS}
                       for module in (file_camera, sim_camera))
    assert {'source', 'rate_hz'} <= file and {'world', 'rate_hz'} <= simulated
    assert {'source', 'world', 'rate_hz'} <= set(literals(tree))


def test_arguments_with_a_choice_say_which(tree):
    """Else launch passes any text on, and the node refuses it without the argument's name."""
    for call in calls(tree, 'DeclareLaunchArgument'):
        if text(call.args[0]) in ('autostart', 'use_sim_time', 'use_rviz', 'log_level', 'world'):
            default = keywords(call)['default_value']
            assert 'choices' in keywords(call) or isinstance(default, ast.Call), ast.unparse(call)


def test_the_demo_s_camera_publishes_where_the_node_listens_and_ends_the_launch():
    tree = ast.parse((ROOT / 'launch' / 'demo.launch.py').read_text())
    camera, = calls(tree, 'Node')
    given = keywords(camera)
    assert ast.unparse(given['on_exit']).startswith('Shutdown(')
    assert ast.unparse(given['remappings']) == 'remappings'
    passed_on = ast.unparse(next(calls(tree, 'IncludeLaunchDescription')))
    assert "'image_topic'" in passed_on and "'camera_info_topic'" in passed_on


def test_a_file_that_is_given_must_be_there():
    source = (ROOT / 'launch' / 'depth.launch.py').read_text()
    for name in ('params_file', 'rviz_config'):
        assert f"given_file(context, '{name}')" in source


@pytest.mark.parametrize('text, cameras', [
    ('/**: {ros__parameters: {cameras: [front, left]}}', ['front', 'left']),
    ('/robot/depth_node: {ros__parameters: {cameras: [front]}}', ['front']),
    ('robot: {depth_node: {ros__parameters: {cameras: [front]}}}', ['front']),
    ('other: {ros__parameters: {cameras: [front]}}', []),
    ('/**: {ros__parameters: {cameras: []}}', []), ('/**: {ros__parameters: }', []), ('', []),
    ('/**: {ros__parameters: {cameras: 5}}', []), ('/**: {ros__parameters: {cameras: front}}', []),
    ('- [', [])])
def test_topics_that_no_camera_has_are_refused(tmp_path, text, cameras):
    file = tmp_path / 'mine.yaml'
    file.write_text(text)
    unchanged = [(name, name) for name in CAMERA_TOPICS + OTHER_TOPICS]
    check_remappings(file, unchanged)
    assert cameras_of(file) == cameras
    given = [('image_raw', '/cam/image'), *unchanged[1:], ('scan', 'depth_scan')]
    if not cameras:
        return check_remappings(file, given)
    with pytest.raises(ValueError, match='for image_raw, scan have no effect with the cameras fr'):
        check_remappings(file, given)


def test_the_launch_file_checks_what_it_remaps():
    source = (ROOT / 'launch' / 'depth.launch.py').read_text()
    assert 'check_remappings(params_file, remappings)' in source


@pytest.mark.parametrize('image_topic, info_topic', [
    ('image_raw', 'camera_info'), ('/image_raw', '/camera_info'),
    ('/cam/left/image_rect_color', '/cam/left/camera_info'), ('cam/image', 'cam/camera_info')])
def test_camera_info_lies_beside_the_image(image_topic, info_topic):
    assert info_topic_beside(image_topic) == info_topic


def test_remapped_topics_are_the_node_s(tree):
    code = ''.join(path.read_text() for path in (ROOT / 'mono_depth_ros').rglob('*.py'))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(
                node.targets[0], 'id', '') == 'remappings':
            topics = [text(pair.elts[0]) for pair in node.value.elts]
            assert topics in (CAMERA_TOPICS, CAMERA_TOPICS + OTHER_TOPICS + ['scan'])
            assert all(f"'{topic}'" in code for topic in topics)


def test_files_named_are_there_and_are_installed(tree):
    names = [name for name in literals(tree)
             if re.fullmatch(r'[\w.]+\.(yaml|rviz|xml|launch\.py)', name)]
    assert names
    for name in names:
        assert list(ROOT.glob(f'config/{name}')) + list(ROOT.glob(f'launch/{name}')), name


def test_large_data_profile_has_a_segment_for_large_images():
    tree = ElementTree.parse(ROOT / 'config' / 'fastdds_large_data.xml')
    space = '{http://www.eprosima.com}'
    transports = {found.findtext(f'{space}transport_id'): found
                  for found in tree.iter(f'{space}transport_descriptor')}
    participant = tree.find(f'.//{space}participant')
    assert participant.get('is_default_profile') == 'true'
    assert participant.findtext(f'.//{space}useBuiltinTransports') == 'false'
    used_ones = [found.text for found in participant.iter(f'{space}transport_id')]
    assert {transports[name].findtext(f'{space}type') for name in used_ones} == {'SHM', 'UDPv4'}
    memory = next(t for t in transports.values() if t.findtext(f'{space}type') == 'SHM')
    assert int(memory.findtext(f'{space}segment_size')) == 64 << 20
    assert int(memory.findtext(f'{space}maxMessageSize')) == 16 << 20


def installed_launch_folder():
    """Folder of the launch files where package and launch_ros are installed, else skip."""
    pytest.importorskip('launch_ros')
    from ament_index_python.packages import get_package_share_directory

    try:
        return Path(get_package_share_directory('mono_depth_ros')) / 'launch'
    except (LookupError, OSError):
        pytest.skip('mono_depth_ros is not installed: source install/setup.bash first')


def test_launch_for_real(tmp_path):
    folder = installed_launch_folder()
    model, settings = tmp_path / 'tiny.safetensors', tmp_path / 'mine.yaml'
    write_untrained(model)
    settings.write_text(yaml.safe_dump({'/**': {'ros__parameters': {
        'max_depth': 7, 'model_file': 'to be overridden', 'device': 'cpu'}}}))
    domain = free_domain()
    process = Process(
        [sys.executable, '-c', RUN, str(folder / 'depth.launch.py'), 'namespace:=front',
         'image_topic:=/cam/image_raw', f'model_file:={model}', f'params_file:={settings}',
         'use_sim_time:=true', 'autostart:=true', 'log_level:=debug'],
        domain, tmp_path / 'log', PATH=f'{Path(sys.executable).parent}:{os.environ["PATH"]}')
    peer = Peer(domain)
    try:
        peer.wait_active(process)
        assert peer.diagnostics()['model'] == 'tiny'
        node = peer.node
        for topic in ('/cam/image_raw', '/cam/camera_info', '/front/depth/image'):
            peer.wait(lambda topic=topic: node.get_subscriptions_info_by_topic(topic)
                      + node.get_publishers_info_by_topic(topic), topic)
        assert parameters(peer, 'use_sim_time', 'max_depth', 'autostart') == [True, 7.0, True]
        assert '[DEBUG]' in process.output()
    finally:
        peer.close()
        assert process.end() == 0, process.output()
    assert 'Traceback' not in process.output()


WRONG_ARGUMENTS = [
    ('depth.launch.py', 'params_file:=/nowhere.yaml', "params_file must be a file, got '/nowhere"),
    ('depth.launch.py', 'autostart:=maybe', '"autostart" provided value "maybe"'),
    ('depth.launch.py', 'use_sim_time:=1', '"use_sim_time" provided value "1"'),
    ('depth.launch.py', 'log_level:=loud', '"log_level" provided value "loud"'),
    ('demo.launch.py', 'world:=moon', '"world" provided value "moon"'),
    ('demo.launch.py', 'rate_hz:=fast', "rate_hz must be a number, got 'fast'")]


@pytest.mark.thorough
@pytest.mark.parametrize('file, argument, sentence', WRONG_ARGUMENTS)
def test_a_wrong_argument_is_named_and_nothing_starts(tmp_path, file, argument, sentence):
    process = launched(tmp_path, free_domain(), file, argument)
    assert process.wait(30) == 1
    assert sentence in process.output() and 'process started' not in process.output()


@pytest.mark.thorough
def test_rviz_that_is_not_installed_is_said(tmp_path):
    folder = installed_launch_folder()
    from ament_index_python.packages import get_packages_with_prefixes

    if 'rviz2' in get_packages_with_prefixes():
        pytest.skip(f'rviz2 is installed beside {folder}')
    process = launched(tmp_path, free_domain(), 'depth.launch.py', 'use_rviz:=true')
    assert process.wait(30) == 1 and 'sudo apt install ros-' in process.output()


@pytest.mark.thorough
def test_the_end_of_the_camera_ends_the_demo(tmp_path):
    process = launched(tmp_path, free_domain(), 'demo.launch.py', 'source:=/nowhere')
    process.wait(60)
    assert 'source /nowhere does not exist' in process.output()
    assert 'depth_node' in process.output().split('/nowhere does not exist')[1]


def launched(tmp_path, domain, file, *arguments):
    """A real launch of a file of the package as it is installed."""
    folder = installed_launch_folder()
    return Process([sys.executable, '-c', RUN, str(folder / file), *arguments], domain,
                   tmp_path / 'log',
                   PATH=f'{Path(sys.executable).parent}:{os.environ["PATH"]}')


def parameters(peer, *names):
    from rcl_interfaces.srv import GetParameters
    from rclpy.parameter import parameter_value_to_python

    answer = peer.call(GetParameters, '/front/depth_node/get_parameters',
                       GetParameters.Request(names=list(names)))
    return [parameter_value_to_python(value) for value in answer.values]
