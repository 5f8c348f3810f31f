"""Whatever comes, the node goes on, counts every image once and says what is wrong (no torch)."""

from collections.abc import Iterator
from dataclasses import replace
import sys
from threading import Event
import time
from types import SimpleNamespace

from hostile_messages import hostile_images, hostile_infos
from hypothesis import given, settings
from hypothesis import strategies as st
from model_helpers import plain_card
import numpy as np
import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from ros_helpers import free_domain, image_message, info_message, Peer, picture
from sensor_msgs.msg import CompressedImage, Image

from mono_depth_ros.estimator import DepthEstimate, Uncertainty
from mono_depth_ros.letterbox import fit_letterbox
from mono_depth_ros.node.camera_stream import CameraStream
from mono_depth_ros.node.diagnostics import (
    FrameStatistics,
    Problems,
    REFUSED_IN_A_ROW,
    status_summary,
)
from mono_depth_ros.node.interface.parameters import PARAMETERS
from mono_depth_ros.node.lifecycle_node import DepthNode
from mono_depth_ros.node.outputs.compressed_depth import CompressedDepth
from mono_depth_ros.node.outputs.output import Output
from mono_depth_ros.node.outputs.outputs import Outputs
from mono_depth_ros.node.outputs.points import Points

OK, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
ERRORS = (ValueError('odd'), IndexError('list index out of range'), OverflowError('too large'),
          MemoryError(), RuntimeError('CUDA error'), SystemExit(2), KeyboardInterrupt())


class Model:
    """A stand-in for the estimator; `answer` is a depth in metres or what `estimate` raises."""

    card = plain_card()
    model_path, model_sha256, device, precision = 'plain', '0', 'cpu', 'fp32'
    has_confidence, backend, backend_reason, together = False, 'torch', 'asked for', 1
    device_error = ''
    uncertainty = None

    def __init__(self):
        self.answer, self.refuse_to_load, self.subscribed = 2.0, None, True

    def load(self, *settings):
        if self.refuse_to_load:
            raise self.refuse_to_load
        return self

    def warm_up(self):
        """Take no time."""

    def content_size(self, width, height):
        return 4, 3

    def estimate(self, rgb_HW3, camera, size):
        self.saw = rgb_HW3.shape[1::-1]
        if isinstance(self.answer, BaseException):
            raise self.answer
        depth_HW = np.full(size[::-1], self.answer, np.float32)
        return DepthEstimate(depth=depth_HW, camera=camera, network_ms=1.0,
                             uncertainty=self.uncertainty)


@pytest.fixture(scope='module')
def started() -> Iterator[tuple[DepthNode, Model]]:
    """A node in this process with the stand-in; every output is filled, though nobody listens."""
    model, patch = Model(), pytest.MonkeyPatch()
    patch.setitem(sys.modules, 'mono_depth_ros.estimator', SimpleNamespace(DepthEstimator=model))
    # But these: they need the camera's pose and a sensor's depth, which nobody publishes here.
    patch.setattr(Output, 'wanted', lambda self: self.topic not in ('scan', 'depth/filled'))
    patch.setattr(Outputs, 'has_subscribers', lambda self: model.subscribed)
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=free_domain())
    node = DepthNode(context=context)
    yield node, model
    patch.undo()
    node.stop()
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.fixture
def active(started) -> tuple[DepthNode, Model]:
    node, model = started
    begin(node, model)
    return node, model


def begin(node: DepthNode, model: Model) -> None:
    """Bring the node from any state to active: a model that works, default parameters."""
    defaults = [Parameter(p.name, value=p.default) for p in PARAMETERS if p.settable == 'always']
    results = node.set_parameters_atomically(defaults)
    assert results.successful, results.reason
    model.answer, model.refuse_to_load, model.subscribed = 2.0, None, True
    while node.state != 'unconfigured':
        node.trigger_deactivate() if node.state == 'active' else node.trigger_cleanup()
    assert node.trigger_configure() == OK and node.trigger_activate() == OK


def eye(node: DepthNode) -> CameraStream:
    """The only camera of the node."""
    return node.streams[0]


def statistics(node: DepthNode) -> FrameStatistics:
    return eye(node).statistics


def problems(node: DepthNode, now_s: float | None = None) -> Problems:
    return node.problems(eye(node), time.monotonic() if now_s is None else now_s)


def good_image(stamp_s: int = 1) -> Image:
    message = image_message(picture(8, 6))
    message.header.stamp.sec = stamp_s
    return message


