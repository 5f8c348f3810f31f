"""calibrate_depth: the file it writes, what it tells, recordings with other range data."""

import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time

from model_helpers import write_untrained
import numpy as np
import pytest

from mono_depth_ros.bags.reader import BagReader
from mono_depth_ros.camera import Camera, points_from_depth
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.tools.calibrate_depth.__main__ import main
from mono_depth_ros.tools.calibrate_depth.bag_transforms import BagTransforms
from mono_depth_ros.tools.calibrate_depth.parameter_file import written
from mono_depth_ros.tools.calibrate_depth.recording import _Recording
from mono_depth_ros.tools.calibrate_depth.samples import by_distance, centre_median, Sample, table

CAMERA = Camera(fx=120, fy=120, cx=79.5, cy=59.5, width=160, height=120)


@pytest.mark.parametrize('before, after', [
    (None, '/**:\n  ros__parameters:\n    depth_scale: 0.813\n'),
    ('a:\n  ros__parameters:\n    depth_scale: 1.0  # mine\n    device: cpu\n',
     'a:\n  ros__parameters:\n    depth_scale: 0.813  # mine\n    device: cpu\n'),
    ('a:\n  ros__parameters:  # all\n      device: cpu\n',
     'a:\n  ros__parameters:  # all\n      depth_scale: 0.813\n      device: cpu\n'),
    ('a:\n  ros__parameters:\n', 'a:\n  ros__parameters:\n    depth_scale: 0.813\n'),
    ('a:\n  ros__parameters:\n    depth_scale:   # none yet\n',
     'a:\n  ros__parameters:\n    depth_scale: 0.813 # none yet\n'),
    ('a:\r\n  ros__parameters:\r\n    depth_scale: 1\r\n',
     'a:\r\n  ros__parameters:\r\n    depth_scale: 0.813\r\n'),
    ('a:\n  ros__parameters:\n    depth_scale : 1.0\n    "b": 1\n',
     'a:\n  ros__parameters:\n    depth_scale : 0.813\n    "b": 1\n'),
    ('a:\n  ros__parameters:\n    "depth_scale": 1.0\n',
     'a:\n  ros__parameters:\n    "depth_scale": 0.813\n'),
    ('a:\n  ros__parameters:\n    depth_scale: 1\n    front:\n      depth_scale: 2.0\n',
     'a:\n  ros__parameters:\n    depth_scale: 0.813\n    front:\n      depth_scale: 2.0\n'),
    ('a:\n  ros__parameters:\n    # front\n    front:\n      depth_scale: 2.0\n',
     'a:\n  ros__parameters:\n    depth_scale: 0.813\n    # front\n    front:\n'
     '      depth_scale: 2.0\n')])
def test_the_line_is_set_and_the_rest_stays(tmp_path, before, after):
    file = tmp_path / 'depth.yaml'
    if before is not None:
        file.write_bytes(before.encode())
    written(file, 0.8126)
    assert file.read_bytes().decode() == after
    assert [path.name for path in tmp_path.iterdir()] == ['depth.yaml']


def test_what_a_link_points_to_is_written(tmp_path):
    """As of colcon build --symlink-install."""
    (tmp_path / 'src').mkdir()
    file, link = tmp_path / 'src' / 'depth.yaml', tmp_path / 'depth.yaml'
    file.write_text('a:\n  ros__parameters:\n    depth_scale: 1.0\n')
    link.symlink_to(file)
    written(link, 2)
    assert link.is_symlink() and 'depth_scale: 2.000' in file.read_text()


TWO = '''camera:
  ros__parameters:
    depth_scale: 3.0
    rate: 5  # Hz

{name}:
  # mine
  ros__parameters:

    device: cpu
other:
  ros__parameters: {{depth_scale: 2.0}}
'''


@pytest.mark.parametrize('name', [
    'depth_node', '/**', '"/**"', '/front/depth_node', 'front:\n  depth_node'])
