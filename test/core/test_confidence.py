"""Confidence: from the uncertainty a network gives to the points a robot is given."""

from dataclasses import replace
import math

import numpy as np
import pytest

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate, Uncertainty
from mono_depth_ros.letterbox import fit_letterbox
from mono_depth_ros.node.interface.frame import confident_depth
from mono_depth_ros.preprocess import decode_confidence

SAME_SIZE = fit_letterbox(8, 6, 8, 6)


def test_confidence_is_the_chance_to_be_within_25_percent():
    """Laplace: half of all errors lie within log 2 uncertainties, all where it is 0."""
    log_uncertainty_hw = np.full((6, 8), math.log(math.log(1.25) / math.log(2)), np.float32)
    log_uncertainty_hw[0] = -20
    confidence_HW = decode_confidence(log_uncertainty_hw, SAME_SIZE)
    assert confidence_HW.shape == (6, 8)
    np.testing.assert_allclose(confidence_HW[1:], 0.5, rtol=1e-5)
    np.testing.assert_allclose(confidence_HW[0], 1)


def test_confidence_of_laplace_errors_is_their_share():
    """Drawn errors of a known uncertainty keep what the confidence promises."""
    d = np.random.default_rng(0).laplace(0, 0.2, 200_000)
    share = np.mean(np.abs(d) < math.log(1.25))
    promised = decode_confidence(np.full((6, 8), math.log(0.2), np.float32), SAME_SIZE)[0, 0]
    assert promised == pytest.approx(share, abs=0.005)


def estimate_of(depth_HW, confidence_of_row):
    uncertainty = -math.log(1.25) / np.log1p(-np.asarray(confidence_of_row))
    log_uncertainty = np.repeat(np.log(uncertainty)[:, None], 8, axis=1).astype(np.float32)
    return DepthEstimate(
        depth=depth_HW, camera=Camera(fx=8, fy=8, cx=3.5, cy=2.5, width=8, height=6),
        network_ms=0.0,
        uncertainty=Uncertainty(log_uncertainty=log_uncertainty, letterbox=SAME_SIZE))


def test_the_mean_is_that_of_the_image_and_not_of_the_border():
    """Of a wide image in a network of one shape most was the border, whose confidence is none."""
    log_uncertainty = np.full((9, 8), 3, np.float32)
    log_uncertainty[3:6] = math.log(math.log(1.25) / math.log(2))
    estimate = replace(estimate_of(np.ones((6, 8), np.float32), [0.5] * 6), uncertainty=(
        Uncertainty(log_uncertainty=log_uncertainty, letterbox=fit_letterbox(24, 9, 24, 27))))
    assert estimate.mean_confidence == pytest.approx(0.5)
    assert estimate.mean_confidence == pytest.approx(estimate.confidence.mean())


def test_points_below_the_least_confidence_are_unknown():
    depth_HW = np.full((6, 8), 2, np.float32)
    estimate = estimate_of(depth_HW, [0.2, 0.4, 0.6, 0.8, 0.9, 0.95])
    kept_HW = confident_depth(depth_HW, estimate, 0.5)
    assert np.isnan(kept_HW[:2]).all() and (kept_HW[2:] == 2).all()
    assert confident_depth(depth_HW, estimate, 0.0) is depth_HW and (depth_HW == 2).all()
    assert confident_depth(depth_HW, replace(estimate, uncertainty=None), 0.5) is depth_HW
