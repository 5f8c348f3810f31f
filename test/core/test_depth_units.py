"""Depth as 16-bit numbers, by hand."""

import numpy as np

from mono_depth_ros.depth_units import depth_to_uint16


def test_metres_become_whole_millimetres_and_zero_where_there_is_none():
    depth_HW = np.float32([[1.0, 2.5004, np.nan], [65.535, 65.6, -1], [np.inf, -np.inf, 0.0004]])
    with np.errstate(all='raise'):  # what NaN is as an integer differs between processors
        steps_HW = depth_to_uint16(depth_HW)
    assert steps_HW.dtype == np.uint16
    assert steps_HW.tolist() == [[1000, 2500, 0], [65535, 0, 0], [0, 0, 0]]


def test_another_unit_and_a_mark_for_too_far():
    steps_HW = depth_to_uint16(np.array([[0.0126, 400.0, np.inf, np.nan]]), 0.005, beyond=65535)
    assert steps_HW.tolist() == [[3, 65535, 65535, 0]]  # 2.52 steps; 80000 and more do not fit


def test_the_given_memory_is_filled():
    out_HW = np.zeros((1, 2), np.uint16)
    assert depth_to_uint16(np.float32([[1, 2]]), out=out_HW) is out_HW
    assert out_HW.tolist() == [[1000, 2000]]
