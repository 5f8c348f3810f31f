"""Points, scan, normals and their parameters, on frames made by hand."""

from dataclasses import replace
from functools import cached_property
import math
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image, LaserScan
from std_msgs.msg import Header

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate
from mono_depth_ros.geometry.edge_filter import DepthEdges
from mono_depth_ros.geometry.normals import normals_from_depth
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.parameters import PARAMETERS, settings_from
from mono_depth_ros.node.outputs.normals import Normals
from mono_depth_ros.node.outputs.points import Points
from mono_depth_ros.node.outputs.scan import Scan, spec_of
from mono_depth_ros.node.steps.depth_range import DepthLimits
from mono_depth_ros.node.steps.edge_filter import EdgeFilter
from mono_depth_ros.node.steps.scale import Scale
from mono_depth_ros.node.steps.steps import STEPS

CAMERA = Camera(fx=280, fy=280, cx=160, cy=120, width=320, height=240)
DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}
NODE = SimpleNamespace(
    create_lifecycle_publisher=lambda *_, **__: SimpleNamespace(get_subscription_count=lambda: 1),
    destroy_lifecycle_publisher=lambda _: None)


def frame_of(depth_HW, range_m=(0.3, 10.0), camera=CAMERA, **parameters):
    """A frame; parameters with __ for the dot."""
    given = {name.replace('__', '.'): value for name, value in parameters.items()}
    header = Header(frame_id='camera')
    header.stamp.sec = 7
    return Frame(
        depth_HW=depth_HW, camera=camera, rgb_HW3=np.zeros((*depth_HW.shape, 3), np.uint8),
        estimate=DepthEstimate(depth=depth_HW, camera=CAMERA, network_ms=1.0), range_m=range_m,
        settings=settings_from(DEFAULTS | given), header=header)


def wall(distance_m=2.0):
    return np.full((240, 320), distance_m, np.float32)


def step():
    depth = wall()
    depth[:, 160:] = 4.0
    return depth


def limited(frame):
    """The frame after the steps between the scale and the outputs."""
    return DepthLimits(NODE, '').adjust(EdgeFilter(NODE, '').adjust(frame))


def z_of(cloud):
    return np.frombuffer(cloud.data, '<f4').reshape(cloud.height, cloud.width, 4)[..., 2]


def scanned(frame, scan=None):
    """The scan as it arrives at a subscriber."""
    message = (scan or Scan(NODE, '')).message(frame)
    return deserialize_message(serialize_message(message), LaserScan)


def test_points_lose_the_pixels_at_edges():
    flying = DepthEdges(step(), 0.2).mask_HW
    assert 0 < flying.mean() < 0.1
    kept = z_of(Points(NODE, '').message(frame_of(step())))
    assert np.isfinite(kept).all()
    left = z_of(Points(NODE, '').message(limited(frame_of(step(), points__max_edge_jump=0.2))))
    assert np.array_equal(np.isnan(left), flying)


def test_depth_images_lose_the_pixels_at_edges_where_asked():
    for asked in (False, True):
        frame = frame_of(step(), points__max_edge_jump=0.2, filter_depth_edges=asked)
        depth = EdgeFilter(NODE, '').adjust(frame).depth_HW
        assert np.array_equal(np.isnan(depth), DepthEdges(step(), 0.2).mask_HW & asked)


@pytest.mark.parametrize('max_depth, model_m', [(10.0, 10.0), (3.0, 10.0), (3.0, 3.0)])
def test_points_and_scan_lose_the_pixels_at_an_edge_against_what_is_out_of_range(
        max_depth, model_m):
    """A box at 1.5 m before a wall at 6 m, and one blurred cell of the network between them."""
    box = np.full((48, 64), 6.0, np.float32)
    box[10:40, 20:40] = 1.5
    depth = cv2.resize(cv2.GaussianBlur(box, (3, 3), 0), (320, 240))
    in_the_air = (depth > 1.6) & (depth < 2.95)
    depth[depth > model_m] = np.inf
    frame = frame_of(depth, range_m=(0.3, max_depth), camera_height=0.3, points__max_edge_jump=0.1)
    frame = limited(replace(frame, estimate=replace(frame.estimate, range_m=(0.3, model_m))))
    kept = np.isfinite(z_of(Points(NODE, '').message(frame)))
    assert in_the_air.sum() > 1000 and kept.sum() > 5000 and not kept[in_the_air].any()
    ranges = np.array(scanned(frame).ranges)
    assert (ranges < 1.7).sum() > 20 and not ((ranges > 1.7) & (ranges < 2.95)).any()


