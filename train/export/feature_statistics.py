"""Shows a network what it learned from once more, so that it knows what is unlike it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from tqdm import tqdm

from mono_depth_ros.networks.feature_distance import FeatureDistance
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from train.data.data_sets import DataSet
from train.fitting.batches import plain_loader
from train.fitting.views import PlainViews
from train.recipes.recipe import Recipe

# So much of the covariance is taken from its diagonal alone: a few hundred images do not tell how
# some hundred features go together.
SHRINKAGE = 0.1


@torch.no_grad()
def learn_distance(network: MultiScaleNetwork, learned: Sequence[DataSet],
                   held_out: Sequence[DataSet], recipe: Recipe) -> None:
    """Set a network's `feature_distance`, in place, by the images it learned from.

    1 is then the distance of images like those of `held_out`, which lie farther off than those
    learned from, and twice the distance makes uncertainty 2 ** `recipe.distance_slope` as large.
    Nothing is set where the network has no such part, or either has fewer than two images.
    """
    if not recipe.network.feature_distance:
        return
    network.eval()
    features_NC, others_MC = (_features(network, sources, recipe)
                              for sources in (learned, held_out))
    if min(len(features_NC), len(others_MC)) < 2:
        return
    covariance_CC = torch.cov(features_NC.T)
    variance_CC = torch.diag(torch.diagonal(covariance_CC))
    shrunk_CC = torch.lerp(covariance_CC, variance_CC, SHRINKAGE)
    whitening_CC = torch.linalg.cholesky(torch.linalg.inv(shrunk_CC))
    mean_C = features_NC.mean(0)
    usual = ((others_MC - mean_C) @ whitening_CC).square().mean(1).log().mean().mul(0.5).exp()
    distance = network.get_submodule('coarse.feature_distance')
    distance.load_state_dict({'mean': mean_C, 'whitening': whitening_CC / usual,
                              'slope': torch.tensor([recipe.distance_slope])})


def _features(network: MultiScaleNetwork, sources: Sequence[DataSet], recipe: Recipe) -> Tensor:
    """Mean features (N, C) float64 of every whole image that has a pixel of known depth."""
    coarse = network.get_submodule('coarse')
    distance = coarse.get_submodule('feature_distance')
    assert isinstance(distance, FeatureDistance)
    found: list[Tensor] = []
    hook = distance.register_forward_pre_hook(
        lambda _, given: found.append(given[0].mean((2, 3)).double()))
    kept: list[Tensor] = []
    try:
        for view in tqdm(plain_loader(PlainViews(sources, recipe), recipe), desc='features',
                         unit='image', leave=False):
            coarse(view.image)
            known = torch.tensor([not problem for problem in view.problem])
            kept.append(found.pop()[known])
    finally:
        hook.remove()
    return torch.cat(kept) if kept else torch.empty(0, len(distance.mean), dtype=torch.float64)
