"""The scale between network and outputs: its sources, what it tells, smoothing, filled depth."""

from array import array
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.lifecycle import LifecycleNode
from ros_helpers import free_domain
from sensor_msgs.msg import Image, LaserScan, PointCloud2, PointField
from std_msgs.msg import Header

from mono_depth_ros.camera import Camera, points_from_depth
from mono_depth_ros.geometry.camera_pose import mounted_pose, transform_pose
from mono_depth_ros.node.interface import frame as frame_module
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.parameters import PARAMETERS, settings_from
from mono_depth_ros.node.outputs.filled import Filled
from mono_depth_ros.node.outputs.scale import ScaleFactor
from mono_depth_ros.node.steps import scale as scale_module
from mono_depth_ros.node.steps.depth_range import DepthLimits
from mono_depth_ros.node.steps.scale import Scale
from mono_depth_ros.node.steps.smoothing import Smoothing

DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}
CAMERA = Camera(fx=60, fy=60, cx=39.5, cy=29.5, width=80, height=60)
SHAPE = (1 + np.arange(60)[:, None] / 20 + np.arange(80) / 40).astype(np.float32)
FRAME_ID = 'camera_optical'


@pytest.fixture
def without_tf(monkeypatch):
    """tf2 is on robots and not here, or the other way round: the parameters tell the pose."""
    monkeypatch.setattr('mono_depth_ros.node.interface.camera_poses.CameraPoses._listen',
                        lambda self: None)


def header(seconds, frame_id=FRAME_ID):
    made = Header(frame_id=frame_id)
    made.stamp.sec, made.stamp.nanosec = int(seconds), round(seconds % 1 * 1e9)
    return made


def frame_at(seconds, depth=SHAPE, rgb=None, camera=CAMERA, **parameters):
    rgb = np.zeros((*depth.shape, 3), np.uint8) if rgb is None else rgb
    return Frame(depth_HW=depth.copy(), estimate=SimpleNamespace(range_m=(0.3, 10.0)), rgb_HW3=rgb,
                 camera=camera, range_m=(0.3, 10.0), settings=settings_from(DEFAULTS | parameters),
                 header=header(seconds))


def depth_message(depth, seconds, encoding='32FC1', frame_id=FRAME_ID):
    pixels = depth.astype('<f4') if encoding == '32FC1' else (depth * 1000).astype('<u2')
    return Image(header=header(seconds, frame_id), encoding=encoding, height=depth.shape[0],
                 width=depth.shape[1], step=depth.shape[1] * pixels.itemsize,
                 data=array('B', pixels.tobytes()))


def cloud_message(depth, seconds, frame_id=FRAME_ID):
    points = np.stack(points_from_depth(depth, CAMERA), -1).astype('<f4')
    fields = [PointField(name=name, offset=4 * i, datatype=7, count=1)
              for i, name in enumerate('xyz')]
    return PointCloud2(header=header(seconds, frame_id), height=60, width=80, fields=fields,
                       point_step=12, row_step=960, data=array('B', points.tobytes()))


def fed(step, topic, messages, **parameters):
    """Frames at 10 Hz through the step, a message of the topic before each; the last frame."""
    callback = {wanted.topic: wanted.callback for wanted in step.inputs()}[topic]
    for number in range(len(messages)):
        callback(messages[number])
        frame = step.adjust(frame_at(number / 10, scale_source='reference', **parameters))
    return frame


def test_a_factor_that_brings_the_end_of_the_range_before_max_depth_is_told():
    frame = fed(Scale(None, ''), 'reference/depth', [
        depth_message(0.42 * SHAPE, t) for t in times(600)],
        **{'max_depth': 5.0, 'points.clear_at_max': True})
    limits = DepthLimits(None, '')
    limits.adjust(frame)
    assert frame.model_range_m == pytest.approx((0.126, 4.2), rel=0.01)
    assert frame.range_m[1] == frame.model_range_m[1] and not frame.reaches(5.0)
    assert limits.warning.startswith('max_depth 5 m is farther than the 4.2 m that the model '
                                     'reaches at a factor of 0.42')
    clears_nothing = replace(frame.settings, points_clear_at_max=False)
    for fine in (replace(frame, range_m=(0.3, 5.0)), replace(frame, settings=clears_nothing)):
        limits.adjust(fine)
        assert limits.warning == ''


def times(number=300):
    return [count / 10 for count in range(number)]