def test_edges_are_looked_for_where_somebody_wants_them_and_once_for_a_frame(monkeypatch):
    found, find = [], DepthEdges.mask_HW.func
    mask = cached_property(lambda self: found.append(self) or find(self))
    mask.__set_name__(DepthEdges, 'mask_HW')
    monkeypatch.setattr(DepthEdges, 'mask_HW', mask)
    for filters, listeners, times in ((False, (), 0), (False, (Points, Scan), 1),
                                      (True, (Points, Scan), 1), (True, (), 1)):
        frame = limited(frame_of(step(), camera_height=0.3, points__max_edge_jump=0.2,
                                 filter_depth_edges=filters))
        assert all(output(NODE, '').message(frame) for output in listeners)
        assert len(found) == times
        found.clear()


def test_edges_are_those_of_depth_as_it_is_scaled_before_it_is_limited():
    assert STEPS.index(Scale) < STEPS.index(EdgeFilter) < STEPS.index(DepthLimits)


def test_pixels_beyond_the_range_are_points_at_its_end_where_asked():
    depth = wall()
    depth[:100], depth[100], depth[101] = np.inf, -np.inf, np.nan
    without = z_of(Points(NODE, '').message(frame_of(depth, (0.3, 6.0))))
    assert np.isnan(without[:102]).all() and (without[102:] == 2).all()
    clearing = z_of(Points(NODE, '').message(
        frame_of(depth, (0.3, 6.0), points__clear_at_max=True)))
    assert (clearing[:100] == 6).all() and np.isnan(clearing[100:102]).all()
    assert (clearing[102:] == 2).all()


@pytest.mark.parametrize('limits, reach_m', [
    ({'max_depth': 15.0}, 10.0), ({'max_depth': 3.0, 'depth_scale': 0.2}, 2.0),
    ({'max_depth': 1.0, 'depth_scale': 0.1}, 1.0), ({'max_depth': 3.0}, 3.0), ({}, 10.0)])
def test_a_range_that_ends_before_max_depth_is_no_wall_in_a_costmap_and_told(limits, reach_m):
    """Nothing in range: what a costmap takes as the end of free space, or marks as a wall."""
    frame = frame_of(wall(np.inf), camera_height=0.3, points__clear_at_max=True, **limits)
    frame = replace(frame, estimate=replace(frame.estimate, range_m=(0.3, 10.0)),
                    range_m=frame.settings.depth_range(0.3, 10.0))
    last, scan = DepthLimits(NODE, ''), Scan(NODE, '')
    frame = last.adjust(Scale(NODE, '').adjust(frame))
    early = reach_m < limits.get('max_depth', reach_m)
    np.testing.assert_equal(z_of(Points(NODE, '').message(frame)),
                            np.float32(np.full((240, 320), math.nan if early else reach_m)))
    message = scanned(frame, scan)
    assert message.range_max == pytest.approx(limits.get('max_depth', reach_m))
    assert np.isposinf(message.ranges).any() != early
    for warning in (last.warning, scan.warning):
        assert (f'the model reaches {reach_m:g} m' in warning
                or f'{reach_m:g} m that the model reaches' in warning) == early
        assert bool(warning) == early


def test_a_scan_farther_than_the_model_reaches_has_no_free_direction_and_is_told():
    """But where 10 m along the axis are more than 10.8 from the base: to the sides."""
    scan = Scan(NODE, '')
    message = scanned(frame_of(wall(np.inf), camera_height=0.3, scan__range_max=10.8), scan)
    assert message.range_max == pytest.approx(10.8)
    for angle, expected in ((0.0, math.nan), (0.35, math.nan), (0.42, math.inf), (0.5, math.inf)):
        at = round((angle - message.angle_min) / message.angle_increment)
        np.testing.assert_equal(message.ranges[at], expected)
    assert scan.warning.startswith('the scan goes to 10.8 m, but the model reaches 10 m')


