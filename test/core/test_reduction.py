"""Which factor an image is averaged by, worked by hand, and that its pixels stay in place."""

import cv2
from hypothesis import given, strategies
import numpy as np
import pytest

from mono_depth_ros.letterbox import fit_letterbox
from mono_depth_ros.model_card import Normalisation
from mono_depth_ros.preprocess import encode_image
from mono_depth_ros.reduction import whole_factor

SIDES = strategies.integers(1, 3000)


@pytest.mark.parametrize('size, least, factor', [
    ((640, 480), (256, 192), 2),  # 2.5, and 2 divides
    ((1920, 1080), (256, 144), 6),  # 7.5: 7 does not divide, 6 does
    ((848, 480), (256, 145), 2), ((1242, 375), (256, 77), 3),
    ((997, 601), (100, 60), 9),  # primes: none of 9 to 5 divides
    ((1920, 1080), (1900, 100), 1),  # the side that is to be reduced least
    ((100, 100), (200, 150), 1)])  # enlarged
def test_factors(size, least, factor):
    assert whole_factor(size, least) == factor


@given(SIDES, SIDES, SIDES, SIDES)
def test_enough_is_left_and_less_than_twice_remains_to_do(width, height, columns, rows):
    factor = whole_factor((width, height), (columns, rows))
    possible = min(width / columns, height / rows)
    assert factor == 1 or factor <= possible
    assert possible / factor < 2 or factor == 1 and possible < 2


@pytest.mark.parametrize('size', [(1920, 1080), (848, 480), (1242, 375), (997, 601)])
def test_a_ramp_keeps_its_place_and_fine_stripes_their_mean(size):
    letterbox = fit_letterbox(*size, 256, 192)
    columns = np.arange(size[0])
    rgb_HW3 = np.empty((size[1], size[0], 3), np.uint8)
    rgb_HW3[..., 0] = 255 * columns / size[0]
    rgb_HW3[..., 1] = 255 * np.arange(size[1])[:, None] / size[1]
    rgb_HW3[..., 2] = 100 + 100 * (columns % 2)
    plain = Normalisation(mean=(0.0,) * 3, std=(1 / 255,) * 3)
    content_size = letterbox.content_width, letterbox.content_height
    top, left = letterbox.y, letterbox.x
    found = encode_image(rgb_HW3, letterbox, plain)[
        :, top:top + content_size[1], left:left + content_size[0]]
    expected = cv2.resize(rgb_HW3, content_size, interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(found[:2], expected.transpose(2, 0, 1)[:2], atol=2)
    assert abs(found[2] - 150).max() < 40