@pytest.fixture
def clock(monkeypatch):
    """The clock of steps and frames, moved by hand."""
    now = SimpleNamespace(s=1000.0)
    for module in (scale_module, frame_module):
        monkeypatch.setattr(module, 'time', SimpleNamespace(monotonic=lambda: now.s))
    return now


def test_without_stamps_the_latest_reference_counts_once(clock):
    """Stamps of 0, as a driver leaves them that sets none."""
    step = Scale(None, '')
    keep = {wanted.topic: wanted.callback for wanted in step.inputs()}['reference/depth']
    for number in range(10):
        keep(depth_message(SHAPE * (1 + number / 20), 0.0))
    step.adjust(frame_at(0.0, scale_source='reference'))
    assert step.values()['scale evidence'] == 'factor 1.450'
    for _ in range(600):
        clock.s += 0.1
        step.adjust(frame_at(0.0, scale_source='reference'))
    assert step.values()['scale evidence'] == 'nothing new on reference/depth'
    assert step.warning.startswith('no evidence of scale for 60 s')


def test_a_recording_that_begins_anew_is_no_lack_of_evidence(clock):
    step = Scale(None, '')
    keep = {wanted.topic: wanted.callback for wanted in step.inputs()}['reference/depth']
    for lap in range(2):
        for number in range(300):
            clock.s += 0.1
            if lap == 0 or number > 5:
                keep(depth_message(0.6 * SHAPE, 5 + number / 10))
            step.adjust(frame_at(5 + number / 10, scale_source='reference'))
            assert step.warning == '', (lap, number)


def test_a_source_that_is_left_keeps_no_messages():
    step = Scale(None, '')
    fed(step, 'reference/depth', [depth_message(0.6 * SHAPE, t) for t in times(20)])
    step.adjust(frame_at(2.0, scale_source='fixed'))
    assert step._sources['reference']._kept == {}


@pytest.mark.parametrize('source, expected', [('none', 1.0), ('fixed', 1.5)])
def test_the_measured_factor_counts_unless_there_is_to_be_none(source, expected):
    frame = Scale(None, '').adjust(frame_at(0, scale_source=source, depth_scale=1.5))
    np.testing.assert_allclose(frame.depth_HW, expected * SHAPE)
    assert frame.scale == expected
    assert settings_from(DEFAULTS | {'scale_source': source, 'depth_scale': 1.5}).depth_range(
        0.3, 10) == (0.3 * expected, 10 * expected)


@pytest.mark.parametrize('topic, message', [
    ('reference/depth', depth_message), ('reference/points', cloud_message)])
def test_a_reference_brings_depth_to_its_scale_slowly(topic, message):
    step = Scale(None, '')
    first = fed(step, topic, [message(0.6 * SHAPE, t) for t in times(20)])
    assert 0.8 < first.scale < 0.95  # 10 % a second, and 3 frames 0.5 s apart before it moves
    last = fed(Scale(None, ''), topic, [message(0.6 * SHAPE, t) for t in times()])
    np.testing.assert_allclose(last.depth_HW, 0.6 * SHAPE, rtol=1e-3)
    assert last.range_m == pytest.approx((0.18, 6.0), rel=1e-3)


def test_a_sparse_reference_in_millimetres_is_enough():
    sparse = np.zeros_like(SHAPE)
    sparse[::10, ::10] = 1.4 * SHAPE[::10, ::10]
    step = Scale(None, '')
    last = fed(step, 'reference/depth', [depth_message(sparse, t, '16UC1') for t in times()])
    assert last.scale == pytest.approx(1.4, rel=2e-3)
    values = step.values()
    assert values['scale'] == '1.400' and float(values['scale age (s)']) <= 0.5
    assert float(values['scale spread (log)']) < 0.01 and step.warning == ''


def test_depth_scale_and_the_reference_multiply():
    last = fed(Scale(None, ''), 'reference/depth',
               [depth_message(3 * SHAPE, t) for t in times()], depth_scale=2.0)
    assert last.scale == pytest.approx(3.0, rel=1e-3)


def test_a_depth_scale_set_while_a_reference_is_followed_changes_no_depth():
    step = Scale(None, '')
    messages = [depth_message(0.6 * SHAPE, t) for t in times(120)]
    fed(step, 'reference/depth', messages)
    for depth_scale in (0.6, 1.2):
        frame = step.adjust(frame_at(12, scale_source='reference', depth_scale=depth_scale))
        np.testing.assert_allclose(frame.depth_HW, 0.6 * SHAPE, rtol=2e-3)
    assert frame.scale == pytest.approx(0.6, rel=2e-3)