def test_of_several_nodes_the_depth_node_s_is_set(tmp_path, name):
    file = tmp_path / 'depth.yaml'
    before = TWO.format(name=name)
    file.write_text(before)
    if 'front:' in name:
        before = before.replace('\n  ros__parameters:\n\n    dev',
                                '\n    ros__parameters:\n\n      dev')
        file.write_text(before)
    indent = '      ' if 'front:' in name else '    '
    written(file, 0.8126)
    assert file.read_text() == before.replace(
        'ros__parameters:\n\n', f'ros__parameters:\n{indent}depth_scale: 0.813\n\n')
    written(file, 0.9)
    assert file.read_text() == before.replace(
        'ros__parameters:\n\n', f'ros__parameters:\n{indent}depth_scale: 0.900\n\n')


@pytest.mark.parametrize('text', [
    'a:\n  ros__parameters:\n    depth_scale: 1.0\nb:\n  ros__parameters:\n    device: cpu\n',
    '/a/depth_node:\n  ros__parameters:\n    x: 1\n'
    '/b/depth_node:\n  ros__parameters:\n    x: 1\n',
    'camera:\n  ros__parameters:\n    x: 1\ndepth_node: {ros__parameters: {x: 1}}\n'])
def test_where_several_could_be_meant_none_is_set(tmp_path, text):
    file = tmp_path / 'depth.yaml'
    file.write_text(text)
    with pytest.raises(ValueError, match='by hand'):
        written(file, 0.8)
    assert file.read_text() == text


def test_the_node_s_own_block_wins_over_that_of_all_and_a_last_line_may_be_open(tmp_path):
    file = tmp_path / 'depth.yaml'
    file.write_text('/**:\n  ros__parameters:\n    depth_scale: 1.0\n'
                    'depth_node:\n  ros__parameters:')
    written(file, 0.8)
    assert file.read_text() == (
        '/**:\n  ros__parameters:\n    depth_scale: 1.0\n'
        'depth_node:\n  ros__parameters:\n    depth_scale: 0.800\n')


def test_a_file_without_parameters_is_left_alone(tmp_path):
    file = tmp_path / 'other.yaml'
    file.write_text('a: 1\n')
    with pytest.raises(ValueError, match='no line `ros__parameters:`'):
        written(file, 0.8)
    assert file.read_text() == 'a: 1\n'


def test_the_middle_is_a_fifth_of_each_side_without_what_is_unknown():
    depth = np.full((100, 200), 9, np.float32)
    depth[40:60, 80:120] = 2
    depth[40:50, 80:100], depth[50:60, 80:100] = np.nan, np.inf
    assert centre_median(depth, 0.2) == 2
    assert np.isnan(centre_median(np.full((9, 9), np.inf), 0.2))


def test_what_is_left_is_told_by_hand():
    """1.0 m shown as 1.25 and 2.0 as 2.4: 0.8 leaves nothing of the first, 4 % of the second."""
    told = table([Sample(shown_m=1.25, true_m=1.0), Sample(shown_m=2.4, true_m=2.0)], 0.8)
    lines = [line.split() for line in told.splitlines()[1:]]
    assert lines == [['1.000', 'm', '1.250', 'm', '1.000', 'm', '+0.0%'],
                     ['2.000', 'm', '2.400', 'm', '1.920', 'm', '-4.0%']]


def test_many_pairs_are_told_by_distance():
    groups = by_distance([Sample(shown_m=2 * m, true_m=m) for m in (0.7, 0.8, 0.9, 2.5)])
    assert [(g.true_m, round(g.shown_m, 3), g.pairs) for g in groups] == [
        (0.8, 1.6, 3), (2.5, 5.0, 1)]


@pytest.mark.parametrize('words, sentence', [
    ([], 'give distances in metres'), (['1', '--bag', 'x'], 'give distances in metres'),
    (['-1'], 'above 0'), (['1', 'nan'], 'above 0'), (['inf'], 'above 0'),
    (['1', '--box', '0'], 'above 0'),
    (['--bag', '/nowhere'], '/nowhere')])
