"""Several cameras with one model: fair, apart from each other, as a batch or one by one."""

from array import array
from collections.abc import Iterator
from dataclasses import replace
import sys
from threading import Event
import time
from types import SimpleNamespace

import cv2
from model_helpers import plain_card
import numpy as np
import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from ros_helpers import free_domain, image_message, info_message, picture
from sensor_msgs.msg import CompressedImage, Image, PointCloud2

from mono_depth_ros.estimator import DepthEstimate, DepthEstimator
from mono_depth_ros.node.lifecycle_node import DepthNode
from mono_depth_ros.node.outputs.output import Output
from mono_depth_ros.node.outputs.outputs import OUTPUTS
from mono_depth_ros.node.outputs.points import Points
from mono_depth_ros.node.ros_parameters import unknown_parameters
from mono_depth_ros.tools.presets import PRESETS
from mono_depth_ros.tools.wrap import wrap

CAMERAS = ['front', 'left', 'right']


class Model:
    """A stand-in that answers with the mean of the image, when it is let go on."""

    card = plain_card()
    model_path, model_sha256, device, precision = 'plain', '0', 'cpu', 'fp32'
    has_confidence, backend, backend_reason, together = False, 'torch', 'asked for', 1
    device_error = ''

    def __init__(self):
        self.entered, self.go_on, self.batches = Event(), Event(), []
        self.go_on.set()
        self.sizes = []

    def load(self, *settings):
        return self

    def warm_up(self):
        """Take no time."""

    def content_size(self, width, height):
        return 10, 8

    def estimate(self, rgb_HW3, camera, size):
        self.entered.set()
        assert self.go_on.wait(10)
        self.sizes.append(rgb_HW3.shape[1::-1])
        if rgb_HW3.max() == 255:
            raise ValueError('too bright')
        depth_HW = np.full(size[::-1], 1 + rgb_HW3.mean() / 100, np.float32)
        return DepthEstimate(depth=depth_HW, camera=camera, network_ms=1.0)

    def estimate_all(self, images):
        self.batches.append(len(images))
        return [self.estimate(*image) for image in images]


@pytest.fixture(params=[1, 8])
def node(request, monkeypatch) -> Iterator[DepthNode]:
    """An active node of three cameras whose outputs go to `sent`, one by one or as a batch."""
    model = Model()
    model.together = request.param
    made, context = start(monkeypatch, model, [Parameter('cameras', value=CAMERAS)])
    yield made
    stop(made, context)


def start(monkeypatch, model: Model, parameters: list) -> tuple[DepthNode, rclpy.Context]:
    monkeypatch.setitem(
        sys.modules, 'mono_depth_ros.estimator', SimpleNamespace(DepthEstimator=model))
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=free_domain())
    node = DepthNode(context=context, parameter_overrides=parameters)
    node.model, node.sent = model, []
    monkeypatch.setattr(Output, 'wanted', lambda self: self.kind is not PointCloud2)

    def publish(output, frame):
        if output.topic == 'depth/image':
            node.sent.append((output.prefix, frame.header.stamp.sec, float(frame.depth_HW[0, 0])))
    monkeypatch.setattr(Output, 'publish', publish)
    for step in (node.trigger_configure, node.trigger_activate):
        assert step() == TransitionCallbackReturn.SUCCESS
    return node, context


def stop(node: DepthNode, context: rclpy.Context) -> None:
    node.model.go_on.set()
    node.stop()
    node.destroy_node()
    rclpy.shutdown(context=context)


def image(number: int, grey: int = 100) -> Image:
    message = image_message(np.full((6, 8, 3), grey, np.uint8))
    message.header.stamp.sec = number
    return message


def settle(node: DepthNode) -> None:
    deadline = time.monotonic() + 10
    for stream in node.streams:
        while (counts := stream.statistics.counts())['received'] > sum(counts.values()) / 2:
            assert time.monotonic() < deadline, counts
            time.sleep(0.002)


