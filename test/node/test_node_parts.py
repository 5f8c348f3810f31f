"""The parts of the node that need no ROS graph: parameters, worker, counts, QoS."""

import ast
from dataclasses import replace
from pathlib import Path
import re
import subprocess
import sys
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
import yaml

from mono_depth_ros.node.diagnostics import (
    BUSY_S,
    FrameStatistics,
    Problems,
    REFUSED_IN_A_ROW,
    stale_input,
    status_summary,
    Timing,
    worker_error,
)
from mono_depth_ros.node.interface.parameters import nearest_name, PARAMETERS, settings_from
from mono_depth_ros.node.latest_frame import LatestFrameWorker
from mono_depth_ros.node.outputs import output
from mono_depth_ros.node.process import one_line
from mono_depth_ros.node.subscription import matching_qos

ROOT = Path(__file__).parents[2]
DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}


def _flat(tree: dict, prefix: str = '') -> dict:
    flat = {}
    for name, value in tree.items():
        flat |= _flat(value, f'{prefix}{name}.') if isinstance(value, dict) else {
            prefix + name: value}
    return flat


def test_configuration_file_holds_every_parameter_with_its_default():
    tree = yaml.safe_load((ROOT / 'config' / 'depth.yaml').read_text())
    assert _flat(tree['/**']['ros__parameters']) == DEFAULTS


def test_the_table_in_the_docs_names_every_parameter_with_its_default():
    page = (ROOT / 'docs' / 'node.md').read_text()
    section = page.split('## Parameters', 1)[1].split('\n## ', 1)[0]
    rows = re.findall(r'^\| `([^`]+)` \| ([^|]*) \|', section, re.MULTILINE)
    written = {name: yaml.safe_load(default.strip().strip('`')) for name, default in rows}
    assert written == DEFAULTS


