"""Losses on log depth; every one counts only the pixels whose depth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.functional import logsigmoid

from mono_depth_ros.checked_json import within

# What the step of an edge is at least, and how far apart its sides are read, as a share of width:
# 4 pixels of 128.
LEAST_STEP = math.log(1.2)
REACH = 1 / 32
# Limits of a mode's log scale: 2 % and 270 % of the depth.
LOG_SCALES = (-4.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Weights of the terms.

    The paper's: mean(d^2) - lambda * mean(d)^2 with d = log prediction - log truth; `rooted`
    takes its square root; `scale_invariant` weighs either. `l1_log` weighs mean |d|, `gradient`
    the gradient of d at `gradient_scales` scales, `edges` `edge_steps` and `mixture`, of networks
    that predict two modes, `mixture_likelihood`.
    """

    si_lambda: float = within(0, 1, default=0.5)
    rooted: bool = False
    scale_invariant: float = within(0, 1e3, default=1.0)
    l1_log: float = within(0, 1e3, default=0.0)
    gradient: float = within(0, 1e3, default=0.0)
    gradient_scales: int = within(1, 10, default=3)
    edges: float = within(0, 1e3, default=0.0)
    mixture: float = within(0, 1e3, default=0.0)

    def __call__(self, log_prediction_B1hw: Tensor, log_truth_B1HW: Tensor,
                 modes_B5hw: Tensor | None = None) -> Tensor:
        """Loss of every image (B,) over its known pixels (NaN truth is unknown).

        The truth may be larger than the prediction; 0 for an image without one known pixel.
        """
        truth, known = pooled(log_truth_B1HW, log_prediction_B1hw.shape[-2:])
        difference = torch.where(known, log_prediction_B1hw.float() - truth, 0)
        loss_B = scale_invariant(difference, known, self.si_lambda)
        if self.rooted:
            loss_B = (loss_B + 1e-6).sqrt()
        loss_B = self.scale_invariant * loss_B
        if self.l1_log:
            loss_B = loss_B + self.l1_log * image_means(difference.abs(), known)
        if self.gradient:
            loss_B = loss_B + self.gradient * gradient_matching(difference, known,
                                                                self.gradient_scales)
        if self.edges:
            loss_B = loss_B + self.edges * edge_steps(difference, truth, known)
        if self.mixture and modes_B5hw is not None:
            loss_B = loss_B + self.mixture * mixture_likelihood(modes_B5hw, truth, known)
        return torch.where(has_known(known), loss_B, 0)


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


def has_known(known_B1hw: Tensor) -> Tensor:
    """Whether an image has one known pixel (B,)."""
    return known_B1hw.flatten(1).any(1)


def uncertainty_loss(log_uncertainty_B1hw: Tensor, log_prediction_B1hw: Tensor,
                     log_truth_B1HW: Tensor) -> Tensor:
    """Mean of |d| / uncertainty + log uncertainty of every image (B,), 0 without known pixels.

    That is the negative log likelihood of a Laplace distribution, least where the uncertainty is
    the expected |d|, d = log prediction - log truth (Kendall & Gal 2017).
    """
    truth, known = pooled(log_truth_B1HW, log_prediction_B1hw.shape[-2:])
    distance = (log_prediction_B1hw.float() - truth).abs()
    log_uncertainty = log_uncertainty_B1hw.float().clamp(-6, 4)
    likelihood = distance * torch.exp(-log_uncertainty) + log_uncertainty
    return image_means(likelihood, known)


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


def edge_steps(difference_B1hw: Tensor, truth_B1hw: Tensor, known_B1hw: Tensor) -> Tensor:
    """Mean |error of a log depth step| over the true steps of every image (B,); 0 without one.

    Steps are read between pixels REACH apart, along rows and columns. Where exactly between the
    two an edge lies is open, so that to be unsure of it is no reason to blur.
    """
    reach = max(1, round(difference_B1hw.shape[-1] * REACH))
    errors, steps = [], []
    for along in (-1, -2):
        error, true = (_step(x, along, reach) for x in (difference_B1hw, truth_B1hw))
        first, second = _sides(known_B1hw, along, reach)
        step = (true.abs() > LEAST_STEP) & first & second
        errors.append(torch.where(step, error.abs(), 0).sum((1, 2, 3)))
        steps.append(step.sum((1, 2, 3)))
    return (errors[0] + errors[1]) / (steps[0] + steps[1]).clamp(min=1)


def _step(map_B1hw: Tensor, along: int, reach: int) -> Tensor:
    first, second = _sides(map_B1hw, along, reach)
    return second - first


def _sides(map_B1hw: Tensor, along: int, reach: int) -> tuple[Tensor, Tensor]:
    """The pixels before and behind every pair that is `reach` apart along a dimension."""
    pairs = map_B1hw.shape[along] - reach
    return map_B1hw.narrow(along, 0, pairs), map_B1hw.narrow(along, reach, pairs)


def mixture_likelihood(modes_B5hw: Tensor, truth_B1hw: Tensor, known_B1hw: Tensor) -> Tensor:
    """Mean negative log likelihood of the truth of every image (B,) under two Laplace modes.

    `modes` holds two log depths, two log scales and the logit of the first mode's weight
    (SMD-Nets, Tosi et al. 2021). Where the truth lies near either mode it is likely: at an edge a
    network may hold both surfaces instead of their mean.
    """
    modes = modes_B5hw.float()
    log_scales = modes[:, 2:4].clamp(*LOG_SCALES)
    distance = (modes[:, :2] - truth_B1hw).abs() * torch.exp(-log_scales)
    weights = torch.cat([logsigmoid(modes[:, 4:]), logsigmoid(-modes[:, 4:])], dim=1)
    log_densities = weights - distance - log_scales - math.log(2)
    return -image_means(torch.logsumexp(log_densities, dim=1, keepdim=True), known_B1hw)