def send(node: DepthNode, message: Image) -> dict[str, int]:
    """Counts once the node is done with an image."""
    before = statistics(node).counts()
    eye(node).on_image(message)
    deadline = time.monotonic() + 10
    while sum(settled(node)) < sum(before.values()) - before['received'] + 1:
        assert time.monotonic() < deadline, 'the image was never counted'
    return statistics(node).counts()


def settled(node: DepthNode) -> list[int]:
    return [number for name, number in statistics(node).counts().items() if name != 'received']


def summary(node: DepthNode) -> tuple[str, str]:
    now_s = time.monotonic()
    statistics(node).received_s = now_s  # no camera publishes here
    return status_summary(
        node.state, replace(problems(node, now_s), stale=''), statistics(node), now_s)


@pytest.mark.parametrize('sec', [-1, -2**31, 2**31 - 1])
def test_a_stamp_of_negative_seconds_is_served(active, sec):
    node, _ = active
    before = statistics(node).counts()
    after = send(node, good_image(sec))
    assert after['processed'] == before['processed'] + 1 and node._worker.alive


def test_an_image_without_a_stamp_has_no_age(active):
    """It was as old as the clock's beginning."""
    node, _ = active
    send(node, good_image(0))
    assert eye(node).values(time.monotonic())['age of image (ms)'] == 'no stamp'
    send(node, good_image(1))
    assert float(eye(node).values(time.monotonic())['age of image (ms)']) > 0


def test_who_shared_a_topic_is_not_told_once_nothing_is_published(active, monkeypatch):
    node, _ = active
    monkeypatch.setattr(Outputs, 'shared', lambda self: '/scan is published by /lidar too')
    problems(node)
    assert eye(node).values(time.monotonic())['shared topic'] == '/scan is published by /lidar too'
    assert node.trigger_deactivate() == OK
    problems(node)
    assert 'shared topic' not in eye(node).values(time.monotonic())


@pytest.mark.parametrize('error', ERRORS, ids=lambda error: type(error).__name__)
def test_after_any_error_of_the_model_the_next_image_is_served(active, error):
    node, model = active
    before = statistics(node).counts()
    model.answer = error
    assert send(node, good_image())['refused'] == before['refused'] + 1
    level, sentence = summary(node)
    assert level == 'WARN' and (str(error) or type(error).__name__) in sentence
    model.answer = 2.0
    assert send(node, good_image())['processed'] == before['processed'] + 1


@pytest.mark.parametrize('error', ERRORS, ids=lambda error: type(error).__name__)
def test_an_output_that_fails_costs_no_other_and_is_told(active, monkeypatch, error):
    node, _ = active
    eye(node).processor.add_info(info_message(8, 6))
    sent = []

    def broken(self, frame):
        raise error
    monkeypatch.setattr(CompressedDepth, 'message', broken)
    monkeypatch.setattr(Points, 'message', lambda self, frame: sent.append(frame))
    before = statistics(node).counts()
    assert send(node, good_image())['processed'] == before['processed'] + 1
    level, sentence = summary(node)
    assert len(sent) == 1 and level == 'WARN'
    assert sentence.startswith('no depth/image/compressedDepth: ')
    assert (str(error) or type(error).__name__) in sentence
    assert node.trigger_deactivate() == OK and node.trigger_activate() == OK
    assert summary(node) == ('OK', 'active')
    send(node, good_image())
    assert summary(node)[0] == 'WARN'
    monkeypatch.undo()
    send(node, good_image())
    assert summary(node) == ('OK', 'active')


def test_an_image_of_which_nothing_could_be_sent_is_refused(active, monkeypatch):
    node, _ = active

    def broken(self, frame):
        raise MemoryError
    monkeypatch.setattr(Output, 'publish', broken)
    before = statistics(node).counts()
    after = send(node, good_image())
    assert (after['refused'], after['processed']) == (before['refused'] + 1, before['processed'])


def test_a_device_that_gives_up_is_one_error_in_the_log(active, monkeypatch):
    node, model = active
    said, logger = [], node.get_logger()
    monkeypatch.setattr(node, 'get_logger', lambda: SimpleNamespace(
        error=lambda text, **_: said.append(text), warning=logger.warning, info=logger.info))
    monkeypatch.setattr(model, 'device_error', '')
    true = model.estimate

    def lost(*inputs):
        model.device_error = 'torch fp16 on cuda:0 gave up: lost; the CPU takes over'
        return true(*inputs)
    monkeypatch.setattr(model, 'estimate', lost)
    for _ in range(3):
        send(node, good_image())
    assert said == ['torch fp16 on cuda:0 gave up: lost; the CPU takes over']


