"""Calibrations that are possible but look wrong: what disagrees, in numbers."""

from __future__ import annotations

import math

from mono_depth_ros.camera import Camera

# Degrees across the larger side of an image, narrow telephoto to wide angle. Lenses that bend
# straight lines (equidistant) see more.
FIELD_OF_VIEW_DEG = (8.0, 160.0)
WIDEST_DEG = 240.0
# How far the principal point may lie from the middle, as a share of the side. That of a
# calibration made at twice or half the size lies 0.5 or 0.25 off.
OFF_CENTRE = 0.2
# fx over fy, either way; pixels of almost all cameras are square.
STRETCH = 1.5


# Half a side over the focal length, against that of the images a network learned from: at 1.9
# times (100 instead of 63 degrees) the error of depth was 1.2 times as large, at 2.8 times 1.4.
UNLIKE = 2.0


def unlike_learned(seen: Camera, learned: Camera) -> str:
    """Where a network sees another field of view than it learned from, both; else ''."""
    half, half_learned = (max(camera.width / camera.fx, camera.height / camera.fy) / 2
                          for camera in (seen, learned))
    if 1 / UNLIKE <= half / half_learned <= UNLIKE:
        return ''
    degrees, degrees_learned = (2 * math.degrees(math.atan(x)) for x in (half, half_learned))
    return (f'the field of view is {degrees:.0f} degrees, but the model learned from about '
            f'{degrees_learned:.0f}: depth may be far off; use another lens or another model')


def doubts_about(camera: Camera) -> tuple[str, ...]:
    """What looks wrong in a camera of a whole image, one sentence each with the two numbers."""
    return tuple(filter(None, (
        _field_of_view(camera), _principal_point(camera), _stretch(camera))))


def _field_of_view(camera: Camera) -> str:
    side, focal = max((camera.width, camera.fx), (camera.height, camera.fy))
    if camera.distortion_model == 'equidistant' and camera.distortion:
        angle_deg, widest_deg = math.degrees(side / focal), WIDEST_DEG
    else:
        angle_deg, widest_deg = 2 * math.degrees(math.atan(side / 2 / focal)), FIELD_OF_VIEW_DEG[1]
    if FIELD_OF_VIEW_DEG[0] <= angle_deg <= widest_deg:
        return ''
    return (f'a focal length of {focal:g} for {side} pixels is a field of view of '
            f'{angle_deg:.1f} degrees: K must be in pixels of this image, not normalised or in '
            'millimetres')


def _principal_point(camera: Camera) -> str:
    for name, at, size in (('cx', camera.cx, camera.width), ('cy', camera.cy, camera.height)):
        if abs(at - (size - 1) / 2) > OFF_CENTRE * size:
            return (f'principal point {name} {at:g} lies far from the middle of {size} pixels '
                    f'({(size - 1) / 2:g}): is the calibration of another image size or binning?')
    return ''


def _stretch(camera: Camera) -> str:
    if 1 / STRETCH <= camera.fx / camera.fy <= STRETCH:
        return ''
    return f'focal lengths fx {camera.fx:g} and fy {camera.fy:g} are far apart'
