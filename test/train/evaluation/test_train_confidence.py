"""Confidence: learned as an uncertainty, calibrated, told by the estimator, and measured."""

from dataclasses import replace
import json
import math

import cv2
from model_helpers import write_untrained
import numpy as np
import pytest
import torch
from train_helpers import tiny, write_folder

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.networks.registry import build, default_spec
from train.__main__ import main
from train.data.data_sets import open_data
from train.evaluation.confidence import calibration, measure_calibration
from train.evaluation.protocols import PROTOCOLS
from train.export.confidence_calibration import calibrate
from train.fitting.stage import set_training_mode, StageLoss
from train.recipes.loss import uncertainty_loss
from train.recipes.recipe import Stage


def test_the_uncertainty_loss_is_least_at_the_mean_error():
    truth = torch.zeros(1, 1, 4, 4)
    prediction = torch.full((1, 1, 4, 4), 0.1)
    prediction[..., :2] = 0.3

    def loss(uncertainty):
        log_uncertainty = torch.full((1, 1, 4, 4), math.log(uncertainty))
        return uncertainty_loss(log_uncertainty, prediction, truth).item()

    assert loss(0.2) == pytest.approx(1 + math.log(0.2))
    assert loss(0.2) < min(loss(0.15), loss(0.25))
    unknown = truth.masked_fill(torch.eye(4).bool(), float('nan'))
    zeros = torch.zeros(1, 1, 4, 4)
    assert uncertainty_loss(zeros, prediction, unknown).item() == pytest.approx(0.2)


@pytest.mark.parametrize('log_uncertainty, counted', [(-9.0, -6), (-6.5, -6), (4.5, 4), (9.0, 4)])
def test_an_uncertainty_is_held_to_a_range(log_uncertainty, counted):
    """Else one pixel with an uncertainty of next to nothing would be the whole loss."""
    one = torch.full((1, 1, 1, 2), log_uncertainty)
    loss = uncertainty_loss(one, torch.full((1, 1, 1, 2), 0.5), torch.tensor([[[[0.25, 1.0]]]]))
    assert loss.item() == pytest.approx(0.375 * math.exp(-counted) + counted, rel=1e-5)


def test_the_uncertainty_loss_is_of_each_image_and_zero_without_truth():
    """Truth of twice the size is averaged; the second image knows one cell, the third none."""
    nan = float('nan')
    truth = torch.tensor([[[0.0, 0.2, 1.0, 1.0]], [[nan, nan, nan, 0.6]], [[nan] * 4]])[:, None]
    prediction = torch.tensor([[0.3, 0.5], [9.0, 0.5], [9.0, 9.0]])[:, None, None]
    log_uncertainty = torch.tensor([[0.0, math.log(2)]] * 3)[:, None, None]
    loss = uncertainty_loss(log_uncertainty, prediction, truth)
    first = (0.2 + 0.5 / 2 + math.log(2)) / 2
    assert loss.tolist() == pytest.approx([first, 0.1 / 2 + math.log(2), 0], abs=1e-6)


def test_learning_the_uncertainty_teaches_the_depth_nothing():
    network = build(default_spec('mobile'))
    stage = Stage(trains=('coarse', 'fine', 'uncertainty'), epochs=1)
    set_training_mode(network, replace(stage, trains=('uncertainty',)))
    learner = StageLoss(network, tiny(), replace(stage, trains=('uncertainty',)))
    image, truth = torch.randn(1, 3, 192, 256), torch.ones(1, 1, 192, 256)
    learner(image, truth).backward()
    assert {name.split('.')[0] for name, weight in network.named_parameters()
            if weight.grad is not None} == {'uncertainty'}
    set_training_mode(network, stage)
    both = StageLoss(network.eval(), tiny(), stage)(image, truth)
    depth = StageLoss(network, tiny(), replace(stage, trains=('coarse', 'fine')))(image, truth)
    uncertainty = StageLoss(network, tiny(), replace(stage, trains=('uncertainty',)))(image, truth)
    assert both.item() == pytest.approx(depth.item() + uncertainty.item(), rel=1e-5)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp('data') / 'set')


def test_calibration_makes_the_uncertainty_the_error_it_finds(folder):
    """Twice: the second time nothing is left to do; depth stays what it was."""
    torch.manual_seed(0)
    recipe = tiny()
    network = build(recipe.network).eval()
    held_out = [open_data(f'mine={folder}', 'val')]
    image = torch.randn(1, 3, 64, 96)
    before = network(image)
    factor = calibrate(network, held_out, recipe)
    after = network(image)
    assert factor != pytest.approx(1, abs=0.05)
    torch.testing.assert_close(after[:, 0], before[:, 0])
    torch.testing.assert_close(after[:, 1], before[:, 1] + math.log(factor))
    assert calibrate(network, held_out, recipe) == pytest.approx(1, abs=1e-4)
    assert calibrate(network, [], recipe) == 1


