"""Steps between network and outputs: the measured factor, the limits, their order."""

from types import SimpleNamespace

import numpy as np
import pytest
from std_msgs.msg import Header

from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.parameters import PARAMETERS, settings_from
from mono_depth_ros.node.steps.depth_range import DepthLimits
from mono_depth_ros.node.steps.scale import Scale
from mono_depth_ros.node.steps.steps import STEPS

DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}
NAN, INF = np.nan, np.inf


def frame_of(depth, range_m=(0.5, 8.0), **changes) -> Frame:
    return Frame(
        depth_HW=np.float32([depth]), estimate=SimpleNamespace(), rgb_HW3=np.empty((1, 1, 3)),
        camera=None, range_m=range_m, settings=settings_from(DEFAULTS | changes), header=Header())


@pytest.mark.parametrize('scale, expected', [(1.0, [1, NAN, 4]), (2.5, [2.5, NAN, 10])])
def test_depth_is_multiplied_by_the_measured_factor(scale, expected):
    frame = Scale(None, '').adjust(frame_of([1, NAN, 4], depth_scale=scale))
    np.testing.assert_array_equal(frame.depth_HW, np.float32([expected]))


def test_what_is_out_of_range_is_infinite():
    frame = DepthLimits(None, '').adjust(frame_of([0.4, 0.5, NAN, 8, 8.1]))
    np.testing.assert_array_equal(frame.depth_HW, np.float32([[-INF, 0.5, NAN, 8, INF]]))


def test_the_limits_are_the_last_word():
    assert STEPS[-1] is DepthLimits and STEPS.index(Scale) < len(STEPS) - 1
    frame = frame_of([1, 5], depth_scale=2)
    for step in STEPS:
        frame = step(None, '').adjust(frame)
    np.testing.assert_array_equal(frame.depth_HW, np.float32([[2, INF]]))