def test_a_factor_that_leaves_nothing_between_the_limits_is_told():
    """The nearest of the model, 0.3 m times 2.2, is beyond max_depth: far is far all the same."""
    step, limits = Scale(None, ''), DepthLimits(None, '')
    frame = fed(step, 'reference/depth', [depth_message(2.2 * SHAPE, t) for t in times()],
                max_depth=0.6)
    assert frame.range_m == (0.6, 0.6) and np.isposinf(limits.adjust(frame).depth_HW).all()
    assert limits.warning == ('min_depth 0 and max_depth 0.6 m leave nothing of the model at a '
                              'factor of 2.20')


def test_a_depth_scale_set_before_any_evidence_counts():
    step = Scale(None, '')
    for depth_scale in (1.0, 1.5):
        frame = step.adjust(frame_at(0, scale_source='reference', depth_scale=depth_scale))
        assert frame.scale == depth_scale


def test_an_offset_is_found_only_where_asked():
    messages = [depth_message(0.9 * SHAPE + 0.3, t) for t in times()]
    asked = fed(Scale(None, ''), 'reference/depth', messages, reference_offset=True)
    np.testing.assert_allclose(asked.depth_HW, 0.9 * SHAPE + 0.3, rtol=2e-3)
    unasked = fed(Scale(None, ''), 'reference/depth', messages)
    np.testing.assert_allclose(unasked.depth_HW, unasked.scale * SHAPE, rtol=1e-5)


def test_without_a_reference_the_factor_holds_and_the_operator_is_told():
    step = Scale(None, '')
    fed(step, 'reference/depth', [depth_message(0.6 * SHAPE, t) for t in times()])
    for number in range(300, 400):
        frame = step.adjust(frame_at(number / 10, scale_source='reference'))
    assert frame.scale == pytest.approx(0.6, rel=1e-3)
    assert step.warning.startswith('no evidence of scale for 10 s, it is held at 0.60: reference')
    assert 's apart from the image' in step.values()['scale evidence']


@pytest.mark.parametrize('topic, message, sentence', [
    ('reference/depth', depth_message(SHAPE[:40], 0), 'the measured depth is 80x40 and the image'),
    ('reference/depth', depth_message(SHAPE, 0.5), 'reference/depth is 0.50 s apart'),
    ('reference/depth', depth_message(SHAPE, 0, frame_id='infra1'), "depth is in frame 'infra1'"),
    ('reference/points', cloud_message(SHAPE, 0, 'lidar'), "in frame 'lidar', the image in"),
    ('reference/depth', depth_message(5 * SHAPE, 0), 'factor 5.000, out of bounds'),
    ('reference/scan', LaserScan(header=header(0)), 'no pixel with both')])
def test_what_is_wrong_with_a_reference_is_told(without_tf, topic, message, sentence):
    step = Scale(None, '')
    assert fed(step, topic, [message]).scale == 1
    assert sentence in step.values()['scale evidence']


@pytest.mark.parametrize('topic, message', [
    ('reference/points', cloud_message), ('reference/depth', depth_message)])
def test_a_reference_in_the_frame_of_the_image_with_a_slash_of_ros_1_counts(
        without_tf, topic, message):
    last = fed(Scale(None, ''), topic, [
        message(0.6 * SHAPE, t, frame_id=f'/{FRAME_ID}') for t in times()])
    assert last.scale == pytest.approx(0.6, rel=0.01)


def test_points_of_another_frame_come_by_tf(monkeypatch):
    """A lidar whose x looks ahead, 0.5 m above the camera."""
    moved = transform_pose((0, -0.5, 0), (0.5, -0.5, 0.5, 0.5))
    monkeypatch.setattr('mono_depth_ros.node.interface.camera_poses.CameraPoses.pose_in',
                        lambda self, base, header: moved)
    x, y, z = points_from_depth(0.6 * SHAPE, CAMERA)

    def message(seconds):
        cloud = cloud_message(SHAPE, seconds, 'lidar')
        points = np.stack([z, -x, -y - 0.5], -1).astype('<f4')
        cloud.data = array('B', points.tobytes())
        return cloud

    last = fed(Scale(None, ''), 'reference/points', [message(t) for t in times()])
    assert last.scale == pytest.approx(0.6, rel=0.01)


