"""The camera of an image: what depth and points get of it, and what the operator is told."""

from dataclasses import replace
import math
from types import SimpleNamespace

from model_helpers import plain_card
import pytest
from ros_helpers import image_message, info_message, picture

from mono_depth_ros.camera import Camera, rays
from mono_depth_ros.model_card import FOREIGN
from mono_depth_ros.node.frame_processor import FrameProcessor
from mono_depth_ros.node.image_camera import image_camera, MANY_MISSING, no_camera
from mono_depth_ros.node.interface.parameters import PARAMETERS, settings_from


def tum_vi():
    """A published fisheye calibration; 7 % of its pixels look sideways or back."""
    info = info_message(512, 512, 190.98)
    info.k[2], info.k[5] = 254.93, 256.9
    info.distortion_model = 'equidistant'
    info.d = [0.0034823894, 0.0007150348, -0.0020532361, 0.0002029367]
    return info


def test_a_lens_that_cannot_be_read_scales_depth_and_withholds_points():
    info = info_message(64, 48, 50.0)
    info.distortion_model, info.d = 'division', [0.1] * 5
    found = image_camera(info, 64, 48, '/image_raw', False)
    assert found.depth.fx == 50 and found.points is None
    assert "'division'" in found.warning and 'points are withheld' in found.warning


def test_without_a_focal_length_depth_is_the_reference_camera_s():
    info = info_message(64, 48, 0.0)
    found = image_camera(info, 64, 48, '/image_raw', False)
    assert found.depth is found.points is None
    assert 'uncalibrated' in found.warning and 'reference camera' in found.warning
    assert no_camera('no camera_info yet').warning.startswith('no camera_info yet; depth is for')


def test_the_share_of_pixels_without_a_ray_is_told_and_warned_of():
    found = image_camera(tum_vi(), 512, 512, '/image_raw', False)
    assert found.missing == pytest.approx(rays(found.points).missing, abs=0.01) and (
        found.missing > MANY_MISSING)
    assert '7% of the pixels' in found.warning and 'NaN in the cloud' in found.warning
    few = tum_vi()
    few.distortion_model, few.d = 'plumb_bob', [0.0] * 4
    found = image_camera(few, 512, 512, '/image_raw', False)
    assert found.missing == 0 and found.warning == ''


def test_doubts_are_warned_of_and_the_camera_used():
    info = info_message(64, 48, 50.0)
    info.k[2] = 64.0
    info.d = [0.01, 0.0, 0.0, 0.0, 0.0]
    found = image_camera(info, 64, 48, '/image_rect', True)
    assert found.warning == '' and math.isclose(found.points.cx, info.p[2])
    found = image_camera(info, 64, 48, '/image_raw', False)
    assert found.points.cx == 64 and 'cx 64 lies far' in found.warning


def test_an_image_rect_is_not_undistorted_again_whatever_the_parameter():
    info = info_message(64, 48, 50.0)
    info.d, info.p[0], info.p[5] = [0.1, 0.0, 0.0, 0.0, 0.0], 40.0, 40.0
    found = image_camera(info, 64, 48, '/camera/image_rect_color', False)
    assert (found.points.fx, found.points.distortion) == (40, ())
    assert 'set the parameter rectified to true' in found.warning
    found = image_camera(info, 64, 48, '/direct_drive/image_raw', False)
    assert (found.points.fx, len(found.points.distortion)) == (50, 5) and found.warning == ''


def test_a_field_of_view_far_from_what_the_model_learned_is_warned_of_and_the_camera_used():
    """10 degrees; a fisheye counts by the undistorted view that the network gets of it."""
    learned = Camera(fx=50, fy=50, cx=31.5, cy=23.5, width=64, height=48)  # 65 degrees
    info = info_message(64, 48, 366.0)
    found = image_camera(info, 64, 48, '/image_raw', False, learned)
    assert 'view is 10 degrees, but the model learned from about 65' in found.warning
    assert found.depth.fx == found.points.fx == 366
    assert image_camera(info, 64, 48, '/image_raw', False).warning == ''
    fisheye = image_camera(tum_vi(), 512, 512, '/image_raw', False, learned)
    assert 'the model learned from' not in fisheye.warning


@pytest.mark.parametrize('network, warned', [('mobile', True), (FOREIGN, False)])
def test_a_field_of_view_is_compared_where_that_of_the_training_is_known(network, warned):
    """10 degrees; the reference camera of a foreign network is no camera that took images."""
    card = plain_card()
    card = replace(card, network=replace(card.network, name=network))
    processor = FrameProcessor(
        SimpleNamespace(card=card, has_confidence=True, content_size=lambda width, height: (4, 3)),
        [], SimpleNamespace(parts=[]), '/image_raw', '/camera_info')
    processor.add_info(info_message(64, 48, 366.0))
    settings = settings_from({parameter.name: parameter.default for parameter in PARAMETERS})
    processor.prepare(image_message(picture(64, 48)), settings)
    assert ('the model learned from' in processor.camera_warning) == warned
