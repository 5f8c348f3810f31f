"""What is done with one camera image: to an array, its camera, its depth, the outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builtin_interfaces.msg import Time
import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from mono_depth_ros.geometry.lens_view import lens_view
from mono_depth_ros.message_formats.camera_info import no_focal_length
from mono_depth_ros.message_formats.encodings import BitDepth, is_nearly_black
from mono_depth_ros.message_formats.stamps import stamp_ns
from mono_depth_ros.node.image_camera import image_camera, ImageCamera, no_camera
from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.parameters import Settings
from mono_depth_ros.node.interface.stream_part import StreamPart
from mono_depth_ros.node.outputs.outputs import Outputs
from mono_depth_ros.node.process import one_line
from mono_depth_ros.node.steps.step import Step

if TYPE_CHECKING:  # torch takes seconds to import
    from mono_depth_ros.estimator import DepthEstimate, DepthEstimator

INFOS_KEPT = 10
NEARLY_BLACK = ('the image is nearly black (99 % of it below 16 of 255), so depth is a guess: '
                'look at the lens cap, the light, the exposure and the encoding')
# Images of left-out cameras with a mean confidence below this had a delta1 of 0.03 to 0.32; of the
# held-out images of NYU 2 % at most have one.
LEAST_CONFIDENCE = 0.4
# The same of every image: depth_bag tells a sentence once, and its figure is in the values.
UNLIKE = (f'the model expects less than {100 * LEAST_CONFIDENCE:.0f} % of this depth to be within '
          '25 % of the truth: place or camera are likely unlike those it learned from; mend the '
          'scale (depth_scale, scale_source), fine-tune the model or take another')
UNSURE = ('points.min_confidence {:g} is above the mean confidence, so most points are left out '
          'and obstacles with them: the model likely learned from nothing like this place; mend '
          'the scale (depth_scale, scale_source), and where depth is right then, lower it')


@dataclass(frozen=True, kw_only=True)
class PreparedImage:
    """An image ready for the network: RGB uint8, its camera, what it is served with.

    `size` is width and height of the image. A compressed one may have been decoded at a part of
    it, as far as nothing but the network needs its pixels.
    """

    rgb_hw3: np.ndarray
    size: tuple[int, int]
    camera: ImageCamera
    range_m: tuple[float, float]
    settings: Settings


class FrameProcessor:
    """The images of one camera: `prepare` and `publish` on one thread, `add_info` on any.

    `camera` is what was known of the latest image's, `lens` the undistorted view the network had
    of it, `confidence` the mean that the model told of it, None where it tells none.
    `image_warning` is why depth of that image can hardly be right, `doubt` why the model itself
    thinks so, '' where nothing speaks against.
    """

    def __init__(self, estimator: DepthEstimator, steps: list[Step], outputs: Outputs,
                 image_topic: str, info_topic: str):
        self.estimator, self.steps, self.outputs = estimator, steps, outputs
        self._image_topic = image_topic
        self._no_info = self.camera = no_camera(f'no camera_info on {info_topic} yet')
        self._infos: tuple[CameraInfo, ...] = ()
        self._bit_depth, self.image_warning, self.doubt, self.lens = BitDepth(), '', '', 'none'
        self.confidence: float | None = None
        self._failed = ''

    def add_info(self, info: CameraInfo) -> None:
        """Keep a camera_info for the images that follow and those with its stamp."""
        self._infos = (*self._infos[1 - INFOS_KEPT:], info)

    @property
    def parts(self) -> list[StreamPart]:
        """The steps and the outputs."""
        return [*self.steps, *self.outputs.parts]

    @property
    def camera_warning(self) -> str:
        """What is wrong with the camera of the images, '' where nothing is."""
        if not self._infos:
            return self._no_info.warning
        if self.camera is not self._no_info:
            return self.camera.warning
        reason = no_focal_length(self._infos[-1])  # no image has been served with it yet
        return no_camera(reason).warning if reason else ''

    def values(self) -> dict[str, str]:
        """The camera, and what steps and outputs add, as the texts of a diagnostic status."""
        values = {'camera': self.camera_warning or 'camera_info',
                  'pixels without a ray (%)': f'{100 * self.camera.missing:.1f}',
                  'lens view': self.lens, 'confidence (mean)': (
                      'none' if self.confidence is None else f'{self.confidence:.2f}')}
        for part in self.parts:
            values |= part.values()
        return values

    @property
    def part_warning(self) -> str:
        """Which outputs failed, else what the first step or output that lacks something says."""
        return self._failed or next(filter(None, (part.warning for part in self.parts)), '')

    def prepare(self, image: Image | CompressedImage, settings: Settings) -> PreparedImage:
        """RGB and camera of an image; ValueError where it can have no depth."""
        size = messages.image_size(image)
        camera = self._camera_of(image.header.stamp, size, settings.rectified)
        rgb_hw3 = messages.rgb_from_image(image, self._bit_depth, self._least(size, camera))
        if camera.depth:
            lens_view(camera.depth)  # raises where no view of the lens shows the image
        self.camera = camera
        self.image_warning = NEARLY_BLACK if is_nearly_black(rgb_hw3) else ''
        return PreparedImage(rgb_hw3=rgb_hw3, size=size, camera=camera, settings=settings,
                             range_m=range_m(self.estimator, settings))

    def _least(self, size: tuple[int, int], camera: ImageCamera) -> tuple[int, int] | None:
        """The size at which the pixels are needed, None for that of the image."""
        if any(part.uses_rgb() for part in self.parts) or (
                camera.depth and camera.depth.distortion):  # undistorted at its own size
            return None
        return self.estimator.content_size(*size)

    def publish(self, header: Header, prepared: PreparedImage,
                estimate: DepthEstimate) -> dict[str, BaseException]:
        """Send what is listened to of an image's depth; ValueError where there is none.

        An output that fails costs no other, and is told of by `part_warning`; what those raised
        comes back, by their topics.
        """
        self._failed = ''
        depth_HW = estimate.depth
        # The minimum is NaN where any pixel is, and takes a tenth of the time of looking at all.
        if np.isnan(depth_HW.min()) and np.isnan(depth_HW).all():
            raise ValueError('the model gave no depth for any pixel: try precision fp32, else '
                             'another model file')
        self.lens = estimate.lens.told if estimate.lens else 'none'
        self.confidence = estimate.mean_confidence
        self.doubt = unlike(self.confidence, prepared.settings)
        rgb_hw3 = prepared.rgb_hw3
        frame = Frame(
            depth_HW=depth_HW, estimate=estimate,
            rgb_HW3=rgb_hw3 if rgb_hw3.shape[:2] == depth_HW.shape else None,
            camera=prepared.camera.points, range_m=prepared.range_m, settings=prepared.settings,
            header=header)
        for step in self.steps:
            frame = step.adjust(frame)
        failed = self.outputs.publish(frame)
        self._failed = '; '.join(f'no {topic}: {one_line(error)}'
                                 for topic, error in failed.items())
        return failed

    def idle(self) -> None:
        """Tell no longer of the images before: nobody asks for depth."""
        self._failed = self.image_warning = self.doubt = ''
        self.confidence = None
        for part in self.parts:
            part.idle()

    def close(self) -> None:
        """Release what steps and outputs made."""
        for part in self.parts:
            part.close()

    def _camera_of(self, stamp: Time, size: tuple[int, int], rectified: bool) -> ImageCamera:
        info = self._info_of(stamp_ns(stamp))
        if info is None:
            return self._no_info
        return image_camera(info, *size, self._image_topic, rectified,
                            self.estimator.card.learned_camera)

    def _info_of(self, stamp: int) -> CameraInfo | None:
        """The camera_info with the stamp (ns) of the image, else the latest."""
        infos = self._infos
        same = (info for info in reversed(infos) if stamp_ns(info.header.stamp) == stamp)
        return next(same, infos[-1] if infos else None)


def unlike(confidence: float | None, settings: Settings) -> str:
    """What the operator is told of a low mean confidence, '' of a model that tells none.

    Also '' where the scale, which is what is wrong most, is measured already, unless points are
    left out by their confidence.
    """
    least = settings.points_min_confidence
    if confidence is not None and confidence < least:
        return UNSURE.format(least)
    measured = settings.start_scale != 1 or settings.scale_source in ('reference', 'height')
    if measured or confidence is None or not confidence < LEAST_CONFIDENCE:
        return ''
    return UNLIKE


def range_m(estimator: DepthEstimator, settings: Settings) -> tuple[float, float]:
    """Nearest and farthest depth (m) to publish; ValueError where the model has no such."""
    card = estimator.card
    if settings.points_min_confidence and not estimator.has_confidence:
        raise ValueError(
            f'points.min_confidence {settings.points_min_confidence:g} needs a model '
            f'that tells its confidence; {card.name} does not')
    return settings.depth_range(card.min_depth_m, card.max_depth_m)
