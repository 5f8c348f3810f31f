"""The camera's pose over the base frame, against directions worked by hand."""

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from mono_depth_ros.geometry.camera_pose import mounted_pose, transform_pose

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
