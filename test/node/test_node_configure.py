"""What configure checks and cleanup forgets, with a stand-in for the estimator (no torch)."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import gc
import sys
from types import SimpleNamespace
import weakref

from model_helpers import plain_card
import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_helpers import free_domain
from sensor_msgs.msg import CompressedImage, Image, LaserScan, PointCloud2

from mono_depth_ros.node.diagnostics import status_summary
from mono_depth_ros.node.interface.stream_part import Input
from mono_depth_ros.node.lifecycle_node import DepthNode
from mono_depth_ros.node.subscription import MatchedSubscription, refuse_own_outputs

STAND_IN = SimpleNamespace(
    card=plain_card(), model_path='plain', has_confidence=False, device='cpu', precision='fp32',
    backend='torch', backend_reason='asked for', model_sha256='0', together=1, device_error='',
    warm_up=lambda: None)


class Loaded:
    """An estimator that can be watched: a SimpleNamespace cannot."""


@contextmanager
def remapped(monkeypatch, *rules: str) -> Iterator[DepthNode]:
    """An unconfigured node with such remappings, whose model tells no confidence."""
    estimator = SimpleNamespace(DepthEstimator=SimpleNamespace(load=lambda *given: STAND_IN))
    monkeypatch.setitem(sys.modules, 'mono_depth_ros.estimator', estimator)
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=free_domain())
    words = [word for rule in rules for word in ('-r', rule)]
    made = DepthNode(context=context, cli_args=['--ros-args', *words])
    try:
        yield made
    finally:
        made.stop()
        made.destroy_node()
        rclpy.shutdown(context=context)


@pytest.fixture
def node(monkeypatch) -> Iterator[DepthNode]:
    """An unconfigured node without remappings."""
    with remapped(monkeypatch) as made:
        yield made


def state(node: DepthNode) -> tuple[str, str]:
    eye, = node.streams
    return status_summary(node.state, node.problems(eye, 0.0), eye.statistics, 0.0)


def test_least_confidence_is_refused_by_a_model_that_tells_none(node):
    node.set_parameters([Parameter('points.min_confidence', value=0.5)])
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    level, sentence = state(node)
    assert level == 'ERROR' and 'points.min_confidence 0.5 needs a model' in sentence
    node.set_parameters([Parameter('points.min_confidence', value=0.0)])
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    result, = node.set_parameters([Parameter('points.min_confidence', value=0.5)])
    assert not result.successful and 'plain does not' in result.reason


def test_cleanup_leaves_no_error_of_an_image_behind(node):
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    node.streams[0].statistics.refused('image refused: cut short', 0.0)
    assert node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
    assert state(node) == ('OK', 'unconfigured')


def test_each_step_twice_in_a_row_is_refused_and_changes_nothing(node):
    """The second of each is no transition of ROS 2's lifecycle: rclpy says so, we stay."""
    for step, reached in (('configure', 'inactive'), ('activate', 'active'),
                          ('deactivate', 'inactive'), ('cleanup', 'unconfigured')):
        assert getattr(node, f'trigger_{step}')() == TransitionCallbackReturn.SUCCESS
        with suppress(RuntimeError):  # raised by some rclpy, FAILURE or ERROR of others
            assert getattr(node, f'trigger_{step}')() != TransitionCallbackReturn.SUCCESS
        assert node.state == reached and state(node)[0] != 'ERROR'


@pytest.mark.thorough
def test_cleanup_gives_back_what_configure_took(node, monkeypatch):
    def loaded(*given):
        estimator = Loaded()
        vars(estimator).update(vars(STAND_IN))
        made.append(weakref.ref(estimator))
        return estimator
    made, before = [], {name for name, _ in node.get_topic_names_and_types()}
    ends_before = [len(list(ends)) for ends in (node.publishers, node.subscriptions)]
    monkeypatch.setattr(sys.modules['mono_depth_ros.estimator'].DepthEstimator, 'load', loaded)
    for _ in range(3):
        for step in ('configure', 'activate', 'deactivate', 'cleanup'):
            assert getattr(node, f'trigger_{step}')() == TransitionCallbackReturn.SUCCESS
        gc.collect()
        assert made[-1]() is None  # the model, and with it its memory on the device
        assert [len(list(ends)) for ends in (node.publishers, node.subscriptions)] == ends_before
    assert len(made) == 3 and {name for name, _ in node.get_topic_names_and_types()} == before


