"""A node process with an IMU beside its camera: pitch and roll by gravity, and without it."""

import re
import time

from model_helpers import write_untrained
import numpy as np
import pytest
from rclpy.qos import ReliabilityPolicy
from ros_helpers import depth_node, FRAME, free_domain, image_message, Peer, picture, stamp
from sensor_msgs.msg import Image, Imu

from mono_depth_ros.geometry.camera_pose import mounted_pose
from mono_depth_ros.geometry.gravity import GRAVITY_MPS2

pytestmark = pytest.mark.thorough
UP = mounted_pose(1.0, 12.0, -3.0).up


@pytest.fixture(scope='module')
def robot(tmp_path_factory):
    """Camera, IMU, and a node that believes in a pitch 4 degrees off."""
    folder, domain = tmp_path_factory.mktemp('node'), free_domain()
    write_untrained(folder / 'tiny.safetensors')
    peer = Peer(domain)
    node = depth_node(
        domain, folder / 'log', f'model_file:={folder / "tiny.safetensors"}', 'device:=cpu',
        'scale_source:=height', 'camera_height:=0.4', 'camera_pitch_deg:=8.0')
    peer.wait_active(node)
    peer.listen('depth/image', Image)
    made = Robot(peer)
    yield made
    assert node.end() == 0, node.output()
    peer.close()
    assert 'Traceback' not in node.output()


class Robot:
    """Publishes images and what an IMU measures."""

    def __init__(self, peer):
        self.peer, self._rng = peer, np.random.default_rng(0)
        self._images = peer.publisher(Image, 'image_raw')
        self._imu = peer.publisher(
            Imu, 'imu', depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._seconds = 0.0

    def measured(self):
        """Noise, and a bump in every tenth measurement."""
        message = Imu()
        message.orientation_covariance[0] = -1.0
        bump = self._rng.choice([-5, 5], 3) * (self._rng.random() < 0.1)
        at = message.linear_acceleration
        at.x, at.y, at.z = GRAVITY_MPS2 * UP + self._rng.normal(0, 0.2, 3) + bump
        return message

    def drive(self, until, imu=None, timeout_s=60.0):
        """Images at about 10 Hz, and measurements `imu`() between, until `until`(diagnostics)."""
        deadline, told = time.monotonic() + timeout_s, {}
        while not until(told):
            assert time.monotonic() < deadline, told
            for _ in range(5):
                self._seconds += 0.02
                if imu:
                    message = imu()
                    message.header.frame_id = FRAME
                    message.header.stamp = stamp(self._seconds)
                    self._imu.publish(message)
                self.peer.spin_until(lambda: False, 0.02)
            self._images.publish(image_message(picture(64, 48), self._seconds))
            told = self.peer.diagnostics()
        return told


def pitch_and_roll(text):
    return [float(number) for number in re.findall(r'(?:pitch|roll) (-?[\d.]+)', text)]


def test_nobody_listens_to_an_imu_that_is_not_asked_for(robot):
    told = robot.drive(lambda told: 'scale pose' in told)
    assert 'camera_pitch_deg 8' in told['scale pose'] and 'imu' not in told
    assert robot.peer.node.count_subscribers('imu') == 0


def test_gravity_tells_pitch_and_roll_until_the_imu_is_silent(robot):
    assert robot.peer.set_parameters(tilt_source='imu')[0].successful
    robot.drive(lambda told: 'by IMU' in told.get('scale pose', ''), robot.measured)
    end_s = time.monotonic() + 3
    told = robot.drive(lambda _: time.monotonic() > end_s, robot.measured)
    assert pitch_and_roll(told['imu']) == pytest.approx([12, -3], abs=0.5)
    assert pitch_and_roll(told['scale pose'])[:2] == pytest.approx([12, -3], abs=0.5)
    told = robot.drive(lambda told: 'by IMU' not in told.get('scale pose', 'by IMU'))
    assert 'camera_pitch_deg 8' in told['scale pose'], told
    assert told['imu'].startswith('imu: the last message is') and told['state'] == 'active'


def test_measurements_of_no_kind_do_no_harm(robot):
    bad = [Imu() for _ in range(4)]
    bad[0].linear_acceleration.x = bad[0].orientation.w = float('nan')
    bad[1].linear_acceleration.x = bad[1].orientation.x = float('inf')
    bad[2].linear_acceleration.y = -1.0
    bad[2].orientation.x = bad[2].orientation.w = 1e300

    def hostile():
        return bad[np.random.default_rng().integers(4)]
    told = robot.drive(lambda told: 'is not gravity' in told.get('imu', ''), hostile)
    assert 'camera_pitch_deg 8' in told['scale pose']
    robot.drive(lambda told: 'by IMU' in told.get('scale pose', ''), robot.measured)
    end_s = time.monotonic() + 3
    told = robot.drive(lambda _: time.monotonic() > end_s, lambda: (
        hostile() if np.random.default_rng().random() < 0.3 else robot.measured()))
    assert pitch_and_roll(told['imu']) == pytest.approx([12, -3], abs=0.5)


def test_the_imu_is_left_alone_again(robot):
    assert robot.peer.set_parameters(tilt_source='pose')[0].successful
    robot.drive(lambda _: robot.peer.node.count_subscribers('imu') == 0)
