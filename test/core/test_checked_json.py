"""JSON to dataclasses: types, names, limits and hostile numbers."""

from dataclasses import dataclass

import pytest

from mono_depth_ros.checked_json import from_json, within


@dataclass(frozen=True, kw_only=True)
class Lens:
    """Two numbers and a count."""

    shape: tuple[float, ...] = within(0, 5, 2)
    count: int = within(1, 9, default=3)


@dataclass(frozen=True, kw_only=True)
class Box:
    """A lens with a name."""

    lens: Lens
    name: str = ''
    open: bool = False

    def __post_init__(self):
        if self.name == 'no':
            raise ValueError('no name')


def test_values_and_defaults():
    assert from_json(Box, '{"lens": {"shape": [1, 2.5]}, "open": true}', 'box') == Box(
        lens=Lens(shape=(1.0, 2.5), count=3), open=True)


@pytest.mark.parametrize('text, words', [
    ('{', 'the box is not JSON'), ('[' * 100_000, 'too deeply nested'), ('9' * 5000, 'not JSON'),
    ('[]', r"box: missing \['lens'\]"), ('{"lens": {"shape": [1, 2]}, "lid": 1}', "'lid'"),
    ('{"lens": {"shape": [1]}}', 'box.lens.shape: expected 2 numbers, got 1'),
    ('{"lens": {"shape": [1, 6]}}', 'box.lens.shape: expected 0 to 5, got 6.0'),
    ('{"lens": {"shape": [1, NaN]}}', r'box.lens.shape\[1\]: expected a finite number'),
    ('{"lens": {"shape": [1, 1e999]}}', 'expected a finite number'),
    (f'{{"lens": {{"shape": [1, 1{"0" * 400}]}}}}', 'expected a finite number'),
    ('{"lens": {"shape": "12"}}', 'box.lens.shape: expected a list'),
    ('{"lens": {"shape": [1, true]}}', r'box.lens.shape\[1\]: expected float, got True'),
    ('{"lens": {"shape": [1, 2], "count": 0}}', 'box.lens.count: expected 1 to 9, got 0'),
    ('{"lens": {"shape": [1, 2], "count": 2.0}}', 'box.lens.count: expected int, got 2.0'),
    ('{"lens": {"shape": [1, 2]}, "open": 1}', 'box.open: expected bool, got 1'),
    ('{"lens": {"shape": [1, 2]}, "name": "no"}', 'box: no name')])
def test_what_does_not_fit_is_named(text, words):
    with pytest.raises(ValueError, match=words) as caught:
        from_json(Box, text, 'box')
    assert len(str(caught.value)) < 300