def test_the_scan_puts_what_is_nearer_than_the_range_where_the_model_begins():
    frame = frame_of(wall(-np.inf), range_m=(1.0, 10.0), camera_height=0.3, min_depth=1.0)
    frame = replace(frame, estimate=replace(frame.estimate, range_m=(0.3, 10.0)))
    assert scanned(frame).ranges[157] == pytest.approx(0.3, abs=0.01)
    scaled = replace(frame, scale=0.5)
    assert scanned(scaled).ranges[157] == pytest.approx(0.15, abs=0.01)


def test_normals_of_a_wall_as_a_message():
    message = Normals(NODE, '').message(frame_of(wall()))
    message = deserialize_message(serialize_message(message), Image)
    assert (message.encoding, message.step, message.header.frame_id) == ('32FC3', 3840, 'camera')
    normals = np.frombuffer(message.data, '<f4').reshape(240, 320, 3)
    assert np.array_equal(normals, normals_from_depth(wall(), CAMERA))
    assert Normals(NODE, '').message(frame_of(wall(), camera=None)) is None


def test_a_scan_by_parameters():
    """Camera 0.3 m over the floor, level, a wall 2 m ahead."""
    scan = Scan(NODE, '')
    message = scanned(frame_of(wall(), camera_height=0.3, scan__frame='base'), scan)
    assert (message.header.frame_id, message.header.stamp.sec) == ('base', 7)
    assert len(message.ranges) == 315 and message.range_max == 10
    at = round((0.2 - message.angle_min) / message.angle_increment)
    assert message.ranges[at] == pytest.approx(2 / math.cos(0.2), abs=0.01)
    assert math.isnan(message.ranges[0])
    assert message.angle_max == pytest.approx(
        message.angle_min + 314 * message.angle_increment, abs=1e-6)
    assert 'camera_height 0.3' in scan.values()['scan pose'] and scan.warning == ''


@pytest.mark.parametrize('name, value, expected', [
    ('camera_height', 0.2, math.inf), ('camera_pitch_deg', 20.0, math.inf),
    ('camera_roll_deg', 90.0, math.inf), ('scan.min_height', 0.11, math.inf),
    ('scan.max_height', 0.09, 2.0), ('scan.range_max', 1.9, math.inf),
    ('scan.range_min', 2.5, -math.inf)])
def test_every_number_of_the_scan_has_an_effect(name, value, expected):
    """A kerb 2 m ahead, from 0.2 m below the camera on down: 0.1 m high for a camera at 0.3 m."""
    depth = np.full((240, 320), np.inf, np.float32)
    depth[(np.arange(240) - 120) / 280 * 2 > 0.2] = 2.0

    def ahead(**parameters):
        ranges = scanned(frame_of(depth, **({'camera_height': 0.3} | parameters))).ranges
        return ranges[len(ranges) // 2]

    assert ahead() == pytest.approx(2.0, abs=0.01)
    assert ahead(**{name.replace('.', '__'): value}) == pytest.approx(expected, abs=0.01)


def test_what_hangs_above_the_largest_height_is_left_out():
    board = np.full((240, 320), np.inf, np.float32)
    board[:100] = 2.0  # from 0.14 m above the camera on
    ranges = [scanned(frame_of(board, camera_height=0.3, scan__max_height=height)).ranges[157]
              for height in (0.5, 0.42)]
    assert ranges == [pytest.approx(2.0, abs=0.01), math.inf]


def test_angles_and_increment():
    frame = frame_of(wall(), camera_height=0.3, scan__angle_min=-0.2, scan__angle_max=0.1,
                     scan__angle_increment=0.1)
    message = scanned(frame)
    np.testing.assert_allclose(message.ranges, 2 / np.cos([-0.2, -0.1, 0.0, 0.1]), atol=0.03)


def test_a_scan_without_a_pose_is_withheld_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, 'tf2_ros', None)
    scan = Scan(NODE, '')
    assert scan.message(frame_of(wall())) is None
    assert 'set camera_height' in scan.warning and 'tf2_ros is not installed' in scan.warning
    assert scan.warning.endswith('or install tf2_ros and publish TF')
    assert scan.message(frame_of(wall(), camera=None)) is None and 'rays' in scan.warning