@pytest.mark.thorough
def test_cameras_of_two_shapes_are_seen_in_two_shapes(tmp_path, monkeypatch):
    """Depth of this network is the width of its input and a thousandth of the height."""
    helpers = pytest.importorskip('graph_helpers')
    like = replace(PRESETS['metres'], max=1000.0, mean=(0.0,) * 3)
    wrap(helpers.free_graph(tmp_path / 'graph.onnx'), like,
         {'size': '128x96', 'multiple': '32'}, tmp_path / 'model.onnx')
    node, context = start(monkeypatch, DepthEstimator, [
        Parameter('cameras', value=['front', 'wide']), Parameter('max_depth', value=1000.0),
        Parameter('model_file', value=str(tmp_path / 'model.onnx'))])
    for stream, size in zip(node.streams, ((480, 640), (375, 1242))):
        stream.on_image(image_message(np.zeros((*size, 3), np.uint8)))
    settle(node)
    node.stop()
    node.destroy_node()
    rclpy.shutdown(context=context)
    assert {topic: depth for topic, _, depth in node.sent} == {
        'front/': pytest.approx(128.096, abs=1e-3), 'wide/': pytest.approx(192.064, abs=1e-3)}


def test_topics_and_status_are_those_of_each_camera(node):
    names = {name for name, _ in node.get_topic_names_and_types()}
    for camera in CAMERAS:
        wanted = {'image_raw', 'camera_info', *(output.topic for output in OUTPUTS)}
        assert {f'/{camera}/{topic}' for topic in wanted} <= names
    statuses = [node._status(stream, 0.0).name for stream in node.streams]
    assert statuses == [f'depth_node: {camera}' for camera in CAMERAS]


def test_outputs_are_nothing_the_executor_waits_for(node):
    """With each message of any topic rclpy compares all that it waits for with each other."""
    own = len(list(node.waitables))
    before = [output for stream in node.streams for output in stream.processor.outputs.parts]
    assert node.trigger_deactivate() == node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
    assert len(before) == len(OUTPUTS) * len(CAMERAS) and len(list(node.waitables)) == own


def test_every_camera_is_served_in_turn_however_much_another_sends(node):
    front, left, right = node.streams
    node.model.go_on.clear()
    front.on_image(image(0))
    assert node.model.entered.wait(10)
    for number in range(1, 50):
        front.on_image(image(number))
        if number == 20:
            left.on_image(image(1, 50))
            right.on_image(image(1, 0))
    node.model.go_on.set()
    settle(node)
    assert node.sent[0] == ('front/', 0, 2.0)
    assert sorted(node.sent[1:]) == [('front/', 49, 2.0), ('left/', 1, 1.5), ('right/', 1, 1.0)]
    assert node.model.batches == ([] if node.model.together == 1 else [3])
    assert front.statistics.counts() == {
        'received': 50, 'processed': 2, 'dropped': 48, 'refused': 0, 'unused': 0}


@pytest.mark.parametrize('bad', ['encoding', 'network'])
def test_what_one_camera_sends_costs_the_others_nothing(node, bad):
    front, left, right = node.streams
    node.model.go_on.clear()
    front.on_image(image(0))
    assert node.model.entered.wait(10)
    broken = image(1, 255)
    if bad == 'encoding':
        broken.step = 1
    for stream, message in ((front, image(1)), (left, broken), (right, image(1))):
        stream.on_image(message)
    node.model.go_on.set()
    settle(node)
    assert [stream.statistics.counts()['refused'] for stream in node.streams] == [0, 1, 0]
    assert [stream.statistics.counts()['processed'] for stream in node.streams] == [2, 0, 1]
    assert 'image refused' in left.statistics.last_error and not front.statistics.last_error


def three_at_once(node):
    """An image of the first camera, and while it is served one of each."""
    node.model.go_on.clear()
    node.streams[0].on_image(image(0))
    assert node.model.entered.wait(10)
    for stream in node.streams:
        stream.on_image(image(1))
    node.model.go_on.set()
    settle(node)


