"""The images that are served at once: prepared, estimated, published, each refused by itself."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.node.camera_stream import Arrival
from mono_depth_ros.node.frame_processor import PreparedImage

if TYPE_CHECKING:  # torch takes seconds to import
    from mono_depth_ros.estimator import DepthEstimate, DepthEstimator


def serve(estimator: DepthEstimator, arrivals: list[Arrival]) -> None:
    """Publish depth of each image or count it as refused; several go through the network as one.

    Where they cannot, each goes by itself, so that no camera pays for what another sends.
    """
    ready: list[tuple[Arrival, PreparedImage]] = []
    for arrival in arrivals:
        with arrival.stream.refusing():
            ready.append((arrival, arrival.stream.processor.prepare(
                arrival.image, arrival.stream.settings)))
    estimates = _together(estimator, [prepared for _, prepared in ready])
    for (arrival, prepared), estimate in zip(ready, estimates):
        with arrival.stream.refusing():
            arrival.stream.publish(
                arrival, prepared, estimate or estimator.estimate(*_of_network(prepared)))


def _together(
        estimator: DepthEstimator, images: list[PreparedImage]) -> list[DepthEstimate | None]:
    if min(len(images), estimator.together) > 1:
        with suppress(Exception):
            return list(estimator.estimate_all([_of_network(image) for image in images]))
    return [None] * len(images)


def _of_network(image: PreparedImage) -> tuple[np.ndarray, Camera | None, tuple[int, int]]:
    return image.rgb_hw3, image.camera.depth, image.size
