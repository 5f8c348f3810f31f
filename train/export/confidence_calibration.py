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
from train.recipes.mixture import mixture, Named
from train.recipes.recipe import Recipe


@torch.no_grad()
def calibrate(network: MultiScaleNetwork, held_out: Sequence[DataSet], recipe: Recipe,
              training: Sequence[Named] = ()) -> float:
    """Scale the uncertainty, in place, to the errors on images the network did not learn from.

    On images it learned from it errs less, and so its uncertainty is too small by the factor
    that is returned: the mean over images of |d| / uncertainty, the likeliest scale of a Laplace
    distribution. An image counts as often as the uncertainty was learned from one of its set in
    `training`, so that many drawn rooms do not outvote few photographs; all count alike where
    it was learned from none of these sets. 1 where there is nothing to do: no uncertainty stack,
    no images.
    """
    if UNCERTAINTY not in network.stacks:
        return 1.0
    network.eval()
    weights, total, images = sample_weights(held_out, recipe, training), 0.0, 0.0
    for source in held_out:
        ratios = _ratios(network, source, recipe)
        weight = weights[source.name]
        total, images = total + weight * sum(ratios), images + weight * len(ratios)
    factor = total / images if images else 1.0
    network.get_parameter(f'{UNCERTAINTY}.head.bias').add_(math.log(factor))
    return factor


def sample_weights(sources: Sequence[DataSet], recipe: Recipe,
                   training: Sequence[Named]) -> dict[str, float]:
    """How often a sample of each data set was drawn an epoch as the uncertainty was learned.

    By name; 1 for all where none of them was drawn.
    """
    drawn: dict[str, float] = {}
    learned = [stage for stage in recipe.stages if stage.epochs]
    stages = [stage for stage in learned if UNCERTAINTY in stage.trains] or learned
    if training and stages:
        counts = mixture(training, recipe, stages[-1]).counts
        drawn = {source.name: draws / max(samples, 1)
                 for source, (samples, draws) in zip(training, counts)}
    weights = {source.name: drawn.get(source.name, 0.0) for source in sources}
    return weights if any(weights.values()) else dict.fromkeys(weights, 1.0)


def _ratios(network: MultiScaleNetwork, source: DataSet, recipe: Recipe) -> list[float]:
    """Mean |d| / uncertainty of every image that has a pixel of known depth."""
    found: list[float] = []
    for view in plain_loader(PlainViews([source], recipe), recipe):
        output = network(view.image)
        truth, known = pooled(view.log_truth, output.shape[-2:])
        ratio = (output[:, :1] - truth).abs() * torch.exp(-output[:, 1:])
        found += image_means(ratio, known)[has_known(known)].tolist()
    return found
