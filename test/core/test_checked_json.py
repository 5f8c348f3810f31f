"""JSON to dataclasses: types, names, limits and hostile numbers."""

from dataclasses import dataclass

import pytest

from mono_depth_ros.checked_json import checked_value, from_json, within


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
    weights: tuple[tuple[str, int], ...] = within(1, 5, default=())
    second: Lens | None = None

    def __post_init__(self):
        if self.name == 'no':
            raise ValueError('no name')


def test_values_and_defaults():
    assert from_json(Box, '{"lens": {"shape": [1, 2.5]}, "open": true}', 'box') == Box(
        lens=Lens(shape=(1.0, 2.5), count=3), open=True)


def test_pairs_and_what_may_be_missing():
    text = '{"lens": {"shape": [1, 2]}, "second": {"shape": [3, 4]}, "weights": [["a", 2]]}'
    box = from_json(Box, text, 'box')
    assert (box.second, box.weights) == (Lens(shape=(3.0, 4.0)), (('a', 2),))
    assert from_json(Box, '{"lens": {"shape": [1, 2]}, "second": null}', 'box').second is None


def test_a_value_made_in_code_is_held_to_its_field():
    lens = Lens(shape=(1.0, 2.0))
    assert checked_value(lens, 'shape', (1, 2.5), 'x') == (1.0, 2.5)
    for name, value, words in (('shape', (1, b'2'), r'x\[1\]: expected float, got "b\'2\'"'),
                               ('shape', (1,), 'x: expected 2 numbers, got 1'),
                               ('count', 0, 'x: expected 1 to 9, got 0')):
        with pytest.raises(ValueError, match=words):
            checked_value(lens, name, value, 'x')


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
    ('{"lens": {"shape": [1, 2]}, "weights": [["a"]]}', r'weights\[0\]: expected a list of 2'),
    ('{"lens": {"shape": [1, 2]}, "weights": [[1, 2]]}', r'weights\[0\]\[0\]: expected str'),
    ('{"lens": {"shape": [1, 2]}, "weights": [["a", 6]]}', 'weights: expected 1 to 5, got 6'),
    ('{"lens": {"shape": [1, 2]}, "second": 1}', 'box.second: missing'),
    ('{"lens": {"shape": [1, 2]}, "open": 1}', 'box.open: expected bool, got 1'),
    ('{"lens": {"shape": [1, 2]}, "name": "no"}', 'box: no name')])
def test_what_does_not_fit_is_named(text, words):
    with pytest.raises(ValueError, match=words) as caught:
        from_json(Box, text, 'box')
    assert len(str(caught.value)) < 300
