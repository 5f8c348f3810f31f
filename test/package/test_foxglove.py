"""config/foxglove_demo.json: keys of the public layout format, topics of the demo's recording.

The keys are those in the source of Lichtblick, the open fork of Foxglove Studio: a key that it
does not know is ignored without a message.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from mono_depth_ros.cameras.camera_node import FRAME_ID
from mono_depth_ros.demo.command import LAYOUT
from mono_depth_ros.demo.processes import NAMESPACE
from mono_depth_ros.demo.recorder import TOPICS
from mono_depth_ros.message_formats.topic_names import info_topic_beside

TITLE = 'foxglovePanelTitle'
PANELS = {
    '3D': {'cameraState', 'followMode', 'followTf', 'scene', 'transforms', 'topics', 'layers',
           'publish', 'imageMode', TITLE},
    'Image': {'imageMode', TITLE},
    'DiagnosticStatusPanel': {'selectedHardwareId', 'selectedName', 'topicToRender', TITLE}}
CAMERA = {'perspective', 'distance', 'phi', 'thetaOffset', 'target', 'targetOffset',
          'targetOrientation', 'fovy', 'near', 'far'}
POINTS = {'visible', 'frameLocked', 'pointSize', 'pointShape', 'decayTime', 'colorMode',
          'flatColor', 'colorField', 'gradient', 'colorMap', 'explicitAlpha', 'minValue',
          'maxValue'}
GRID = {'visible', 'frameLocked', 'label', 'instanceId', 'layerId', 'frameId', 'size',
        'divisions', 'lineWidth', 'color', 'position', 'rotation', 'order'}
IMAGE = {'imageTopic', 'calibrationTopic', 'synchronize', 'rotation', 'flipHorizontal',
         'flipVertical', 'minValue', 'maxValue', 'colorMode', 'colorMap'}
SCENE = {'backgroundColor', 'transforms', 'syncCamera', 'topicsVisible', 'enableStats'}
TRANSFORMS = {'editable', 'showLabel', 'labelSize', 'axisScale', 'lineWidth', 'lineColor'}


@pytest.fixture(scope='module')
def layout():
    return json.loads(LAYOUT.read_text())


@pytest.fixture(scope='module')
def panels(layout):
    return layout['configById']


def recorded():
    return {name if name.startswith('/') else f'{NAMESPACE}/{name}' for name in TOPICS}


def leaves(node):
    if isinstance(node, str):
        return [node]
    assert set(node) == {'direction', 'splitPercentage', 'first', 'second'}
    assert node['direction'] in ('row', 'column') and 0 < node['splitPercentage'] < 100
    return leaves(node['first']) + leaves(node['second'])


def test_every_key_is_one_of_the_format(layout, panels):
    assert LAYOUT == Path(__file__).parents[2] / 'config' / 'foxglove_demo.json'
    assert set(layout) == {'configById', 'globalVariables', 'userNodes', 'playbackConfig',
                           'layout'}
    assert sorted(leaves(layout['layout'])) == sorted(panels)
    for name, config in panels.items():
        assert set(config) <= PANELS[name.split('!')[0]], name
        assert set(config.get('imageMode', {})) <= IMAGE
    cloud = panels['3D!cloud']
    assert set(cloud['cameraState']) == CAMERA and set(cloud['scene']) <= SCENE
    assert set(cloud['scene']['transforms']) <= TRANSFORMS
    assert all(set(settings) <= POINTS for settings in cloud['topics'].values())
    for name, layer in cloud['layers'].items():
        assert set(layer) <= GRID and layer['instanceId'] == name


def test_topics_are_those_of_the_recording_each_shown_once(panels):
    shown = [topic for topic, settings in panels['3D!cloud']['topics'].items()
             if settings['visible']]
    images = [config['imageMode'] for name, config in panels.items() if name.startswith('Image!')]
    shown += [image['imageTopic'] for image in images]
    shown.append(panels['DiagnosticStatusPanel!node']['topicToRender'])
    assert len(shown) == len(set(shown)) == 4 and set(shown) <= recorded()
    assert set(panels['3D!cloud']['topics']) == recorded() - {'/diagnostics'}
    # Each image with the camera_info beside it: two in one frame are never mixed.
    assert all(image['calibrationTopic'] == info_topic_beside(image['imageTopic'])
               and image['calibrationTopic'] in recorded() for image in images)
    assert panels['3D!cloud']['followTf'] == FRAME_ID.default


def view(state):
    """Position, direction and up of the 3D panel's camera in its frame, as Lichtblick does it.

    The orbit's pole is the z axis: Euler angles phi about x, then -thetaOffset about z; the
    camera looks along its -z.
    """
    phi, theta = np.radians(state['phi']), -np.radians(state['thetaOffset'])
    about_x = np.array([[1, 0, 0], [0, np.cos(phi), -np.sin(phi)], [0, np.sin(phi), np.cos(phi)]])
    about_z = np.array([[np.cos(theta), -np.sin(theta), 0], [np.sin(theta), np.cos(theta), 0],
                        [0, 0, 1]])
    rotation = about_z @ about_x
    back = rotation @ [0, 0, 1]
    return np.array(state['targetOffset']) + state['distance'] * back, -back, rotation @ [0, 1, 0]


def test_the_cloud_is_seen_upright_from_behind_and_above_the_camera(panels):
    """In the optical frame y is down and z forward."""
    position, direction, up = view(panels['3D!cloud']['cameraState'])
    assert position[2] < 0 and position[1] < 0
    assert direction[2] > 0.8 and up[1] < -0.8 and up[0] == pytest.approx(0)
    points = np.array([[0, 0, 1], [-1, 1, 3], [1, -1, 3], [0, 0, 6]], float)
    across, along = np.cross(direction, up), (points - position) @ direction
    half = np.tan(np.radians(panels['3D!cloud']['cameraState']['fovy'] / 2))
    assert (along > 0).all()
    for axis in (across, up):
        assert (np.abs((points - position) @ axis) < half * along).all()


def test_the_floor_is_level_below_the_camera(panels):
    floor = panels['3D!cloud']['layers']['floor']
    assert floor['layerId'] == 'foxglove.Grid' and floor['rotation'] == [90, 0, 0]
    assert floor['position'][1] > 0