def test_points_need_a_camera():
    step = Scale(None, '')
    step.inputs()[1].callback(cloud_message(SHAPE, 0))
    step.adjust(frame_at(0, camera=None, scale_source='reference'))
    assert 'reference/points needs camera_info' in step.values()['scale evidence']


def test_topics_of_a_source_are_wanted_while_it_is_the_source():
    step = Scale(None, '')
    wanted = step.inputs()
    assert not any(one.wanted() for one in wanted)
    step.adjust(frame_at(0, scale_source='reference'))
    assert [one.topic for one in wanted if one.wanted()] == [
        'reference/depth', 'reference/points', 'reference/scan']
    step.adjust(frame_at(0.1, scale_source='fixed'))
    assert not any(one.wanted() for one in wanted) and step.values() == {'scale': '1.000'}


def test_another_source_begins_at_one():
    step = Scale(None, '')
    fed(step, 'reference/depth', [depth_message(0.6 * SHAPE, t) for t in times()])
    step.adjust(frame_at(31, scale_source='fixed'))
    assert step.adjust(frame_at(31.1, scale_source='reference')).scale == 1


def test_a_source_of_no_kind_is_refused():
    with pytest.raises(ValueError, match="scale_source cannot be 'lidar'"):
        settings_from(DEFAULTS | {'scale_source': 'lidar'})


def test_smoothing_calms_a_still_scene_and_is_off_by_default():
    def flicker(weight):
        step = Smoothing(None, '')
        depths = [step.adjust(frame_at(n / 10, SHAPE * np.float32(1 + 0.02 * (n % 2)),
                                       smoothing=weight)).depth_HW for n in range(12)]
        return np.mean([np.abs(np.log(b / a)).mean() for a, b in zip(depths[4:], depths[5:])])

    step = Smoothing(None, '')
    step.adjust(frame_at(0, smoothing=0.5))
    assert step.uses_rgb() and not Smoothing(None, '').uses_rgb()
    step.adjust(frame_at(1))
    assert not step.uses_rgb()
    assert flicker(0.0) == pytest.approx(np.log(1.02), rel=1e-3)
    assert flicker(0.7) < 0.5 * flicker(0.0)


class Publisher:
    """A publisher of nothing with as many subscribers as `count`."""

    def __init__(self, count=1):
        self.count, self.sent = count, []

    def get_subscription_count(self):
        """As that of rclpy."""
        return self.count

    def publish(self, message):
        """Keep what is sent: its stamp and its pixels."""
        self.sent.append(message)


def output_of(kind, publisher, sensors=1):
    """An output of a robot with so many publishers of sensor_depth, remapped to /sensor."""
    return kind(SimpleNamespace(
        create_lifecycle_publisher=lambda *_, **__: publisher,
        resolve_topic_name=lambda topic: {'eye/sensor_depth': '/sensor'}[topic],
        count_publishers=lambda topic: {'/sensor': sensors}[topic]), 'eye/')


def test_the_factor_is_a_topic():
    output = output_of(ScaleFactor, publisher := Publisher())
    output.publish(Scale(None, '').adjust(frame_at(0, depth_scale=1.25)))
    assert [message.data for message in publisher.sent] == [1.25]


def filled(message):
    return np.frombuffer(message.data, '<f4').reshape(message.height, message.width)


@pytest.mark.parametrize('encoding', ['16UC1', '32FC1'])
def test_holes_are_filled_and_measured_pixels_keep_their_bits(encoding):
    sensor = 2 * SHAPE
    sensor[20:40, 30:50] = 0
    output = output_of(Filled, publisher := Publisher())
    output.inputs()[0].callback(message := depth_message(sensor, 1.01, encoding))
    output.publish(frame_at(1.0))
    sent, = publisher.sent
    measured = sensor > 0
    expected = sensor if encoding == '32FC1' else (
        (sensor * 1000).astype('<u2').astype('<f4') * np.float32(0.001))
    np.testing.assert_array_equal(filled(sent)[measured], expected[measured])
    np.testing.assert_allclose(filled(sent), 2 * SHAPE, rtol=5e-3)
    assert sent.header == message.header and output.warning == ''
    assert output.values() == {'holes of the sensor (%)': '8.3', 'sensor over network': '2.000',
                               'sensor spread (log)': output.values()['sensor spread (log)']}


