"""Views made in batches on the device that trains: as those the CPU makes one by one."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from train_helpers import tiny

from mono_depth_ros.camera import Camera
from train.data.samples.augmentation import Augmentation
from train.data.samples.geometry import without_edges
from train.data.samples.sample import Sample
from train.fitting import device_pixels
from train.fitting.batches import DataFeed, StepKeys
from train.fitting.device_jpeg import jpeg_artefacts
from train.fitting.device_store import load_store
from train.fitting.device_views import render, ViewPlans
from train.fitting.views import NO_SAMPLE, TrainingViews
from train.recipes.mixture import mixture

STILL = Augmentation(flip=0, rotation_deg=0, zoom=(1, 1), gamma=(1, 1), brightness=(1, 1),
                     colour=(1, 1), blur=0)


class Set:
    """Smooth pictures of two sizes in memory; the depth has one edge and unknown pixels."""

    name = 'mine'
    is_packed = True
    keys = ('a', 'b', 'c')

    def __len__(self):
        return 3

    def __getitem__(self, index):
        width, height = (160, 120) if index else (200, 96)
        v, u = np.mgrid[0:height, 0:width].astype(np.float32)
        rgb = np.stack([127 + 100 * np.sin(u / 23 + index), 60 + u * 0.5, 40 + v], axis=-1)
        depth = (1 + u / 50 + v / 90).astype(np.float16).astype(np.float32)
        depth[:, width // 2:] += 2
        depth[10:20, 10:30] = np.nan
        camera = Camera(fx=150.0, fy=149.0, cx=width / 2 + 3, cy=height / 2 - 5, width=width,
                        height=height)
        return Sample(rgb=rgb.clip(0, 255).astype(np.uint8), depth=depth, camera=camera,
                      name=f'mine/{self.keys[index]}')


class Noise(Set):
    """Pictures of which no two pixels are alike."""

    def __getitem__(self, index):
        sample = super().__getitem__(index)
        rng = np.random.default_rng(index)
        return replace(sample, rgb=rng.integers(0, 256, sample.rgb.shape).astype(np.uint8))


def both(augmentation, keys=tuple((draw, draw % 3) for draw in range(6)), data=Set, **changes):
    """Views of the CPU and of the batched way, for the same keys."""
    recipe = replace(tiny(), augmentation=augmentation, **changes)
    sources = [data()]
    views = TrainingViews(sources, recipe, 0)
    plans = ViewPlans(load_store(sources, 'cpu').samples, recipe, 0)
    batch = torch.utils.data.default_collate([plans[key] for key in keys])
    return ([views[key] for key in keys], render(batch, load_store(sources, 'cpu'), recipe))


def assert_alike(augmentation, levels=2.0, same_depth=0.98, **changes):
    """Colours within some levels of 255 in the mean of each view, depth nearly all the same.

    The CPU tilts an image first and warps it then, which may be a pixel off: 1 % of the depth.
    """
    one, batch = both(augmentation, **changes)
    off_log = 0.012 if augmentation.tilt_deg else 2e-3
    same_depth -= 0.01 if augmentation.tilt_deg else 0
    for number, view in enumerate(one):
        off = (view.image[:3] - batch.image[number, :3]).abs() * 127.5
        assert off.mean() < levels, number
        truth, other = view.log_truth, batch.log_truth[number]
        same = torch.isclose(truth, other, rtol=0, atol=off_log) | (truth.isnan() & other.isnan())
        assert same.float().mean() > same_depth, number
    return one, batch


@pytest.mark.parametrize('change', [
    {}, {'flip': 1}, {'rotation_deg': 30}, {'zoom': (1.6, 2.2)}, {'zoom': (0.5, 0.8)},
    {'tilt_deg': 10}, {'flip': 0.5, 'rotation_deg': 20, 'zoom': (0.8, 2), 'tilt_deg': 8}])
def test_pixels_and_depth_go_where_the_cpu_puts_them(change):
    assert_alike(replace(STILL, **change))


@pytest.mark.parametrize('change', [
    {'gamma': (0.7, 1.4), 'brightness': (0.6, 1.5), 'colour': (0.8, 1.2)},
    {'hue_deg': 40, 'saturation': (0.2, 1.3)}, {'erase': 1}])
def test_colours_are_those_of_the_cpu(change):
    assert_alike(replace(STILL, **change))


def test_what_is_made_smaller_is_averaged():
    """Else fine texture would become noise that no camera shows.

    The CPU interpolates once more after it has averaged, which smooths by as much as the phase of
    the pixels says; picked instead of averaged, the pixels would vary three times as much.
    """
    one, batch = both(replace(STILL, zoom=(0.6, 0.8)), data=Noise)
    inside = [view.log_truth.isfinite()[0] for view in one]
    cpu, device = (sum(image[:3][:, known].std().item() for image, known in zip(images, inside))
                   for images in ([view.image for view in one], batch.image))
    assert device == pytest.approx(cpu, rel=0.4)


def test_blur_is_that_of_opencv():
    """Each image by its own Gaussian, 0 not at all; on noise, where a pixel shows it all."""
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    planes = torch.from_numpy(rgb.astype(np.float32)).permute(2, 0, 1)
    sigmas = (0.4, 0.8, 1.2)
    ours = device_pixels._blurred(planes.repeat(4, 1, 1, 1), torch.tensor([0.0, *sigmas]))
    torch.testing.assert_close(ours[0], planes)
    for sigma, blurred in zip(sigmas, ours[1:]):
        expected = cv2.GaussianBlur(rgb, (0, 0), sigma).astype(np.float32)
        assert np.abs(blurred.permute(1, 2, 0).numpy() - expected).mean() < 0.6


def test_a_view_is_the_same_whatever_was_drawn_before():
    """So that a training that resumes sees the same noise."""
    first, again = (both(replace(STILL, noise=1))[1].image for _ in range(2))
    assert torch.equal(first, again) and not torch.equal(first[0], first[3])


def test_noise_has_the_strength_of_the_cpu_s():
    one, batch = both(replace(STILL, noise=1))
    plain, plain_batch = both(STILL)
    for number, view in enumerate(one):
        expected = (view.image - plain[number].image).std().item()
        noise = (batch.image[number] - plain_batch.image[number]).std().item()
        assert noise == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize('quality', [25, 60, 89])
def test_jpeg_artefacts_are_those_of_libjpeg(quality):
    rng = np.random.default_rng(0)
    rgb = cv2.GaussianBlur(rng.integers(0, 256, (90, 120, 3)).astype(np.uint8), (0, 0), 1.5)
    _, data = cv2.imencode('.jpg', rgb, (cv2.IMWRITE_JPEG_QUALITY, quality))
    libjpeg = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32)
    planes = torch.from_numpy(rgb[..., ::-1].astype(np.float32)).permute(2, 0, 1)
    ours = jpeg_artefacts(planes[None].repeat(2, 1, 1, 1), torch.tensor([quality, 0]))
    assert torch.equal(ours[1], planes)
    off = np.abs(ours[0].permute(1, 2, 0).numpy() - libjpeg).mean()
    lost = np.abs(rgb[..., ::-1] - libjpeg).mean()
    assert off < 0.25 * lost


def test_edges_of_inpainted_sets_are_left_out():
    depth = Set()[1].depth
    expected = torch.from_numpy(without_edges(depth))
    ours = device_pixels.without_edges(torch.from_numpy(depth)[None])[0]
    torch.testing.assert_close(ours, expected, equal_nan=True)
    one, batch = assert_alike(STILL, same_depth=0.95, inpainted=('mine',))
    unknown = torch.stack([view.log_truth.isnan() for view in one]).float().mean()
    assert batch.log_truth.isnan().float().mean() == pytest.approx(unknown.item(), abs=0.01)


def test_the_camera_moves_along():
    """A network that takes the camera gets the same one; canonical depth depends on its focal."""
    recipe = tiny()
    network = replace(recipe.network, camera_input=True)
    one, batch = both(replace(STILL, zoom=(0.7, 2), flip=0.5, tilt_deg=5),
                      keys=[(draw, draw % 3) for draw in range(9)], network=network)
    for number, view in enumerate(one):
        torch.testing.assert_close(view.image[3:], batch.image[number, 3:], atol=1e-4, rtol=1e-4)
    assert len({round(view.image[5, 0, 0].item(), 4) for view in one}) > 6


def test_a_missing_sample_is_grey_and_unknown():
    _, batch = both(STILL, keys=((0, 1), (0, NO_SAMPLE)))
    assert batch.log_truth[1].isnan().all() and not batch.log_truth[0].isnan().all()
    assert batch.image[1].abs().max() < 0.01 and list(batch.problem) == ['', '']


def test_a_feed_from_the_device_gives_the_same_steps():
    """Same keys, same truth, as by loader processes; a packed set stays on a GPU only."""
    recipe = replace(tiny(), augmentation=STILL, batch_size=3)
    sources = [Set()]
    mixed = mixture(sources, recipe, recipe.stages[0])
    keys = StepKeys(mixed, 3, (0, 0), 0, 2)
    feeds = {where: DataFeed(sources, recipe, 'cpu', 0, where)
             for where in ('workers', 'device', 'auto')}
    truths = {where: torch.cat([view.log_truth for view in feed.batches(keys, 0)])
              for where, feed in feeds.items()}
    assert torch.equal(truths['workers'].nan_to_num(), truths['auto'].nan_to_num())
    off = (truths['workers'].nan_to_num() - truths['device'].nan_to_num()).abs()
    assert (off < 2e-3).float().mean() > 0.98
    with pytest.raises(ValueError, match="--feed is one of auto, workers, device; got 'gpu'"):
        DataFeed(sources, recipe, 'cpu', 0, 'gpu')
