"""The model card of a recipe: what a robot must know of the weights it leads to."""

from __future__ import annotations

from mono_depth_ros.model_card import card_from_json, ModelCard, Provenance, SelfTest
from mono_depth_ros.self_test import SEED
from train.recipes.recipe import Recipe


def card_of(recipe: Recipe, name: str, provenance: Provenance, licence: str) -> ModelCard:
    """The card of weights that a recipe gave, their self-test not yet measured."""
    return ModelCard(
        name=name, network=recipe.network, normalisation=recipe.normalisation,
        reference=recipe.reference, min_depth_m=recipe.min_depth_m,
        max_depth_m=recipe.max_depth_m, output='log_canonical_depth', resize='letterbox',
        weights_licence=licence, provenance=provenance, metrics=(),
        self_test=SelfTest(seed=SEED, mean=0.0, std=0.0))


def check_card(recipe: Recipe) -> None:
    """ValueError where no model file could be made of what a recipe trains."""
    nothing = Provenance(recipe='', data=(), seed=recipe.seed, steps=0, date='', git_commit='',
                         git_tree='unknown', versions=())
    try:
        card_from_json(card_of(recipe, recipe.name, nothing, '').to_json())
    except (OverflowError, ValueError) as error:
        raise ValueError(f'recipe {recipe.name!r} could not be exported: '
                         f'{str(error).removeprefix("card.")}') from error
