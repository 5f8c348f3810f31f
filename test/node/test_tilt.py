"""Pitch and roll by an IMU: the step, what its pose becomes, and what the operator is told."""

from types import SimpleNamespace

import numpy as np
import pytest
from sensor_msgs.msg import Imu
from std_msgs.msg import Header

from mono_depth_ros.camera import Camera
from mono_depth_ros.geometry.camera_pose import mounted_pose, tilt_deg, transform_pose
from mono_depth_ros.geometry.gravity import GRAVITY_MPS2
from mono_depth_ros.node.interface.camera_poses import CameraPoses
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.parameters import PARAMETERS, settings_from
from mono_depth_ros.node.steps import tilt as tilt_module
from mono_depth_ros.node.steps.scale import Scale
from mono_depth_ros.node.steps.tilt import Tilt
from mono_depth_ros.simulation.rendering.renderer import camera_with_fov

DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}
CAMERA = Camera(fx=60, fy=60, cx=39.5, cy=29.5, width=80, height=60)
IMAGE, IMU = 'camera_color_optical_frame', 'camera_imu_optical_frame'
UP = mounted_pose(1.0, 12.0, -3.0).up
NAN, INF = float('nan'), float('inf')


@pytest.fixture
def clock(monkeypatch):
    """The step's clock, moved by hand; no TF, as here, on machines that have it."""
    now = SimpleNamespace(s=1000.0)
    monkeypatch.setattr(tilt_module, 'time', SimpleNamespace(monotonic=lambda: now.s))
    monkeypatch.setattr(CameraPoses, '_listen', lambda self: None)
    return now


def imu_message(acceleration=GRAVITY_MPS2 * UP, frame_id=IMAGE, stamp_s=1.0, **quaternion):
    message = Imu(header=Header(frame_id=frame_id))
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(round(stamp_s * 1e9), 10**9)
    at = message.linear_acceleration
    at.x, at.y, at.z = map(float, acceleration)
    for name, value in ({'w': 0.0} | quaternion).items():
        setattr(message.orientation, name, value)
    message.orientation_covariance[0] = 0.0 if quaternion else -1.0
    return message


def frame_of(depth=None, camera=CAMERA, seconds=1.0, frame_id=IMAGE, **parameters):
    depth = np.ones((60, 80), np.float32) if depth is None else depth
    header = Header(frame_id=frame_id)
    header.stamp.sec, header.stamp.nanosec = divmod(round(seconds * 1e9), 10**9)
    return Frame(
        depth_HW=depth.copy(), estimate=SimpleNamespace(range_m=(0.3, 10.0)), rgb_HW3=None,
        camera=camera, range_m=(0.3, 10.0), header=header,
        settings=settings_from(DEFAULTS | {'tilt_source': 'imu'} | parameters))


def fed(clock, messages, step=None):
    """A step that is asked for, with messages 10 ms apart."""
    step = step or Tilt(None, '')
    step.adjust(frame_of())
    wanted, = step.inputs()
    for message in messages:
        clock.s += 0.01
        wanted.callback(message)
    return step


def test_an_imu_in_the_frame_of_the_image_tells_pitch_and_roll(clock):
    step = fed(clock, [imu_message(stamp_s=n / 100) for n in range(60)])
    frame = step.adjust(frame_of())
    assert tilt_deg(frame.up_3) == pytest.approx((12, -3), abs=0.01)
    assert step.values() == {'imu': 'pitch 12.0, roll -3.0 degrees by the accelerometer of imu, '
                                    'in the frame of the image'}
    assert step.warning == ''
    poses = CameraPoses(None)
    pose = poses.pose(settings_from(DEFAULTS | {'camera_height': 0.4, 'camera_pitch_deg': 8.0}),
                      frame.header, frame.up_3)
    assert tilt_deg(pose.up) == pytest.approx((12, -3), abs=0.051) and pose.height_m == 0.4
    assert poses.told.startswith('pitch 12.0, roll -3.0 degrees by IMU; the rest by camera_height')


@pytest.mark.parametrize('of_imu, of_image', [(f'/{IMAGE}', IMAGE), (IMAGE, f'/{IMAGE}')])
def test_a_slash_of_ros_1_makes_no_other_frame(clock, of_imu, of_image):
    step = fed(clock, [imu_message(frame_id=of_imu, stamp_s=n / 100) for n in range(60)])
    frame = step.adjust(frame_of(frame_id=of_image))
    assert tilt_deg(frame.up_3) == pytest.approx((12, -3), abs=0.01)
    assert step.values()['imu'].endswith('in the frame of the image')


def test_nothing_is_listened_to_unless_asked(clock):
    step = Tilt(None, '')
    wanted, = step.inputs()
    assert step.adjust(frame := frame_of(tilt_source='pose')) is frame
    assert not wanted.wanted() and step.values() == {} and step.warning == ''
    step.adjust(frame_of())
    assert wanted.wanted()
    clock.s += 6  # nobody listens to depth, so that no frame comes
    assert not wanted.wanted()
    step.adjust(frame_of())
    assert wanted.wanted() and step.warning == ''
    step.adjust(frame_of(tilt_source='pose'))
    assert not wanted.wanted() and step.values() == {}


