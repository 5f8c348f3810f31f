"""config/depth.rviz: RViz ignores a key it does not know, so every key is held to a list."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / 'config' / 'depth.rviz'
COMMON = {'Class', 'Name', 'Enabled', 'Value'}
TOPIC = {'Value', 'Depth', 'History Policy', 'Reliability Policy', 'Durability Policy',
         'Filter size'}
# Keys of rviz2 (Humble to Kilted) for each class this file uses.
KEYS = {
    'rviz_default_plugins/Image': {
        'Topic', 'Normalize Range', 'Min Value', 'Max Value', 'Median window'},
    'rviz_default_plugins/PointCloud2': {
        'Topic', 'Style', 'Size (m)', 'Size (Pixels)', 'Alpha', 'Decay Time', 'Selectable',
        'Position Transformer', 'Color Transformer'},
    'rviz_default_plugins/Grid': {
        'Reference Frame', 'Plane Cell Count', 'Normal Cell Count', 'Cell Size', 'Line Style',
        'Color', 'Alpha', 'Plane', 'Offset'},
}
ORBIT = {'Class', 'Name', 'Value', 'Target Frame', 'Distance', 'Focal Point', 'Yaw', 'Pitch',
         'Near Clip Distance', 'Invert Z Axis', 'Focal Shape Size', 'Focal Shape Fixed Size'}
PANELS = {'rviz_common/Displays', 'rviz_common/Views', 'rviz_common/Time',
          'rviz_common/Selection', 'rviz_common/Tool Properties'}
TOOLS = {f'rviz_default_plugins/{name}' for name in (
    'Interact', 'MoveCamera', 'Select', 'FocusCamera', 'Measure')}


@pytest.fixture(scope='module')
def manager():
    return yaml.safe_load(FILE.read_text())['Visualization Manager']


@pytest.fixture(scope='module')
def displays(manager):
    return manager['Displays']


def display(displays, topic):
    return next(d for d in displays if d.get('Topic', {}).get('Value') == topic)


def test_every_key_is_one_rviz_knows(manager, displays):
    whole = yaml.safe_load(FILE.read_text())
    assert set(whole) <= {'Panels', 'Visualization Manager', 'Window Geometry'}
    assert set(manager) <= COMMON | {'Displays', 'Global Options', 'Tools', 'Views'}
    assert set(manager['Global Options']) <= {'Background Color', 'Fixed Frame', 'Frame Rate'}
    assert set(manager['Views']['Current']) <= ORBIT
    assert manager['Views']['Current']['Class'] == 'rviz_default_plugins/Orbit'
    for item in displays:
        assert set(item) <= COMMON | KEYS[item['Class']], item['Name']
        assert set(item.get('Topic', {})) <= TOPIC, item['Name']
    for panel in whole['Panels']:
        assert panel['Class'] in PANELS and set(panel) == {'Class', 'Name'}
    for tool in manager['Tools']:
        assert tool['Class'] in TOOLS and set(tool) == {'Class'}


def test_displays_are_shown_with_values_of_the_right_kind(displays):
    for item in displays:
        assert item['Enabled'] is True and item['Value'] is True, item['Name']
        if topic := item.get('Topic'):
            assert topic['History Policy'] == 'Keep Last'
            assert topic['Reliability Policy'] in ('Reliable', 'Best Effort')
            assert topic['Durability Policy'] == 'Volatile'  # the node publishes volatile
            assert type(topic['Depth']) is int and topic['Depth'] >= 1


def test_topics_are_the_node_s_and_relative(displays):
    shown = {item['Topic']['Value'] for item in displays if 'Topic' in item}
    assert shown == {'image_raw', 'depth/image', 'points'}
    code = ''.join(path.read_text() for path in (ROOT / 'mono_depth_ros').rglob('*.py'))
    for topic in shown:
        assert f"'{topic}'" in code, f'{topic} is published nowhere'


def test_what_the_node_publishes_reliably_is_heard_reliably(displays):
    for topic in ('depth/image', 'points'):
        assert display(displays, topic)['Topic']['Reliability Policy'] == 'Reliable'


def test_depth_has_a_fixed_range_since_infinity_spoils_a_measured_one(displays):
    depth = display(displays, 'depth/image')
    assert depth['Normalize Range'] is False
    assert 0 <= depth['Min Value'] < depth['Max Value']


def test_cloud_has_its_own_colours(displays):
    cloud = display(displays, 'points')
    assert cloud['Color Transformer'] == 'RGB8' and cloud['Position Transformer'] == 'XYZ'
    assert cloud['Style'] in ('Points', 'Squares', 'Flat Squares', 'Spheres', 'Boxes', 'Tiles')


def test_fixed_frame_is_the_cameras_default(manager):
    frame = manager['Global Options']['Fixed Frame']
    assert frame == 'camera_optical_frame'
    code = (ROOT / 'mono_depth_ros' / 'cameras' / 'camera_node.py').read_text()
    assert f"default='{frame}'" in code
