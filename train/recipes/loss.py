"""Losses on log depth; every one counts only the pixels whose depth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Weights of the terms.

    The paper's: mean(d^2) - lambda * mean(d)^2 with d = log prediction - log truth; `rooted`
    takes its square root. `l1_log` weighs mean |d|, `gradient` the three-scale gradient of d.
    """

    si_lambda: float = 0.5
    rooted: bool = False
    l1_log: float = 0.0
    gradient: float = 0.0

    def __call__(self, log_prediction_B1hw: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        """Mean over images of the loss over their known pixels (NaN truth is unknown).

        The truth may be larger than the prediction; images without one known pixel do not
        count. Raises ValueError where the whole batch has none.
        """
        truth, known = pooled(log_truth_B1HW, log_prediction_B1hw.shape[-2:])
        difference = torch.where(known, log_prediction_B1hw.float() - truth, 0)
        loss_B = scale_invariant(difference, known, self.si_lambda)
        if self.rooted:
            loss_B = (loss_B + 1e-6).sqrt()
        if self.l1_log:
            loss_B = loss_B + self.l1_log * image_means(difference.abs(), known)
        if self.gradient:
            loss_B = loss_B + self.gradient * gradient_matching(difference, known)
        return _mean_of_known(loss_B, known)


def pooled(log_truth_B1HW: Tensor, size: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Mean log depth of the known pixels under every output cell, and where there is one.

    Returns (B, 1, h, w) float and bool; the mean of logs is the geometric mean of depths.
    """
    height, width = size
    known = torch.isfinite(log_truth_B1HW)
    total = functional.adaptive_avg_pool2d(torch.where(known, log_truth_B1HW, 0), (height, width))
    share = functional.adaptive_avg_pool2d(known.float(), (height, width))
    return total / share.clamp(min=1e-6), share > 0


def image_means(values_B1hw: Tensor, known_B1hw: Tensor) -> Tensor:
    """Mean over the known pixels of every image (B,); 0 for an image without one."""
    total_B = torch.where(known_B1hw, values_B1hw, 0).sum((1, 2, 3))
    return total_B / known_B1hw.sum((1, 2, 3)).clamp(min=1)


def _mean_of_known(loss_B: Tensor, known_B1hw: Tensor) -> Tensor:
    """Mean over the images with known pixels; ValueError where the whole batch has none."""
    some_B = known_B1hw.flatten(1).any(1)
    if not bool(some_B.any()):
        raise ValueError('a batch without one pixel of known depth')
    return loss_B[some_B].mean()


def uncertainty_loss(log_uncertainty_B1hw: Tensor, log_prediction_B1hw: Tensor,
                     log_truth_B1HW: Tensor) -> Tensor:
    """Mean over images of |d| / uncertainty + log uncertainty: the negative log likelihood.

    Of a Laplace distribution. Least where the uncertainty is the expected |d|, d = log
    prediction - log truth (Kendall & Gal 2017). Raises ValueError where the whole batch
    has no known pixel.
    """
    truth, known = pooled(log_truth_B1HW, log_prediction_B1hw.shape[-2:])
    distance = (log_prediction_B1hw.float() - truth).abs()
    log_uncertainty = log_uncertainty_B1hw.float().clamp(-6, 4)
    likelihood = distance * torch.exp(-log_uncertainty) + log_uncertainty
    return _mean_of_known(image_means(likelihood, known), known)


def scale_invariant(difference_B1hw: Tensor, known_B1hw: Tensor, si_lambda: float) -> Tensor:
    """The paper's loss of every image (B,)."""
    mean_square = image_means(difference_B1hw.square(), known_B1hw)
    return mean_square - si_lambda * image_means(difference_B1hw, known_B1hw).square()


def gradient_matching(difference_B1hw: Tensor, known: Tensor, scales: int = 3) -> Tensor:
    """Mean |gradient| of the log difference over `scales` strides 1, 2, 4, image by image (B,)."""
    total = torch.zeros(difference_B1hw.shape[0], device=difference_B1hw.device)
    for step in (2 ** i for i in range(scales)):
        d, k = difference_B1hw[..., ::step, ::step], known[..., ::step, ::step]
        both_x, both_y = k[..., 1:] & k[..., :-1], k[..., 1:, :] & k[..., :-1, :]
        along_x = ((d[..., 1:] - d[..., :-1]).abs() * both_x).sum((1, 2, 3))
        along_y = ((d[..., 1:, :] - d[..., :-1, :]).abs() * both_y).sum((1, 2, 3))
        pairs = both_x.sum((1, 2, 3)) + both_y.sum((1, 2, 3))
        total = total + (along_x + along_y) / pairs.clamp(min=1)
    return total
