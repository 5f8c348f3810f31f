"""A finished run (or an untrained network) -> the one model file a robot needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from mono_depth_ros.backends.torch_backend import TorchBackend
from mono_depth_ros.estimator import DepthEstimator, self_test_image
from mono_depth_ros.model_card import DataUse, Metrics, ModelCard, Provenance, SelfTest
from mono_depth_ros.model_file import find_model, load_model, save_model
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from mono_depth_ros.networks.registry import build
from train.data.data_sets import data_use, DataSet
from train.evaluation.measurement import evaluate
from train.evaluation.protocols import Protocol
from train.export.confidence_calibration import calibrate
from train.fitting.checkpoint import load_checkpoint
from train.fitting.run_folder import read_run, Run
from train.recipes.mixture import steps_of
from train.recipes.recipe import Recipe

SELF_TEST_SEED = 20140


def export_run(folder: Path, path: Path, validation: Sequence[DataSet],
               protocol: Protocol, share: float = 1.0) -> ModelCard:
    """Write the averaged weights of a finished run as a model file, measured on `validation`.

    The measurement is made on the file itself, fp16 weights and all. Returns its card. Without
    `validation` the file is written unmeasured. `share` as `step_back`. OSError or ValueError
    where it is not finished.
    """
    run, saved = read_run(folder), load_checkpoint(folder)
    recipe = run.load_recipe()
    if saved['stage'] < len(recipe.stages):
        raise ValueError(
            f'{folder} is not finished: stage {saved["stage"] + 1} of {len(recipe.stages)}; go '
            f'on with `python -m train fit {run.recipe} --out {folder} --resume`')
    network = build(recipe.network)
    network.load_state_dict(saved['average'])
    provenance = _provenance(run, recipe)
    if share != 1:
        step_back(network, run, share)
        provenance = replace(provenance, recipe=f'{provenance.recipe}, export --share {share:g}')
    calibrate(network, validation, recipe)
    card = write(path, network, _card(path.stem, recipe, provenance))
    if not validation:
        return card
    estimator = DepthEstimator.load(path, device='cpu')
    metrics = tuple(evaluate(estimator, source, 'val', protocol).metrics()
                    for source in validation)
    return write(path, network, replace(card, metrics=metrics))


def step_back(network: MultiScaleNetwork, run: Run, share: float) -> None:
    """Take learned weights back towards those `run` began with; `share` of the way remains.

    Between the two a network often keeps what it knew and gains most of what it learned, above all
    on images unlike both (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
    ValueError for a share outside 0 to 1 or a run that began with no model.
    """
    if not 0 <= share <= 1:
        raise ValueError(f'a share of the way lies within 0 and 1, got {share:g}')
    if not run.start:
        raise ValueError('--share needs a run that began with a model (`fit --start`), this one '
                         'began with none')
    began, _ = load_model(find_model(run.start))
    learned, start = network.state_dict(), began.state_dict()
    network.load_state_dict({
        name: torch.lerp(start[name].float(), tensor, share) if tensor.is_floating_point()
        else tensor for name, tensor in learned.items()})


def write(path: Path, network: MultiScaleNetwork, card: ModelCard) -> ModelCard:
    """Write the file with a self-test of its own weights; the card as written."""
    network = _rounded(network.eval())
    log_depth = TorchBackend(network, 'cpu', 'fp32')(self_test_image(card))[0]
    card = replace(card, self_test=replace(
        card.self_test, mean=float(log_depth.mean()), std=float(log_depth.std())))
    save_model(path, network, card)
    return card


def _rounded(network: MultiScaleNetwork) -> MultiScaleNetwork:
    """The network with its matrices at the precision the file stores."""
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.copy_(weight.half().float())
    return network


def _card(name: str, recipe: Recipe, provenance: Provenance,
          metrics: tuple[Metrics, ...] = ()) -> ModelCard:
    return ModelCard(
        name=name, network=recipe.network, normalisation=recipe.normalisation,
        reference=recipe.reference, min_depth_m=recipe.min_depth_m,
        max_depth_m=recipe.max_depth_m, output='log_canonical_depth', resize='letterbox',
        weights_licence=licence_of(provenance.data), provenance=provenance, metrics=metrics,
        self_test=SelfTest(seed=SELF_TEST_SEED, mean=0.0, std=0.0))


def _provenance(run: Run, recipe: Recipe) -> Provenance:
    sources = run.sources('train')
    steps = sum(steps_of(sources, recipe, stage) for stage in recipe.stages)
    return Provenance(
        recipe=run.words(),
        data=tuple(data_use(source) for source in sources), seed=recipe.seed, steps=steps,
        date=run.date, git_commit=run.git_commit, git_tree=run.git_tree, versions=run.versions)


def licence_of(data: Sequence[DataUse]) -> str:
    """The terms, in one sentence, of weights that learned from `data`."""
    terms = '; '.join(dict.fromkeys(use.terms for use in data))
    return f'Weights on the terms of the data they learned from: {terms or "none was used"}.'
