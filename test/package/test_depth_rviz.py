"""RViz in the frame of any camera: depth_rviz, with a program in place of rviz2."""

import os
import signal
import sys

import pytest
from ros_helpers import free_domain, info_message, Peer, Process
from sensor_msgs.msg import CameraInfo

pytestmark = pytest.mark.thorough
RVIZ = '''#!/bin/sh
echo "rviz2 $@"
trap 'echo ended; exit 3' INT
while :; do sleep 0.1; done
'''


@pytest.fixture
def prefix(tmp_path):
    """A prefix where a program of that name is the package rviz2."""
    index = tmp_path / 'prefix' / 'share' / 'ament_index' / 'resource_index' / 'packages'
    index.mkdir(parents=True)
    (index / 'rviz2').write_text('')
    program = tmp_path / 'prefix' / 'lib' / 'rviz2' / 'rviz2'
    program.parent.mkdir(parents=True)
    program.write_text(RVIZ)
    program.chmod(0o755)
    return tmp_path / 'prefix'


def start(tmp_path, domain, prefix):
    index = os.environ.get('AMENT_PREFIX_PATH', sys.prefix)
    return Process(
        [sys.executable, '-m', 'mono_depth_ros.tools.depth_rviz', '-d', 'my.rviz', '--ros-args',
         '-r', '__ns:=/front'], domain, tmp_path / 'log',
        AMENT_PREFIX_PATH=f'{prefix}:{index}' if prefix else index)


@pytest.mark.parametrize('frame, words', [
    ('left_eye', '-f left_eye -d my.rviz'), ('', '-d my.rviz')])
def test_rviz_opens_in_the_frame_of_the_first_depth_and_ends_by_a_signal(
        tmp_path, prefix, frame, words):
    domain = free_domain()
    peer, process = Peer(domain), start(tmp_path, domain, prefix)
    infos = peer.publisher(CameraInfo, '/front/depth/camera_info')
    info = info_message(64, 48)
    info.header.frame_id = frame
    peer.wait(infos.get_subscription_count, 'depth_rviz to listen')
    assert 'rviz2' not in process.output()
    infos.publish(info)
    peer.wait(lambda: f'rviz2 {words} --ros-args' in process.output(), 'RViz')
    assert process.end(signal.SIGINT) == 3 and 'ended' in process.output()
    peer.close()


def test_a_signal_while_it_waits_ends_it(tmp_path, prefix):
    domain = free_domain()
    process = start(tmp_path, domain, prefix)
    peer = Peer(domain)
    peer.wait(lambda: 'RViz opens with the first message on /front/depth/camera_info'
              in process.output(), 'the sentence')
    assert process.end(signal.SIGINT) == 0 and 'Traceback' not in process.output()
    peer.close()


def test_without_rviz_it_says_what_to_install(tmp_path):
    process = start(tmp_path, free_domain(), None)
    assert process.wait(30) == 1 and 'rviz2 is not installed: sudo apt' in process.output()