def test_an_image_that_cannot_even_be_offered_to_the_worker_is_counted(active, monkeypatch):
    node, _ = active

    def broken(self):
        raise RuntimeError('publisher handle is invalid')
    monkeypatch.setattr(Outputs, 'has_subscribers', broken)
    before = statistics(node).counts()
    assert send(node, good_image())['refused'] == before['refused'] + 1


def test_a_dead_worker_is_an_error(active):
    node, _ = active
    alive = node._worker._thread
    node._worker._thread = SimpleNamespace(is_alive=lambda: False, join=alive.join)
    level, sentence = summary(node)
    assert level == 'ERROR' and 'has ended' in sentence


def test_a_worker_that_hangs_is_an_error(active, monkeypatch):
    node, model = active
    entered, go_on = Event(), Event()
    monkeypatch.setattr(model, 'estimate', lambda *given: (entered.set(), go_on.wait(20)))
    eye(node).on_image(good_image())
    assert entered.wait(10)
    monkeypatch.setattr('mono_depth_ros.node.diagnostics.BUSY_S', 0.0)
    level, sentence = summary(node)
    go_on.set()
    assert level == 'ERROR' and 'in progress' in sentence


def test_a_frame_without_one_finite_depth_is_refused_and_several_are_an_error(active):
    node, model = active
    before = statistics(node).counts()
    model.answer = float('nan')
    for number in range(1, REFUSED_IN_A_ROW + 1):
        after = send(node, good_image())
        assert after['refused'] == before['refused'] + number
        assert after['processed'] == before['processed']
        assert summary(node)[0] == ('WARN' if number < REFUSED_IN_A_ROW else 'ERROR')
    assert 'the model gave no depth' in summary(node)[1]
    model.answer = 2.0
    send(node, good_image())
    assert statistics(node).refused_in_a_row == 0


def send_bad_row(node):
    """As many images without a fitting step as are an error."""
    bad = good_image()
    bad.step = 1
    for _ in range(REFUSED_IN_A_ROW):
        send(node, bad)


def test_all_images_refused_is_an_error(active):
    node, _ = active
    send_bad_row(node)
    level, sentence = summary(node)
    assert level == 'ERROR' and 'step is 1 bytes' in sentence


def test_images_refused_before_are_no_error_once_it_is_active_again(active):
    node, _ = active
    send_bad_row(node)
    assert node.trigger_deactivate() == OK and node.trigger_activate() == OK
    assert summary(node)[0] != 'ERROR'


@pytest.mark.parametrize('error', ERRORS, ids=lambda error: type(error).__name__)
def test_any_error_of_a_lifecycle_step_is_failure_and_an_error(active, error):
    node, model = active
    assert node.trigger_deactivate() == OK and node.trigger_cleanup() == OK
    model.refuse_to_load = error
    assert node.trigger_configure() == FAILURE
    level, sentence = summary(node)
    assert level == 'ERROR' and sentence.startswith('configure failed: ')
    assert str(error) in sentence and node.state == 'unconfigured'
    model.refuse_to_load = None
    assert node.trigger_configure() == OK and summary(node) == ('OK', 'inactive')


def test_an_activation_that_fails_is_no_longer_reported_as_ok(active, monkeypatch):
    node, _ = active
    assert node.trigger_deactivate() == OK

    def broken(*given):
        raise IndexError('tuple index out of range')
    monkeypatch.setattr('mono_depth_ros.node.camera_stream.MatchedSubscription', broken)
    assert node.trigger_activate() == FAILURE and node.state == 'inactive'
    assert summary(node) == (
        'ERROR', 'activate failed: IndexError: tuple index out of range')
    assert node._worker is None


def test_an_odd_error_while_parameters_are_set_refuses_them(active, monkeypatch):
    node, _ = active

    def broken(estimator, settings):
        raise OverflowError('cannot convert float infinity to integer')
    monkeypatch.setattr('mono_depth_ros.node.lifecycle_node.range_m', broken)
    result, = node.set_parameters([Parameter('min_depth', value=1.0)])
    assert not result.successful and 'OverflowError' in result.reason


def test_a_nearly_black_image_is_served_with_a_warning(active):
    node, _ = active
    eye(node).processor.add_info(info_message(8, 6))
    send(node, good_image())
    assert summary(node) == ('OK', 'active')
    before = statistics(node).counts()
    assert send(node, image_message(np.zeros((6, 8, 3), np.uint8)))['processed'] == (
        before['processed'] + 1)
    level, sentence = summary(node)
    assert level == 'WARN' and 'nearly black' in sentence
    send(node, good_image())
    assert summary(node) == ('OK', 'active')


