"""sensor_msgs/CameraInfo to Camera (no ROS import here)."""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

from mono_depth_ros.camera import Camera
from mono_depth_ros.distortion import canonical
from mono_depth_ros.plausibility import doubts_about

# What an image_transport appends to the name of the topic it sends.
TRANSPORTS = ('compressed', 'compressedDepth', 'theora', 'ffmpeg', 'zstd')

ADVICE = 'calibrate the camera, or publish its focal lengths'


@dataclass(frozen=True, kw_only=True)
class CameraReading:
    """What a CameraInfo tells of the camera of an image.

    The focal length of `camera` is good for the scale of depth. `no_points` says why its rays are
    not known, so that no points can be made, '' where they are; `doubts` what looks wrong in the
    numbers, which are used all the same.
    """

    camera: Camera
    no_points: str = ''
    doubts: tuple[str, ...] = ()


def read_camera_info(info, width: int, height: int, rectified: bool) -> CameraReading:
    """Camera of a width x height image from its sensor_msgs/CameraInfo.

    `rectified` takes P (K where P is zero) and no distortion; otherwise K with D. Region of
    interest, then binning, are applied as the message defines them; an image of the same shape
    but another size gets the camera scaled. Raises ValueError where no focal length is known.
    """
    full, no_points = _full_camera(info, width, height, rectified)
    camera, contradiction = _windowed(full, info, width, height)
    return CameraReading(
        camera=camera, no_points='; '.join(filter(None, (no_points, contradiction))),
        doubts=doubts_about(full))


def no_focal_length(info) -> str:
    """Why a CameraInfo gives no image a focal length, '' where it does."""
    try:
        _matrix(info, False)
    except ValueError as error:
        return str(error)
    return ''


def image_size(info) -> tuple[int, int]:
    """Width and height in pixels of the images a CameraInfo says it is for."""
    width, height = (info.roi.width, info.roi.height) if info.roi.width and info.roi.height else (
        info.width, info.height)
    return width // max(info.binning_x, 1), height // max(info.binning_y, 1)


def projection(info, width: int, height: int) -> tuple[float, ...]:
    """P (12 numbers) of a width x height image, as K of `read_camera_info`; () where unset."""
    fx, fy, cx, cy = (float(info.p[i]) for i in (0, 5, 2, 6))
    if not (fx > 0 and fy > 0):
        return ()
    camera, _ = _windowed(
        Camera(fx=fx, fy=fy, cx=cx, cy=cy, width=info.width, height=info.height), info, width,
        height)
    return (camera.fx, 0.0, camera.cx, info.p[3] * camera.fx / fx,
            0.0, camera.fy, camera.cy, info.p[7] * camera.fy / fy, 0.0, 0.0, 1.0, 0.0)


def is_rectified(topic: str, info) -> bool:
    """Whether P of a CameraInfo describes the images of a topic, and no distortion is left.

    It does where the last part of the name begins with image_rect, as image_proc names them, and
    where D is that of a pinhole: a driver that has nothing to undo may still scale or turn in P.
    """
    return named(topic, 'image_rect') or not _distorts(info)


def rectified_doubt(topic: str, rectified: bool, info) -> str:
    """Where name, parameter `rectified` and CameraInfo disagree, what is done; else ''."""
    if named(topic, 'image_rect') and not rectified:
        return (f'{topic} is taken as rectified, for its name says so: set the parameter '
                'rectified to true, or rename the topic')
    if named(topic, 'image_raw') and rectified:
        return (f'{topic} is taken as rectified, for the parameter rectified says so, but its '
                'name says raw: set the parameter to false, or use the rectified topic')
    if named(topic, 'image_raw') and is_rectified(topic, info) and _differ(*_matrices(info)):
        (k_fx, _, k_cx, _), (p_fx, _, p_cx, _) = _matrices(info)
        return (f'{topic} is taken as rectified, for D of camera_info is zero, and P is used (fx '
                f'{p_fx:g}, cx {p_cx:g}), but its name says raw and K is another (fx {k_fx:g}, cx '
                f'{k_cx:g}): let the driver publish the D and P of this image')
    return ''


def named(topic: str, start: str) -> bool:
    """Whether the last part of a topic's name, its transport aside, begins with `start`."""
    parts = [part for part in topic.split('/') if part not in TRANSPORTS]
    return bool(parts) and parts[-1].startswith(start)


def _distorts(info) -> bool:
    try:
        return bool(canonical(info.distortion_model, tuple(info.d))[1])
    except ValueError:  # unknown, and not all zero
        return True


def _matrices(info) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """fx, fy, cx, cy of K and of P."""
    return (tuple(float(info.k[i]) for i in (0, 4, 2, 5)),
            tuple(float(info.p[i]) for i in (0, 5, 2, 6)))


