"""Shows a network what it learned from once more, so that it knows what is unlike it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from tqdm import tqdm

from mono_depth_ros.networks.feature_distance import FeatureDistance
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from train.data.data_sets import DataSet
from train.export.confidence_calibration import sample_weights
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
    An image counts as often as the uncertainty was learned from one of its set. Nothing is set
    where the network has no such part, or either has fewer than two images.
    """
    if not recipe.network.feature_distance:
        return
    network.eval()
    (features_NC, weight_N), (others_MC, weight_M) = (
        _features(network, sources, recipe, learned) for sources in (learned, held_out))
    if min(len(features_NC), len(others_MC)) < 2:
        return
    covariance_CC = torch.cov(features_NC.T, aweights=weight_N)
    variance_CC = torch.diag(torch.diagonal(covariance_CC))
    shrunk_CC = torch.lerp(covariance_CC, variance_CC, SHRINKAGE)
    whitening_CC = torch.linalg.cholesky(torch.linalg.inv(shrunk_CC))
    mean_C = weight_N @ features_NC / weight_N.sum()
    log_square_M = ((others_MC - mean_C) @ whitening_CC).square().mean(1).log()
    usual = (0.5 * weight_M @ log_square_M / weight_M.sum()).exp()
    distance = network.get_submodule('coarse.feature_distance')
    distance.load_state_dict({'mean': mean_C, 'whitening': whitening_CC / usual,
                              'slope': torch.tensor([recipe.distance_slope])})


def _features(network: MultiScaleNetwork, sources: Sequence[DataSet], recipe: Recipe,
              training: Sequence[DataSet]) -> tuple[Tensor, Tensor]:
    """Mean features (N, C) float64 of every whole image with known depth, and its weight (N,)."""
    coarse = network.get_submodule('coarse')
    distance = coarse.get_submodule('feature_distance')
    assert isinstance(distance, FeatureDistance)
    seen: list[Tensor] = []
    hook = distance.register_forward_pre_hook(
        lambda _, given: seen.append(given[0].mean((2, 3)).double()))
    weights = sample_weights(sources, recipe, training)
    features, counts = [torch.empty(0, len(distance.mean), dtype=torch.float64)], []
    try:
        for source in sources:
            for view in tqdm(plain_loader(PlainViews([source], recipe), recipe),
                             desc=f'features {source.name}', unit='image', leave=False):
                coarse(view.image)
                known = torch.tensor([not problem for problem in view.problem])
                features.append(seen.pop()[known])
                counts += [weights[source.name]] * len(features[-1])
    finally:
        hook.remove()
    return torch.cat(features), torch.tensor(counts, dtype=torch.float64)
