"""sim_camera as a process of its own: its messages, wrong parameters, shutdown."""

import signal
import sys

import numpy as np
import pytest
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_helpers import free_domain, Process
from sensor_msgs.msg import CameraInfo, Image

from mono_depth_ros.node.interface.messages import rgb_from_image
from mono_depth_ros.simulation.recorded_walk import RecordedWalk
from mono_depth_ros.simulation.rendering.renderer import camera_with_fov

TOPICS = {'image_raw': Image, 'camera_info': CameraInfo, 'ground_truth/depth': Image}


def start(domain, log, *given, **environment):
    command = [sys.executable, '-m', 'mono_depth_ros.cameras', 'sim_camera', '--ros-args',
               *(word for argument in given for word in ('-p', argument))]
    return Process(command, domain, log, **environment)


def listen(peer, *topics):
    return {topic: peer.listen(topic, TOPICS[topic]) for topic in topics or TOPICS}


def matched(received):
    """Messages of all topics that carry the same stamp, oldest first."""
    by_stamp = [{(m.header.stamp.sec, m.header.stamp.nanosec): m for m in messages}
                for messages in received.values()]
    common = sorted(set.intersection(*map(set, by_stamp)))
    return [tuple(messages[stamp] for messages in by_stamp) for stamp in common]


def depth_of(message):
    assert message.encoding == '32FC1' and message.step == 4 * message.width
    assert not message.is_bigendian
    return np.frombuffer(message.data, np.float32).reshape(message.height, message.width)


@pytest.mark.thorough
def test_the_recording_arrives_whole_with_one_stamp_for_all_three(peer, tmp_path):
    received = listen(peer)
    camera = start(peer.domain, tmp_path / 'log', 'world:=recording', 'rate_hz:=20',
                   'frame_id:=eye')
    peer.wait(lambda: len(matched(received)) >= 6, 'six frames')
    assert camera.end(signal.SIGINT) == 0 and 'Traceback' not in camera.output()
    recording = RecordedWalk()
    truths = [recording.frame(number) for number in range(len(recording))]
    for image, info, depth in matched(received):
        assert {m.header.frame_id for m in (image, info, depth)} == {'eye'}
        assert image.encoding == 'rgb8'
        rgb_HW3 = rgb_from_image(image)
        number = next(n for n, (rgb, _) in enumerate(truths) if np.array_equal(rgb, rgb_HW3))
        np.testing.assert_array_equal(depth_of(depth), truths[number][1])
        assert (info.width, info.height) == (image.width, image.height) == (320, 240)
        own = recording.camera
        assert list(info.k) == [own.fx, 0, own.cx, 0, own.fy, own.cy, 0, 0, 1]
        assert list(info.p) == [own.fx, 0, own.cx, 0, 0, own.fy, own.cy, 0, 0, 0, 1, 0]


@pytest.mark.thorough
def test_a_rendered_room_has_the_asked_camera_and_true_depth(peer, tmp_path):
    pytest.importorskip('mujoco', reason='draws the worlds')
    received = listen(peer)
    camera = start(peer.domain, tmp_path / 'log', 'world:=room', 'width:=160', 'height:=100',
                   'horizontal_fov_deg:=80.0', 'reliability:=best_effort')

    def offered():
        return [info.qos_profile.reliability for topic in TOPICS
                for info in peer.node.get_publishers_info_by_topic(topic)
                if info.node_name == 'sim_camera']
    qos = peer.wait(lambda: offered() if len(offered()) == 3 else None, 'three publishers', 60.0)
    assert qos == [ReliabilityPolicy.BEST_EFFORT] * 3
    assert not received['image_raw']  # reliable listeners cannot hear it
    for topic in TOPICS:
        peer.ignore(topic)
    received = {topic: [] for topic in TOPICS}
    for topic, kind in TOPICS.items():
        peer.node.create_subscription(kind, topic, received[topic].append, QoSProfile(
            depth=10, reliability=ReliabilityPolicy.BEST_EFFORT))
    peer.wait(lambda: len(matched(received)) >= 3, 'three frames')
    assert camera.end(signal.SIGTERM) == 0 and 'Traceback' not in camera.output()
    asked = camera_with_fov(160, 100, 80.0)
    for image, info, depth in matched(received):
        assert info.k[0] == pytest.approx(asked.fx) and info.k[5] == pytest.approx(49.5)
        depth_HW = depth_of(depth)
        assert depth_HW.shape == (100, 160) and not np.isnan(depth_HW).any()
        assert 0.25 < depth_HW.min() < 7 and rgb_from_image(image).std() > 10


