"""The benchmark's own arithmetic: medians, what counts as overhead, which frames are lost."""

import json

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import Header

from mono_depth_ros.bench import __main__ as bench
from mono_depth_ros.bench import cloud, estimate, overhead, peers
from mono_depth_ros.bench.findings import Findings, read_rows, Row
from mono_depth_ros.bench.options import camera_of, options_of, picture
from mono_depth_ros.bench.stream import _figures, Arrivals
from mono_depth_ros.bench.timing import in_turn, summary
from mono_depth_ros.node.interface.messages import DepthImage, PointCloud
from mono_depth_ros.tools.presets import PRESETS
from mono_depth_ros.tools.wrap import wrap


@pytest.fixture
def findings(tmp_path):
    return Findings('part', tmp_path / 'rows.jsonl', 10)


@pytest.fixture
def rows(tmp_path):
    """The rows written so far, by name."""
    return lambda: {row.name: row.values for row in read_rows(tmp_path / 'rows.jsonl')}


def test_rows_are_medians_and_neither_network_nor_baseline_is_overhead(findings, rows):
    """Frames cost 1, 2 and 9 ms of CPU beside a network of 10, 20 and 30; wall time is doubled."""
    frames = iter([(2, 1, 10)] * overhead.WARM_UP + [(2, 1, 10), (4, 2, 20), (18, 9, 30)])

    def work():
        wall_ms, cpu_ms, network_ms = next(frames)
        return {'publish': np.array([wall_ms, cpu_ms]),
                overhead.NETWORK: np.array([2 * network_ms, network_ms]),
                overhead.FLOOR: np.array([2.0, 2.0]), overhead.PEERS: np.array([50.0, 50.0])}

    overhead.measure(findings, work, 3)
    found = rows()
    assert (found['publish']['cpu_ms'], found['publish']['wall_ms']) == (2, 4)
    assert found[overhead.NETWORK]['cpu_ms'] == 20
    assert found[overhead.OVERHEAD]['wall_ms'] == 4 and found[overhead.OVERHEAD]['over_floor'] == 2
    assert found['memory after 3 frames']['own_mib'] > 10


def test_the_image_is_a_whole_vga_message():
    image = deserialize_message(overhead.serialised_image(), Image)
    assert (image.width, image.height, image.encoding) == (640, 480, 'rgb8')
    assert len(image.data) == 640 * 480 * 3 and image.data[3 * 640 + 1] == 1


def test_ways_are_called_in_turn_and_each_time_is_of_one_call():
    called = []
    times = in_turn({name: lambda name=name: called.append(name) for name in 'ab'}, 0, pause_s=0)
    assert called == list('aabb') + list('ab') * 3 and len(times['a']) == len(times['b']) == 3
    assert summary(np.array([3.0, 1.0, 2.0])) == {
        'min_ms': 1, 'median_ms': 2, 'p99_ms': 2.98, 'calls': 3}


def test_a_frame_is_complete_with_both_messages_and_late_since_its_stamp(monkeypatch):
    monkeypatch.setattr('time.time_ns', lambda: 20_040_000_000)
    arrivals, header = Arrivals(), Header(frame_id='camera')
    header.stamp.sec = 20
    arrivals.add(0, 'depth/image', serialize_message(Image(header=header)))
    assert not arrivals.late_ms
    arrivals.add(1, 'points', serialize_message(PointCloud2(header=header)))  # of another camera
    assert not arrivals.late_ms
    arrivals.add(0, 'points', serialize_message(PointCloud2(header=header)))
    assert arrivals.late_ms == [40.0] and arrivals.stamps_ns == [(0, 20_000_000_000)]


def test_gaps_between_stamps_are_lost_frames():
    """At 10 Hz: camera 0 has frames 0, 1, 2, 5, camera 1 all of 0 to 3."""
    arrivals = Arrivals()
    for camera, frames in ((0, (0, 1, 2, 5)), (1, (0, 1, 2, 3))):
        for number in frames:
            arrivals.stamps_ns.append((camera, int(number * 1e8 + 1e6 * (number % 2))))
            arrivals.late_ms.append(10.0 + number)
    found = _figures(arrivals, 0, 10.0, 0.5)
    assert (found['frames'], found['lost'], found['rate_hz']) == (8, 2, 8.0)
    assert found['p50_ms'] == 11.5


