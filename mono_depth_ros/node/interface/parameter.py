"""One parameter of a node: what it is called, what it accepts, and whether a value fits."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter: name, default, one-sentence description, and what is accepted.

    The type of the default (str, float, int, bool, or list for a list of texts) is that of the
    parameter. `least` and `most` bound numbers, `pattern` must match a whole text. `settable` says
    when a new value is taken: 'always', 'unconfigured' (read by the configure transition) or
    'start'.
    """

    name: str
    default: Any
    description: str
    least: float = float('-inf')
    most: float = float('inf')
    pattern: str = '.+'
    settable: str = 'always'


def checked_value(parameter: Parameter, value: Any) -> Any:
    """The value in the parameter's type; ValueError with one sentence for a wrong value."""
    kind = type(parameter.default)
    if kind is list:
        return _checked_texts(parameter, value)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        words = {str: 'a text', float: 'a number', int: 'a whole number', bool: 'true or false'}
        raise ValueError(f'parameter {parameter.name} must be {words[kind]}, got {value!r}')
    if isinstance(value, str):
        _check_text(parameter, value)
    if kind in (int, float) and not parameter.least <= value <= parameter.most:
        raise ValueError(
            f'parameter {parameter.name} must be {parameter.least:g} to {parameter.most:g}, '
            f'got {value}')
    return value


def _checked_texts(parameter: Parameter, value: Any) -> tuple[str, ...]:
    # An empty list in a file has no type: it comes as a list of nothing, or as nothing.
    texts = () if value is None else value
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f'parameter {parameter.name} must be a list of texts, got {value!r}')
    for text in texts:
        _check_text(parameter, text)
    return tuple(texts)


def _check_text(parameter: Parameter, value: str) -> None:
    if not re.fullmatch(parameter.pattern, value):
        raise ValueError(
            f'parameter {parameter.name} cannot be {value!r}. {parameter.description}')
