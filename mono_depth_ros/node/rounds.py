"""The images that are served at once: prepared, estimated, published, each refused by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rclpy.impl.rcutils_logger import RcutilsLogger

from mono_depth_ros.camera import Camera
from mono_depth_ros.node.camera_stream import Arrival
from mono_depth_ros.node.frame_processor import PreparedImage
from mono_depth_ros.node.process import one_line

if TYPE_CHECKING:  # torch takes seconds to import
    from mono_depth_ros.estimator import DepthEstimate, DepthEstimator

# What is wrong with images together is logged this often.
TOLD_EVERY_S = 10.0


def serve(estimator: DepthEstimator, arrivals: list[Arrival], logger: RcutilsLogger) -> None:
    """Publish depth of each image or count it as refused; several go through the network as one.

    Where they cannot, each goes by itself, so that no camera pays for what another sends, and
    `logger`, which is to be the same every time, is told.
    """
    ready: list[tuple[Arrival, PreparedImage]] = []
    for arrival in arrivals:
        with arrival.stream.refusing():
            ready.append((arrival, arrival.stream.processor.prepare(
                arrival.image, arrival.stream.settings)))
    estimates = _together(estimator, [prepared for _, prepared in ready], logger)
    for (arrival, prepared), estimate in zip(ready, estimates):
        with arrival.stream.refusing():
            arrival.stream.publish(
                arrival, prepared, estimate or estimator.estimate(*_of_network(prepared)))


def _together(estimator: DepthEstimator, images: list[PreparedImage],
              logger: RcutilsLogger) -> list[DepthEstimate | None]:
    if min(len(images), estimator.together) > 1:
        try:
            return list(estimator.estimate_all([_of_network(image) for image in images]))
        except Exception as error:
            if not estimator.device_error:  # which the node tells, and batches become smaller
                logger.error(
                    f'{len(images)} images together have no depth, so each goes by itself: '
                    f'{one_line(error)}', throttle_duration_sec=TOLD_EVERY_S)
    return [None] * len(images)


def _of_network(image: PreparedImage) -> tuple[np.ndarray, Camera | None, tuple[int, int]]:
    return image.rgb_hw3, image.camera.depth, image.size
