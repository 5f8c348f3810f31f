"""What is done with one camera image: to an array, its camera, its depth, the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from mono_depth_ros.message_formats.encodings import BitDepth, is_nearly_black
from mono_depth_ros.message_formats.stamps import stamp_ns
from mono_depth_ros.node import messages
from mono_depth_ros.node.image_camera import image_camera, ImageCamera, no_camera
from mono_depth_ros.node.outputs import Outputs
from mono_depth_ros.node.parameters import Settings

if TYPE_CHECKING:  # torch takes seconds to import
    from mono_depth_ros.estimator import DepthEstimator

INFOS_KEPT = 10
NOTHING_LOADED = dict.fromkeys(
    ('device', 'precision', 'backend', 'backend choice', 'model', 'model sha256', 'camera',
     'pixels without a ray (%)'), 'none')
NEARLY_BLACK = ('the image is nearly black (99 % of it below 16 of 255), so depth is a guess: '
                'look at the lens cap, the light, the exposure and the encoding')


class FrameProcessor:
    """A loaded model with the node's outputs; `process` on one thread, `add_info` on any.

    `camera` is what was known of the latest image's, `image_warning` why its depth can hardly be
    right, '' where there is nothing to say.
    """

    def __init__(self, estimator: DepthEstimator, outputs: Outputs, image_topic: str,
                 info_topic: str):
        self.estimator, self.outputs, self._image_topic = estimator, outputs, image_topic
        self._no_info = self.camera = no_camera(f'no camera_info on {info_topic} yet')
        self._infos: tuple[CameraInfo, ...] = ()
        self._bit_depth, self.image_warning = BitDepth(), ''

    def add_info(self, info: CameraInfo) -> None:
        """Keep a camera_info for the images that follow and those with its stamp."""
        self._infos = (*self._infos[1 - INFOS_KEPT:], info)

    @property
    def camera_warning(self) -> str:
        """What is wrong with the camera of the images, '' where nothing is."""
        if not self._infos:
            return self._no_info.warning
        return '' if self.camera is self._no_info else self.camera.warning

    def values(self) -> dict[str, str]:
        """The model, where it runs and the camera, as the texts of a diagnostic status."""
        estimator = self.estimator
        texts = (estimator.device, estimator.precision, estimator.backend,
                 estimator.backend_reason, estimator.card.name, estimator.model_sha256,
                 self.camera_warning or 'camera_info', f'{100 * self.camera.missing:.1f}')
        return dict(zip(NOTHING_LOADED, texts))

    def range_m(self, settings: Settings) -> tuple[float, float]:
        """Nearest and farthest depth (m) to publish; ValueError where the model has no such."""
        card = self.estimator.card
        if settings.points_min_confidence and not self.estimator.has_confidence:
            raise ValueError(
                f'points.min_confidence {settings.points_min_confidence:g} needs a model '
                f'that tells its confidence; {card.name} does not')
        return settings.depth_range(card.min_depth_m, card.max_depth_m)

    def process(self, image: Image, settings: Settings) -> float:
        """Publish the depth of an image; milliseconds in the network, ValueError for no depth."""
        rgb_HW3 = messages.rgb_from_image(image, self._bit_depth)
        self.image_warning = NEARLY_BLACK if is_nearly_black(rgb_HW3) else ''
        self.camera = camera = self._camera_of(image, settings.rectified)
        range_m = self.range_m(settings)
        estimate = self.estimator.estimate(rgb_HW3, camera.depth)
        depth_HW = estimate.depth
        # The minimum is NaN where any pixel is, and takes a tenth of the time of looking at all.
        if np.isnan(depth_HW.min()) and np.isnan(depth_HW).all():
            raise ValueError('the model gave no depth for any pixel: try precision fp32, else '
                             'another model file')
        if settings.depth_scale != 1:
            depth_HW *= settings.depth_scale
        messages.limit_depth(depth_HW, *range_m)
        self.outputs.publish(estimate, rgb_HW3, camera.points, range_m, settings, image.header)
        return estimate.network_ms

    def _camera_of(self, image: Image, rectified: bool) -> ImageCamera:
        info = self._info_of(image)
        if info is None:
            return self._no_info
        return image_camera(info, image.width, image.height, self._image_topic, rectified)

    def _info_of(self, image: Image) -> CameraInfo | None:
        """The camera_info with the stamp of the image, else the latest."""
        infos, stamp = self._infos, stamp_ns(image.header.stamp)
        same = (info for info in reversed(infos) if stamp_ns(info.header.stamp) == stamp)
        return next(same, infos[-1] if infos else None)