def test_an_imu_that_falls_silent_is_told_and_the_pose_serves(clock):
    step = fed(clock, [imu_message()] * 60)
    clock.s += 0.9
    assert step.adjust(frame_of()).up_3 is not None
    clock.s += 0.2
    assert step.adjust(frame_of()).up_3 is None
    assert step.values() == {'imu': 'imu: the last message is 1.1 s old'} and step.warning == ''
    for _ in range(2):
        clock.s += 2.5
        assert step.adjust(frame_of()).up_3 is None
    assert step.warning == ('tilt_source imu, but pitch and roll are those of the pose: imu: the '
                            'last message is 6.1 s old')
    fed(clock, [imu_message()] * 60, step)
    assert step.adjust(frame_of()).up_3 is not None and step.warning == ''


def test_an_imu_of_another_frame_comes_by_tf(clock, monkeypatch):
    """An IMU whose axes are those of REP 103: x ahead, y left, z up."""
    moved = transform_pose((0.1, 0, 0), (0.5, -0.5, 0.5, 0.5))
    monkeypatch.setattr(CameraPoses, 'pose_in', lambda self, base, header: moved)
    x, y, z = UP
    step = fed(clock, [imu_message(GRAVITY_MPS2 * np.array([z, -x, -y]), 'imu_link')] * 60)
    assert tilt_deg(step.adjust(frame_of()).up_3) == pytest.approx((12, -3), abs=0.01)


def test_an_imu_that_takes_another_s_place_begins_anew(clock):
    step = fed(clock, [imu_message()] * 60 + [imu_message(frame_id=IMU)])
    assert step.adjust(frame_of()).up_3 is None
    assert step.values() == {'imu': 'imu: too few messages yet'}


@pytest.mark.parametrize('frame_id, told', [
    (IMU, f'{IMU} taken as parallel to {IMAGE}: tf2_ros is not installed'),
    ('imu_link', f"imu is in frame 'imu_link', the image in '{IMAGE}': tf2_ros is not installed")])
def test_without_tf_only_an_optical_frame_is_taken_as_mounted_in_the_camera(
        clock, frame_id, told):
    step = fed(clock, [imu_message(frame_id=frame_id)] * 60)
    frame = step.adjust(frame_of())
    assert (frame.up_3 is None) == (frame_id == 'imu_link')
    assert step.values()['imu'].endswith(told)


def test_an_optical_frame_is_taken_as_mounted_in_the_camera_once_tf_can_have_come(
        clock, monkeypatch):
    monkeypatch.setattr(CameraPoses, 'pose_in', lambda self, base, header: None)
    monkeypatch.setattr(CameraPoses, 'waiting', True)
    step = fed(clock, [imu_message(frame_id=IMU)] * 60)
    assert step.adjust(frame_of()).up_3 is None
    monkeypatch.setattr(CameraPoses, 'waiting', False)
    assert step.adjust(frame_of()).up_3 is not None


def test_an_orientation_follows_a_turn_at_once_while_it_agrees(clock):
    """About x of the optical frame by pitch - 90 degrees: z of a level world is then up."""
    def turned(pitch):
        half = np.radians(-90 - pitch) / 2
        return {'x': float(np.sin(half)), 'w': float(np.cos(half))}

    level = [imu_message(GRAVITY_MPS2 * mounted_pose(1, 0).up, **turned(0))] * 60
    step = fed(clock, level)
    step.inputs()[0].callback(imu_message(GRAVITY_MPS2 * mounted_pose(1, 4).up, **turned(4)))
    assert tilt_deg(step.adjust(frame_of()).up_3) == pytest.approx((4, 0), abs=1e-6)
    assert 'by the orientation of imu' in step.values()['imu']
    step.inputs()[0].callback(imu_message(GRAVITY_MPS2 * mounted_pose(1, 4).up, **turned(40)))
    assert tilt_deg(step.adjust(frame_of()).up_3)[0] == pytest.approx(0, abs=0.3)
    assert 'by the accelerometer of imu' in step.values()['imu']


def pitched(degrees, stamp_s, orientation_deg=None):
    """A message of a camera pitched so at a time, as an IMU in the frame of the image says it."""
    half = np.radians(-90 - (degrees if orientation_deg is None else orientation_deg)) / 2
    return imu_message(GRAVITY_MPS2 * mounted_pose(1, degrees).up, stamp_s=stamp_s,
                       x=float(np.sin(half)), w=float(np.cos(half)))


