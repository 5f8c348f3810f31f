"""sensor_msgs/CameraInfo to Camera (no ROS import here)."""

from __future__ import annotations

import math

from mono_depth_ros.camera import Camera


def camera_from_info(info, width: int, height: int, rectified: bool) -> Camera:
    """Camera of a width x height image from its sensor_msgs/CameraInfo.

    `rectified` takes P and no lens; otherwise K with D. Region of interest, then binning, are
    applied as the message defines them. An image of the same shape but another size gets the
    camera scaled. Raises ValueError where uncalibrated, not finite, unknown or of other shape.
    """
    matrix, columns, name = (info.p, 4, 'P') if rectified else (info.k, 3, 'K')
    fx, cx, fy, cy = matrix[0], matrix[2], matrix[columns + 1], matrix[columns + 2]
    if not (info.width and info.height):
        raise ValueError(f'camera_info is for {info.width}x{info.height} pixels: its publisher '
                         'must fill in width and height')
    if fx == 0 or fy == 0:
        raise ValueError(
            f'camera_info is uncalibrated ({name} is zero): calibrate the camera, or publish its '
            'focal lengths')
    if not all(math.isfinite(number) for number in (fx, fy, cx, cy)):
        raise ValueError(f'camera_info has a {name} that is not finite: fx={fx} fy={fy} '
                         f'cx={cx} cy={cy}')
    try:
        full = Camera(
            fx=float(fx), fy=float(fy), cx=float(cx), cy=float(cy), width=info.width,
            height=info.height, distortion_model=info.distortion_model,
            distortion=() if rectified else tuple(float(number) for number in info.d))
    except ValueError as error:
        raise ValueError(f'camera_info: {error}') from error
    camera = _windowed(full, info)
    if not camera.fits(width, height):
        raise ValueError(
            f'camera_info is for {camera.width}x{camera.height} pixels but the image has '
            f'{width}x{height}, another shape: publish the camera_info of this image')
    return camera if (camera.width, camera.height) == (width, height) else camera.resized(
        width, height)


def _windowed(camera: Camera, info) -> Camera:
    roi = info.roi
    if roi.width and roi.height:
        if (roi.x_offset + roi.width > camera.width or roi.y_offset + roi.height > camera.height):
            raise ValueError(
                f'camera_info has a region of interest of {roi.width}x{roi.height} at '
                f'({roi.x_offset}, {roi.y_offset}) outside its {camera.width}x{camera.height}')
        camera = camera.cropped(roi.x_offset, roi.y_offset, roi.width, roi.height)
    bins_x, bins_y = max(info.binning_x, 1), max(info.binning_y, 1)
    if bins_x == bins_y == 1:
        return camera
    width, height = camera.width // bins_x, camera.height // bins_y
    # Bins that do not fill up at the right and bottom edge are not part of the image.
    return camera.cropped(0, 0, width * bins_x, height * bins_y).resized(width, height)
