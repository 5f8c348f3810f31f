"""Pairs from another sensor: depth images of any size, points through a lens, what is refused."""

import numpy as np
import pytest

from mono_depth_ros.camera import Camera, points_from_depth
from mono_depth_ros.scale.reference import (
    believable_fit,
    check_same_frame,
    pairs_of_depth,
    pairs_of_points,
)

CAMERA = Camera(fx=100, fy=100, cx=39.5, cy=29.5, width=80, height=60)
DEPTH = (1 + np.arange(60)[:, None] / 20 + np.arange(80) / 40).astype(np.float32)


def test_a_sparse_reference_pairs_where_it_has_depth():
    reference = np.zeros((60, 80), np.float32)
    reference[10, 20], reference[50, 70], reference[5, 5] = 3, 7, np.nan
    shown, measured = pairs_of_depth(reference, DEPTH)
    assert list(measured) == [3, 7]
    assert list(shown) == [DEPTH[10, 20], DEPTH[50, 70]]


def test_a_reference_of_half_the_size_meets_the_middle_of_its_pixels():
    reference = np.zeros((30, 40), np.float32)
    reference[10, 20] = 3
    shown, _ = pairs_of_depth(reference, DEPTH)
    assert list(shown) == [DEPTH[21, 41]]


def test_a_reference_of_another_shape_is_refused():
    with pytest.raises(ValueError, match='the measured depth is 80x45 and the image 80x60'):
        pairs_of_depth(np.ones((45, 80), np.float32), DEPTH)


@pytest.mark.parametrize('of, image', [('eye', 'eye'), ('/eye', 'eye'), ('', 'eye'), ('eye', '')])
def test_depth_of_the_image_s_frame_or_of_none_is_taken(of, image):
    check_same_frame(of, image)


def test_depth_of_another_camera_is_refused():
    with pytest.raises(ValueError, match="in frame 'infra1', the image in 'color': expected"):
        check_same_frame('infra1', 'color')


@pytest.mark.parametrize('distortion', [(), (-0.25, 0.05, 0.001, -0.002, 0.0)])
def test_points_come_back_to_their_pixels_through_the_lens(distortion):
    camera = Camera(fx=100, fy=100, cx=39.5, cy=29.5, width=80, height=60, distortion=distortion)
    points = np.stack(points_from_depth(2 * DEPTH, camera), -1).reshape(-1, 3)
    shown, measured = pairs_of_points(points, DEPTH, camera)
    assert shown.size > 4700  # of 4800
    np.testing.assert_allclose(measured / shown, 2, rtol=1e-5)


def test_points_behind_beside_and_unknown_are_left_out():
    points = np.array([[0, 0, -2], [5, 0, 1], [np.nan, 0, 1], [0, 0, 2]], np.float32)
    shown, measured = pairs_of_points(points, DEPTH, CAMERA)
    assert list(measured) == [2] and shown[0] in DEPTH[29:31, 39:41]


def test_few_pairs_and_pairs_that_disagree_are_refused():
    with pytest.raises(ValueError, match='29 pixels'):
        believable_fit(np.ones(29), np.ones(29))
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match='disagree'):
        believable_fit(rng.uniform(1, 8, 500), rng.uniform(1, 8, 500))
    assert believable_fit(np.linspace(1, 4, 30), np.linspace(2, 8, 30)).factor == (
        pytest.approx(2))


def test_the_offset_is_found_where_asked():
    fit = believable_fit(np.linspace(1, 4, 50), np.linspace(1.2, 4.2, 50), offset=True)
    assert (fit.factor, fit.offset_m) == (pytest.approx(1), pytest.approx(0.2))