def test_peers_give_the_depth_and_the_points_that_we_give():
    rgb, camera = picture(64, 48), camera_of(64, 48)
    depth = np.float32(1 + rgb[..., 0] / 50)
    image = Image(height=48, width=64, step=192, encoding='rgb8', data=rgb.tobytes())
    np.testing.assert_array_equal(peers.image_array(image), rgb)
    ours = PointCloud().fill(depth, rgb, camera, 1, image.header)
    theirs = peers.cloud_message(depth, rgb, camera, image)
    floats = [np.frombuffer(message.data, '<f4').reshape(-1, 4) for message in (ours, theirs)]
    np.testing.assert_allclose(floats[0][:, :3], floats[1][:, :3], atol=1e-4)
    np.testing.assert_array_equal(floats[0][:, 3], floats[1][:, 3])
    assert (DepthImage().fill(depth, image.header).data
            == peers.depth_message(depth, image).data)


def test_a_foreign_graph_is_measured_without_plain_torch(tmp_path, monkeypatch):
    helpers = pytest.importorskip('graph_helpers')
    wrapped = tmp_path / 'out.onnx'
    wrap(helpers.channel_graph(tmp_path / 'graph.onnx', size=(64, 48)), PRESETS['metres'], {},
         wrapped)
    monkeypatch.setattr('sys.argv', [
        '', '--rows', str(tmp_path / 'rows.jsonl'), '--seconds', '0.01', '--size', '64x48',
        '--model', str(wrapped), '--device', 'cpu'])
    assert estimate.main() == 0
    left_out, served = read_rows(tmp_path / 'rows.jsonl')
    assert (left_out.name, left_out.state) == (estimate.PLAIN, 'left out')
    assert 'torch cannot run an ONNX graph' in left_out.reason
    assert served.state == 'ok' and served.values['median_ms'] > 0, served
    assert 'times_plain' not in served.values


def test_the_loop_in_c_gives_our_points(findings, rows, tmp_path, monkeypatch):
    if not cloud.shutil.which('c++'):
        pytest.skip('no C++ compiler is installed')
    monkeypatch.setattr('sys.argv', ['', '--rows', str(tmp_path / 'rows.jsonl'), '--seconds',
                                     '0.01', '--size', '64x48'])
    cloud.main()
    values = rows()['cloud of 64x48, one core']
    assert values['over_loop'] == pytest.approx(values['ours_ms'] / values['loop_ms'], rel=0.1)


def test_a_part_that_crashes_is_a_row_and_the_report_has_all(tmp_path, monkeypatch, capsys):
    def crash(command, **_):
        return bench.subprocess.CompletedProcess(command, -11)
    monkeypatch.setattr(bench.subprocess, 'run', crash)
    assert bench.main(['--part', 'cloud', '--out', str(tmp_path)]) == 1
    data = json.loads((tmp_path / 'bench.json').read_text())
    assert data['rows'][0]['state'] == 'failed' and 'code -11' in data['rows'][0]['reason']
    assert 'code -11' in capsys.readouterr().out and 'cores' in data['machine']


def test_sizes_are_read_or_refused(capsys):
    assert options_of('', ['--size', '160x120', '--size', '640x480']).size == [
        (160, 120), (640, 480)]
    with pytest.raises(SystemExit):
        options_of('', ['--size', '640'])
    assert "'640': expected WIDTHxHEIGHT" in capsys.readouterr().err


def test_the_chart_has_a_panel_for_what_was_measured(tmp_path):
    pytest.importorskip('matplotlib')  # takes a second
    from mono_depth_ros.bench import chart

    rows = [Row(part='estimate', name=f'auto bf16, {size}', state='ok',
                values={'median_ms': ms}) for size, ms in (('160x120', 5.0), ('640x480', 7.0))]
    rows.append(Row(part='stream', name='1 x 640x480 at 30 Hz', state='ok',
                    values={'rate_hz': 30.0, 'p50_ms': 20.0, 'p99_ms': 30.0,
                            'cpu_ms_a_depth': 21.5}))
    assert chart._sizes(None, rows) and chart._stream(None, rows)
    assert not chart._overhead(None, rows)
    chart.draw(tmp_path / 'b.png', 'a machine', rows)
    assert (tmp_path / 'b.png').stat().st_size > 10_000
