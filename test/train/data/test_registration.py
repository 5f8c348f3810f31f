"""Colour and depth stay on each other, to a fraction of a pixel, however an image is resized.

Image and depth hold the same linear ramp; wherever both are known they must agree.
"""

from dataclasses import replace

import numpy as np
import pytest
from train_helpers import tiny

from mono_depth_ros.camera import Camera
from mono_depth_ros.letterbox import fit_letterbox, to_image_size
from train.data.packing import shrunk
from train.data.samples.augmentation import augment, Augmentation
from train.data.samples.geometry import warped
from train.data.samples.sample import Sample
from train.evaluation.baseline import MeanDepthMap
from train.evaluation.protocols import fast_depth_view
from train.fitting.views import PlainViews

STEP = 2.0  # grey levels a pixel, so that means of neighbours are whole
UNIT_M = 0.04  # of a grey level
CAMERA = Camera(fx=100, fy=100, cx=59.5, cy=44.5, width=120, height=90)


def ramp(along_rows=False, camera=CAMERA, step=STEP):
    """Grey grows by `step` a pixel along one axis; depth is grey times UNIT_M, up to 9.8 m."""
    size = camera.height if along_rows else camera.width
    grey = 5 + step * np.arange(size, dtype=np.float32)
    grey_HW = np.broadcast_to(grey[:, None] if along_rows else grey,
                              (camera.height, camera.width))
    rgb = np.repeat(np.round(grey_HW).astype(np.uint8)[..., None], 3, axis=2)
    return Sample(rgb=rgb, depth=np.ascontiguousarray(grey_HW * np.float32(UNIT_M)),
                  camera=camera, name='ramp')


def shift_px(grey, depth, scale, step=STEP):
    """By how many pixels of the result depth lies beside colour, in the mean."""
    known = np.isfinite(depth)
    known[:3], known[-3:], known[:, :3], known[:, -3:] = False, False, False, False
    assert known.sum() > 50
    return abs(float((grey - depth / UNIT_M)[known].mean() / step * scale))


# Of two or four pixels none lies in the middle, so the nearest is half a pixel off there.
@pytest.mark.parametrize('along_rows', [False, True])
@pytest.mark.parametrize('scale, most_px', [
    (1 / 5, 0.05), (1 / 4, 0.13), (1 / 3, 0.05), (0.4, 0.12), (1 / 2, 0.26), (0.8, 0.12),
    (1, 0.01), (1.7, 0.12)])
def test_warped_views_shrink_colour_and_depth_alike(scale, most_px, along_rows):
    sample = ramp(along_rows)
    width, height = round(CAMERA.width * scale), round(CAMERA.height * scale)
    shift = 0.5 * scale - 0.5
    view = warped(sample, np.array([[scale, 0, shift], [0, scale, shift]]), scale, width, height)
    assert shift_px(view.rgb[..., 0].astype(float), view.depth, scale) < most_px
    assert view.camera.cx == pytest.approx(CAMERA.cx * scale + shift)


@pytest.mark.parametrize('along_rows', [False, True])
def test_random_views_stay_registered(along_rows):
    choice = Augmentation(zoom=(0.5, 1.6), rotation_deg=10.0, blur=0.0, gamma=(1.0, 1.0),
                          brightness=(1.0, 1.0), colour=(1.0, 1.0))
    shifts = []
    for seed in range(60):
        view = augment(ramp(along_rows), choice, 72, 56, np.random.default_rng(seed))
        inside = np.isfinite(view.depth) & (view.rgb[..., 0] != 127)
        scale = view.camera.fx / CAMERA.fx
        off = (view.rgb[..., 0].astype(float) - view.depth / UNIT_M)[inside]
        shifts.append(np.median(off) / STEP * scale)
    assert np.abs(shifts).max() < 0.35 and abs(np.mean(shifts)) < 0.05


