"""Where the camera is: by TF, by a stand-in for tf2_ros, or by parameters, and until when."""

import sys
from types import SimpleNamespace

from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
import pytest
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from test_geometry_outputs import DEFAULTS, frame_of, NODE, scanned, wall

from mono_depth_ros.geometry.camera_pose import mounted_pose
from mono_depth_ros.node.interface import camera_poses
from mono_depth_ros.node.interface.camera_poses import CameraPoses
from mono_depth_ros.node.interface.parameters import settings_from
from mono_depth_ros.node.outputs.scan import Scan
from mono_depth_ros.node.steps.scale import Scale
from mono_depth_ros.node.steps.tilt import Tilt


@pytest.fixture
def tf(monkeypatch):
    """A tf2_ros whose buffer knows what the test puts into `known`: (base, frame) -> height.

    What is `static` in it stays when it is cleared. `clock` is moved by hand, in seconds.
    """
    known, static, listeners, clock = {}, {}, [], SimpleNamespace(s=1000.0)

    class Buffer:
        def clear(self):
            known.clear()
            known.update(static)

        def lookup_transform(self, base, frame, time):
            if (base, frame) not in known or time.nanoseconds > 5e9:
                raise LookupError(f'no {frame}')
            return TransformStamped(transform=Transform(
                translation=Vector3(x=0.1, z=known[base, frame]),
                rotation=Quaternion(x=-0.5, y=0.5, z=-0.5, w=0.5)))

    def listener(buffer, node):
        made = SimpleNamespace(unregister=lambda: listeners.remove(made))
        listeners.append(made)
        return made

    monkeypatch.setitem(sys.modules, 'tf2_ros', SimpleNamespace(
        Buffer=Buffer, TransformListener=listener))
    monkeypatch.setattr(camera_poses, 'time', SimpleNamespace(monotonic=lambda: clock.s))
    return SimpleNamespace(known=known, static=static, listeners=listeners, clock=clock)


def test_tf_wins_over_the_parameters_and_counts_from_the_base(tf):
    tf.known['base_link', 'camera'] = 0.3
    scan = Scan(NODE, '')
    assert not tf.listeners  # nobody has asked for a scan yet
    message = scanned(frame_of(wall(), camera_height=5.0), scan)
    assert message.ranges[157] == pytest.approx(2.1, abs=0.01)
    assert scan.values()['scan pose'] == 'TF from camera to base_link'
    scan.close()
    assert not tf.listeners


@pytest.mark.parametrize('frame_id', ['camera', '/camera'])
def test_a_frame_named_as_in_ros_1_is_found(tf, frame_id):
    """As in recordings converted from it: tf2 has its frames without the slash."""
    tf.known['base_link', 'camera'] = 0.3
    poses = CameraPoses(NODE)
    assert poses.pose(settings_from(DEFAULTS), Header(frame_id=frame_id)).height_m == 0.3


def test_tf_is_asked_for_the_latest_where_a_stamp_is_negative(tf):
    tf.known['base_link', 'camera'] = 0.3
    scan, frame = Scan(NODE, ''), frame_of(wall())
    frame.header.stamp.sec = -1
    assert scanned(frame, scan).ranges[157] == pytest.approx(2.1, abs=0.01)
    assert scan.values()['scan pose'] == 'TF from camera to base_link'


def test_parameters_serve_while_tf_knows_nothing_but_not_before_it_can_have_come(tf):
    scan, frame = Scan(NODE, ''), frame_of(wall(), camera_height=0.3)
    for _ in range(2):
        assert scan.message(frame) is None
        assert scan.warning == ''  # nothing is wrong yet
        assert scan.values()['scan pose'].startswith("no TF from 'camera' to 'base_link' yet")
        tf.clock.s += 0.99
    tf.clock.s += 0.03
    assert scanned(frame, scan).ranges[157] == pytest.approx(2.0, abs=0.01)
    assert "no TF from 'camera' to 'base_link' (" in scan.values()['scan pose']
    scan.close()  # and opened again
    assert scan.message(frame) is None
    tf.known['base_link', 'camera'] = 0.3
    assert scanned(frame, scan).ranges[157] == pytest.approx(2.1, abs=0.01)


