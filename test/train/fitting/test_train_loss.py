"""Losses, against numbers worked by hand."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
import torch

from train.recipes.loss import gradient_matching, has_known, image_means, Loss, pooled

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
    assert Loss(si_lambda=0)(prediction, truth).tolist() == pytest.approx([4, 1])


def test_an_image_without_truth_has_neither_loss_nor_gradient():
    prediction = torch.cat([image([2.0, 2]), image([1, 1])])
    truth = torch.cat([image([0, 0]), image([NAN, NAN])])
    prediction.requires_grad_()
    loss = Loss(si_lambda=0, rooted=True, l1_log=1, gradient=1, edges=1)(prediction, truth)
    assert loss[0] > 1 and loss[1] == 0
    loss.sum().backward()
    assert (prediction.grad[0] != 0).all() and (prediction.grad[1] == 0).all()


def test_l1_and_root_by_hand():
    loss = Loss(si_lambda=0, rooted=True, l1_log=0.5)
    assert loss(image([1, 3]), image([0, 0])).item() == pytest.approx(
        math.sqrt(5) + 0.5 * 2, rel=1e-4)


def test_a_perfect_prediction_has_a_root_with_a_gradient():
    """sqrt(1e-6), for the root of 0 has no finite slope."""
    prediction = image([1, 2]).requires_grad_()
    loss = Loss(rooted=True)(prediction, image([1, 2]))
    loss.backward()
    assert loss.item() == pytest.approx(1e-3) and torch.isfinite(prediction.grad).all()


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


def test_the_gradient_loss_by_hand():
    """d along x is 0, 1, 3, 6, 10: steps 1, 2, 3, 4; by two 3 and 7; by four 10. In y nothing."""
    prediction, truth = image(*[[0, 1, 3, 6, 10]] * 5), image(*[[0.0] * 5] * 5)
    along = (10 * 5 / 40) + (10 * 3 / 12) + (10 * 2 / 4)
    d, known = prediction - truth, torch.ones_like(truth, dtype=torch.bool)
    assert gradient_matching(d, known).item() == pytest.approx(along)
    assert gradient_matching(d.transpose(2, 3), known).item() == pytest.approx(along)
    without, with_it = (Loss(si_lambda=0, gradient=weight)(prediction, truth).item()
                        for weight in (0.0, 0.5))
    assert with_it - without == pytest.approx(0.5 * along, rel=1e-5)


def test_the_gradient_loss_ignores_scale_and_pulls_edges_up():
    """A step of 1 answered by a ramp: the gradient of the loss raises its far side."""
    truth = image([0, 0, 1, 1])
    ramp = image([0, 0.33, 0.66, 1.0]).requires_grad_()
    known = torch.ones_like(truth, dtype=torch.bool)
    assert gradient_matching(ramp - truth, known).item() == pytest.approx(
        gradient_matching(ramp + 3 - truth, known).item(), rel=1e-5)
    Loss(si_lambda=0, gradient=10.0)(ramp, truth).backward()
    assert ramp.grad[0, 0, 0, 1] > 0 > ramp.grad[0, 0, 0, 2]


def test_the_gradient_loss_has_three_scales_unless_told():
    """Nine columns that rise by 1: steps of 1, 2, 4 and, at the fourth scale, 8."""
    d = image(range(9))
    known = torch.ones_like(d, dtype=torch.bool)
    assert gradient_matching(d, known).item() == 1 + 2 + 4
    assert gradient_matching(d, known, 1).item() == 1
    assert gradient_matching(d, known, 4).item() == 1 + 2 + 4 + 8
    loss = Loss(si_lambda=0, gradient=0.5, gradient_scales=2)(d, torch.zeros_like(d))
    assert loss.item() == pytest.approx(204 / 9 + 0.5 * (1 + 2))


def test_gradients_along_columns_count_where_both_pixels_are_known_too():
    """Of the second image the 9 is unknown: pairs of 0 and 3 along rows, 2 and 0 along columns."""
    d = torch.cat([image([0, 1], [3, 3], [3, 3]), image([5, 5], [9, 7], [4, 7])])
    known = d != 9
    assert gradient_matching(d, known, 1).tolist() == pytest.approx(
        [(1 + 3 + 2) / 7, (0 + 3 + 2 + 0) / 4])


def test_terms_are_of_each_image():
    """Two images of one row; in the second only the last two pixels are known."""
    d = torch.cat([image([0, 2, 4, 8]), image([9, 9, 1, 2])])
    known = torch.tensor([[True] * 4, [False, False, True, True]])[:, None, None]
    assert gradient_matching(d, known, 1).tolist() == pytest.approx([8 / 3, 1])
    assert image_means(d, known).tolist() == [3.5, 1.5]
    assert image_means(d, ~known).tolist() == [0, 9]
    assert has_known(~known).tolist() == [False, True]
    truth = torch.where(known, 0, NAN)
    assert Loss(si_lambda=0.5)(d, truth).tolist() == pytest.approx(
        [84 / 4 - 3.5 ** 2 / 2, 5 / 2 - 1.5 ** 2 / 2])
    assert Loss(si_lambda=0, scale_invariant=0.0, l1_log=2.0)(d, truth).tolist() == [7, 3]
