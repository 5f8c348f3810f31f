"""The camera of an image, for its depth and for its points, and what to warn of (no ROS)."""

from __future__ import annotations

from dataclasses import dataclass

from mono_depth_ros.camera import Camera, missing_rays
from mono_depth_ros.geometry.lens_view import lens_view
from mono_depth_ros.message_formats.camera_info import (
    is_rectified,
    read_camera_info,
    rectified_doubt,
)
from mono_depth_ros.plausibility import unlike_learned

# Share of pixels without a ray above which the operator is warned.
MANY_MISSING = 0.02


@dataclass(frozen=True, kw_only=True)
class ImageCamera:
    """What is known of an image's camera.

    `depth` gives depth its scale, None: that of the model's reference camera. `points` has the
    rays, None: points are withheld. `missing` is the share (0 to 1) of pixels without a ray;
    `warning` says what is wrong, '' where nothing is.
    """

    depth: Camera | None = None
    points: Camera | None = None
    missing: float = 0.0
    warning: str = ''


def no_camera(reason: str) -> ImageCamera:
    """The camera of an image of which nothing is known."""
    return ImageCamera(warning=f"{reason}; depth is for the model's reference camera, points are "
                               'withheld')


def image_camera(info, width: int, height: int, topic: str, rectified: bool,
                 learned: Camera | None = None) -> ImageCamera:
    """Camera of an image of `topic` from its CameraInfo; `rectified` is the node's parameter.

    `learned` is the camera of the images that the model learned from, where that is known.
    """
    try:
        reading = read_camera_info(
            info, width, height, rectified=rectified or is_rectified(topic, info))
    except ValueError as error:
        return no_camera(str(error))
    warnings = [rectified_doubt(topic, rectified, info), *reading.doubts]
    if learned:
        warnings.append(unlike_learned(_seen(reading.camera), learned))
    if reading.no_points:
        warnings.insert(0, f'{reading.no_points}; depth has the focal length of camera_info, '
                           'points are withheld')
        return ImageCamera(depth=reading.camera, warning=_joined(warnings))
    missing = missing_rays(reading.camera)
    if missing > MANY_MISSING:
        warnings.append(
            f'{missing:.0%} of the pixels lie where the distortion of camera_info gives no ray: '
            'they are NaN in the cloud; calibrate with views that reach the corners')
    return ImageCamera(depth=reading.camera, points=reading.camera, missing=missing,
                       warning=_joined(warnings))


def _seen(camera: Camera) -> Camera:
    """The pinhole that the network sees through."""
    view = lens_view(camera)
    return view.camera if view else camera


def _joined(sentences: list[str]) -> str:
    return '; '.join(sentence for sentence in sentences if sentence)
