"""Losses for sharp edges, against numbers worked by hand, and the network with two modes."""

from dataclasses import replace
import math

import cv2
from model_helpers import write_untrained
import numpy as np
import pytest
import torch
from train_helpers import tiny, write_folder

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.networks.bimodal import likelier
from mono_depth_ros.networks.registry import build, default_spec
from train.__main__ import main
from train.data.data_sets import open_data
from train.data.samples.augmentation import Augmentation
from train.data.samples.geometry import without_edges
from train.fitting.views import TrainingViews
from train.recipes.loss import edge_steps, Loss, mixture_likelihood
from train.recipes.mixture import mixture

ALL = torch.ones(1, 1, 4, 32, dtype=torch.bool)
# A step of log 2 between columns 15 and 16 of 32: REACH is one pixel.
TRUTH = torch.zeros(1, 1, 4, 32)
TRUTH[..., 16:] = math.log(2)


def test_only_true_steps_count_and_by_what_is_missing_of_them():
    half = torch.zeros(1, 1, 4, 32)
    half[..., 16:] = math.log(2) / 2  # prediction; the other half is missing
    assert edge_steps(half - TRUTH, TRUTH, ALL).item() == pytest.approx(math.log(2) / 2)
    assert edge_steps(half - TRUTH + 5, TRUTH, ALL).item() == pytest.approx(math.log(2) / 2)
    wrong_elsewhere = torch.zeros(1, 1, 4, 32)
    wrong_elsewhere[..., 4:8] = 1
    assert edge_steps(wrong_elsewhere, TRUTH, ALL).item() == 0
    slope = math.log(1.1) * torch.arange(32).expand(1, 1, 4, 32)  # 1.1 a pixel: no step
    assert edge_steps(half, slope, ALL).item() == 0


def test_steps_run_along_columns_too_and_not_beside_the_unknown():
    tall = TRUTH[..., :4, 14:18].transpose(2, 3).repeat(1, 1, 1, 8)  # 4 rows, 32 columns
    assert edge_steps(-tall, tall, ALL).item() == pytest.approx(math.log(2))
    known = ALL.clone()
    known[..., 16] = False
    assert edge_steps(-TRUTH, TRUTH, known).item() == 0


def test_steps_are_of_each_image_however_few_it_has():
    """Four pairs of which all is missing, and one known pair of which a quarter is."""
    known = torch.zeros(2, 1, 4, 32, dtype=torch.bool)
    known[0], known[1, 0, 0, 15:17] = True, True
    truth = TRUTH.repeat(2, 1, 1, 1)
    difference = torch.cat([-TRUTH, -TRUTH / 4])
    assert edge_steps(difference, truth, known).tolist() == pytest.approx(
        [math.log(2), math.log(2) / 4])


def test_sides_of_an_edge_lie_a_32nd_of_the_width_apart():
    """64 columns: two. Of a soft edge 28 to 30 is no step, but 29 to 31 and 30 to 32 are."""
    soft = torch.zeros(1, 1, 3, 64)
    soft[..., 30], soft[..., 31:] = math.log(1.19), math.log(4)
    known = torch.ones_like(soft, dtype=torch.bool)
    missing = pytest.approx((math.log(4) + math.log(4 / 1.19)) / 2)
    assert edge_steps(-soft, soft, known).item() == missing
    assert edge_steps(-soft[..., :50], soft[..., :50], known[..., :50]).item() == missing  # 1.56
    two = torch.cat([soft, torch.zeros_like(soft)])
    assert edge_steps(1 - two, two, known.repeat(2, 1, 1, 1)).tolist() == [missing, 0]


def modes(first, second, log_scale_1, log_scale_2, weight):
    """Modes of one pixel."""
    logit = math.log(weight / (1 - weight))
    return torch.tensor([first, second, log_scale_1, log_scale_2, logit]).reshape(1, 5, 1, 1)


def test_likelihood_of_two_laplace_modes_by_hand():
    # Truth 0 lies on the first mode (scale 1, weight 0.75: 0.75 / 2), 1 from the second (scale
    # 0.5, weight 0.25: 0.25 / (2 * 0.5) * e^-2).
    one = torch.ones(1, 1, 1, 1)
    given = modes(0.0, 1.0, 0.0, math.log(0.5), 0.75)
    density = 0.375 + 0.25 * math.exp(-2)
    found = mixture_likelihood(given, 0 * one, one.bool())
    assert found.item() == pytest.approx(-math.log(density), rel=1e-5)
    assert mixture_likelihood(given, 0 * one, ~one.bool()).item() == 0
    two = torch.cat([given, modes(0.0, 1.0, 0.0, 0.0, 0.5)])
    found = mixture_likelihood(two, torch.zeros(2, 1, 1, 1), one.bool().repeat(2, 1, 1, 1))
    assert found.tolist() == pytest.approx(
        [-math.log(density), -math.log((1 + math.exp(-1)) / 4)], rel=1e-5)


@pytest.mark.parametrize('log_scale, counted', [(-9.0, -4), (-4.5, -4), (1.5, 1), (9.0, 1)])
def test_the_scale_of_a_mode_is_held_to_a_range(log_scale, counted):
    """Both modes lie on the truth: a density of 1 / (2 scale), whatever their weights."""
    one = torch.ones(1, 1, 1, 1)
    found = mixture_likelihood(modes(1.0, 1.0, log_scale, log_scale, 0.3), one, one.bool())
    assert found.item() == pytest.approx(math.log(2) + counted, rel=1e-5)