def test_configure_loads_what_the_parameters_ask_for(node, monkeypatch):
    """Device and precision could once be ignored without a test's noticing."""
    given = []
    monkeypatch.setattr(sys.modules['mono_depth_ros.estimator'].DepthEstimator, 'load',
                        lambda *asked: given.append(asked) or STAND_IN)
    asked = {'model_file': 'outdoor', 'device': 'cuda:1', 'precision': 'bf16',
             'backend': 'onnxruntime'}
    results = node.set_parameters([Parameter(name, value=value) for name, value in asked.items()])
    assert all(result.successful for result in results)
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert given[0][:4] == tuple(asked.values())


@pytest.mark.parametrize('rule, sentence', [
    ('reference/scan:=/scan', 'input reference/scan and output scan are the same topic, /scan'),
    ('image_raw:=depth/image_color', 'input image_raw and output depth/image_color are the same'),
    ('points:=reference/points', 'input reference/points and output points are the same topic'),
    ('scan:=points', 'outputs points and scan are the same topic, /points: remap one'),
    ('depth/image:=depth/image_raw', 'outputs depth/image and depth/image_raw are the same'),
    ('points:=depth/image/compressedDepth',
     'outputs depth/image/compressedDepth and points are the same topic')])
def test_an_input_or_output_on_the_topic_of_an_output_is_refused(monkeypatch, rule, sentence):
    with remapped(monkeypatch, rule) as node:
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        assert sentence in state(node)[1] and state(node)[0] == 'ERROR'


def test_an_output_of_one_camera_is_no_input_of_another():
    with pytest.raises(ValueError, match='input right/imu and output left/points are the same'):
        refuse_own_outputs([({'/a': 'left/imu'}, {'/b': 'left/points'}),
                            ({'/b': 'right/imu'}, {'/c': 'right/points'})])


def test_a_scan_beside_that_of_a_lidar_is_not_published_and_points_are_warned_of(node):
    peer = rclpy.create_node('lidar', namespace='/front', context=node.context)
    lidar = peer.create_publisher(LaserScan, '/scan', 1)
    cloud = peer.create_publisher(PointCloud2, '/points', 1)
    peer.create_subscription(LaserScan, '/scan', print, 1)
    assert node.trigger_configure() == node.trigger_activate() == (
        TransitionCallbackReturn.SUCCESS)
    eye, = node.streams
    outputs = {part.topic: part for part in eye.processor.outputs.parts}
    scan, points = outputs['scan'], outputs['points']
    assert scan.subscribers() == 1 and not scan.wanted()
    assert not eye.processor.outputs.has_subscribers()
    assert node.problems(eye, 0.0).part == (
        '/scan is published by /front/lidar too, so scan is not published: remap scan to a '
        'topic of its own')
    peer.destroy_publisher(lidar)
    assert node.problems(eye, 0.0).part == '' and scan.wanted()
    peer.create_subscription(PointCloud2, '/points', print, 1)
    assert node.problems(eye, 0.0).part == (
        '/points is published by /front/lidar too, so whoever listens gets the messages of '
        'both: remap points to a topic of its own')
    assert points.wanted()
    peer.destroy_publisher(cloud)
    peer.destroy_node()


def test_two_nodes_of_this_package_do_not_silence_each_other(node):
    peer = rclpy.create_node('depth_node', namespace='/rear', context=node.context)
    ends = [peer.create_publisher(LaserScan, '/scan', 1),
            peer.create_publisher(Image, 'depth/confidence', 1)]
    peer.create_subscription(LaserScan, '/scan', print, 1)
    assert node.trigger_configure() == node.trigger_activate() == (
        TransitionCallbackReturn.SUCCESS)
    eye, = node.streams
    scan, = (part for part in eye.processor.outputs.parts if part.topic == 'scan')
    told = '/scan is published by /rear/depth_node too, so whoever listens gets the messages of b'
    assert node.problems(eye, 0.0).part.startswith(told) and scan.wanted()
    assert eye.values(0.0)['shared topic'].startswith(told)
    for end in ends:
        peer.destroy_publisher(end)
    peer.destroy_node()