def test_mistakes_are_one_sentence(capsys, words, sentence):
    assert main(words) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith('calibrate_depth: ') and sentence in error and '\n' not in error


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    """A recording of 4 images, true depth at 1.3 times the model's, and a lidar 0.5 m above."""
    pytest.importorskip('rosbags')
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import get_typestore, Stores

    folder = tmp_path_factory.mktemp('bag')
    write_untrained(folder / 'tiny.safetensors')
    estimator = DepthEstimator.load(folder / 'tiny.safetensors', device='cpu')
    types = get_typestore(Stores.ROS2_HUMBLE)
    make = _Messages(types)
    with Writer(folder / 'bag', version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {topic: writer.add_connection(topic, kind, typestore=types)
                       for topic, kind in make.topics.items()}
        for number in range(4):
            rgb = np.random.default_rng(number).integers(0, 255, (120, 160, 3), np.uint8)
            true = 1.3 * estimator.estimate(rgb, CAMERA).depth
            for topic, message in make.messages(number, rgb, true).items():
                writer.write(connections[topic], number * 10**8, types.serialize_cdr(
                    message, make.topics[topic]))
    return folder


class _Messages:
    """Messages of a robot: camera `cam`, a `lidar` 0.5 m and a `laser` 1 mm above it, x ahead."""

    topics = {'/cam/image_raw': 'sensor_msgs/msg/Image',
              '/cam/camera_info': 'sensor_msgs/msg/CameraInfo',
              '/cam/depth': 'sensor_msgs/msg/Image', '/points': 'sensor_msgs/msg/PointCloud2',
              '/scan': 'sensor_msgs/msg/LaserScan',
              '/tf_static': 'tf2_msgs/msg/TFMessage'}

    def __init__(self, types):
        self._types = types.types

    def header(self, number, frame):
        """A header of the given tenth of a second."""
        stamp = self._types['builtin_interfaces/msg/Time'](sec=1, nanosec=number * 10**8)
        return self._types['std_msgs/msg/Header'](stamp=stamp, frame_id=frame)

    def image(self, number, pixels, encoding):
        """An image of the camera."""
        data = np.frombuffer(pixels.tobytes(), np.uint8)
        return self._types['sensor_msgs/msg/Image'](
            header=self.header(number, 'cam'), height=120, width=160, encoding=encoding,
            is_bigendian=0, step=data.size // 120, data=data)

    def messages(self, number, rgb, true):
        """One message of every topic."""
        k = np.array([120, 0, 79.5, 0, 120, 59.5, 0, 0, 1.0])
        roi = self._types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
        info = self._types['sensor_msgs/msg/CameraInfo'](
            self.header(number, 'cam'), 120, 160, 'plumb_bob', np.zeros(5), k, np.eye(3).ravel(),
            np.array([120, 0, 79.5, 0, 0, 120, 59.5, 0, 0, 0, 1.0, 0]), 0, 0, roi)
        return {'/cam/image_raw': self.image(number, rgb, 'rgb8'), '/cam/camera_info': info,
                '/cam/depth': self.image(number, true.astype('<f4'), '32FC1'),
                '/points': self.cloud(number, true), '/scan': self.scan(number, true),
                '/tf_static': self.transforms(number)}

    def cloud(self, number, true):
        """The true points in the lidar's frame: x ahead, y left, z up, 0.5 m above the camera."""
        x, y, z = points_from_depth(true.astype(np.float32), CAMERA)
        points = np.stack([z, -x, -y - 0.5], -1).reshape(-1, 3).astype('<f4')
        field = self._types['sensor_msgs/msg/PointField']
        return self._types['sensor_msgs/msg/PointCloud2'](
            self.header(number, 'lidar'), 1, len(points),
            [field(name, 4 * i, 7, 1) for i, name in enumerate('xyz')], False, 12,
            12 * len(points), np.frombuffer(points.tobytes(), np.uint8), True)

    def scan(self, number, true):
        """Ranges from 0.5 rad to the right on, of what row 59 of the image shows."""
        angles = np.linspace(-0.5, 0.5, 81)
        depth = true[59, np.rint(79.5 - 120 * np.tan(angles)).astype(int)]
        return self._types['sensor_msgs/msg/LaserScan'](
            self.header(number, 'laser'), -0.5, 0.5, 1 / 80, 0.0, 0.1, 0.05, 100.0,
            (depth / np.cos(angles)).astype(np.float32), np.zeros(0, np.float32))

    def transforms(self, number):
        """The camera's optical frame in that of the lidar, and the laser in that of the camera."""
        return self._types['tf2_msgs/msg/TFMessage']([
            self.transform(number, 'lidar', 'cam', (0, 0, -0.5), (-0.5, 0.5, -0.5, 0.5)),
            self.transform(number, 'cam', 'laser', (0, -0.001, 0), (0.5, -0.5, 0.5, 0.5))])

    def transform(self, number, parent, child, at, turn):
        """Where the child is in the frame of its parent."""
        moved = self._types['geometry_msgs/msg/Transform'](
            self._types['geometry_msgs/msg/Vector3'](*at),
            self._types['geometry_msgs/msg/Quaternion'](*turn))
        return self._types['geometry_msgs/msg/TransformStamped'](
            self.header(number, parent), child, moved)


@pytest.mark.thorough
@pytest.mark.parametrize('reference', ['/cam/depth', '/points', '/scan'])
def test_a_recording_tells_the_factor(recorded, tmp_path, capsys, reference):
    file = tmp_path / 'depth.yaml'
    assert main(['--bag', str(recorded / 'bag'), '--reference', reference, '--model',
                 str(recorded / 'tiny.safetensors'), '--write', str(file)]) == 0
    out = capsys.readouterr().out
    assert 'depth_scale: 1.300' in out and 'pixels)' in out
    # Every pixel with its own distance: nothing is left of any.
    assert set(re.findall(r'[+-]\d+\.\d%', out)) <= {'+0.0%', '-0.0%'}, out
    assert file.read_text().endswith('depth_scale: 1.300\n')


@pytest.mark.thorough
def test_a_damaged_image_costs_no_other(recorded, monkeypatch, tmp_path, capsys):
    read, seen = BagReader.read, []

    def damaged(self, topic, *times):
        message = read(self, topic, *times)
        if 'image' in topic and not seen:
            seen.append(topic)
            message.data = message.data[:-5]
        return message

    monkeypatch.setattr(BagReader, 'read', damaged)
    assert main(['--bag', str(recorded / 'bag'), '--reference', '/cam/depth', '--model',
                 str(recorded / 'tiny.safetensors')]) == 0
    told = capsys.readouterr()
    assert seen and 'depth_scale: 1.300' in told.out
    assert 'left out, 1 image: image data has 57595 bytes' in told.err


def test_several_references_must_be_named(recorded, capsys):
    assert main(['--bag', str(recorded / 'bag'), '--model',
                 str(recorded / 'tiny.safetensors')]) == 1
    assert 'which topic is the reference? It has' in capsys.readouterr().err


def test_the_image_is_chosen_as_by_depth_bag(tmp_path):
    """A recording with infrared, or with two cameras, could not be used."""
    pytest.importorskip('rosbags')
    from bag_helpers import image, info, write

    grey = np.zeros((30, 40), np.uint16)
    messages = [('/left/camera_info', 1, info(1)),
                ('/left/image_raw', 1, image(1, np.zeros((30, 40, 3), np.uint8), 'rgb8')),
                ('/infra1/image_raw', 1, image(1, grey.astype(np.uint8), 'mono8')),
                ('/ir', 1, image(1, grey, '16UC1')), ('/scan_depth', 1, image(1, grey, '16UC1'))]
    bag = write(tmp_path / 'one', messages)
    found = _Recording.opened(bag, '', '/scan_depth')
    assert (found.image.name, found.reference.name) == ('/left/image_raw', '/scan_depth')
    found = _Recording.opened(bag, '/ir', '')
    assert (found.image.name, found.reference.name) == ('/ir', '/scan_depth')
    bag = write(tmp_path / 'two', [*messages, ('/right/image_raw', 1, messages[1][2])])
    assert _Recording.opened(bag, '/right/image_raw', '/ir').image.name == '/right/image_raw'
    for asked, sentence in (
            ('', 'which topic is the image? It has /left/image_raw, /right/image_raw; name it '
                 'with --image'), ('/nowhere', 'no images on /nowhere')):
        with pytest.raises(ValueError, match=re.escape(sentence)):
            _Recording.opened(bag, asked, '/ir')


def test_frames_that_nothing_joins_are_told(recorded):
    transforms = BagTransforms.of(BagReader(recorded / 'bag'))
    for slash in ('', '/'):  # as ROS 1 had it, and what is converted from it
        np.testing.assert_allclose(
            transforms.moved(np.array([[2.0, -0.3, -0.4]]), f'{slash}lidar', f'{slash}cam'),
            [[0.3, -0.1, 2.0]], atol=1e-9)
    with pytest.raises(ValueError, match="frame 'lidar', images in 'other'"):
        transforms.moved(np.zeros((1, 3)), 'lidar', 'other')


def process_that_measures(tmp_path, terminal):
    """calibrate_depth in a process whose input is a terminal, and its log; nobody publishes."""
    from ros_helpers import free_domain

    with open(tmp_path / 'log', 'wb') as log:
        return subprocess.Popen(
            [sys.executable, '-m', 'mono_depth_ros.tools.calibrate_depth', '1.2'],
            cwd=Path(__file__).parents[2], stdin=terminal, stdout=log, stderr=log,
            env=os.environ | {'ROS_DOMAIN_ID': str(free_domain()), 'PYTHONUNBUFFERED': '1'})


@pytest.mark.thorough
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_130_and_no_traceback(tmp_path, number):
    process = process_that_measures(tmp_path, subprocess.DEVNULL)
    wait_for(lambda: 'something flat' in (tmp_path / 'log').read_text(), process)
    process.send_signal(number)
    assert process.wait(20) == 130
    assert (tmp_path / 'log').read_text().splitlines()[1:] == ['', 'stopped']


@pytest.mark.thorough
def test_ctrl_d_ends_it_with_a_sentence(tmp_path):
    ours, theirs = os.openpty()
    process = process_that_measures(tmp_path, theirs)
    try:
        wait_for(lambda: 'Enter' in (tmp_path / 'log').read_text(), process)
        os.write(ours, b'\x04')
        assert process.wait(20) == 1
    finally:
        os.close(ours)
        os.close(theirs)
    said = (tmp_path / 'log').read_text()
    assert 'Traceback' not in said
    assert said.splitlines()[-1] == (
        'calibrate_depth: the input ended before all distances were measured')


def wait_for(condition, process):
    """Wait for a condition while a process runs."""
    deadline_s = time.monotonic() + 120
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline_s
        time.sleep(0.05)


@pytest.mark.thorough
def test_a_running_node_is_measured(tmp_path, monkeypatch, capsys):
    """Shown 2.4 and 1.2 m, published at 0.5 of the model: 2 m and 1 m are 0.417 of 4.8 and 2.4."""
    import threading

    from ros_helpers import free_domain, Peer, stamp
    from sensor_msgs.msg import Image
    from std_msgs.msg import Float32

    domain = free_domain()
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    monkeypatch.setattr(sys, 'argv', ['calibrate_depth'])
    monkeypatch.setattr(sys.stdin, 'isatty', lambda: False, raising=False)
    peer, done = Peer(domain), threading.Event()
    scale, depth = peer.publisher(Float32, 'depth/scale'), peer.publisher(Image, 'depth/image')

    def publish():
        message = Image(encoding='32FC1', height=10, width=10, step=40)
        message.header.stamp = stamp(1.0)
        message.data.frombytes(np.full((10, 10), 2.4, '<f4').tobytes())
        while not done.wait(0.05):
            scale.publish(Float32(data=0.5))
            depth.publish(message)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        code = main(['2.0', '--seconds', '0.5', '--write', str(tmp_path / 'depth.yaml')])
    finally:
        done.set()
        thread.join()
        peer.close()
    out = capsys.readouterr().out
    assert code == 0 and 'depth_scale: 0.417' in out and '4.800 m shown' in out, out
    assert 'depth_scale: 0.417' in (tmp_path / 'depth.yaml').read_text()