def test_every_parameter_is_read_somewhere():
    read = {node.attr for path in (ROOT / 'mono_depth_ros' / 'node').rglob('*.py')
            for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert {name.replace('.', '_') for name in DEFAULTS} <= read


def test_every_parameter_is_described_in_a_sentence():
    for parameter in PARAMETERS:
        assert parameter.description.endswith('.') and len(parameter.description) > 20


def test_default_depth_range_is_the_model_s_and_given_limits_win():
    assert settings_from(DEFAULTS).depth_range(0.3, 10) == (0.3, 10)
    assert settings_from(DEFAULTS | {'min_depth': 1, 'max_depth': 4.0}).depth_range(
        0.3, 10) == (1, 4)
    with pytest.raises(ValueError, match='leave nothing'):
        settings_from(DEFAULTS | {'min_depth': 20.0}).depth_range(0.3, 10)
    with pytest.raises(ValueError, match='leave nothing of the model'):
        settings_from(DEFAULTS | {'min_depth': 20.0, 'max_depth': 30.0}).depth_range(0.3, 10)


def test_scaled_depth_has_scaled_limits_of_the_model():
    scaled = settings_from(DEFAULTS | {'depth_scale': 2, 'min_depth': 12.0})
    assert scaled.depth_range(0.3, 10) == (12, 20)
    with pytest.raises(ValueError, match='goes from 0.15 to 5 m'):
        settings_from(DEFAULTS | {'depth_scale': 0.5, 'min_depth': 6.0}).depth_range(0.3, 10)


@pytest.mark.parametrize('changes', [
    {'min_depth': float('nan')}, {'min_depth': True}, {'device': ''}, {'device': 'cuda:x'},
    {'points.stride': 65}, {'depth_scale': 0.0}, {'rectified': 1}, {'model_file': None},
    {'min_depth': 4.0, 'max_depth': 4.0}])
def test_wrong_values_are_refused(changes):
    with pytest.raises(ValueError, match='must be|cannot be'):
        settings_from(DEFAULTS | changes)


@pytest.mark.parametrize('unknown, near', [
    ('max_dept', 'max_depth'), ('points_stride', 'points.stride'), ('modelfile', 'model_file'),
    ('zzz', '')])
def test_nearest_name(unknown, near):
    assert nearest_name(unknown) == near


def test_the_worker_takes_the_latest_and_counts_the_dropped():
    busy, go_on, done, worked = Event(), Event(), Event(), []

    def work(items):
        worked.extend(items)
        busy.set()
        assert go_on.wait(10)
        if items == ['last']:
            done.set()
    worker = LatestFrameWorker(work, on_error=pytest.fail)
    assert worker.put('eye', 'first') == 0
    assert busy.wait(10)
    assert [worker.put('eye', item) for item in (1, 2, 'last')] == [0, 1, 1]
    go_on.set()
    assert done.wait(10)
    assert worker.close() == []
    assert worked == ['first', 'last']
    assert worker.put('eye', 'too late') == 1


@pytest.mark.parametrize('together, rounds', [
    ((), [['a0'], ['b2'], ['c1'], ['d1'], ['a9']]),
    ([lambda: 3], [['a0'], ['b2', 'c1', 'd1'], ['a9']])])
def test_sources_are_served_in_the_order_in_which_they_began_to_wait(together, rounds):
    busy, go_on, done, worked = Event(), Event(), Event(), []

    def work(items):
        worked.append(items)
        busy.set()
        assert go_on.wait(10)
        if items == ['a9']:
            done.set()
    worker = LatestFrameWorker(work, pytest.fail, *together)  # one item a call unless told
    worker.put('a', 'a0')
    assert busy.wait(10)
    # b and d send more than the others, a again at once: no place in line is gained by it.
    for item in ('b1', 'c1', 'b2', 'd1', 'a5', 'a9'):
        worker.put(item[0], item)
    go_on.set()
    assert done.wait(10) and worker.close() == [] and worked == rounds


def test_closing_the_worker_finishes_the_work_and_drops_what_waits():
    busy, go_on, finished, dropped = Event(), Event(), [], []

    def work(items):
        busy.set()
        assert go_on.wait(10)
        finished.extend(items)
    worker = LatestFrameWorker(work, on_error=pytest.fail)
    worker.put('eye', 'in work')
    assert busy.wait(10)
    worker.put('eye', 'waiting')
    worker.put('other', 'waiting')
    closing = Thread(target=lambda: dropped.extend(worker.close()))
    closing.start()
    while not worker._closed:
        assert closing.is_alive()
    assert worker.put('eye', 'x') == 1
    go_on.set()
    closing.join(10)
    assert finished == ['in work'] and dropped == ['eye', 'other']


def _statistics(*network_ms):
    statistics = FrameStatistics()
    for number, time_ms in enumerate(network_ms):
        statistics.received(float(number))
        statistics.processed(Timing(done_s=float(number), network_ms=time_ms, total_ms=2 * time_ms,
                                    age_ms=7.0))
    return statistics


def test_diagnostic_values_by_hand():
    values = _statistics(*range(1, 102)).values(now_s=100.0)
    assert values['images received'] == values['images processed'] == '101'
    # Of the last 100: 2..101, so the middle is 51.5, and 99 % of the way from 2 to 101 is 100.01.
    assert (values['inference p50 (ms)'], values['inference p99 (ms)']) == ('51.5', '100.0')
    assert values['end to end p50 (ms)'] == '103.0'
    assert values['rate (Hz)'] == '1.2'  # the six of 95..100 s in five seconds
    assert values['age of image (ms)'] == '7.0'
    assert FrameStatistics().values(0.0)['inference p50 (ms)'] == 'none yet'


def test_a_fast_camera_has_its_rate():
    """Of more than 100 images a second 100 were told."""
    statistics = FrameStatistics()
    for number in range(1440):
        statistics.processed(Timing(
            done_s=number / 240, network_ms=1.0, total_ms=1.0, age_ms=1.0))
    assert statistics.values(now_s=5.9999)['rate (Hz)'] == '240.0'


def test_another_model_has_no_times_of_the_one_before():
    statistics = _statistics(900.0, 900.0)
    statistics.begin_anew()
    values = statistics.values(now_s=2.0)
    assert values['images processed'] == '2' and values['rate (Hz)'] == '0.0'
    assert {values[name] for name in (
        'inference p50 (ms)', 'end to end p99 (ms)', 'age of image (ms)')} == {'none yet'}


def test_the_summary_is_the_most_serious_finding():
    statistics, camera = _statistics(1.0), Problems(camera='no camera_info')

    def summary(state='active', problems=None, now_s=2.0):
        return status_summary(state, problems or Problems(), statistics, now_s)
    assert summary() == ('OK', 'active')
    assert summary(problems=Problems(image='dark')) == ('WARN', 'dark')
    assert summary(problems=Problems(part='no transform')) == ('WARN', 'no transform')
    assert summary(problems=camera) == ('WARN', 'no camera_info')
    statistics.refused('bad image', 1.0)
    assert summary(problems=camera) == ('WARN', 'bad image')
    assert summary(now_s=20.0) == ('OK', 'active')
    stale = Problems(stale='no image', camera='no camera_info')
    assert summary(problems=stale) == ('WARN', 'no image')
    assert summary(problems=replace(stale, worker='dead')) == ('ERROR', 'dead')
    failed = replace(stale, worker='dead', lifecycle='configure failed')
    for state in ('unconfigured', 'inactive', 'active'):
        assert summary(state, failed) == ('ERROR', 'configure failed')
    assert summary('inactive') == ('OK', 'inactive')


def test_images_refused_in_a_row_are_an_error_until_one_is_processed():
    statistics = _statistics(1.0)
    for _ in range(REFUSED_IN_A_ROW):
        assert status_summary('active', Problems(), statistics, 100.0)[0] == 'OK'
        statistics.refused('image refused: cut short', 1.0)
    assert status_summary('active', Problems(), statistics, 100.0) == (
        'ERROR', 'the last 5 images gave no depth; image refused: cut short')
    statistics.processed(Timing(done_s=1.0, network_ms=1.0, total_ms=1.0, age_ms=1.0))
    assert status_summary('active', Problems(), statistics, 100.0) == ('OK', 'active')


def test_a_camera_that_died_is_said_rather_than_the_images_refused_before():
    statistics = _statistics(1.0)
    for _ in range(REFUSED_IN_A_ROW):
        statistics.refused('image refused: cut short', 1.0)
    assert status_summary('active', Problems(stale='nobody publishes'), statistics, 100.0) == (
        'WARN', 'nobody publishes')


def test_an_image_that_is_not_used_ends_a_row_of_refused_ones():
    statistics = _statistics(1.0)
    for _ in range(REFUSED_IN_A_ROW):
        statistics.refused('image refused: cut short', 1.0)
    statistics.unused()
    assert status_summary('active', Problems(), statistics, 100.0) == ('OK', 'active')
    assert statistics.counts()['unused'] == 1


def test_stale_input():
    assert 'nobody publishes /eye' in stale_input(0, '/eye', 0.0)
    assert stale_input(1, '/eye', 1.0) == ''
    assert 'no image came for 5 s' in stale_input(1, '/eye', 5.0)


def test_worker_error():
    assert worker_error(True, 0.0) == worker_error(True, BUSY_S) == ''
    assert 'has ended: deactivate and activate' in worker_error(False, 0.0)
    assert 'in progress for 12 s' in worker_error(True, 12.0)


@pytest.mark.parametrize('error', [
    ValueError('odd'), KeyError('x'), MemoryError(), SystemExit(3), KeyboardInterrupt()])
def test_whatever_the_work_raises_the_worker_goes_on(error):
    done, errors = Event(), []

    def work(items):
        if items == ['bad']:
            raise error
        done.set()
    worker = LatestFrameWorker(work, errors.append)
    assert worker._thread.name == 'latest-frame'  # as debuggers and top -H show it
    worker.put('eye', 'bad')
    while not errors:
        assert worker.alive
    worker.put('eye', 'good')
    assert done.wait(10) and errors == [error] and worker.alive
    worker.close()
    assert not worker.alive


def test_the_worker_says_how_long_it_has_been_busy():
    busy, go_on = Event(), Event()
    worker = LatestFrameWorker(lambda items: (busy.set(), go_on.wait(10)), pytest.fail)
    assert worker.busy_s() == 0
    worker.put('eye', 'item')
    assert busy.wait(10)
    first = worker.busy_s()
    assert 0 < first < worker.busy_s() < 60
    go_on.set()
    worker.close()
    assert worker.busy_s() == 0


RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT


@pytest.mark.parametrize('wanted, offered, expected', [
    ('auto', [], RELIABLE), ('auto', [RELIABLE], RELIABLE), ('auto', [BEST_EFFORT], BEST_EFFORT),
    ('auto', [RELIABLE, BEST_EFFORT], BEST_EFFORT), ('reliable', [BEST_EFFORT], RELIABLE),
    ('best_effort', [RELIABLE], BEST_EFFORT)])
def test_reliability_serves_every_publisher(wanted, offered, expected):
    profiles = [QoSProfile(depth=5, reliability=policy) for policy in offered]
    assert (matching_qos(wanted, profiles).reliability, matching_qos(wanted, profiles).depth) == (
        expected, 1)


def test_durability_is_transient_local_only_where_all_publishers_are():
    kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    assert matching_qos('auto', [kept]).durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert matching_qos('auto', [kept, QoSProfile(depth=1)]).durability == (
        DurabilityPolicy.VOLATILE)


def test_errors_become_one_line_without_source_positions():
    assert one_line(RuntimeError('cannot\n do it, at /a/b.c:12, at /c.c:3')) == 'cannot do it'
    assert one_line(MemoryError()) == 'MemoryError'


def test_a_missing_module_comes_with_what_to_install():
    said = one_line(ModuleNotFoundError("No module named 'torch'"))
    assert said.startswith("No module named 'torch': pip install -r requirements/robot.txt")
    assert (ROOT / 'requirements' / 'robot.txt').is_file()


@pytest.mark.thorough
def test_executables_import_without_torch():
    code = ('import sys; sys.modules["torch"] = None; from mono_depth_ros.node import '
            'lifecycle_node; from mono_depth_ros.cameras import file_camera, sim_camera')
    subprocess.run([sys.executable, '-c', code], check=True)


@pytest.mark.parametrize('namespace, name, told', [
    ('/', 'rviz', '/rviz'), ('/front', 'scan', '/front/scan'),
    ('_NODE_NAMESPACE_UNKNOWN_', '_NODE_NAME_UNKNOWN_', 'a node of unknown name')])
def test_a_node_is_called_by_its_name_once_that_is_known(namespace, name, told):
    end = SimpleNamespace(node_namespace=namespace, node_name=name)
    assert output._node_of(end) == told