def set_parameter(peer, name, **value):
    request = SetParameters.Request(parameters=[
        Parameter(name=name, value=ParameterValue(**value))])
    return peer.call(SetParameters, '/sim_camera/set_parameters', request).results[0]


@pytest.mark.thorough
def test_the_rate_changes_at_run_time_and_the_rest_is_refused(peer, tmp_path):
    received = listen(peer, 'image_raw')['image_raw']
    camera = start(peer.domain, tmp_path / 'log', 'world:=recording', 'rate_hz:=2',
                   'width:=64', 'witdh:=3')
    peer.wait(lambda: received, 'a frame')
    assert (received[0].width, received[0].height) == (64, 48)
    assert set_parameter(peer, 'rate_hz', type=3, double_value=40.0).successful
    received.clear()
    peer.wait(lambda: len(received) >= 12, 'twelve frames at the new rate')
    stamps_s = [m.header.stamp.sec + m.header.stamp.nanosec / 1e9 for m in received]
    assert np.median(np.diff(stamps_s)) < 0.25  # it was 0.5 s at 2 Hz
    assert not set_parameter(peer, 'rate_hz', type=3, double_value=-1.0).successful
    assert not set_parameter(peer, 'world', type=4, string_value='room').successful
    assert camera.end() == 0
    assert 'did you mean width?' in camera.output()


WRONG = {
    'world:=moon': "world cannot be 'moon'",
    'rate_hz:=0': 'rate_hz must be 0.1 to 120',
    'rate_hz:=fast': 'rate_hz must be a number',
    'width:=-3': 'width',
    'horizontal_fov_deg:=200.0': 'horizontal_fov_deg',
    'reliability:=sometimes': 'reliability',
}


@pytest.mark.thorough
def test_wrong_parameters_end_it_with_one_sentence(tmp_path):
    domain = free_domain()
    started = {given: start(domain, tmp_path / str(number), given)
               for number, given in enumerate(WRONG)}
    for given, camera in started.items():
        assert camera.wait(60) == 1, given
        lines = camera.output().strip().splitlines()
        assert len(lines) == 1 and WRONG[given] in lines[0], camera.output()


@pytest.mark.thorough
def test_without_opengl_it_names_the_debian_packages(tmp_path):
    pytest.importorskip('mujoco', reason='draws the worlds')
    camera = start(free_domain(), tmp_path / 'log', 'world:=street', MUJOCO_GL='egl',
                   __EGL_VENDOR_LIBRARY_FILENAMES='/nowhere', __EGL_VENDOR_LIBRARY_DIRS='/nowhere')
    assert camera.wait(60) == 1
    assert camera.output().count('FATAL') == 1 and 'Traceback' not in camera.output()
    last = camera.output().strip().splitlines()[-1]
    assert all(name in last for name in ('libegl1', 'libgl1-mesa-dri', 'libosmesa6'))


@pytest.mark.thorough
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_world_is_built_ends_it_quietly(peer, number, tmp_path):
    camera = start(peer.domain, tmp_path / 'log', 'world:=street', 'width:=64')
    peer.wait(lambda: 'building the street' in camera.output(), 'the node', 60.0)
    assert camera.end(number) == 0, camera.output()
    assert 'Traceback' not in camera.output() and 'FATAL' not in camera.output()
