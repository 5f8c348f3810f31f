"""Confidence: learned as a spread, calibrated, told by the estimator, measured, and used."""

from dataclasses import replace
import json
import math

import numpy as np
import pytest
import torch
from train_helpers import tiny, write_folder

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate, DepthEstimator, Spread
from mono_depth_ros.networks.registry import build, default_spec
from mono_depth_ros.node.outputs import confident_depth
from mono_depth_ros.preprocess import decode_confidence, letterbox
from train.__main__ import main
from train.data.data_sets import open_data
from train.evaluation.confidence import measure_trust, trust
from train.evaluation.protocols import PROTOCOLS
from train.export.confidence_calibration import calibrate
from train.export.model_export import write_untrained
from train.fitting.stage import set_learning, StageLoss
from train.recipes.loss import spread_loss
from train.recipes.recipe import Stage

SAME_SIZE = letterbox(8, 6, 8, 6)


def test_confidence_is_the_chance_to_be_within_25_percent():
    """Laplace: half of all errors lie within log 2 spreads, all of them where the spread is 0."""
    log_spread_hw = np.full((6, 8), math.log(math.log(1.25) / math.log(2)), np.float32)
    log_spread_hw[0] = -20
    confidence_HW = decode_confidence(log_spread_hw, SAME_SIZE)
    assert confidence_HW.shape == (6, 8)
    np.testing.assert_allclose(confidence_HW[1:], 0.5, rtol=1e-5)
    np.testing.assert_allclose(confidence_HW[0], 1)


def test_confidence_of_laplace_errors_is_their_share():
    """Drawn errors of a known spread keep what the confidence promises."""
    d = np.random.default_rng(0).laplace(0, 0.2, 200_000)
    share = np.mean(np.abs(d) < math.log(1.25))
    promised = decode_confidence(np.full((6, 8), math.log(0.2), np.float32), SAME_SIZE)[0, 0]
    assert promised == pytest.approx(share, abs=0.005)


def test_the_spread_loss_is_least_at_the_mean_error():
    truth = torch.zeros(1, 1, 4, 4)
    prediction = torch.full((1, 1, 4, 4), 0.1)
    prediction[..., :2] = 0.3

    def loss(spread):
        return spread_loss(torch.full((1, 1, 4, 4), math.log(spread)), prediction, truth).item()

    assert loss(0.2) == pytest.approx(1 + math.log(0.2))
    assert loss(0.2) < min(loss(0.15), loss(0.25))
    unknown = truth.masked_fill(torch.eye(4).bool(), float('nan'))
    assert spread_loss(torch.zeros(1, 1, 4, 4), prediction, unknown).item() == pytest.approx(0.2)


def test_learning_the_spread_teaches_the_depth_nothing():
    network = build(default_spec('mobile'))
    stage = Stage(trains=('coarse', 'fine', 'spread'), epochs=1)
    set_learning(network, replace(stage, trains=('spread',)))
    learner = StageLoss(network, tiny(), replace(stage, trains=('spread',)))
    image, truth = torch.randn(1, 3, 192, 256), torch.ones(1, 1, 192, 256)
    learner(image, truth).backward()
    assert {name.split('.')[0] for name, weight in network.named_parameters()
            if weight.grad is not None} == {'spread'}
    set_learning(network, stage)
    both = StageLoss(network.eval(), tiny(), stage)(image, truth)
    depth = StageLoss(network, tiny(), replace(stage, trains=('coarse', 'fine')))(image, truth)
    spread = StageLoss(network, tiny(), replace(stage, trains=('spread',)))(image, truth)
    assert both.item() == pytest.approx(depth.item() + spread.item(), rel=1e-5)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp('data') / 'set')


def test_calibration_makes_the_spread_the_error_it_finds(folder):
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


def test_models_with_and_without_confidence(tmp_path):
    rgb_HW3 = np.random.default_rng(0).integers(0, 255, (60, 100, 3), np.uint8)
    for name, tells in (('mobile', True), ('eigen_modified', False)):
        write_untrained(tmp_path / f'{name}.safetensors', name)
        estimator = DepthEstimator.load(tmp_path / f'{name}.safetensors', 'cpu')
        confidence_HW = estimator.estimate(rgb_HW3).confidence
        assert estimator.tells_confidence is tells is (confidence_HW is not None)
        assert not tells or confidence_HW.shape == (60, 100)
    assert measure_trust(estimator, None, PROTOCOLS['full']) is None


def estimate_of(depth_HW, confidence_of_row):
    spread = -math.log(1.25) / np.log1p(-np.asarray(confidence_of_row))
    log_spread = np.repeat(np.log(spread)[:, None], 8, axis=1).astype(np.float32)
    return DepthEstimate(
        depth=depth_HW, camera=Camera(fx=8, fy=8, cx=3.5, cy=2.5, width=8, height=6),
        network_ms=0.0, spread=Spread(log_spread=log_spread, framing=SAME_SIZE))


def test_points_below_the_least_confidence_are_unknown():
    depth_HW = np.full((6, 8), 2, np.float32)
    estimate = estimate_of(depth_HW, [0.2, 0.4, 0.6, 0.8, 0.9, 0.95])
    kept_HW = confident_depth(estimate, 0.5)
    assert np.isnan(kept_HW[:2]).all() and (kept_HW[2:] == 2).all()
    assert confident_depth(estimate, 0.0) is depth_HW and (depth_HW == 2).all()
    assert confident_depth(replace(estimate, spread=None), 0.5) is depth_HW


def test_trust_by_hand():
    """Four pixels: two sure and right, two unsure, of which one is wrong by half."""
    found = trust(np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 2.0, 3.0, 4.0]),
                  np.array([0.9, 0.8, 0.4, 0.3]))
    assert found.abs_rel == pytest.approx(0.125) and found.delta1 == 0.75
    assert found.abs_rel_surest_half == found.abs_rel_best_half == 0
    assert found.promised_delta1 == pytest.approx(0.6)
    assert [b.delta1 for b in found.bins] == [1, 1, 1, 0]
    upside_down = trust(np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 2.0, 3.0, 4.0]),
                        np.array([0.1, 0.2, 0.7, 0.8]))
    assert upside_down.abs_rel_surest_half == pytest.approx(0.25)


def test_trust_of_a_model_on_images(folder, tmp_path):
    write_untrained(tmp_path / 'm.safetensors')
    estimator = DepthEstimator.load(tmp_path / 'm.safetensors', 'cpu')
    found = measure_trust(estimator, open_data(f'mine={folder}', 'val'), PROTOCOLS['full'])
    assert sum(b.share for b in found.bins) == pytest.approx(1)
    assert 'surest half' in found.text() and 0 < found.promised_delta1 < 1


def test_evaluate_says_how_far_to_trust(folder, tmp_path, capsys):
    for name, tells in (('mobile', True), ('eigen_modified', False)):
        write_untrained(tmp_path / f'{name}.safetensors', name)
        assert main(('evaluate', str(tmp_path / f'{name}.safetensors'), '--data', f'mine={folder}',
                     '--protocol', 'full', '--json', str(tmp_path / 'f.json'))) == 0
        figures = json.loads((tmp_path / 'f.json').read_text())[0]['trust']
        assert ('confidence on mine val' in capsys.readouterr().out) is tells
        assert tells is (figures is not None)
