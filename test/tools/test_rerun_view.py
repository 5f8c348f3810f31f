"""rerun_view: what is logged is what was published, at its stamps; read back from the file."""

from array import array
from importlib.util import find_spec
import signal
import sys

import numpy as np
import pytest
from ros_helpers import FRAME, free_domain, image_message, Peer, picture, Process, stamp
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Float32

from mono_depth_ros.camera import Camera
from mono_depth_ros.node.interface.messages import DepthImage, info_from_camera, PointCloud
from mono_depth_ros.tools.rerun_view import view_node
from mono_depth_ros.tools.rerun_view.scene import RerunScene

pytestmark = pytest.mark.skipif(find_spec('rerun') is None, reason='needs rerun-sdk')


def logged(path):
    """{entity: {column: Python values of all its rows}} of an .rrd file; times in ns."""
    from rerun.chunk import RrdReader  # takes a second

    found = {}
    for part in RrdReader(str(path)).stream():
        batch = part.to_record_batch()
        columns = found.setdefault(part.entity_path.replace('\\', ''), {})
        for name in batch.schema.names:
            values = batch.column(name)
            if 'timestamp' in str(values.type):
                values = values.cast('int64')
            columns.setdefault(name, []).extend(values.to_pylist())
    return found


def test_points_keep_their_colours_and_unknown_ones_are_left_out(tmp_path):
    scene = RerunScene(str(tmp_path / 'a.rrd'))
    scene.at(5_000_000_000)
    scene.cloud(np.float32([[1, 2, 3], [np.nan, 0, 2], [4, 5, 6]]),
                np.uint8([[10, 20, 30], [9, 9, 9], [40, 50, 60]]))
    scene.plot('timing/age of depth', 3.5)
    scene.close()
    found = logged(tmp_path / 'a.rrd')
    points = found['/world/points']
    assert points['Points3D:positions'] == [[[1, 2, 3], [4, 5, 6]]]
    # Rerun's colours are 0xRRGGBBAA.
    assert points['Points3D:colors'] == [[0x0A141EFF, 0x28323CFF]]
    assert points['stamp'] == [5_000_000_000]
    assert found['/timing/age_of_depth']['Scalars:scalars'] == [[3.5]]


def test_unknown_depth_is_zero_and_the_colours_keep_the_farthest_range(tmp_path):
    scene = RerunScene(str(tmp_path / 'a.rrd'))
    for far in (4, 2):
        scene.at(far)
        scene.depth(np.float32([[far, np.nan], [np.inf, far]]))
    scene.close()
    depth = logged(tmp_path / 'a.rrd')['/depth']
    first = np.frombuffer(bytes(depth['DepthImage:buffer'][0][0]), '<f4')
    assert first.tolist() == [4, 0, 0, 4]
    assert depth['DepthImage:depth_range'] == [[[0, 4]], [[0, 4]]]


def test_without_display_or_rerun_one_sentence_says_what_to_do(monkeypatch):
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OSError, match='save:=FILE.rrd'):
        RerunScene('')
    monkeypatch.setitem(sys.modules, 'rerun', None)
    with pytest.raises(ImportError, match='requirements/view.txt'):
        RerunScene('x.rrd')


def test_the_demo_s_view_is_a_window_where_there_is_a_display_else_a_file(monkeypatch, tmp_path):
    pytest.importorskip('mcap')  # rerun_view needs no package of the demo
    from mono_depth_ros.demo.options import parse
    from mono_depth_ros.demo.session import view_file

    options = parse(['--view', '--out', str(tmp_path)])
    assert options.view and not parse([]).view
    monkeypatch.setenv('DISPLAY', ':0')
    assert view_file(options) is None
    monkeypatch.delenv('DISPLAY')
    monkeypatch.delenv('WAYLAND_DISPLAY', raising=False)
    assert view_file(options) == tmp_path / 'demo.rrd'


@pytest.mark.parametrize('status, namespace', [
    ('depth_node: depth', '/'), ('front/depth_node: depth', '/front'),
    ('depth_node: front', '/front'), ('robot/depth_node: front', '/robot/front'),
    ('my_depth_node: depth', '/'), ('front/sim_camera: depth', ''), ('lidar', '')])
def test_times_are_those_of_the_camera_that_is_shown(status, namespace):
    """Of several cameras or nodes all were drawn as one curve."""
    assert view_node.namespace_of(status) == namespace


def test_help_names_the_parameter(capsys):
    assert view_node.main(['rerun_view', '--help'], stop=None) == 0
    assert 'save (default' in capsys.readouterr().out


@pytest.mark.thorough
def test_the_node_writes_what_comes_until_a_signal(tmp_path):
    domain, file = free_domain(), tmp_path / 'live.rrd'
    process = Process(
        [sys.executable, '-m', 'mono_depth_ros.tools.rerun_view', '--ros-args',
         '-r', '__ns:=/front', '-p', f'save:={file}'], domain, tmp_path / 'log')
    peer = Peer(domain)
    rgb_HW3, header = picture(40, 30), image_message(picture(40, 30), 7.0).header
    camera = Camera(fx=30.0, fy=30.0, cx=19.5, cy=14.5, width=40, height=30)
    depth_HW = np.full((30, 40), 2, np.float32)
    broken = Image(header=header, encoding='32FC1', width=40, height=30, step=160,
                   data=array('B', b'short'))
    sent = {
        'depth/image': [DepthImage().fill(depth_HW, header)],
        'image_raw': [image_message(rgb_HW3, 7.0)],
        'depth/camera_info': [info_from_camera(camera, header, 40, 30)],
        'points': [PointCloud().fill(depth_HW, rgb_HW3, camera, 1, header)],
        'depth/scale': [Float32(data=1.25)]}
    kinds = {'image_raw': Image, 'depth/image': Image, 'depth/camera_info': CameraInfo,
             'points': PointCloud2, 'depth/scale': Float32}
    publishers = {name: peer.publisher(kind, f'/front/{name}', depth=5)
                  for name, kind in kinds.items()}
    assert header.frame_id == FRAME and header.stamp == stamp(7.0)
    try:
        peer.wait(lambda: all(p.get_subscription_count() for p in publishers.values()),
                  'rerun_view to listen')
        for name, messages in sent.items():
            for message in messages:
                publishers[name].publish(message)
        peer.spin_until(lambda: False, 1.0)
        publishers['depth/image'].publish(broken)
        peer.wait(lambda: 'needs steps of 160 bytes' in process.output(), 'the broken image')
        publishers['image_raw'].publish(image_message(rgb_HW3, 8.0))  # the next one is served
        peer.spin_until(lambda: False, 1.0)
    finally:
        peer.close()
        code = process.end(signal.SIGINT)
    assert code == 0 and 'Traceback' not in process.output(), process.output()
    found = logged(file)
    assert {'/image', '/depth', '/world/camera', '/world/points', '/scale/factor',
            '/scale/median_depth', '/timing/age_of_depth'} <= set(found)
    assert found['/world/points']['stamp'] == [7_000_000_000]
    assert len(found['/world/points']['Points3D:positions'][0]) == 1200
    assert found['/image']['stamp'] == [7_000_000_000, 8_000_000_000]
    assert found['/scale/factor']['Scalars:scalars'] == [[1.25]]