@pytest.mark.parametrize('recipe, shares', [
    (tiny(), (0.5, 0.5)),
    (replace(tiny(), weights=(('far', 0.5),)), (2 / 3, 1 / 3)),
    # Of 6 and 3 draws in 12 samples, 8 and 4: of each set the samples are drawn as often.
    (replace(tiny(), caps=(('far', 3),)), (2 / 3, 1 / 3)),
    # Of 6 and 1, by their roots: 5 and 2 in 7.
    (replace(tiny(), caps=(('far', 1),), temperature=2.0), (5 / 7, 2 / 7)),
    (tiny(trains=(('coarse', 'fine'), ('uncertainty',))), (0.5, 0.5))])
def test_calibration_counts_images_as_often_as_they_were_drawn(tmp_path, folder, recipe, shares):
    """It went by the weights of the recipe alone, whatever temperature, caps and stages said."""
    near = open_data(f'near={folder}', 'val')
    far_folder = write_folder(tmp_path / 'far')
    for path in (far_folder / 'depth').iterdir():
        cv2.imwrite(str(path), 2 * cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    far = open_data(f'far={far_folder}', 'val')
    training = [open_data(f'{name}={place}', 'train') for name, place in (
        ('near', folder), ('far', far_folder))]
    if len(recipe.stages) == 2:  # the depth from both, the uncertainty from the first alone
        last = replace(recipe.stages[1], data=('near',))
        recipe, shares = replace(recipe, stages=(recipe.stages[0], last)), (1, 0)

    def factor(held_out):
        torch.manual_seed(0)
        return calibrate(build(recipe.network), held_out, recipe, training)
    each = [factor([source]) for source in (near, far)]
    assert each[0] != pytest.approx(each[1], rel=0.1)
    assert factor([near, far]) == pytest.approx(np.dot(shares, each), rel=1e-4)


@pytest.mark.thorough
def test_models_with_and_without_confidence(tmp_path):
    rgb_HW3 = np.random.default_rng(0).integers(0, 255, (60, 100, 3), np.uint8)
    for name, tells in (('mobile', True), ('eigen_modified', False)):
        write_untrained(tmp_path / f'{name}.safetensors', name)
        estimator = DepthEstimator.load(tmp_path / f'{name}.safetensors', 'cpu')
        confidence_HW = estimator.estimate(rgb_HW3).confidence
        assert estimator.has_confidence is tells is (confidence_HW is not None)
        assert not tells or confidence_HW.shape == (60, 100)
    assert measure_calibration(estimator, None, PROTOCOLS['full']) is None


def test_calibration_by_hand():
    """Four pixels: two sure and right, two unsure, of which one is wrong by half."""
    found = calibration(np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 2.0, 3.0, 4.0]),
                        np.array([0.9, 0.8, 0.4, 0.3]))
    assert found.abs_rel == pytest.approx(0.125) and found.delta1 == 0.75
    assert found.abs_rel_surest_half == found.abs_rel_best_half == 0
    assert found.promised_delta1 == pytest.approx(0.6)
    assert [b.delta1 for b in found.bins] == [1, 1, 1, 0]
    upside_down = calibration(np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 2.0, 3.0, 4.0]),
                              np.array([0.1, 0.2, 0.7, 0.8]))
    assert upside_down.abs_rel_surest_half == pytest.approx(0.25)


@pytest.mark.thorough
def test_calibration_of_a_model_on_images(folder, tmp_path):
    write_untrained(tmp_path / 'm.safetensors')
    estimator = DepthEstimator.load(tmp_path / 'm.safetensors', 'cpu')
    found = measure_calibration(estimator, open_data(f'mine={folder}', 'val'), PROTOCOLS['full'])
    assert sum(b.share for b in found.bins) == pytest.approx(1)
    assert 'surest half' in found.text() and 0 < found.promised_delta1 < 1


@pytest.mark.thorough
def test_evaluate_prints_the_calibration(folder, tmp_path, capsys):
    for name, tells in (('mobile', True), ('eigen_modified', False)):
        write_untrained(tmp_path / f'{name}.safetensors', name)
        assert main(('evaluate', str(tmp_path / f'{name}.safetensors'), '--data', f'mine={folder}',
                     '--protocol', 'full', '--json', str(tmp_path / 'f.json'))) == 0
        figures = json.loads((tmp_path / 'f.json').read_text())[0]['calibration']
        assert ('confidence on mine val' in capsys.readouterr().out) is tells
        assert tells is (figures is not None)