@pytest.mark.parametrize('along_rows', [False, True])
@pytest.mark.parametrize('width, most_px', [(24, 0.05), (30, 0.13), (40, 0.05), (60, 0.26)])
def test_packed_images_shrink_colour_and_depth_alike(width, most_px, along_rows):
    small = shrunk(ramp(along_rows), width)
    assert shift_px(small.rgb[..., 0].astype(float), small.depth, width / CAMERA.width) < most_px


def test_the_fast_depth_view_shrinks_colour_and_depth_alike():
    camera = Camera(fx=500, fy=500, cx=319.5, cy=239.5, width=640, height=480)
    view = fast_depth_view(ramp(camera=camera, step=0.375))
    assert shift_px(view.rgb[..., 0].astype(float), view.depth, 250 / 480 * 224 / 304,
                    step=0.375) < 0.2


def test_the_mean_depth_map_lies_where_it_was_seen():
    """Of one ramp it is that ramp again, in the middle of its cells of 8 pixels."""
    camera = Camera(fx=500, fy=500, cx=319.5, cy=239.5, width=640, height=480)
    sample = ramp(camera=camera, step=0.375)
    found = MeanDepthMap([[sample]]).estimate(sample.rgb, camera).depth
    off_px = (found - sample.depth)[100:380, 100:540].mean() / UNIT_M / 0.375
    assert abs(off_px) <= 0.51


@pytest.mark.parametrize('along_rows', [False, True])
@pytest.mark.parametrize('size', [(96, 64), (64, 96), (64, 64), (160, 64), (24, 18), (40, 96)])
def test_validation_views_lie_as_the_robot_frames_them(size, along_rows):
    recipe = tiny()
    recipe = replace(recipe, network=replace(
        recipe.network, input_width=size[0], input_height=size[1]))
    sample = ramp(along_rows)
    image, log_truth, *_ = PlainViews([[sample]], recipe)[0]
    letterbox = fit_letterbox(CAMERA.width, CAMERA.height, *size)
    ratio = letterbox.camera(CAMERA).focal / recipe.reference.focal
    metres = np.exp(log_truth[0].numpy()) * ratio
    normalisation = recipe.normalisation
    grey = (image[0].numpy() * normalisation.std[0] + normalisation.mean[0]) * 255
    rows = slice(letterbox.y, letterbox.y + letterbox.content_height)
    columns = slice(letterbox.x, letterbox.x + letterbox.content_width)
    assert np.isfinite(metres[rows, columns]).all()
    outside = np.ones(metres.shape, bool)
    outside[rows, columns] = False
    assert np.isnan(metres[outside]).all()
    scale = letterbox.content_width / CAMERA.width
    # Content is rounded to whole pixels in each direction, the truth in one.
    assert shift_px(grey[rows, columns], metres[rows, columns], scale) < 0.3


@pytest.mark.parametrize('size', [(122, 90), (120, 122), (100, 75), (91, 120)])
def test_the_general_way_back_to_image_size_shifts_nothing(size):
    """Network input 96x64, output 24x16; the image's edges cut through cells."""
    width, height = size
    letterbox = fit_letterbox(width, height, 96, 64)
    assert letterbox.x % 4 or letterbox.content_width % 4
    for axis, (cells, length, start, content) in enumerate((
            (16, height, letterbox.y, letterbox.content_height),
            (24, width, letterbox.x, letterbox.content_width))):
        under = (np.arange(cells) + 0.5) * 4 - 0.5  # pixels of the input under the cells' centres
        image = ((under - start + 0.5) * length / content - 0.5).astype(np.float32)
        map_hw = np.broadcast_to(image[:, None] if axis == 0 else image, (16, 24))
        found = to_image_size(np.ascontiguousarray(map_hw), letterbox)
        inner = slice(length // 5, -(length // 5))
        line = found[:, width // 2] if axis == 0 else found[height // 2]
        np.testing.assert_allclose(line[inner], np.arange(length)[inner], atol=0.1)
