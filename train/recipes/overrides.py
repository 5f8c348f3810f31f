"""Recipes changed from the command line by name: `--set stages.coarse.epochs=10`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
import difflib
from typing import Any

from mono_depth_ros.checked_json import checked_value
from train.data.samples.data_notes import note
from train.recipes.recipe import Recipe, recipe_called
from train.recipes.recipe_card import check_card


def overridden(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """`recipe` with every NAME=VALUE of `settings` applied.

    NAME is a field of Recipe, or a path to one inside (`loss.si_lambda`; a stage goes by its
    number or the stacks it trains: `stages.1.lr`, `stages.coarse+fine.epochs`; `weights.nyu`
    is how often an epoch sees each sample of that data set). Raises ValueError for an unknown
    name, with the nearest one, for a value of another type or beyond its limits, and for a
    recipe that no model card could tell of.
    """
    for setting in settings:
        path, equals, text = setting.partition('=')
        if not equals:
            raise ValueError(f'expected NAME=VALUE (as batch_size=4), got {setting!r}')
        try:
            recipe = _set(recipe, path.split('.'), text, path)
        except ValueError as error:
            told = str(error)
            raise ValueError(told if told.startswith('--set') else f'--set {path}: {told}'
                             ) from error
    if settings:
        check_card(recipe)
    return recipe


def recipe_to_begin(name: str, settings: Sequence[str]) -> Recipe:
    """The recipe called `name`, overridden, for a run that begins; a note tells what is of no use.

    Raises ValueError as `recipe_called`, `overridden` and `Recipe.check_settings`.
    """
    recipe = overridden(recipe_called(name), settings)
    recipe.check_settings()
    for setting in settings:
        _note_stages_beyond(recipe, setting, settings)
    return recipe


def check_left_alone(recipe: Recipe, own: Sequence[str], settings: Sequence[str]) -> None:
    """ValueError where `settings` set anew what a command sets itself, by its `own` settings.

    They come after those: trainings that should differ would be one training several times.
    """
    told = overridden(recipe, [*own, *settings])
    for setting in own:
        if overridden(told, [setting]) != told:
            raise ValueError(f'{setting} is set by this command itself, and --set '
                             f'{" --set ".join(settings)} would set it anew: leave that out')


def _note_stages_beyond(recipe: Recipe, setting: str, settings: Sequence[str]) -> None:
    """Tell the user of stages that a setting of the recipe does not reach.

    They have an augmentation, or a weight of a data set, of their own by the recipe.
    """
    path = setting.partition('=')[0]
    part, _, name = path.partition('.')
    asked = {word.partition('=')[0] for word in settings}
    for number, stage in enumerate(recipe.stages, 1):
        own, common = (_values(holder, part) for holder in (stage, recipe))
        if stage.epochs and name in own and own[name] != common[name] and not asked.intersection(
                f'stages.{called}.{path}' for called in (number, '+'.join(stage.trains))):
            note(f'--set {setting} does not reach stage {number} of {recipe.name!r}, which has '
                 f'{part} of its own: say --set "stages.{number}.{setting}" too')


def _values(holder: Any, part: str) -> dict[str, Any]:
    """What `augmentation` or `weights` of a recipe or a stage holds by name; else nothing."""
    if part == 'weights':
        return dict(holder.weights)
    is_there = part == 'augmentation' and holder.augmentation is not None
    return vars(holder.augmentation) if is_there else {}


def _set(holder: Any, names: Sequence[str], text: str, path: str) -> Any:
    """A copy of `holder` with the value at `names` replaced."""
    if isinstance(holder, tuple):
        called = ['+'.join(stage.trains) for stage in holder]
        if names and called.count(names[0]) > 1:
            numbers = ' or '.join(str(i + 1) for i, name in enumerate(called) if name == names[0])
            raise ValueError(f'--set {path}: {called.count(names[0])} stages train {names[0]}: '
                             f'give the number of one, {numbers}')
        by_name = {name: i for i, name in enumerate(called)}
        by_name |= {str(i + 1): i for i in range(len(holder))}
        index = by_name[_known(names[0], by_name, path)]
        changed = _set(holder[index], names[1:], text, path)
        return (*holder[:index], changed, *holder[index + 1:])
    asked = names[0] if names else ''
    name = _known(asked, [f.name for f in fields(holder)], path, _parts_with(holder, asked))
    current = getattr(holder, name)
    if name == 'weights' and len(names) == 2:
        weight = (names[1], _value(1.0, text, path))
        kept = (w for w in current if w[0] != names[1])
        return _with(holder, name, (*kept, weight), path)
    inside = is_dataclass(current) or name == 'stages'
    if inside != (len(names) > 1):
        kind = 'has parts of its own' if inside else 'is a value'
        raise ValueError(f'--set {path}: {name} {kind}')
    if inside:
        return replace(holder, **{name: _set(current, names[1:], text, path)})
    return _with(holder, name, _value(current, text, path), path)


def _with(holder: Any, name: str, value: Any, path: str) -> Any:
    """A copy of `holder` with another value, held to the type and limits of its field."""
    return replace(holder, **{name: checked_value(holder, name, value, f'--set {path}')})


def _known(name: str, names: Any, path: str, inside: Sequence[str] = ()) -> str:
    if name in names:
        return name
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.0)
    meant = ' or '.join(map(repr, inside)) or repr(near[0])
    raise ValueError(f'--set {path}: no {name!r} here; did you mean {meant}? '
                     f'Known: {", ".join(sorted(names))}')


def _parts_with(holder: Any, name: str) -> list[str]:
    """Paths to a field of that name in the parts of a holder, of its stages the first."""
    parts = {field.name: getattr(holder, field.name) for field in fields(holder)}
    if stages := parts.pop('stages', None):
        parts['stages.1'] = stages[0]
    return [f'{part}.{name}' for part, value in parts.items() if is_dataclass(value)
            and name in (field.name for field in fields(value))]


def _value(current: Any, text: str, path: str) -> Any:
    """`text` as the type of the current value."""
    if isinstance(current, str):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    if isinstance(current, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(current):
        raise ValueError(f'--set {path}: expected {type(current).__name__} as {current!r}, got '
                         f'{text!r}')
    return value