@pytest.mark.parametrize('error, told', [(0.4, '0.43'), (0.5, '0.36')])
def test_depth_that_the_model_itself_trusts_little_is_served_with_a_warning(
        active, monkeypatch, error, told):
    node, model = active
    eye(node).processor.add_info(info_message(8, 6))
    monkeypatch.setattr(model, 'uncertainty', Uncertainty(
        log_uncertainty=np.full((3, 4), np.log(error), np.float32),
        letterbox=fit_letterbox(8, 6, 8, 6)))
    send(node, good_image())
    assert eye(node).processor.values()['confidence (mean)'] == told
    level, sentence = summary(node)
    if told == '0.36':
        assert level == 'WARN' and 'less than 40 % of this depth' in sentence
    else:
        assert (level, sentence) == ('OK', 'active')
    # Who has measured the scale knows what is wrong.
    assert node.set_parameters_atomically([Parameter('depth_scale', value=1.2)]).successful
    send(node, good_image())
    assert summary(node) == ('OK', 'active')
    monkeypatch.setattr(model, 'uncertainty', None)
    send(node, good_image())
    assert eye(node).processor.values()['confidence (mean)'] == 'none'


def test_a_cloud_without_its_unsure_points_is_told_of_whoever_measured_the_scale(
        active, monkeypatch):
    """By the settings for Nav2 a robot saw no obstacle in a place unlike all the model knows."""
    node, model = active
    eye(node).processor.add_info(info_message(8, 6))
    monkeypatch.setattr(model, 'has_confidence', True)
    monkeypatch.setattr(model, 'uncertainty', Uncertainty(
        log_uncertainty=np.full((3, 4), np.log(0.4), np.float32),
        letterbox=fit_letterbox(8, 6, 8, 6)))
    for least, told in ((0.4, ''), (0.5, 'points.min_confidence 0.5 is above the mean conf')):
        assert node.set_parameters_atomically([
            Parameter('points.min_confidence', value=least),
            Parameter('depth_scale', value=1.2)]).successful
        send(node, good_image())
        level, sentence = summary(node)
        assert level == ('WARN' if told else 'OK') and sentence.startswith(told or 'active')


def test_doubt_of_the_model_hides_nothing_else(active, monkeypatch):
    """In a place unlike all it knows it doubts for hours: no failing output was told of."""
    node, model = active
    eye(node).processor.add_info(info_message(8, 6))
    monkeypatch.setattr(model, 'uncertainty', Uncertainty(
        log_uncertainty=np.zeros((3, 4), np.float32), letterbox=fit_letterbox(8, 6, 8, 6)))

    def broken(self, frame):
        raise MemoryError
    with monkeypatch.context() as patch:
        patch.setattr(CompressedDepth, 'message', broken)
        send(node, good_image())
        assert summary(node)[1].startswith('no depth/image/compressedDepth: ')
    send(node, good_image())
    assert 'of this depth to be within 25 %' in summary(node)[1]


def test_a_node_that_is_not_active_listens_to_no_tf(active):
    node, _ = active
    listening = [part._poses for part in eye(node).processor.parts if hasattr(part, '_poses')]
    assert listening
    for poses in listening:
        poses._asked = True
    assert node.trigger_deactivate() == OK
    assert not any(poses._asked for poses in listening)


@pytest.mark.parametrize('how', ['unused', 'activated'])
def test_what_was_wrong_with_images_before_is_no_warning_once_nobody_asks_for_depth(
        active, how):
    """A black image in the evening, and limits beyond the model, were told for all the night."""
    node, model = active
    eye(node).processor.add_info(info_message(8, 6))
    black = image_message(np.zeros((6, 8, 3), np.uint8))
    for set_up in ([], [Parameter('max_depth', value=50.0),
                        Parameter('points.clear_at_max', value=True)]):
        assert node.set_parameters_atomically(set_up).successful
        send(node, good_image() if set_up else black)
        level, sentence = summary(node)
        assert level == 'WARN' and ('max_depth 50' if set_up else 'nearly black') in sentence
        if how == 'unused':
            model.subscribed = False
            send(node, good_image())
            model.subscribed = True
        else:
            assert node.trigger_deactivate() == OK and node.trigger_activate() == OK
        assert summary(node) == ('OK', 'active')