def test_the_first_pose_is_by_tf_that_comes_an_image_late(tf):
    poses, header = CameraPoses(NODE), Header(frame_id='camera')
    settings = settings_from(DEFAULTS | {'camera_height': 5.0})
    for up_3 in (None, mounted_pose(0.3, 20.0).up):  # by an IMU
        assert poses.pose(settings, header, up_3) is None and 'wait' in poses.advice
    tf.known['base_link', 'camera'] = 0.3
    assert poses.pose(settings, header).translation == (0.1, 0.0, 0.3)


@pytest.mark.parametrize('static', [False, True])
def test_tf_of_a_time_to_come_is_forgotten_where_stamps_go_back(tf, static):
    """As in a bag that begins again: tf2 refuses what is older than what it has by 10 s."""
    tf.known['base_link', 'camera'] = 0.3
    if static:
        tf.static.update(tf.known)
    poses, settings = CameraPoses(NODE), settings_from(DEFAULTS | {'camera_height': 5.0})

    def pose_at(seconds):
        header = Header(frame_id='camera')
        header.stamp.sec, header.stamp.nanosec = divmod(round(seconds * 1e9), 10**9)
        return poses.pose(settings, header)

    for seconds in (100.0, 130.0, 129.1, 128.2):  # images of two cameras, or late ones
        assert pose_at(seconds).height_m == 0.3
    tf.clock.s += 60
    again = pose_at(100.0)
    if static:
        assert again.height_m == 0.3
        return
    assert again is None and ' yet (' in poses.told
    tf.known['base_link', 'camera'] = 0.4
    assert pose_at(100.1).height_m == 0.4
    tf.known.clear()
    tf.clock.s += 60
    assert pose_at(100.2).height_m == 5.0  # nothing more is to come


@pytest.mark.parametrize('asked, other', [
    ({'scale_source': 'height'}, {'scale_source': 'fixed'}),
    ({'tilt_source': 'imu'}, {'tilt_source': 'pose'})])
def test_tf_is_listened_to_only_while_a_step_asks_for_it(tf, monkeypatch, asked, other):
    """It is fast, and costs the node's thread as much."""
    monkeypatch.setattr(Tilt, '_up', lambda self, header, now_s: self._poses.pose_in(
        'base_link', header))
    step = (Tilt if 'tilt_source' in asked else Scale)(NODE, '')
    step.adjust(frame_of(wall(), **asked))
    assert len(tf.listeners) == 1
    step.adjust(frame_of(wall(), **other))
    assert not tf.listeners
    step.adjust(frame_of(wall(), **asked))
    assert len(tf.listeners) == 1
    step.idle()  # nobody asks for depth any more
    assert not tf.listeners


def test_tf_is_listened_to_only_while_somebody_listens_to_the_scan(tf, monkeypatch):
    scan, wanted = Scan(NODE, ''), [True]
    monkeypatch.setattr(scan, 'wanted', lambda: wanted[0])
    for stop in (scan.idle, lambda: wanted.clear() or wanted.append(False) or scan.publish(
            frame_of(wall()))):
        scan.publish(frame_of(wall()))
        assert len(tf.listeners) == 1
        stop()
        assert not tf.listeners


def test_a_reference_is_not_missed_while_tf_is_waited_for(tf):
    """After a night in which nobody asked for depth its first image warned of all the night."""
    tf.known['camera', 'lidar'] = 0.3
    step = Scale(NODE, '')
    cloud = {wanted.topic: wanted.callback for wanted in step.inputs()}['reference/points']

    def told_at(seconds):
        frame, message = frame_of(wall(), scale_source='reference'), PointCloud2()
        message.header.frame_id, message.header.stamp.sec = 'lidar', seconds
        frame.header.stamp.sec = seconds
        cloud(message)
        step.adjust(frame)
        return step.warning
    told_at(0)
    step._slow.add(0.0, 1.0)  # evidence, when TF was there
    step.idle()
    tf.known.clear()
    assert told_at(3600) == ''
    tf.clock.s += 2.1
    assert told_at(3601).startswith('no evidence of scale for 3601 s')
