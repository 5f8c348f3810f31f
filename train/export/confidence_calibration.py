"""Makes a network's uncertainty what it says it is: the mean |error| of the log depth."""

from __future__ import annotations

from collections.abc import Sequence
import math

import torch

from mono_depth_ros.networks.multi_scale import MultiScaleNetwork, UNCERTAINTY
from train.data.data_sets import DataSet
from train.fitting.batches import plain_loader
from train.fitting.views import PlainViews
from train.recipes.loss import has_known, image_means, pooled
from train.recipes.recipe import Recipe


@torch.no_grad()
def calibrate(network: MultiScaleNetwork, held_out: Sequence[DataSet], recipe: Recipe) -> float:
    """Scale the uncertainty, in place, to the errors on images the network did not learn from.

    On images it learned from it errs less, and so its uncertainty is too small by the factor
    that is returned: the mean over images of |d| / uncertainty, the likeliest scale of a Laplace
    distribution. An image counts as often as `recipe` draws one of its data set, so that many
    drawn rooms do not outvote few photographs. 1 where there is nothing to do: no uncertainty
    stack, no images.
    """
    if UNCERTAINTY not in network.stacks:
        return 1.0
    network.eval()
    weights, total, images = dict(recipe.weights), 0.0, 0.0
    for source in held_out:
        ratios = _ratios(network, source, recipe)
        weight = weights.get(source.name, 1.0)
        total, images = total + weight * sum(ratios), images + weight * len(ratios)
    factor = total / images if images else 1.0
    network.get_parameter(f'{UNCERTAINTY}.head.bias').add_(math.log(factor))
    return factor


def _ratios(network: MultiScaleNetwork, source: DataSet, recipe: Recipe) -> list[float]:
    """Mean |d| / uncertainty of every image that has a pixel of known depth."""
    found: list[float] = []
    for view in plain_loader(PlainViews([source], recipe), recipe):
        output = network(view.image)
        truth, known = pooled(view.log_truth, output.shape[-2:])
        ratio = (output[:, :1] - truth).abs() * torch.exp(-output[:, 1:])
        found += image_means(ratio, known)[has_known(known)].tolist()
    return found