def test_the_mode_of_the_highest_density_is_read():
    assert likelier(modes(1.0, 2.0, 0.0, 0.0, 0.6)).item() == 1
    assert likelier(modes(1.0, 2.0, 0.0, 0.0, 0.4)).item() == 2
    # 0.6 / 1 against 0.4 / 0.5: the second is sharper.
    assert likelier(modes(1.0, 2.0, 0.0, math.log(0.5), 0.6)).item() == 2


@pytest.mark.thorough
def test_an_undecided_edge_is_held_as_two_surfaces_and_not_as_their_mean():
    # Half of the images have the near surface there, half the far one.
    truth = torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1)
    given = torch.nn.Parameter(modes(0.4, 0.6, -1.6, -1.6, 0.5))
    optimiser = torch.optim.Adam([given], lr=0.02)
    for _ in range(400):
        optimiser.zero_grad()
        mixture_likelihood(given.repeat(2, 1, 1, 1), truth, torch.ones_like(truth).bool()) \
            .mean().backward()
        optimiser.step()
    near, far = sorted(given[0, :2].flatten().tolist())
    assert near == pytest.approx(0, abs=0.05) and far == pytest.approx(1, abs=0.05)


def test_terms_of_the_loss_add_up():
    prediction, truth = torch.rand(2, 1, 8, 32), torch.rand(2, 1, 8, 32)
    some = torch.rand(2, 5, 8, 32)
    plain, known = Loss(rooted=True), torch.ones(2, 1, 8, 32, dtype=torch.bool)
    half = Loss(rooted=True, scale_invariant=0.5)(prediction, truth)
    torch.testing.assert_close(half, plain(prediction, truth) / 2)
    edges = edge_steps(prediction - truth, truth, known)
    likelihood = mixture_likelihood(some, truth, known)
    whole = replace(plain, edges=2.0, mixture=3.0)
    torch.testing.assert_close(whole(prediction, truth, some),
                               plain(prediction, truth) + 2 * edges + 3 * likelihood)
    assert torch.equal(replace(plain, mixture=3.0)(prediction, truth), plain(prediction, truth))


def test_both_modes_the_weight_and_the_other_stacks_learn():
    torch.manual_seed(0)
    network = build(replace(default_spec('mobile_lite2_bimodal'), input_height=64,
                            input_width=96))
    image = torch.randn(2, 3, 64, 96)
    coarse = network.coarse(image)
    given = network.fine(image, *coarse)
    truth = torch.rand(2, 1, 64, 96) + 0.5
    loss = Loss(mixture=1.0)(given[0], truth, network.modes('fine', given))
    loss.sum().backward()
    assert (network.fine.head.weight.grad.flatten(1).abs().sum(1) > 0).all()
    assert network.modes('coarse', coarse) is None
    assert network(image).shape == (2, 2, 32, 48)


@pytest.mark.thorough
@pytest.mark.parametrize('precision', ['fp32', 'bf16'])
def test_a_bimodal_file_runs_in_the_estimator(tmp_path, precision):
    path = tmp_path / 'm.safetensors'
    write_untrained(path, 'mobile_lite2_bimodal', input_height=64, input_width=96)
    estimator = DepthEstimator.load(path, 'cpu', precision)
    estimate = estimator.estimate(np.zeros((48, 64, 3), np.uint8))
    assert np.isfinite(estimate.clipped).all() and estimate.confidence is not None


@pytest.mark.thorough
def test_a_bimodal_run_ends_in_a_file(tmp_path):
    folder, run = write_folder(tmp_path / 'data'), tmp_path / 'run'
    words = ('network.name=mobile_lite2_bimodal', 'network.input_height=64',
             'network.input_width=96', 'imagenet_stem=False', 'batch_size=2', 'loss.mixture=0.5',
             'loss.edges=1.0', 'loss.gradient_scales=4', 'stages.1.epochs=1', 'stages.2.epochs=1',
             'stages.3.epochs=0')
    settings = [word for setting in words for word in ('--set', setting)]
    assert main(['fit', 'mobile', '--data', f'x={folder}', '--out', str(run), '--workers', '0',
                 *settings]) == 0
    assert main(['export', str(run), str(tmp_path / 'm.safetensors'), '--protocol', 'full']) == 0


def test_in_painted_edges_are_not_learned_from(tmp_path):
    depth = np.ones((5, 9), np.float32)
    depth[:, 4:] = 1.3
    depth[0, 0], depth[4, 8] = np.nan, np.inf
    kept = without_edges(depth)
    assert np.isnan(kept[:, 3:5]).all()
    rest = np.r_[:3, 5:9]
    np.testing.assert_array_equal(kept[:, rest], depth[:, rest])
    recipe = replace(tiny(), augmentation=Augmentation(flip=0, rotation_deg=0, zoom=(1.0, 1.0)))
    folder = write_folder(tmp_path / 'data')
    step = np.where(np.arange(64) < 32, 1000, 2000).astype(np.uint16)
    cv2.imwrite(str(folder / 'depth' / '0000.png'), np.tile(step, (48, 1)))
    source = open_data(f'x={folder}', 'train')
    whole, masked = (TrainingViews([source], replace(recipe, inpainted=names), 0)[(0, 0)][1]
                     for names in ((), ('x',)))
    assert torch.isnan(masked).sum() == torch.isnan(whole).sum() + 2 * 64  # 2 of 96 columns
    with pytest.raises(ValueError, match="data 'rooms'"):
        mixture([source], replace(recipe, inpainted=('rooms',)), recipe.stages[0])
