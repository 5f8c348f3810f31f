"""Sentences about wrong parameters, and the limits at which a range is empty."""

from dataclasses import replace

import pytest

from mono_depth_ros.node.interface.parameters import (
    checked_value,
    PARAMETERS,
    scaled_range,
    settings_from,
)

BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}
SETTINGS = settings_from(DEFAULTS)


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


def test_limits_of_the_model_are_scaled_then_shifted_and_never_behind_the_camera():
    assert scaled_range((0.5, 10), 2, 0.25) == (1.25, 20.25)
    assert scaled_range((0.5, 10), 2, -3) == (0.0, 17.0)


def test_a_limit_beyond_the_other_waits_for_it_and_both_stay_as_they_were():
    before = settings_from(DEFAULTS | {'min_depth': 1.0, 'max_depth': 4.0})
    asked = DEFAULTS | {'min_depth': 5.5, 'max_depth': 4.0, 'depth_scale': 2.0,
                        'scan.min_height': 0.5, 'scan.max_height': 0.5}
    settings = settings_from(asked, before, ('min_depth', 'scan.max_height', 'depth_scale'))
    kept = before.scan_min_height, before.scan_max_height
    assert settings.waiting == (
        'min_depth must be below max_depth, got 5.5 and 4 (a max_depth of 0 is the limit of the '
        'model); until then 1 and 4 are used; scan.min_height must be below scan.max_height, got '
        f'0.5 and 0.5; until then {kept[0]:g} and {kept[1]:g} are used')
    assert replace(settings, waiting='') == replace(before, depth_scale=2.0)


def test_limits_set_together_must_leave_something_between_them():
    asked = DEFAULTS | {'scan.range_min': 3.0, 'scan.range_max': 2.0}
    both = ('scan.range_min', 'scan.range_max')
    for before, changed in ((None, ()), (SETTINGS, both)):
        with pytest.raises(ValueError) as raised:
            settings_from(asked, before, changed)
        assert str(raised.value) == (
            'scan.range_min must be below scan.range_max, got 3 and 2 (a scan.range_max of 0 is '
            'the limit of the model)')
    for changed in both:
        assert settings_from(asked, SETTINGS, (changed,)).waiting
    assert settings_from(asked | {'scan.range_max': 0.0}).waiting == ''


def test_a_camera_whose_name_no_topic_may_have_is_refused():
    with pytest.raises(ValueError, match="cameras cannot be 'küche'"):
        settings_from(DEFAULTS | {'cameras': ['left', 'küche']})


def test_two_cameras_of_one_name_are_refused():
    with pytest.raises(ValueError, match=r"must have different names, got \['left', 'left'\]"):
        settings_from(DEFAULTS | {'cameras': ['left', 'left']})
