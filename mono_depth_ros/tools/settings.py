"""Settings of `wrap`: the words after --set, each checked by name; a preset changed by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from mono_depth_ros.checked_json import Limits, limits_of
from mono_depth_ros.model_card import (
    COLOUR_ORDERS,
    FOCAL_RULES,
    ModelCard,
    NetworkSpec,
    Normalisation,
    OUTPUTS,
    RESIZES,
)
from mono_depth_ros.plausibility import FIELD_OF_VIEW_DEG
from mono_depth_ros.tools.foreign_graph import GRAPH_SETTINGS
from mono_depth_ros.tools.presets import Preset, RELATIVE_OUTPUTS

OTHER_SETTINGS = (*GRAPH_SETTINGS, 'licence')
WORDS = {'output': (*OUTPUTS, *RELATIVE_OUTPUTS), 'colours': COLOUR_ORDERS, 'resize': RESIZES,
         'focal_rule': FOCAL_RULES}
NUMBERS = {
    'mean': limits_of(Normalisation, 'mean'),
    'std': limits_of(Normalisation, 'std'),
    'border': limits_of(Normalisation, 'border'),
    'min': limits_of(ModelCard, 'min_depth_m'),
    'max': limits_of(ModelCard, 'max_depth_m'),
    'focal': Limits(0, 1e5),
    'hfov': Limits(*FIELD_OF_VIEW_DEG),
    'scale': Limits(-1e9, 1e9),
    'shift': Limits(-1e9, 1e9),
    'multiple': Limits(0, limits_of(NetworkSpec, 'size_multiple').most),
    'longest': limits_of(NetworkSpec, 'longest_side'),
    'aspect_ratios': Limits(0.01, 100, 2)}
RELATIVE = (
    'this network gives relative depth: which of two points is nearer, not how far away either '
    'is; scale and shift of its numbers change from image to image, and a robot needs metres. '
    'Take a metric network; or, where you know them for your camera and scene, give --set '
    'scale=S --set shift=T with {rule} = S * output + T')


def settings_of(words: Sequence[str]) -> dict[str, str]:
    """Values by name of words NAME=VALUE; ValueError for one that is none, or a name twice."""
    for word in words:
        if '=' not in word[1:]:
            raise ValueError(f'--set {word}: expected NAME=VALUE, as --set max=20')
    settings = dict(word.split('=', 1) for word in words)
    if len(settings) < len(words):
        names = [word.partition('=')[0] for word in words]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'--set {twice}= is given twice: one number a channel is one setting, '
                         'with commas')
    return settings


def changed(preset: Preset, settings: Mapping[str, str]) -> Preset:
    """The preset with these settings; ValueError names one that is unknown or cannot be.

    Of one for relative depth the output is metres or their inverse, by the scale that is given.
    """
    known = {field.name: getattr(preset, field.name) for field in fields(preset)}
    unknown = set(settings) - set(known) - set(OTHER_SETTINGS)
    if unknown:
        raise ValueError(f'unknown setting {", ".join(sorted(unknown))}; known: '
                         f'{", ".join(sorted([*known, *OTHER_SETTINGS]))}')
    new = replace(preset, **{name: _parsed(name, text, known[name])
                             for name, text in settings.items() if name in known})
    for name in ('mean', 'std'):
        if name in settings and max(getattr(new, name)) > 1:
            raise ValueError(f'--set {name}={settings[name]}: expected numbers for RGB in 0 to 1; '
                             'divide mean and std for RGB in 0 to 255 by 255')
    if not new.min < new.max:
        raise ValueError(f'--set min={new.min:g} --set max={new.max:g}: expected min below max')
    _check_effects(new, settings)
    if new.output not in RELATIVE_OUTPUTS:
        return new
    inverse = new.output == 'relative_inverse'
    if not new.scale:
        raise ValueError(RELATIVE.format(rule='1 / metres' if inverse else 'metres'))
    return replace(new, output='inverse_depth' if inverse else 'depth')


def _check_effects(preset: Preset, settings: Mapping[str, str]) -> None:
    """ValueError for a setting that changes nothing beside the others: depth would be off."""
    canonical, output = 'canonical' in preset.output, f'output={preset.output}'
    for name, counts, other in (
            ('focal', canonical, output), ('focal_rule', canonical, output),
            ('border', preset.resize == 'letterbox', f'resize={preset.resize}')):
        if name in settings and not counts:
            raise ValueError(f'--set {name}={settings[name]} has no effect with {other}: leave it '
                             'away, or change the other')


def _parsed(name: str, text: str, like: Any) -> Any:
    """A setting's text in the type of its default."""
    words = WORDS.get(name)
    if words and text not in words:
        raise ValueError(f'--set {name}={text}: expected {", ".join(words[:-1])} or {words[-1]}')
    if name not in NUMBERS:
        return text
    limits, kind = NUMBERS[name], int if isinstance(like, int) else float
    try:
        numbers = tuple(kind(word) for word in text.split(','))
    except ValueError:
        numbers = ()
    if len(numbers) == 1:
        numbers *= limits.count or 1
    if not (len(numbers) == (limits.count or 1) and all(map(limits.hold, numbers))
            and (name != 'scale' or numbers[0])):
        raise ValueError(f'--set {name}={text}: expected {_expected(name, kind, limits)}')
    return numbers if limits.count else numbers[0]


def _expected(name: str, kind: type, limits: Limits) -> str:
    what = 'a whole number' if kind is int else 'a number'
    but = ', not 0' if name == 'scale' else ''
    several = f', or {limits.count} with commas' if limits.count else ''
    return f'{what} from {limits.least:g} to {limits.most:g}{but}{several}'
