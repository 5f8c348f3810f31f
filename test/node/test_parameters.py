"""Sentences about wrong parameters, and the limits at which a range is empty."""

from dataclasses import replace

import pytest

from mono_depth_ros.node.interface.parameters import checked_value, PARAMETERS, settings_from

BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
SETTINGS = settings_from({parameter.name: parameter.default for parameter in PARAMETERS})


@pytest.mark.parametrize('name, value, sentence', [
    ('model_file', 3, 'parameter model_file must be a text, got 3'),
    ('max_depth', '5', "parameter max_depth must be a number, got '5'"),
    ('points.stride', 2.5, 'parameter points.stride must be a whole number, got 2.5'),
    ('autostart', 1, 'parameter autostart must be true or false, got 1'),
    ('points.stride', 0, 'parameter points.stride must be 1 to 64, got 0'),
    ('points.stride', 65, 'parameter points.stride must be 1 to 64, got 65'),
    ('input_qos', 'any', "parameter input_qos cannot be 'any'. Reliability of the inputs: auto "
                         '(as the publisher), reliable, best_effort.')])
def test_a_wrong_value_is_told_with_what_is_right(name, value, sentence):
    with pytest.raises(ValueError) as raised:
        checked_value(BY_NAME[name], value)
    assert str(raised.value) == sentence


@pytest.mark.parametrize('name, value', [
    ('points.stride', 1), ('points.stride', 64), ('max_depth', 1000), ('depth_scale', 0.1)])
def test_the_ends_of_a_range_are_in_it(name, value):
    checked = checked_value(BY_NAME[name], value)
    assert checked == value and type(checked) is type(BY_NAME[name].default)


def test_a_range_of_one_depth_is_empty():
    with pytest.raises(ValueError, match='min_depth 4.0 and max_depth 4.0 m leave nothing'):
        replace(SETTINGS, min_depth=4.0, max_depth=4.0).depth_range(0.3, 10)
    assert replace(SETTINGS, min_depth=4.0, max_depth=4.1).depth_range(0.3, 10) == (4.0, 4.1)