def test_what_is_too_near_for_the_sensor_is_no_hole():
    """REP 117: -inf is a measurement, that of something nearer than can be measured."""
    sensor = 2 * SHAPE
    sensor[20:40, 30:50], sensor[:10, :10] = -np.inf, np.nan
    output = output_of(Filled, publisher := Publisher())
    output.inputs()[0].callback(depth_message(sensor, 1.0))
    output.publish(frame_at(1.0))
    sent, = publisher.sent
    assert np.isneginf(filled(sent)[20:40, 30:50]).all() and np.isneginf(filled(sent)).sum() == 400
    np.testing.assert_allclose(filled(sent)[:10, :10], 2 * SHAPE[:10, :10], rtol=5e-3)
    assert output.values()['holes of the sensor (%)'] == '2.1'


@pytest.mark.parametrize('shrink', [4, 8])
def test_a_smaller_sensor_is_filled_from_the_same_place(shrink):
    """The network's depth at the middle of the sensor's pixel, not at its corner."""
    columns = np.tile(np.exp(np.arange(640) / 300).astype(np.float32), (480, 1))
    width, height = 640 // shrink, 480 // shrink
    middle = np.exp(((np.arange(width) + 0.5) * shrink - 0.5) / 300).astype(np.float32)
    sensor = np.tile(middle, (height, 1))
    sensor[10:60, 40:120] = np.nan
    output = output_of(Filled, publisher := Publisher())
    output.inputs()[0].callback(depth_message(sensor, 1.0))
    output.publish(frame_at(1.0, depth=columns))
    np.testing.assert_allclose(filled(publisher.sent[0]), np.tile(middle, (height, 1)),
                               rtol=2.5e-3)
    assert float(output.values()['sensor over network']) == pytest.approx(1, abs=2.5e-3)


def test_every_sensor_image_is_used_once_though_no_stamp_is_set():
    output = output_of(Filled, publisher := Publisher())
    for number in (1, 2, 3):
        output.inputs()[0].callback(depth_message(number * SHAPE, 0))
        output.publish(frame_at(0))
        output.publish(frame_at(0))  # the camera is faster
        assert len(publisher.sent) == number
        np.testing.assert_array_equal(filled(publisher.sent[-1]), number * SHAPE)


def test_sensor_depth_of_twice_the_size_keeps_it():
    output = output_of(Filled, publisher := Publisher())
    output.inputs()[0].callback(depth_message(np.kron(SHAPE, np.ones((2, 2))), 1.0))
    output.publish(frame_at(1.0))
    assert (publisher.sent[0].width, publisher.sent[0].height) == (160, 120)


@pytest.mark.parametrize('message, sentence', [
    (None, 'no image on sensor_depth yet'),
    (depth_message(SHAPE, 2.0), 'sensor_depth is 1.00 s apart'),
    (depth_message(SHAPE[:40], 1.0), 'expected depth of the same view'),
    (depth_message(SHAPE, 1.0, frame_id='infra1'), "depth is in frame 'infra1', the image in"),
    (depth_message(np.random.default_rng(0).uniform(0.1, 9, (60, 80)), 1.0), 'is it registered'),
    (depth_message(0 * SHAPE, 1.0), 'no depth that is known')])
def test_what_is_wrong_with_a_sensor_is_told(message, sentence):
    output = output_of(Filled, publisher := Publisher())
    if message:
        output.inputs()[0].callback(message)
    output.publish(frame_at(1.0))
    assert sentence in output.warning
    assert bool(publisher.sent) == ('is it registered' in sentence or 'known' in sentence)


def test_sensor_depth_is_wanted_and_warned_of_only_while_somebody_listens():
    output = output_of(Filled, publisher := Publisher())
    assert output.inputs()[0].wanted()
    output.publish(frame_at(1.0))
    assert output.warning
    publisher.count = 0
    output.publish(frame_at(1.1))
    assert not output.inputs()[0].wanted() and output.warning == '' and output.values() == {}
    publisher.count = 1
    output.publish(frame_at(1.2))
    assert output.warning
    output.idle()  # no output is listened to any more, so that no image is published
    assert output.warning == ''


def test_a_robot_without_a_sensor_is_not_warned_of_it_whoever_records_everything():
    output = output_of(Filled, publisher := Publisher(), sensors=0)
    output.publish(frame_at(1.0))
    assert output.warning == '' and not publisher.sent
    output.inputs()[0].callback(depth_message(SHAPE, 1.1))
    output.publish(frame_at(1.1))
    assert publisher.sent and output.warning == ''
    publisher.count = 0
    output.publish(frame_at(1.2))
    publisher.count = 1  # the recording begins again, and the sensor is gone
    output.publish(frame_at(5.0))
    assert 'no image on sensor_depth' in output.warning


