"""Depth and confidence of the shipped models are what they were when they were recorded."""

import numpy as np
import pytest
from record_helpers import blocks, cut_image, SHAPES

from mono_depth_ros.estimator import DepthEstimator


@pytest.mark.parametrize('model', [
    'indoor', pytest.param('outdoor', marks=pytest.mark.thorough)])
def test_depth_and_confidence_are_as_recorded(model, record):
    """PyTorch in 32-bit floats: another CPU changes the sixth digit."""
    estimator = DepthEstimator.load(model, device='cpu', precision='fp32', backend='torch')
    values = {}
    for shape in SHAPES:
        estimate = estimator.estimate(*cut_image(shape))
        values[f'{shape} depth m'] = blocks(estimate.depth)
        values[f'{shape} confidence'] = blocks(estimate.confidence)
        values[f'{shape} known'] = [float(np.isfinite(estimate.depth).mean())]
    rgb_HW3, _ = cut_image('4:3')
    values['4:3 without camera, depth m'] = blocks(estimator.estimate(rgb_HW3).depth)
    record.check(f'depth_{model}', values)
