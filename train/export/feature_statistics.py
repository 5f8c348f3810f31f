"""Shows a network what it learned from once more, so that it knows what is unlike it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from tqdm import tqdm

from mono_depth_ros.networks.feature_distance import FeatureDistance
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from train.data.data_sets import DataSet
from train.data.samples.data_notes import note
from train.export.confidence_calibration import sample_weights
from train.fitting.batches import plain_loader
from train.fitting.views import PlainViews
from train.recipes.recipe import Recipe

# So much of the covariance is taken from its diagonal alone: a few hundred images do not tell how
# some hundred features go together.
SHRINKAGE = 0.1
# A feature counts as varying by at least this share of what they all vary by: one that was the
# same in all images learned from would else put any other infinitely far off.
LEAST_SPREAD = 0.01
# Features that vary by no more than this share of themselves differ by rounding alone.
ALL_ALIKE = 1e-6


@torch.no_grad()
def learn_distance(network: MultiScaleNetwork, learned: Sequence[DataSet],
                   held_out: Sequence[DataSet], recipe: Recipe) -> None:
    """Set a network's `feature_distance`, in place, by the images it learned from.

    1 is then the distance of images like those of `held_out`, which lie farther off than those
    learned from, and twice the distance makes uncertainty 2 ** `recipe.distance_slope` as large.
    An image counts as often as the uncertainty was learned from one of its set. Nothing is set
    where the network has no such part or nothing is held out, nor, which a note tells, where
    either has fewer than two images that count, those learned from are all alike, or their
    features, as of a network hardly trained, are so small that a model file's fp16 cannot hold the
    distance.
    """
    if not recipe.network.feature_distance or not held_out:
        return
    network.eval()
    try:
        mean_C, whitening_CC = _statistics(network, learned, held_out, recipe)
    except ValueError as error:
        note(f'the model will not know what is unlike the images it learned from: {error}')
        return
    distance = network.get_submodule('coarse.feature_distance')
    distance.load_state_dict({'mean': mean_C, 'whitening': whitening_CC,
                              'slope': torch.tensor([recipe.distance_slope])})


def _statistics(network: MultiScaleNetwork, learned: Sequence[DataSet],
                held_out: Sequence[DataSet], recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Mean (C,) and whitening (C, C) of a feature distance; ValueError where there are none."""
    others_MC, weight_M = _features(network, held_out, recipe, learned)
    if len(others_MC) < 2:  # without a look at the many learned from
        raise ValueError('fewer than two held-out images tell what is usual')
    features_NC, weight_N = _features(network, learned, recipe, learned)
    if len(features_NC) < 2:
        raise ValueError('those are fewer than two')
    whitening_CC = _whitening(features_NC, weight_N)
    mean_C = weight_N @ features_NC / weight_N.sum()
    log_square_M = ((others_MC - mean_C) @ whitening_CC).square().mean(1).log()
    usual = (0.5 * weight_M @ log_square_M / weight_M.sum()).exp()
    scaled_CC = whitening_CC / usual
    if not scaled_CC.half().isfinite().all():
        raise ValueError('its features are nearly 0, as of a network hardly trained')
    return mean_C, scaled_CC


def _whitening(features_NC: Tensor, weight_N: Tensor) -> Tensor:
    """What makes features, by their shrunk covariance, independent; ValueError for all alike."""
    covariance_CC = torch.cov(features_NC.T, aweights=weight_N)
    variance_C = torch.diagonal(covariance_CC)
    if variance_C.mean() <= ALL_ALIKE ** 2 * features_NC.square().mean():
        raise ValueError('its features of those are all alike')
    shrunk_CC = torch.lerp(covariance_CC, torch.diag(variance_C), SHRINKAGE)
    least = LEAST_SPREAD ** 2 * variance_C.mean()
    shrunk_CC += torch.diag(variance_C.clamp(min=least) - variance_C)
    return torch.linalg.cholesky(torch.linalg.inv(shrunk_CC))


def _features(network: MultiScaleNetwork, sources: Sequence[DataSet], recipe: Recipe,
              training: Sequence[DataSet]) -> tuple[Tensor, Tensor]:
    """Mean features (N, C) float64 of every whole image with known depth, and its weight (N,).

    None of data sets that were not drawn.
    """
    coarse = network.get_submodule('coarse')
    distance = coarse.get_submodule('feature_distance')
    assert isinstance(distance, FeatureDistance)
    seen: list[Tensor] = []
    hook = distance.register_forward_pre_hook(
        lambda _, given: seen.append(given[0].mean((2, 3)).double()))
    weights = sample_weights(sources, recipe, training)
    features, counts = [torch.empty(0, len(distance.mean), dtype=torch.float64)], []
    try:
        for source in (source for source in sources if weights[source.name]):
            for view in tqdm(plain_loader(PlainViews([source], recipe), recipe),
                             desc=f'features {source.name}', unit='image', leave=False):
                coarse(view.image)
                known = torch.tensor([not problem for problem in view.problem])
                features.append(seen.pop()[known])
                counts += [weights[source.name]] * len(features[-1])
    finally:
        hook.remove()
    return torch.cat(features), torch.tensor(counts, dtype=torch.float64)