def test_a_batch_that_does_not_fit_is_not_tried_in_every_round(node, monkeypatch):
    """Each goes by itself, in this round and those that follow, and the operator is told once."""
    if node.model.together == 1:
        pytest.skip('of a batch')
    told = []
    monkeypatch.setattr(node, 'get_logger', lambda: SimpleNamespace(error=told.append))

    def full(images):
        node.model.batches.append(len(images))
        node.model.together, node.model.device_error = 1, 'could not run 3 images at once'
        raise ValueError('the memory of cuda:0 is full')
    node.model.estimate_all = full
    three_at_once(node)
    for number in (2, 3):
        for stream in node.streams:
            stream.on_image(image(number))
        settle(node)
    assert node.model.batches == [3]
    assert [stream.statistics.counts()['processed'] for stream in node.streams] == [4, 3, 3]
    node.stop()
    assert told == ['could not run 3 images at once']


def test_a_batch_that_fails_as_none_should_is_told(node, monkeypatch):
    """Each image is served by itself, which costs the gain of batches: somebody must hear it."""
    if node.model.together == 1:
        pytest.skip('of a batch')
    told = []
    monkeypatch.setattr(node, 'get_logger', lambda: SimpleNamespace(
        error=lambda text, throttle_duration_sec: told.append(text)))

    def broken(images):
        raise TypeError('unexpected\nby anybody')
    node.model.estimate_all = broken
    three_at_once(node)
    assert [stream.statistics.counts()['processed'] for stream in node.streams] == [2, 1, 1]
    assert told == ['3 images together have no depth, so each goes by itself: '
                    'TypeError: unexpected by anybody']


def test_a_batch_that_fails_in_every_round_is_told_once_in_a_while(node, capfd):
    """Each round had a logger of its own, which has never told anything."""
    if node.model.together == 1:
        pytest.skip('of a batch')

    def broken(images):
        raise TypeError('unexpected by anybody')
    node.model.estimate_all = broken
    for _ in range(3):
        node.model.entered.clear()
        three_at_once(node)
    assert capfd.readouterr().err.count('images together have no depth') == 1


def test_every_camera_is_heard_of_in_the_log(node, capfd):
    """What the first said was taken for what the others had to say."""
    for _ in range(2):
        for stream in node.streams:
            stream.on_image(image(0, grey=255))
            settle(node)
        node._active_s = -1e9
        node._report()
    said = capfd.readouterr().err
    for camera in CAMERAS:
        assert said.count(f'{camera}: image refused: too bright') == 1
        assert said.count(f'{camera}: nobody publishes /{camera}/image_raw') == 1


def test_what_waits_at_deactivation_is_counted_by_its_camera(node):
    front, left, _ = node.streams
    node.model.go_on.clear()
    front.on_image(image(0))
    assert node.model.entered.wait(10)
    left.on_image(image(0))
    node.model.go_on.set()
    node.trigger_deactivate()
    settle(node)
    assert sum(left.statistics.counts().values()) == 2


def test_camera_info_is_that_of_the_camera(node):
    front, left, _ = node.streams
    front.processor.add_info(info_message(8, 6, focal=7.0))
    for stream in (front, left):
        stream.on_image(image(0))
    settle(node)
    assert front.processor.camera.points.fx == 7 and left.processor.camera.points is None
    assert not front.processor.camera_warning
    assert left.processor.camera_warning.startswith('no camera_info on /left/camera_info yet')


@pytest.mark.parametrize('names, sentence', [
    (['a', 'a'], 'different names'), (['a/b'], "cannot be 'a/b'"), (['2'], "cannot be '2'"),
    ('front', "must be a list of texts, got 'front'")])
def test_wrong_names_are_refused(node, names, sentence):
    node.trigger_deactivate()
    node.trigger_cleanup()
    result, = node.set_parameters([Parameter('cameras', value=names)])
    assert not result.successful and sentence in result.reason