def test_the_orientation_is_that_of_the_time_of_the_image(clock):
    """Pitched up and down by 6 degrees each second, images come 150 ms late."""
    def pitch(seconds):
        return 15 + 6 * np.sin(2 * np.pi * seconds)

    step = Tilt(None, '')
    step.adjust(frame_of())
    wanted, = step.inputs()
    for number in range(600):
        clock.s += 0.01
        wanted.callback(pitched(pitch(number / 100), 1 + number / 100))
        if number > 200 and number % 7 == 0:
            taken_s = number / 100 - 0.15
            up = step.adjust(frame_of(seconds=1 + taken_s)).up_3
            assert tilt_deg(up)[0] == pytest.approx(pitch(taken_s), abs=0.5)


def test_of_clocks_that_differ_the_latest_orientation_counts(clock):
    step = fed(clock, [pitched(number / 30, 100 + number / 100) for number in range(90)])
    assert tilt_deg(step.adjust(frame_of(seconds=1.0)).up_3)[0] == pytest.approx(89 / 30, abs=1e-6)


def test_a_quick_turn_is_followed_by_the_orientation(clock):
    """20 degrees in a third of a second, which the mean of the accelerometer follows in 5 s."""
    step = fed(clock, [pitched(10, 1 + number / 100) for number in range(300)])
    for number in range(300, 700):
        fed(clock, [pitched(min(10 + 0.6 * (number - 300), 30), 1 + number / 100)], step)
        up = step.adjust(frame_of(seconds=1 + number / 100)).up_3
        assert tilt_deg(up)[0] == pytest.approx(min(10 + 0.6 * (number - 300), 30), abs=0.1)


def test_an_orientation_of_another_world_never_counts(clock):
    """12 degrees off the accelerometer's all the time, as over a frame that is not level."""
    step = fed(clock, [pitched(5, 1 + number / 100, 17) for number in range(300)])
    assert tilt_deg(step.adjust(frame_of(seconds=4.0)).up_3)[0] == pytest.approx(5, abs=0.01)
    assert 'by the accelerometer' in step.values()['imu']


def test_one_image_every_six_seconds_knows_its_tilt(clock):
    step, known = Tilt(None, ''), []
    wanted, = step.inputs()
    for _ in range(5):
        known.append(step.adjust(frame_of()).up_3 is not None)
        for _ in range(60):
            clock.s += 0.1
            if wanted.wanted():
                wanted.callback(imu_message())
    assert known == [False, False, True, True, True]


@pytest.mark.parametrize('message', [
    imu_message((NAN, NAN, NAN)), imu_message((INF, 0, 0)), imu_message((0, 0, 0)),
    imu_message((0, -1, 0)), imu_message((1e308, 1e308, 1e308)), imu_message(frame_id=''),
    imu_message(x=NAN, y=NAN, z=NAN, w=NAN), imu_message(w=1.0), imu_message(x=1e300, w=INF),
    imu_message(stamp_s=-5.0), Imu()])
def test_no_message_does_harm(clock, message):
    step = fed(clock, [imu_message()] * 60 + [message] * 60)
    up = step.adjust(frame_of()).up_3
    assert up is None or tilt_deg(up) == pytest.approx((12, -3), abs=0.01)
    assert step.values()['imu'] != ''
    fed(clock, [imu_message()] * 60, step)
    assert tilt_deg(step.adjust(frame_of()).up_3) == pytest.approx((12, -3), abs=0.01)


def test_an_imu_without_an_accelerometer_is_told(clock):
    gyro = imu_message()
    gyro.linear_acceleration_covariance[0] = -1.0
    step = fed(clock, [gyro] * 60)
    assert step.adjust(frame_of()).up_3 is None
    assert step.values() == {'imu': 'imu: an acceleration of nan m/s^2 is not gravity'}


@pytest.mark.thorough
@pytest.mark.parametrize('seed', [100, 101])
def test_height_with_an_imu_is_as_good_as_with_the_true_pitch(clock, seed):
    """A drive at 0.7 m with true depth times 0.6, and a pitch parameter 4 degrees off."""
    from train.simulate.drives import drive

    camera = camera_with_fov(320, 240, 69)
    views = list(drive(seed, 0.7, 12, 2.0))
    pitch, roll = tilt_deg(views[0][2].rotation[2])
    errors = {}
    for name, off, source in (('true', 0, 'pose'), ('wrong', 4, 'pose'), ('imu', 4, 'imu')):
        rng = np.random.default_rng(0)
        tilt, scale = Tilt(None, ''), Scale(None, '')
        for number, (_, truth, pose) in enumerate(views):
            up = np.array(pose.rotation[2])
            fed(clock, [imu_message(GRAVITY_MPS2 * up + rng.normal(0, 0.3, 3))
                        for _ in range(50)], tilt)
            frame = scale.adjust(tilt.adjust(frame_of(
                truth.astype(np.float32) * np.float32(0.6), camera, 1 + number / 2,
                scale_source='height', camera_height=0.7, camera_pitch_deg=pitch + off,
                camera_roll_deg=roll, tilt_source=source)))
        errors[name] = abs(np.log(0.6 * frame.scale))
    assert errors['imu'] == pytest.approx(errors['true'], abs=0.02)
    assert errors['wrong'] > errors['true'] + 0.1