def _differ(k: tuple[float, ...], p: tuple[float, ...]) -> bool:
    """Whether two matrices that both serve differ by more than 1 % of a focal length."""
    return not (_unusable('K', *k) or _unusable('P', *p)) and any(
        abs(of_k - of_p) > 0.01 * k[0] for of_k, of_p in zip(k, p))


def _full_camera(info, width: int, height: int, rectified: bool) -> tuple[Camera, str]:
    """The camera of the whole sensor, and why its rays are not known."""
    fx, fy, cx, cy, no_points = _matrix(info, rectified)
    size = (info.width, info.height)
    if not all(size):
        no_points = no_points or (
            f'camera_info is for {info.width}x{info.height} pixels: its publisher must fill in '
            'width and height')
        size = (width, height)
    pinhole = Camera(fx=fx, fy=fy, cx=cx, cy=cy, width=size[0], height=size[1])
    if rectified or no_points:
        return pinhole, no_points
    try:
        return replace(pinhole, distortion_model=info.distortion_model,
                       distortion=tuple(float(number) for number in info.d)), ''
    except ValueError as error:
        return pinhole, f'camera_info: {error}'


def _matrix(info, rectified: bool) -> tuple[float, float, float, float, str]:
    """fx, fy, cx, cy of P or K, and why they tell of no rays; ValueError where neither serves."""
    k, p = _matrices(info)
    wanted, other = (p, k) if rectified else (k, p)
    wrong = _unusable('P' if rectified else 'K', *wanted)
    if not wrong:
        return *wanted, ''  # type: ignore[return-value]
    if other_wrong := _unusable('K' if rectified else 'P', *other):
        if not any((*wanted, *other)):
            wrong = f'camera_info is uncalibrated (K and P are zero): {ADVICE}'
        raise ValueError(other_wrong if any(other) and not any(wanted) else wrong)
    no_points = '' if rectified else (
        f'{wrong}; P has a focal length: set the parameter rectified if the images are rectified')
    return *other, no_points  # type: ignore[return-value]


def _unusable(name: str, fx: float, fy: float, cx: float, cy: float) -> str:
    """Why a matrix of CameraInfo gives no focal length, '' where it does."""
    if not (fx and fy):
        return f'camera_info is uncalibrated ({name} is zero): {ADVICE}'
    if not all(map(math.isfinite, (fx, fy, cx, cy))):
        return f'camera_info has a {name} that is not finite: fx={fx} fy={fy} cx={cx} cy={cy}'
    if min(fx, fy) < 0:
        return f'camera_info: focal length must be above 0 pixels, got {fx} x {fy}'
    return ''


def _windowed(full: Camera, info, width: int, height: int) -> tuple[Camera, str]:
    """The camera of the image, and what in size, region of interest and binning contradicts."""
    roi = info.roi
    if not (roi.width and roi.height):
        return _of_size(_binned(full, info), width, height)
    window = (f'camera_info has a region of interest of {roi.width}x{roi.height} at '
              f'({roi.x_offset}, {roi.y_offset})')
    if roi.x_offset + roi.width > full.width or roi.y_offset + roi.height > full.height:
        return _middle(_binned(full, info), width, height), (
            f'{window} outside its {full.width}x{full.height}')
    camera = _binned(full.cropped(roi.x_offset, roi.y_offset, roi.width, roi.height), info)
    if width > camera.width or height > camera.height:
        return _middle(_binned(full, info), width, height), (
            f'{window}, {camera.width}x{camera.height} after binning, but the image has '
            f'{width}x{height}: no image is larger than its region of interest')
    return _of_size(camera, width, height)


def _binned(camera: Camera, info) -> Camera:
    bins_x, bins_y = max(info.binning_x, 1), max(info.binning_y, 1)
    width, height = camera.width // bins_x, camera.height // bins_y
    if bins_x == bins_y == 1 or not (width and height):
        return camera
    # Bins that do not fill up at the right and bottom edge are not part of the image.
    return camera.cropped(0, 0, width * bins_x, height * bins_y).resized(width, height)


def _of_size(camera: Camera, width: int, height: int) -> tuple[Camera, str]:
    """The camera scaled to an image of its shape, else that of an unknown part of the view."""
    if (camera.width, camera.height) == (width, height):
        return camera, ''
    if camera.fits(width, height):
        return camera.resized(width, height), ''
    contradiction = (
        f'camera_info is for {camera.width}x{camera.height} pixels but the image has '
        f'{width}x{height}, another shape: publish the camera_info of this image')
    if camera.width in (width, height) or camera.height in (width, height):  # cropped or turned
        return _middle(camera, width, height), contradiction
    # Resized and cropped as drivers do it: one side is whole.
    scale = max(width / camera.width, height / camera.height)
    whole = camera.resized(round(camera.width * scale), round(camera.height * scale))
    return _middle(whole, width, height), contradiction


def _middle(camera: Camera, width: int, height: int) -> Camera:
    return camera.cropped(
        (camera.width - width) // 2, (camera.height - height) // 2, width, height)