def test_camera_info_of_the_image_s_stamp_is_used_else_the_latest(active, monkeypatch):
    node, model = active
    focals = []
    monkeypatch.setattr(model, 'estimate', lambda rgb, camera, size: (
        focals.append(camera.fx), Model().estimate(rgb, camera, size))[1])
    for stamp_s in (1, 2, 3):
        info = info_message(8, 6, focal=10.0 * stamp_s)
        info.header.stamp.sec = stamp_s
        eye(node).processor.add_info(info)
    for stamp_s in (1, 3, 2, 9):
        send(node, good_image(stamp_s))
    assert focals == [10, 30, 20, 30]
    for _ in range(9):  # the first is forgotten
        eye(node).processor.add_info(info_message(8, 6, focal=99.0))
    send(node, good_image(1))
    assert focals[-1] == 99


ANSWERS = st.sampled_from([2.0, float('nan'), float('inf'), -1.0, 0.0, *ERRORS])
STEPS = st.lists(st.one_of(
    st.tuples(st.just('image'), hostile_images()), st.tuples(st.just('image'), st.just(None)),
    st.tuples(st.just('info'), hostile_infos()), st.tuples(st.just('answer'), ANSWERS),
    st.tuples(st.just('lifecycle'), st.sampled_from(
        ['configure', 'activate', 'deactivate', 'cleanup'])),
    st.tuples(st.just('subscribed'), st.booleans()),
    st.tuples(st.just('load'), st.sampled_from([None, *ERRORS])),
    st.tuples(st.just('parameter'), st.sampled_from([
        ('points.stride', 3), ('max_depth', 1), ('rectified', True), ('depth_scale', 0.5)]))),
    max_size=25)


def perform(node: DepthNode, model: Model, step: str, given) -> None:
    if step == 'image':
        eye(node).on_image(good_image() if given is None else given)
    elif step == 'info' and eye(node).processor:
        eye(node).processor.add_info(given)
    elif step == 'answer':
        model.answer = given
    elif step == 'subscribed':
        model.subscribed = given
    elif step == 'load':
        model.refuse_to_load = given
    elif step == 'parameter':
        node.set_parameters([Parameter(given[0], value=given[1])])
    elif step == 'lifecycle':
        getattr(node, f'trigger_{given}')()


@pytest.mark.thorough
@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_every_image_is_counted_once_whatever_comes(started, steps):
    node, model = started
    begin(node, model)
    for step, given_ in steps:
        perform(node, model, step, given_)
    node.stop()
    counts = statistics(node).counts()
    assert counts['received'] == sum(settled(node))
    begin(node, model)
    assert send(node, good_image())['processed'] == counts['processed'] + 1


@pytest.mark.thorough
def test_a_topic_of_another_type_is_named_with_its_type(active):
    node, _ = active
    peer = Peer(node.context.get_domain_id())
    peer.publisher(CompressedImage, 'image_raw')
    sentence = peer.wait(lambda: (s := problems(node).stale) and (
        'carries' in s) and s, 'the type')
    assert sentence.startswith('/image_raw carries sensor_msgs/msg/CompressedImage, not '
                               'sensor_msgs/msg/Image: remap image_raw to the name before')
    peer.close()


def test_the_sentence_about_camera_info_names_its_topic(active):
    node, _ = active
    assert problems(node).camera.startswith('no camera_info on /camera_info yet')


@pytest.mark.parametrize('focal, said', [(0.0, 'camera_info is uncalibrated'),
                                         (8.0, '')])
def test_a_camera_info_of_zeros_is_told_before_the_first_image(active, focal, said):
    node, _ = active
    eye(node).processor.add_info(info_message(8, 6, focal))
    assert problems(node).camera.startswith(said) and bool(problems(node).camera) == bool(said)
    assert eye(node).processor.values()['camera'].startswith(said or 'camera_info')


@pytest.mark.parametrize('way', ['set_parameters', 'set_parameters_atomically'])
@pytest.mark.parametrize('name', ['min_depth', 'depth_scale'])
def test_a_parameter_set_as_a_whole_number_stays_a_double(active, name, way):
    node, _ = active
    getattr(node, way)([Parameter(name, value=1)])
    assert node.get_parameter(name).value == 1
    assert node.get_parameter(name).type_ == Parameter.Type.DOUBLE


def test_a_whole_number_given_at_start_becomes_a_double():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=free_domain())
    node = DepthNode(context=context, parameter_overrides=[Parameter('max_depth', value=5)])
    declared = node.get_parameter('max_depth')
    assert (declared.type_, declared.value, node.settings.max_depth) == (
        Parameter.Type.DOUBLE, 5.0, 5.0)
    node.destroy_node()
    rclpy.shutdown(context=context)