@pytest.mark.thorough
def test_a_sensor_is_looked_for_under_the_name_it_is_remapped_to():
    """A real node, in a graph of its own."""
    context = Context()
    rclpy.init(context=context, domain_id=free_domain())
    node = LifecycleNode('robot', context=context, cli_args=[
        '--ros-args', '-r', 'eye/sensor_depth:=/front/depth'])
    node.create_subscription(Image, 'eye/depth/filled', print, 1)
    output = Filled(node, 'eye/')
    try:
        output.publish(frame_at(1.0))
        assert output.wanted() and output.warning == ''
        node.create_publisher(Image, '/front/depth', 1)
        output.publish(frame_at(1.1))
        assert 'no image on sensor_depth' in output.warning
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)


def test_one_depth_of_the_sensor_is_sent_once():
    output = output_of(Filled, publisher := Publisher())
    output.inputs()[0].callback(depth_message(SHAPE, 1.0))
    output.publish(frame_at(1.0))
    output.publish(frame_at(1.02))
    assert len(publisher.sent) == 1 and output.warning == ''


def floor_depth(height_m, pitch_deg, times, far_m=4.0):
    """Depth of a floor `height_m` below a camera that looks down by `pitch_deg`, and of a wall."""
    turn = np.radians(pitch_deg)
    y = (np.arange(120) - 59.5) / 120
    with np.errstate(divide='ignore'):
        depth = height_m / (y * np.cos(turn) + np.sin(turn))
    depth[(depth <= 0) | (depth > far_m)] = far_m
    return np.repeat((depth * times)[:, None], 160, 1).astype(np.float32)


def looked(depth, seconds, **parameters):
    step = Scale(None, '')
    camera = Camera(fx=120, fy=120, cx=79.5, cy=59.5, width=160, height=120)
    for number in range(seconds * 10):
        frame = step.adjust(frame_at(number / 10, depth, camera=camera, scale_source='height',
                                     **parameters))
    return frame, step


@pytest.mark.parametrize('times, expected', [(1.9, 1 / 1.9), (1.1, 1.0), (0.9, 1.0), (0.4, 2.5)])
def test_the_floor_of_a_low_robot_gives_the_scale_where_it_is_far_off(without_tf, times, expected):
    depth = floor_depth(0.3, 15, times)
    frame, step = looked(depth, 20, camera_height=0.3, camera_pitch_deg=15.0)
    assert frame.scale == pytest.approx(expected, rel=0.03), step.values()
    assert step.warning == ''


@pytest.mark.parametrize('given, expected, told', [
    (0.45, 1 / 1.6, 'height by camera_height'),
    (0.0, 0.32 / 0.45 / 1.6, 'z = 0 of base_link is taken as the floor')])
def test_a_height_that_is_given_wins_over_tf_to_a_frame_above_the_floor(
        monkeypatch, given, expected, told):
    """A camera 0.45 m over the floor, and base_link 0.13 m: TF says 0.32 m and the tilt."""
    monkeypatch.setattr('mono_depth_ros.node.interface.camera_poses.CameraPoses.pose_in',
                        lambda self, base, header: mounted_pose(0.32, 15))
    frame, step = looked(floor_depth(0.45, 15, 1.6), 12, camera_height=given)
    assert frame.scale == pytest.approx(expected, rel=0.03)
    assert step.values()['scale pose'].endswith(told)


def test_a_pose_that_is_not_known_is_told(without_tf):
    frame, step = looked(floor_depth(0.3, 15, 1.9), 1)
    assert frame.scale == 1 and 'needs the camera above the floor' in step.warning


def test_the_scale_waits_for_tf_before_it_takes_the_parameters(monkeypatch):
    for name, value in (('pose_in', lambda self, base, header: None), ('waiting', True)):
        monkeypatch.setattr(
            f'mono_depth_ros.node.interface.camera_poses.CameraPoses.{name}', value)
    frame, step = looked(floor_depth(0.3, 15, 1.9), 2, camera_height=0.3, camera_pitch_deg=15.0)
    assert frame.scale == 1 and step.warning == '' and 'wait' in step.values()['scale evidence']


def test_a_pitch_that_is_wrong_finds_no_floor(without_tf):
    frame, step = looked(floor_depth(0.3, 15, 1.9), 5, camera_height=0.3, camera_pitch_deg=-30.0)
    assert frame.scale == 1 and step.values()['scale evidence'].startswith('no floor: ')
