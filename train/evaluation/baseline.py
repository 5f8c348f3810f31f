"""The baseline every model must beat: the mean depth map of the training images."""

from __future__ import annotations

from collections.abc import Sequence
import time

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate
from train.data.data_sets import DataSet
from train.data.readable_samples import readable

SIZE = (60, 80)


class MeanDepthMap:
    """Predicts, for every image, the mean training depth at each place, scaled by focal length.

    ValueError where no training image has known depth.
    """

    def __init__(self, sources: Sequence[DataSet]):
        total, count = np.zeros(SIZE), np.zeros(SIZE)
        for source in sources:
            for _, sample in readable(source, range(len(source))):
                share = sample.depth / np.float32(_focal_in_widths(sample.camera))
                small = cv2.resize(share, SIZE[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
                known = np.isfinite(small)
                total[known] += small[known]
                count[known] += 1
        if not count.any():
            raise ValueError('no mean depth map: no training image of '
                             f'{", ".join(source.name for source in sources)} has known depth')
        # Cells never seen (a white frame) take the mean of the others.
        mean = np.divide(total, count, out=np.full(SIZE, total.sum() / count.sum()),
                         where=count > 0)
        self._canonical_hw = mean.astype(np.float32)

    def estimate(self, rgb_HW3: np.ndarray, camera: Camera | None = None) -> DepthEstimate:
        """The map at the image's size; ValueError without a camera."""
        if camera is None:
            raise ValueError('the mean depth map needs the camera of the image')
        start = time.perf_counter()
        depth_HW = cv2.resize(self._canonical_hw, (camera.width, camera.height),
                              interpolation=cv2.INTER_LINEAR)
        depth_HW *= np.float32(_focal_in_widths(camera))
        return DepthEstimate(depth=depth_HW, camera=camera,
                             network_ms=(time.perf_counter() - start) * 1e3)


def _focal_in_widths(camera: Camera) -> float:
    return camera.focal / camera.width