def activated(node: DepthNode, **parameters) -> None:
    """Set parameters, configure and activate."""
    results = node.set_parameters([Parameter(name, value=value)
                                   for name, value in parameters.items()])
    assert all(result.successful for result in results)
    assert node.trigger_configure() == node.trigger_activate() == (
        TransitionCallbackReturn.SUCCESS)


@pytest.mark.parametrize('rules, parameters, topics', [
    (('front/image_raw:=left/image_raw', 'left/image_raw:=right/image_raw'),
     {'cameras': ['front', 'left']}, {'/left/image_raw', '/right/image_raw'}),
    (('front/image_raw:=left/image_raw', 'left/image_raw:=right/image_raw'),
     {'cameras': ['front', 'left'], 'image_transport': 'compressed'},
     {'/left/image_raw/compressed', '/right/image_raw/compressed'}),
    # As of image_transport: whoever names the whole topic means it.
    (('image_raw:=eye', 'eye/compressed:=wire'), {'image_transport': 'compressed'}, {'/wire'})])
def test_what_one_rule_names_is_not_remapped_by_another(monkeypatch, rules, parameters, topics):
    with remapped(monkeypatch, *rules) as node:
        activated(node, **parameters)
        subscribed = {end.topic_name for end in node.subscriptions
                      if end.msg_type in (Image, CompressedImage)}
        told = {source.topic for eye in node.streams for source in eye._inputs()}
        assert subscribed == topics and topics <= told


def test_a_lidar_as_the_reference_is_heard_and_not_the_scan_of_the_node_itself(monkeypatch):
    """As docs/scale.md says; the node took its own scan for the lidar's."""
    with remapped(monkeypatch, 'reference/scan:=/scan', 'scan:=depth_scan') as node:
        peer = rclpy.create_node('lidar', context=node.context)
        lidar = peer.create_publisher(LaserScan, '/scan', 1)
        activated(node)
        source = MatchedSubscription(node, Input(
            topic='reference/scan', kind=LaserScan, callback=print), '', 'auto')
        scans = {end.topic_name for end in node.subscriptions if end.msg_type is LaserScan}
        assert scans == {'/scan'} == {source.topic} and source.publishers() == 1
        peer.destroy_publisher(lidar)
        assert source.publishers() == 0  # that of the node itself is on another topic
        source.close()
        peer.destroy_node()


def test_the_quality_of_service_is_that_of_the_publishers_of_the_topic(monkeypatch):
    with remapped(monkeypatch, 'image_raw:=/depth/image_color',
                  'depth/image_color:=/depth/colours') as node:
        peer = rclpy.create_node('camera', context=node.context)
        end = peer.create_publisher(Image, '/depth/image_color', QoSProfile(
            depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
        activated(node)
        assert node.streams[0].values(0.0)['input qos'] == 'BEST_EFFORT'
        peer.destroy_publisher(end)
        peer.destroy_node()


def test_who_else_is_on_the_topic_of_an_output_is_looked_for_there(monkeypatch):
    with remapped(monkeypatch, 'scan:=/points', 'points:=/cloud') as node:
        peer = rclpy.create_node('lidar', context=node.context)
        ends = [peer.create_publisher(LaserScan, '/points', 1),
                peer.create_subscription(LaserScan, '/points', print, QoSProfile(
                    depth=1, deadline=rclpy.duration.Duration(seconds=1)))]
        peer.create_subscription(LaserScan, '/points', print, 1)
        activated(node)
        scan, = (part for part in node.streams[0].processor.outputs.parts if part.topic == 'scan')
        assert scan.shared().startswith('/points is published by /lidar too, so scan is not')
        assert scan.unheard().startswith('/lidar gets nothing of /points, which does not have')
        peer.destroy_publisher(ends[0])
        peer.destroy_subscription(ends[1])
        peer.destroy_node()
