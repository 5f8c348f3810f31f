"""A finished run -> the one model file a robot needs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
import sys

import torch

from mono_depth_ros.backends.torch_backend import TorchBackend
from mono_depth_ros.model_card import DataUse, Metrics, ModelCard, Provenance
from mono_depth_ros.model_file import save_model
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from mono_depth_ros.networks.onnx_graph import graph_of
from mono_depth_ros.networks.registry import build
from mono_depth_ros.self_test import measured
from train.data.data_sets import data_use, DataSet
from train.evaluation.measurement import evaluate, load_estimator
from train.evaluation.protocols import Protocol, PROTOCOLS, usual_protocol
from train.export.confidence_calibration import calibrate
from train.export.feature_statistics import learn_distance
from train.fitting.checkpoint import fitting_in, load_checkpoint, load_weights
from train.fitting.run_folder import read_run, resume_command, Run, start_card
from train.output_files import writing
from train.recipes.mixture import steps_of
from train.recipes.recipe import Recipe
from train.recipes.recipe_card import card_of


def export_run(folder: Path, path: Path, validation: Sequence[DataSet],
               protocol: Protocol | None = None, licence: str = '',
               run: Run | None = None) -> ModelCard:
    """Write the EMA weights of a finished run as a model file, measured on `validation`.

    The measurement is made on the file itself with its fp16 weights, before it has its name.
    Returns its card. Without `validation` the file is written unmeasured, without `protocol` each
    data set is measured by that which its name and the range ask for. `licence` tells the
    terms of the weights; empty: those of the data and the model they learned from. `run` is that
    of the folder where its data lies elsewhere now. OSError or ValueError where the run is not
    finished.
    """
    run, saved = run or read_run(folder), load_checkpoint(folder)
    recipe = run.load_recipe()
    if saved['stage'] < len(recipe.stages):
        raise ValueError(
            f'{folder} is not finished: stage {saved["stage"] + 1} of {len(recipe.stages)}; '
            f'continue it with `{resume_command(run.recipe, folder)}`')
    network = build(recipe.network)
    with fitting_in(folder):
        load_weights(network, saved['ema'])
    training = run.sources('train')
    began = _began(folder, run)
    provenance = _provenance(run, recipe, training, began)
    learn_distance(network, training, validation, recipe)
    calibrate(network, validation, recipe, training)
    licence = licence or licence_of(provenance.data, run.start, began)
    card = card_of(recipe, path.stem, provenance, licence)
    if validation:
        card = replace(card, metrics=_metrics(path, network, card, validation, protocol))
    return write(path, network, card)


def _metrics(path: Path, network: MultiScaleNetwork, card: ModelCard,
             validation: Sequence[DataSet], protocol: Protocol | None) -> tuple[Metrics, ...]:
    """Errors of a file like that of `path`, which lies beside it until it is measured."""
    unmeasured = path.with_name(f'{path.stem}.unmeasured{path.suffix}')
    try:
        write(unmeasured, network, card)
        estimator = load_estimator(unmeasured, 'cpu')
        return tuple(
            evaluate(estimator, source, 'val', protocol or PROTOCOLS[usual_protocol(
                source.name, card.max_depth_m)]).metrics()
            for source in validation)
    finally:
        with suppress(OSError):
            unmeasured.unlink()


def write(path: Path, network: MultiScaleNetwork, card: ModelCard) -> ModelCard:
    """Write the file with its graph and a self-test of its own weights; the card as written."""
    network = _rounded(network.eval())
    card = replace(card, self_test=measured(TorchBackend(network, 'cpu', 'fp32'), card))
    with writing(path):
        save_model(path, network, card, graph_of(card.network))
    return card


def _rounded(network: MultiScaleNetwork) -> MultiScaleNetwork:
    """The network with its matrices rounded to the precision the file stores."""
    with torch.no_grad():
        for weight in network.state_dict().values():
            if weight.ndim > 1:
                weight.copy_(weight.half().float())
    return network


def _provenance(run: Run, recipe: Recipe, sources: Sequence[DataSet],
                began: ModelCard | None) -> Provenance:
    steps = sum(steps_of(sources, recipe, stage) for stage in recipe.stages)
    return Provenance(
        recipe=run.command_line(),
        # Also the data behind the model it began with: its weights know them too.
        data=tuple(dict.fromkeys([*map(data_use, sources),
                                  *(began.provenance.data if began else ())])),
        seed=recipe.seed, steps=steps,
        date=run.date, git_commit=run.git_commit, git_tree=run.git_tree, versions=run.versions)


def _began(folder: Path, run: Run) -> ModelCard | None:
    """The card of the model a run began with; None, which is told, where it is gone."""
    try:
        return start_card(folder, run)
    except OSError:
        print(f'{run.start} is not there any more: the card does not name the data it learned '
              'from', file=sys.stderr)
        return None


def licence_of(data: Sequence[DataUse], start: str, began: ModelCard | None) -> str:
    """The terms, in one sentence, of weights that learned from `data`, begun as model `start`.

    Those of that model, of the card `began`, are told where they are not just those of its data,
    which `data` holds.
    """
    terms = [use.terms for use in data]
    if start:
        told, of_its_data = 'terms not recorded', ''
        if began:
            told, of_its_data = began.weights_licence, licence_of(began.provenance.data, '', None)
        if told != of_its_data:
            terms.append(f'model {Path(start).stem} ({told.rstrip(".")})')
    return ('Weights on the terms of what they learned from: '
            f'{"; ".join(dict.fromkeys(terms)) or "no data"}.')
