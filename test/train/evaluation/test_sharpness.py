"""Worked examples of the share of a depth step that a prediction keeps."""

import numpy as np
import pytest

from train.evaluation.sharpness import step_kept

# One row of 20 pixels, tall enough to have rows but constant along columns: no steps there.
STEP = np.tile(np.where(np.arange(20) < 10, 1.0, 2.0), (12, 1)).astype(np.float32)


def test_the_truth_keeps_all_and_a_flat_map_nothing():
    assert step_kept(STEP, STEP) == pytest.approx(1)
    assert step_kept(np.full_like(STEP, 1.5), STEP) == pytest.approx(0)


def test_a_smaller_step_keeps_its_share_of_the_logarithm():
    prediction = np.where(STEP == 1, 1, np.sqrt(2)).astype(np.float32)  # half of log 2
    assert step_kept(prediction, STEP) == pytest.approx(0.5)
    assert step_kept(3 * prediction, STEP) == pytest.approx(0.5)  # its scale does not matter


def test_a_ramp_is_read_4_pixels_to_either_side():
    # The steps are at pixels 9 and 10 (between 8 | 10 and 9 | 11 the truth changes). The log ramp
    # rises evenly over 16 pixels, 1.5 to 17.5; from 5 to 13 and 6 to 14 it does 8 of the 16.
    ramp = np.clip((np.arange(20) - 1.5) / 16, 0, 1)
    prediction = np.tile(2.0 ** ramp, (12, 1)).astype(np.float32)
    assert step_kept(prediction, STEP) == pytest.approx(0.5, abs=1e-6)


def test_columns_count_as_rows_do():
    prediction = np.where(STEP == 1, 1, np.sqrt(2)).astype(np.float32)
    assert step_kept(prediction.T, STEP.T) == pytest.approx(0.5)


def test_slopes_and_thin_things_are_no_steps():
    slope = np.tile(1.15 ** (np.arange(20) / 2), (12, 1)).astype(np.float32)  # 1.15 over 2 pixels
    assert step_kept(slope, slope) is None
    pole = np.tile(np.where((np.arange(20) > 8) & (np.arange(20) < 12), 1.0, 2.0), (12, 1))
    assert step_kept(pole, pole) is None  # 4 pixels to either side of its edges lies the wall


def test_unknown_truth_makes_no_step():
    truth = STEP.copy()
    truth[:, 5] = np.nan  # the left end at which the step at pixel 9 would be read
    assert step_kept(STEP, truth) == pytest.approx(1)
    truth[:, 6] = np.inf
    assert step_kept(STEP, truth) is None


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match='differ in size'):
        step_kept(STEP[:, 1:], STEP)
