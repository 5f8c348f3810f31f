"""Untrusted JSON to frozen dataclasses: every type, name and limit is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, Field, field, fields, is_dataclass, MISSING
import json
import math
import reprlib
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Limits:
    """What a number may be, or each of the numbers (of `count`) in a tuple."""

    least: float
    most: float
    count: int | None = None

    def hold(self, number: float) -> bool:
        """Whether the number is one of them; NaN is none."""
        return self.least <= number <= self.most


def within(least: float, most: float, count: int | None = None, default: Any = MISSING) -> Any:
    """A field whose number, or each of whose `count` numbers, has these limits.

    With a default of () there may be none of them.
    """
    return field(default=default, metadata={'limits': Limits(least, most, count)})


def limits_of(kind: Any, name: str) -> Limits:
    """The limits of a field of a dataclass that were given by `within`."""
    return next(field_ for field_ in fields(kind) if field_.name == name).metadata['limits']


def from_json(kind: Any, text: str, name: str) -> Any:
    """The dataclass `kind` of JSON text, called `name` in messages.

    Raises ValueError that names what is missing, unknown, mistyped or out of its limits.
    """
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ValueError(f'the {name} is not JSON: too deeply nested') from error
    except ValueError as error:  # of JSON, or of a whole number of thousands of digits
        raise ValueError(f'the {name} is not JSON: {error}') from error
    return _parse(kind, data, name)


def checked_value(holder: Any, name: str, value: Any, where: str) -> Any:
    """A value for the field `name` of a dataclass, held to its type and limits.

    Raises ValueError as `from_json` does, with `where` for the name of the field.
    """
    data = json.loads(json.dumps(value, default=repr))
    kind = type(holder)
    field_ = next(field_ for field_ in fields(kind) if field_.name == name)
    return _parse_field(field_, get_type_hints(kind)[name], data, where)


def _parse(kind: Any, data: Any, where: str) -> Any:
    """`data` as `kind`: dataclass, tuple[X, ...], tuple[X, Y], X | None, str, int, finite float.

    Strict.
    """
    if is_dataclass(kind):
        return _parse_dataclass(kind, data, where)
    if get_origin(kind) is tuple:
        if not isinstance(data, list):
            raise ValueError(f'{where}: expected a list, got {reprlib.repr(data)}')
        items = get_args(kind)
        if items[-1] is Ellipsis:
            items = items[:1] * len(data)
        if len(items) != len(data):
            raise ValueError(f'{where}: expected a list of {len(items)}, got {reprlib.repr(data)}')
        return tuple(_parse(item, value, f'{where}[{i}]')
                     for i, (item, value) in enumerate(zip(items, data)))
    if isinstance(kind, UnionType):
        return None if data is None else _parse(get_args(kind)[0], data, where)
    accepted = (int, float) if kind is float else kind
    if not isinstance(data, accepted) or isinstance(data, bool) != (kind is bool):
        raise ValueError(f'{where}: expected {kind.__name__}, got {reprlib.repr(data)}')
    if kind is float and not (math.isfinite(data) if isinstance(data, float)
                              else abs(data) < 10**300):
        raise ValueError(f'{where}: expected a finite number, got {reprlib.repr(data)}')
    return kind(data)


def _parse_dataclass(kind: Any, data: Any, where: str) -> Any:
    names = {field.name for field in fields(kind)}
    # What a field's default says was so before there was the field.
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    if not isinstance(data, dict) or not needed <= set(data) <= names:
        got = set(data) if isinstance(data, dict) else set()
        raise ValueError(
            f'{where}: missing {sorted(needed - got)}, unknown '
            f'{reprlib.repr(sorted(got - names))}; the file is of another version of '
            'mono_depth_ros')
    hints = get_type_hints(kind)
    values = {field_.name: _parse_field(field_, hints[field_.name], data[field_.name],
                                        f'{where}.{field_.name}')
              for field_ in fields(kind) if field_.name in data}
    try:
        return kind(**values)
    except ValueError as error:
        sentence, root = str(error), where.partition('.')[0]
        raise ValueError(
            sentence if sentence.startswith(root) else f'{where}: {sentence}') from error


def _parse_field(field_: Field, kind: Any, data: Any, where: str) -> Any:
    value = _parse(kind, data, where)
    if 'limits' in field_.metadata:
        _check_limits(value, field_.metadata['limits'], field_.default == (), where)
    return value


def _check_limits(value: Any, limits: Limits, or_none: bool, where: str) -> None:
    count = limits.count
    if count is not None and len(value) != count and (value or not or_none):
        raise ValueError(f'{where}: expected {count} numbers{" or none" if or_none else ""}, got '
                         f'{len(value)}')
    for number in _numbers(value):
        if not limits.hold(number):
            raise ValueError(f'{where}: expected {limits.least:g} to {limits.most:g}, got '
                             f'{reprlib.repr(number)}')


def _numbers(value: Any) -> Iterator[float]:
    """The numbers in a value: itself, or those in a tuple, beside names or in further tuples."""
    if isinstance(value, tuple):
        for item in value:
            yield from _numbers(item)
    elif not isinstance(value, str):
        yield value