def test_ranges_that_leave_nothing_cost_only_the_scan():
    scan = Scan(NODE, '')
    assert scan.message(frame_of(wall(), camera_height=0.3, scan__range_min=20.0)) is None
    assert 'scan.range_min must be below' in scan.warning


def test_a_camera_that_does_not_see_the_range_is_told():
    scan = Scan(NODE, '')
    message = scanned(frame_of(wall(), camera_height=0.3, camera_pitch_deg=50.0), scan)
    assert not np.isposinf(message.ranges).any()
    assert 'set scan.range_max' in scan.warning


def test_the_scan_keeps_to_sure_points():
    depth = step()
    frames = [limited(frame_of(depth, camera_height=0.3, points__max_edge_jump=jump))
              for jump in (0.0, 0.2)]
    ranges = [np.array(scanned(frame).ranges) for frame in frames]
    assert (np.isfinite(ranges[0]) > np.isfinite(ranges[1])).sum() >= 3


@pytest.mark.parametrize('lower, upper, steps', [
    ('min_depth', 'max_depth', ((0.5, 3.0), (5.0, 8.0), (1.0, 2.0))),
    ('scan.min_height', 'scan.max_height', ((0.1, 0.3), (0.5, 0.9), (-0.3, 0.0))),
    ('scan.angle_min', 'scan.angle_max', ((-1.0, -0.5), (0.0, 0.5), (-1.0, -0.5))),
    ('scan.range_min', 'scan.range_max', ((0.1, 1.0), (2.0, 3.0), (0.5, 1.0)))])
@pytest.mark.parametrize('upper_first', [False, True])
def test_two_limits_one_after_the_other_in_any_order(lower, upper, steps, upper_first):
    values = dict(DEFAULTS) | {lower: steps[0][0], upper: steps[0][1]}
    settings = settings_from(values)
    names = [upper, lower] if upper_first else [lower, upper]
    waited = 0
    for pair in steps[1:]:
        before = settings
        for name in names:
            values[name] = pair[0] if name == lower else pair[1]
            settings = settings_from(values, settings, {name})
            if settings.waiting:
                waited += 1
                assert replace(settings, waiting='') == before
                assert f'{lower} must be below {upper}' in settings.waiting
                # Another parameter is taken meanwhile.
                other = settings_from(values | {'depth_scale': 2.0}, settings, {'depth_scale'})
                assert other.depth_scale == 2 and other.waiting == settings.waiting
        used = [getattr(settings, name.replace('.', '_')) for name in (lower, upper)]
        assert used == list(pair) and not settings.waiting
    assert waited == 1


def test_two_limits_at_once_that_leave_nothing_are_refused():
    settings = settings_from(DEFAULTS)
    wrong = DEFAULTS | {'min_depth': 5.0, 'max_depth': 3.0}
    with pytest.raises(ValueError, match='min_depth must be below max_depth, got 5 and 3'):
        settings_from(wrong, settings, {'min_depth', 'max_depth'})
    with pytest.raises(ValueError, match='min_depth must be below max_depth'):
        settings_from(wrong)


def test_the_scan_goes_as_far_as_asked_but_no_farther_than_max_depth():
    assert spec_of(settings_from(DEFAULTS), (0.3, 8.0)).range_max == 8
    assert spec_of(settings_from(DEFAULTS | {'scan.range_max': 4.0}), (0.3, 8.0)).range_max == 4
    farther = DEFAULTS | {'scan.range_max': 9.0, 'max_depth': 8.0}
    assert spec_of(settings_from(farther), (0.3, 8.0)).range_max == 8
    assert spec_of(settings_from(farther), (0.3, 7.0)).range_max == 8  # what the model reaches
