"""Depth over time: still scenes calm down, what moves does not lag, cuts and gaps begin anew."""

import numpy as np
import pytest

from mono_depth_ros.scale.smoothing import Smoother


def picture(shift=0, height=120, width=160):
    """A texture of soft stripes and blobs, moved to the right by `shift` pixels."""
    x, y = np.meshgrid(np.arange(width) - shift, np.arange(height))
    grey = 120 + 50 * np.sin(x / 3) + 40 * np.sin(y / 4 + x / 11)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def flickering(number, seed=0):
    """Depth of a wall at 2 m in images that differ by 3 %."""
    rng = np.random.default_rng(seed)
    return [np.full((120, 160), 2 * np.exp(rng.normal(0, 0.03)), np.float32)
            for _ in range(number)]


def flicker(depths):
    return np.mean([np.abs(np.log(b / a)).mean() for a, b in zip(depths[5:], depths[6:])])


def smoothed(depths, pictures, weight=0.7, step_s=0.1):
    smoother = Smoother()
    return [smoother.smooth(depth.copy(), rgb, number * step_s, weight)
            for number, (depth, rgb) in enumerate(zip(depths, pictures))]


def test_flicker_of_a_still_scene_falls_by_more_than_half():
    depths = flickering(40)
    rng = np.random.default_rng(1)
    pictures = [np.clip(picture() + rng.normal(0, 1.5, (120, 160, 1)), 0, 255).astype(np.uint8)
                for _ in depths]
    assert flicker(smoothed(depths, pictures)) < 0.45 * flicker(depths)


def test_the_first_steps_are_those_of_an_exponential_mean_of_the_log():
    depths = [np.full((120, 160), metres, np.float32) for metres in (2.0, 2.2, 2.0)]
    out = smoothed(depths, [picture()] * 3, weight=0.5)
    assert out[1][60, 80] == pytest.approx((2 * 2.2) ** 0.5, rel=1e-4)
    assert out[2][60, 80] == pytest.approx(((2 * 2.2) ** 0.5 * 2) ** 0.5, rel=1e-4)


@pytest.mark.parametrize('width', [640, 1920])
def test_the_past_comes_back_where_it_was(width):
    """Waves of depth on a still picture: what is left of them does not move to one side."""
    height = width * 3 // 4
    across = np.arange(width) / width
    waves = np.tile((2 + 0.2 * np.sin(2 * np.pi * 20 * across)).astype(np.float32), (height, 1))
    still = np.full((height, width, 3), 100, np.uint8)
    _, second = smoothed([waves, np.full_like(waves, 2)], [still, still], weight=0.9)
    left, whole = np.log(second[height // 2] / 2), np.log(waves[height // 2] / 2)
    cell = width // 160
    moved = min(range(-2 * cell, 2 * cell + 1), key=lambda by: np.square(
        np.roll(whole, by)[50:-50] * 0.9 - left[50:-50]).sum())
    assert abs(moved) <= cell // 4, moved


def test_a_camera_that_moves_gets_the_depth_of_the_image():
    """Two pixels an image; the depth grows by 4 % each: nothing of the past is in it."""
    depths = [np.full((120, 160), 2 * 1.04 ** n, np.float32) for n in range(10)]
    out = smoothed(depths, [picture(2 * n) for n in range(10)])
    for depth, shown in zip(depths[1:], out[1:]):
        np.testing.assert_allclose(shown, depth, rtol=1e-5)


def test_a_thing_that_moves_in_a_still_scene_does_not_lag():
    def with_box(left):
        rgb = picture()
        rgb[40:80, left:left + 30] = picture(5)[40:80, left:left + 30] // 2
        return rgb

    depths = []
    for number in range(6):
        depth = np.full((120, 160), 3, np.float32)
        depth[40:80, 20 + 8 * number:50 + 8 * number] = 2.6
        depths.append(depth)
    out = smoothed(depths, [with_box(20 + 8 * n) for n in range(6)])
    inside = (slice(45, 75), slice(65, 85))
    np.testing.assert_allclose(out[5][inside], 2.6, rtol=0.02)


def test_depth_that_jumps_is_of_something_else():
    depths = [np.full((120, 160), metres, np.float32) for metres in (2.0, 3.0)]
    assert smoothed(depths, [picture()] * 2)[1][60, 80] == 3


@pytest.mark.parametrize('second, now_s', [
    (np.full((120, 160, 3), 10, np.uint8), 0.1),  # a cut
    (picture(), 1.5),                             # a gap
    (picture(), -1.0)])                           # time that runs backwards
def test_cuts_and_gaps_begin_anew(second, now_s):
    smoother = Smoother()
    smoother.smooth(np.full((120, 160), 2, np.float32), picture(), 0.0, 0.9)
    out = smoother.smooth(np.full((120, 160), 2.2, np.float32), second, now_s, 0.9)
    np.testing.assert_array_equal(out, np.float32(2.2))


def test_another_image_size_begins_anew():
    smoother = Smoother()
    smoother.smooth(np.full((120, 160), 2, np.float32), picture(), 0.0, 0.9)
    out = smoother.smooth(np.full((90, 160), 2.2, np.float32), picture(height=90), 0.1, 0.9)
    np.testing.assert_array_equal(out, np.float32(2.2))


def test_pixels_without_depth_stay_as_they_are():
    depth = np.full((120, 160), 2, np.float32)
    depth[:40], depth[40:60], depth[60:70] = np.nan, np.inf, -np.inf
    out = smoothed([np.full((120, 160), 2.2, np.float32), depth, depth], [picture()] * 3)
    for shown in out[1:]:
        assert np.isnan(shown[:38]).all() and (shown[42:58] == np.inf).all()
        assert (shown[62:68] == -np.inf).all() and np.isfinite(shown[72:]).all()


@pytest.mark.parametrize('size', [(20000, 1), (1, 20000), (4000, 3), (1, 1)])
def test_the_grid_is_no_finer_than_the_image(size):
    """That of a narrow image had 160 columns and as many rows as its shape asks for: memory."""
    smoother = Smoother()
    for number in range(2):
        depth = smoother.smooth(np.full(size, 2 + number / 10, np.float32),
                                np.zeros((*size, 3), np.uint8), number / 10, 0.5)
    assert smoother._log_hw.size <= max(160 * 120, depth.size)
    np.testing.assert_allclose(depth, np.sqrt(2 * 2.1), rtol=1e-6)
