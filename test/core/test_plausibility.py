"""Calibrations that look wrong: each doubt with its two numbers, and none about usual cameras."""

from dataclasses import replace
import math

import pytest

from mono_depth_ros.camera import Camera
from mono_depth_ros.plausibility import doubts_about, unlike_learned

USUAL = Camera(fx=525, fy=525, cx=319.5, cy=239.5, width=640, height=480)


@pytest.mark.parametrize('changes', [
    {}, {'fx': 320, 'fy': 320},  # 90 degrees
    {'cx': 319.5 + 0.19 * 640}, {'cy': 239.5 - 0.19 * 480}, {'fx': 525 * 1.49}])
def test_usual_cameras_raise_no_doubt(changes):
    assert doubts_about(replace(USUAL, **changes)) == ()


@pytest.mark.parametrize('focal, angle', [(0.82, 179.7), (3.6, 178.7), (9000, 4.1)])
def test_k_of_other_units_is_an_impossible_field_of_view(focal, angle):
    """Normalised, in millimetres, and of an image 17 times as large."""
    doubts = doubts_about(replace(USUAL, fx=focal, fy=focal))
    assert len(doubts) == 1 and f'focal length of {focal:g} for 640 pixels' in doubts[0]
    assert f'field of view of {angle} degrees' in doubts[0]
    assert 2 * math.degrees(math.atan(320 / focal)) == pytest.approx(angle, abs=0.05)


def test_the_larger_side_of_a_portrait_image_counts():
    portrait = Camera(fx=60, fy=60, cx=119.5, cy=319.5, width=240, height=640)
    wide_m = replace(portrait, fx=56, fy=56)  # atan(320 / 56) twice: 160.1 degrees
    assert doubts_about(portrait) == () and 'for 640 pixels' in doubts_about(wide_m)[0]


def test_a_fisheye_may_see_240_degrees():
    """Equidistant: the angle is side / focal, 640 / 160 radians are 229 degrees."""
    fisheye = replace(USUAL, fx=160, fy=160, distortion_model='equidistant',
                      distortion=(0.01, 0.0, 0.0, 0.0))
    assert doubts_about(fisheye) == ()
    assert 'field of view of 261.9 degrees' in doubts_about(replace(fisheye, fx=140, fy=140))[0]


@pytest.mark.parametrize('changes, name, size, middle', [
    ({'cx': 0}, 'cx 0', 640, 319.5), ({'cy': 479}, 'cy 479', 480, 239.5),
    ({'cx': 639}, 'cx 639', 640, 319.5), ({'cx': 159.5, 'cy': 119.5}, 'cx 159.5', 640, 319.5)])
def test_a_principal_point_far_from_the_middle_is_of_another_image(changes, name, size, middle):
    doubts = doubts_about(replace(USUAL, **changes))
    assert len(doubts) == 1
    assert f'{name} lies far from the middle of {size} pixels ({middle:g})' in doubts[0]


@pytest.mark.parametrize('fx, fy', [(800, 525), (525, 800)])
def test_pixels_that_are_not_square_are_told(fx, fy):
    assert doubts_about(replace(USUAL, fx=fx, fy=fy)) == (
        f'focal lengths fx {fx} and fy {fy} are far apart',)


def test_every_doubt_is_told():
    assert len(doubts_about(replace(USUAL, fx=1, fy=2, cx=0))) == 3


@pytest.mark.parametrize('focal', [525, 525 / 1.99, 525 * 1.99])
def test_a_field_of_view_about_as_learned_is_not_told(focal):
    assert unlike_learned(replace(USUAL, fx=focal, fy=focal), USUAL) == ''


@pytest.mark.parametrize('focal, angle', [(525 / 2.01, 102), (525 * 2.01, 34)])
def test_a_field_of_view_far_from_what_was_learned_is_told_with_both(focal, angle):
    """Twice the tangent of half of 63 degrees, and half of it."""
    told = unlike_learned(replace(USUAL, fx=focal, fy=focal), USUAL)
    assert f'the field of view is {angle} degrees, but the model learned from about 63' in told
    assert angle == round(2 * math.degrees(math.atan(320 / focal)))


def test_the_wider_side_counts_for_a_field_of_view():
    """A portrait image of 53 by 67 degrees is much like one of 63."""
    portrait = Camera(fx=480, fy=480, cx=239.5, cy=319.5, width=480, height=640)
    assert unlike_learned(portrait, USUAL) == ''
    assert 'is 119 degrees' in unlike_learned(replace(portrait, fx=188, fy=188), USUAL)
