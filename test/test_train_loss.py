"""Losses, errors and protocols, against numbers worked by hand."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from mono_depth_ros.geometry import Camera
from train.loss import gradient_matching, Loss, pooled
from train.metrics import confidence_interval, depth_errors, mean_errors, pooled_errors
from train.protocol import PROTOCOLS
from train.sample import Sample

NAN = float('nan')


def image(*rows):
    return torch.tensor(rows, dtype=torch.float32)[None, None]


def test_paper_loss_by_hand():
    """d = (1, 3): mean square 5, squared mean 4; lambda 0.5 leaves 3."""
    prediction, truth = image([1, 3]), image([0, 0])
    assert Loss(si_lambda=0.5)(prediction, truth).item() == pytest.approx(3)
    assert Loss(si_lambda=0)(prediction, truth).item() == pytest.approx(5)
    assert Loss(si_lambda=1)(prediction, truth).item() == pytest.approx(1)


def test_unknown_pixels_do_not_count():
    with_hole = Loss()(image([1, 99, 3]), image([0, NAN, 0]))
    assert with_hole.item() == pytest.approx(3)


def test_images_count_alike_however_many_pixels_are_known():
    prediction = torch.cat([image([2, 9]), image([1, 1])])
    truth = torch.cat([image([0, NAN]), image([0, 0])])
    assert Loss(si_lambda=0)(prediction, truth).item() == pytest.approx((4 + 1) / 2)


def test_an_image_without_truth_is_left_out_and_a_batch_without_is_refused():
    prediction = torch.cat([image([2.0, 2]), image([1, 1])])
    truth = torch.cat([image([0, 0]), image([NAN, NAN])])
    assert Loss(si_lambda=0)(prediction, truth).item() == pytest.approx(4)
    with pytest.raises(ValueError, match='without one pixel'):
        Loss()(image([1, 1]), image([NAN, NAN]))


def test_l1_and_root_by_hand():
    loss = Loss(si_lambda=0, rooted=True, l1_log=0.5)
    assert loss(image([1, 3]), image([0, 0])).item() == pytest.approx(
        math.sqrt(5) + 0.5 * 2, rel=1e-4)


def test_gradient_counts_only_pairs_that_are_both_known():
    d = image([0, 1, 5], [0, 1, 5])
    known = torch.tensor([[True, True, False], [True, True, False]])[None, None]
    # Stride 1: two horizontal pairs of 1, two vertical of 0: 2/4; strides 2 and 4 have no pair.
    assert gradient_matching(d, known).item() == pytest.approx(0.5)


def test_pooling_takes_the_mean_of_what_is_known():
    truth, known = pooled(image([1, 3, NAN, NAN], [NAN, 2, NAN, NAN]), torch.Size((1, 2)))
    assert truth[0, 0, 0, 0].item() == pytest.approx(2)
    assert known.tolist() == [[[[True, False]]]]


def test_no_gradient_from_unknown_pixels():
    prediction = image([1, 2, 3]).requires_grad_()
    Loss(rooted=True, l1_log=1, gradient=1)(prediction, image([0, NAN, 0])).backward()
    assert prediction.grad[0, 0, 0, 1] == 0
    assert torch.isfinite(prediction.grad).all()


@settings(deadline=None, max_examples=25)
@given(scale=st.floats(-2, 2))
def test_fully_invariant_loss_ignores_scale(scale):
    prediction, truth = image([1, 2, 4]), image([1, 3, 3])
    assert Loss(si_lambda=1)(prediction + scale, truth).item() == pytest.approx(
        Loss(si_lambda=1)(prediction, truth).item(), abs=1e-4)


def test_errors_by_hand():
    errors = depth_errors(np.array([1.2, 4.0]), np.array([1.0, 2.0]))
    assert errors.delta1 == 0.5 and errors.delta2 == 0.5 and errors.delta3 == 0.5
    assert errors.abs_rel == pytest.approx((0.2 + 1.0) / 2)
    assert errors.sq_rel == pytest.approx((0.04 + 2.0) / 2)
    assert errors.rmse_m == pytest.approx(math.sqrt((0.04 + 4) / 2))
    a, b = math.log(1.2), math.log(2)
    assert errors.rmse_log == pytest.approx(math.sqrt((a * a + b * b) / 2))
    assert errors.log10 == pytest.approx((a + b) / 2 / math.log(10))
    assert errors.silog == pytest.approx(abs(a - b) / 2)


def test_a_perfect_prediction_has_no_error():
    errors = depth_errors(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    assert (errors.delta1, errors.abs_rel, errors.rmse_m, errors.silog) == (1, 0, 0, 0)


def test_nothing_to_measure_is_an_error():
    with pytest.raises(ValueError, match='no pixel with known true depth'):
        depth_errors(np.array([]), np.array([]))
    with pytest.raises(ValueError, match='no image'):
        mean_errors([])


@pytest.mark.parametrize('height, width, rows, columns', [
    (480, 640, (45, 471), (41, 601)), (360, 480, (34, 353), (31, 451))])
def test_eigen_crop_counts_its_window_only(height, width, rows, columns):
    truth = np.full((height, width), 2.0, np.float32)
    prediction = np.full((height, width), 9.0, np.float32)
    prediction[rows[0]:rows[1], columns[0]:columns[1]] = 2.0
    assert PROTOCOLS['eigen-crop'].errors(prediction, truth).delta1 == 1
    prediction[rows[0], columns[0]] = 9.0
    assert PROTOCOLS['eigen-crop'].errors(prediction, truth).delta1 < 1


def test_protocol_ignores_truth_out_of_range_and_holds_the_prediction():
    truth = np.array([[2.0, np.nan, np.inf, 12.0, 9.0]], np.float32)
    prediction = np.array([[2.0, 5.0, 5.0, 5.0, 30.0]], np.float32)
    errors = PROTOCOLS['full'].errors(prediction, truth)
    assert errors.abs_rel == pytest.approx((0 + 1 / 9) / 2)


def test_protocol_refuses_holes_in_the_prediction():
    with pytest.raises(ValueError, match='unknown pixels'):
        PROTOCOLS['full'].errors(np.array([[np.nan]]), np.array([[1.0]]))


def test_pooling_images_equals_one_image_of_all_pixels():
    rng = np.random.default_rng(0)
    truth, prediction = rng.uniform(1, 5, 50), rng.uniform(1, 5, 50)
    parts = [depth_errors(prediction[a:b], truth[a:b]) for a, b in ((0, 7), (7, 50))]
    whole, pooled_parts = depth_errors(prediction, truth), pooled_errors(parts)
    for name, value in vars(whole).items():
        assert getattr(pooled_parts, name) == pytest.approx(value), name
    assert mean_errors(parts).abs_rel == pytest.approx((parts[0].abs_rel + parts[1].abs_rel) / 2)


def test_confidence_interval_holds_the_mean_and_narrows():
    rng = np.random.default_rng(0)
    values = rng.normal(0.7, 0.2, 400)
    low, high = confidence_interval(values, rng)
    assert low < values.mean() < high
    # Normal theory: 2 * 1.96 * 0.2 / sqrt(400) = 0.039.
    assert high - low == pytest.approx(0.039, abs=0.006)


def test_fast_depth_shows_the_centre_and_moves_the_camera_along():
    """A pixel's direction is the same before and after: depth of a slanted wall still fits."""
    camera = Camera(fx=519, fy=519, cx=325, cy=253, width=640, height=480)
    v, u = np.indices((480, 640))
    depth = (2 + 0.5 * (u - camera.cx) / camera.fx).astype(np.float32)
    sample = Sample(rgb=np.zeros((480, 640, 3), np.uint8), depth=depth, camera=camera, name='')
    view = PROTOCOLS['fast-depth'].view(sample)
    assert view.depth.shape == (224, 224) and view.rgb.shape == (224, 224, 3)
    expected = 2 + 0.5 * (np.indices((224, 224))[1] - view.camera.cx) / view.camera.fx
    np.testing.assert_allclose(view.depth, expected, atol=4e-3)
    # 304 of 333 columns: 583.7 pixels of 640.
    assert 224 / view.camera.fx == pytest.approx(583.7 / 519, rel=0.003)


def test_dense_depth_pools_and_crops():
    protocol = PROTOCOLS['dense-depth']
    truth = np.full((480, 640), 2.0, np.float32)
    prediction = np.full((480, 640), 9.0, np.float32)
    prediction[20:459, 24:615] = 2.0
    assert protocol.errors(prediction, truth).pixels == 439 * 591
    assert protocol.errors(prediction, truth).delta1 == 1
    assert protocol.combine is pooled_errors
