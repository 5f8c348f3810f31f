"""The camera's pose over the base frame, against directions worked by hand."""

from dataclasses import replace
import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from mono_depth_ros.geometry.camera_pose import (
    LEVEL,
    levelled,
    mounted_pose,
    tilt_deg,
    transform_pose,
)

AHEAD, RIGHT, DOWN = (0, 0, 1), (1, 0, 0), (0, 1, 0)  # in the optical frame


def test_a_level_camera_looks_along_x_of_the_base_frame():
    pose = mounted_pose(0.3)
    np.testing.assert_allclose(pose.in_base(np.array([AHEAD, RIGHT, DOWN])),
                               [(1, 0, 0.3), (0, -1, 0.3), (0, 0, -0.7)], atol=1e-12)
    np.testing.assert_allclose(pose.up, (0, -1, 0), atol=1e-12)
    assert pose.height_m == 0.3


def test_a_pitch_above_zero_looks_down():
    """At 30 degrees the axis meets the floor at height / tan(30 degrees)."""
    pose = mounted_pose(1.0, pitch_deg=30)
    np.testing.assert_allclose(pose.in_base(np.array([0, 0, 2.0])), (math.sqrt(3), 0, 0),
                               atol=1e-12)
    np.testing.assert_allclose(pose.up, (0, -math.cos(math.radians(30)), -0.5), atol=1e-12)


def test_a_roll_above_zero_has_the_right_side_lower():
    pose = mounted_pose(1.0, roll_deg=30)
    np.testing.assert_allclose(pose.in_base(np.array([AHEAD, RIGHT])),
                               [(1, 0, 1), (0, -math.cos(math.radians(30)), 0.5)], atol=1e-12)


def test_a_roll_turns_about_the_optical_axis_of_a_pitched_camera():
    np.testing.assert_allclose(
        mounted_pose(1.0, 20, 40).in_base(np.array(AHEAD)),
        mounted_pose(1.0, 20, 0).in_base(np.array(AHEAD)), atol=1e-12)


def test_the_usual_optical_rotation_of_a_transform_is_a_level_camera():
    """The quaternion (-0.5, 0.5, -0.5, 0.5) of every URDF with an optical frame."""
    pose = transform_pose((0.1, 0.2, 0.3), (-0.5, 0.5, -0.5, 0.5))
    np.testing.assert_allclose(pose.rotation, mounted_pose(0.3).rotation, atol=1e-12)
    assert pose.translation == (0.1, 0.2, 0.3)


@given(pitch=st.floats(-90, 90), roll=st.floats(-180, 180))
def test_up_is_one_and_up_in_the_base_frame(pitch, roll):
    pose = mounted_pose(2.0, pitch, roll)
    np.testing.assert_allclose(pose.in_base(pose.up), (0, 0, 3), atol=1e-9)


@pytest.mark.parametrize('translation, quaternion', [
    ((0, 0, math.nan), (0, 0, 0, 1)), ((0, 0, 0), (0, 0, 0, 0)), ((0, 0, 0), (1, 1, 0, 0)),
    ((math.inf, 0, 0), (0, 0, 0, 1))])
def test_a_transform_that_is_no_pose_is_refused(translation, quaternion):
    with pytest.raises(ValueError, match='no pose'):
        transform_pose(translation, quaternion)


@given(pitch=st.floats(-89, 89), roll=st.floats(-179, 179))
def test_tilt_is_told_by_what_points_up(pitch, roll):
    assert tilt_deg(mounted_pose(1.0, pitch, roll).up) == pytest.approx((pitch, roll), abs=1e-6)


@given(pitch=st.floats(-60, 60), roll=st.floats(-60, 60))
def test_a_level_mount_takes_the_tilt_that_gravity_has(pitch, roll):
    found = levelled(mounted_pose(0.4), mounted_pose(1.0, pitch, roll).up)
    assert tilt_deg(found.up) == pytest.approx((pitch, roll), abs=0.051)
    assert found.height_m == 0.4


@given(tilt=st.tuples(st.floats(-8, 8), st.floats(-8, 8)), yaw=st.floats(-180, 180))
def test_a_tilted_base_is_levelled_and_keeps_its_heading(tilt, yaw):
    """A camera that looks 30 degrees down and any way, on a base that is tilted."""
    turn = np.radians(yaw)
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0],
                        [0, 0, 1]])
    by_tf = replace(mounted_pose(0.4, 30), translation=(0.1, 0.2, 0.4), rotation=tuple(
        map(tuple, about_z @ np.array(mounted_pose(0.4, 30).rotation))))
    base_up = np.array(LEVEL) @ mounted_pose(1, *tilt).up  # of the world, in the tilted base
    up = np.array(by_tf.rotation).T @ base_up
    found = levelled(by_tf, up)
    np.testing.assert_allclose(found.up, up, atol=np.radians(0.11))
    assert found.translation == (0.1, 0.2, 0.4)
    ahead = np.array(found.rotation) @ np.array(by_tf.rotation).T @ (1, 0, 0)
    assert ahead[1] == pytest.approx(0, abs=1e-9) and ahead[0] > 0.9


def test_a_tilt_that_is_that_of_the_pose_changes_nothing_and_noise_is_the_same_pose():
    pose = mounted_pose(0.4, 10, 2)
    np.testing.assert_allclose(levelled(pose, pose.up).rotation, pose.rotation, atol=1e-12)
    assert levelled(pose, mounted_pose(1, 14.02, 2).up) == levelled(
        pose, mounted_pose(1, 13.98, 2).up)