def test_the_cameras_are_read_while_unconfigured(node):
    result, = node.set_parameters([Parameter('cameras', value=['back'])])
    assert not result.successful and 'clean it up first' in result.reason
    node.trigger_deactivate()
    node.trigger_cleanup()
    for names, served in ((['back'], ['back']), ([], [''])):
        assert node.set_parameters([Parameter('cameras', value=names)])[0].successful
        assert node.get_parameter('cameras').type_ == Parameter.Type.STRING_ARRAY
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert [stream.name for stream in node.streams] == served
        node.trigger_cleanup()


def test_a_camera_may_have_settings_of_its_own(monkeypatch):
    made, context = start(monkeypatch, Model(), [
        Parameter('cameras', value=['a', 'b']), Parameter('depth_scale', value=2.0),
        Parameter('a.depth_scale', value=3), Parameter('c.depth_scale', value=4.0),
        Parameter('b.points.stride', value=2)])
    assert unknown_parameters(made) == [
        'parameter c.depth_scale has no effect until cameras, which is read at configure, has c']
    a, b = made.streams
    assert (a.settings.depth_scale, b.settings.depth_scale) == (3.0, 2.0)
    assert (a.settings.points_stride, b.settings.points_stride) == (1, 2)
    for stream in made.streams:
        stream.on_image(image(0, 0))
    settle(made)
    assert sorted(made.sent) == [('a/', 0, 3.0), ('b/', 0, 2.0)]
    for name, value, sentence in (('a.depth_scale', 99.0, 'out of range'),
                                  ('a.backend', 'torch', 'did you mean backend'),
                                  ('a.max_depth', 5.0, 'give a.max_depth when the node starts'),
                                  ('b.depth_scale', 2.0, 'b has the depth_scale of all cameras; '
                                   'for one of its own give b.depth_scale when the node starts'),
                                  ('b.points.stride', 1.5, 'camera b: parameter points.stride')):
        result = made.set_parameters_atomically([Parameter(name, value=value)])
        assert not result.successful and sentence in result.reason
    assert made.set_parameters_atomically([Parameter('depth_scale', value=1)]).successful
    assert made.set_parameters_atomically([Parameter('a.depth_scale', value=1)]).successful
    assert a.settings.depth_scale == b.settings.depth_scale == 1.0
    assert made.get_parameter('a.depth_scale').type_ == Parameter.Type.DOUBLE
    made.trigger_deactivate()
    made.trigger_cleanup()  # another camera, which was given a value at start
    assert made.set_parameters_atomically([Parameter('cameras', value=['c'])]).successful
    assert made.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert made.streams[0].settings.depth_scale == 4.0
    stop(made, context)


@pytest.fixture
def compressed(monkeypatch) -> Iterator[DepthNode]:
    made, context = start(monkeypatch, Model(), [
        Parameter('image_transport', value='compressed')])
    yield made
    stop(made, context)


def test_compressed_images_are_served_and_damaged_ones_counted(compressed, monkeypatch):
    eye, = compressed.streams
    data = cv2.imencode('.jpg', picture(640, 480)[..., ::-1])[1].tobytes()
    whole = CompressedImage(format='rgb8; jpeg compressed bgr8', data=array('B', data))
    eye.on_image(whole)
    settle(compressed)
    eye.on_image(CompressedImage(format='jpeg', data=array('B', data[:999])))
    settle(compressed)
    assert eye.statistics.counts() == {
        'received': 2, 'processed': 1, 'dropped': 0, 'refused': 1, 'unused': 0}
    assert compressed.model.sizes == [(80, 60)] and len(compressed.sent) == 1
    monkeypatch.setattr(Points, 'wanted', lambda self: True)
    eye.on_image(whole)  # its colours are wanted: decoded in full
    settle(compressed)
    assert compressed.model.sizes[-1] == (640, 480)


def test_the_compressed_topic_is_beside_the_remapped_one(monkeypatch):
    made, context = start(monkeypatch, Model(), [
        Parameter('image_transport', value='compressed'), Parameter('cameras', value=['a'])])
    names = dict(made.get_topic_names_and_types())
    assert names['/a/image_raw/compressed'] == ['sensor_msgs/msg/CompressedImage']
    assert '/a/image_raw' not in names
    stop(made, context)
