"""Lens distortion: the models of sensor_msgs/CameraInfo, their names, and their inverse.

Coordinates are x/z and y/z of a ray, undistorted, and the same after distortion: pixels are
those times the focal length plus the principal point.
"""

from __future__ import annotations

from collections.abc import Callable
import math

import numpy as np

# Distortion model, as sensor_msgs/CameraInfo names it -> how many coefficients it may have.
# plumb_bob is rational_polynomial without its last coefficients, in the order of OpenCV.
DISTORTION_MODELS = {'plumb_bob': (4, 5), 'rational_polynomial': (8, 12, 14), 'equidistant': (4,)}
# Other names of the models, in lower case with underscores.
ALIASES = {
    '': 'plumb_bob', 'radtan': 'plumb_bob', 'radial_tangential': 'plumb_bob',
    'brown_conrady': 'plumb_bob', 'opencv': 'plumb_bob', 'rational': 'rational_polynomial',
    'fisheye': 'equidistant', 'opencv_fisheye': 'equidistant', 'equi': 'equidistant',
    'kannala_brandt': 'equidistant', 'kannala_brandt4': 'equidistant'}
# The models among which the count of coefficients chooses.
SAME_AS = {'plumb_bob': ('plumb_bob', 'rational_polynomial'), 'equidistant': ('equidistant',),
           'rational_polynomial': ('plumb_bob', 'rational_polynomial')}
# Rays farther off the optical axis have no useful depth along it.
MAX_ANGLE_DEG = 89.5
TABLE_SIZE = 8192
# `undistort` ends after a step of this many pixels; real lenses need 2 or 3 rounds.
CLOSE_PX, ROUNDS = 0.01, 10
MAX_ERROR_PX = 1.0


def canonical(model: str, coefficients: tuple[float, ...]) -> tuple[str, tuple[float, ...]]:
    """The same distortion by a name and with a count of coefficients of DISTORTION_MODELS.

    All zero is ('plumb_bob', ()), a pinhole, but of equidistant, whose zeros are an ideal fisheye;
    no coefficients are a pinhole whatever the name. Names are taken in any case; where the count
    is not the model's, trailing zeros are dropped and the count chooses between plumb_bob and
    rational_polynomial. Raises ValueError for an unknown name or another count.
    """
    if not isinstance(model, str):
        raise ValueError(f'a distortion model is a name, got {model!r}')
    name = '_'.join(model.strip().lower().replace('-', ' ').replace('_', ' ').split())
    name = ALIASES.get(name, name)
    if not any(coefficients):
        return (name, (0.0,) * 4) if coefficients and name == 'equidistant' else ('plumb_bob', ())
    if len(coefficients) in DISTORTION_MODELS.get(name, ()):
        return name, coefficients
    used = max(i for i, number in enumerate(coefficients, 1) if number)
    for known in SAME_AS.get(name, ()):
        for count in DISTORTION_MODELS[known]:
            if used <= count <= len(coefficients):
                return known, coefficients[:count]
    models = ', '.join(f'{name} ({" or ".join(map(str, counts))})'
                       for name, counts in DISTORTION_MODELS.items())
    raise ValueError(
        f'{len(coefficients)} coefficients of distortion model {model!r}; known: {models}')


@np.errstate(over='ignore', invalid='ignore')
def undistort(x: np.ndarray, y: np.ndarray, model: str, coefficients: tuple[float, ...],
              focal_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Rays (x/z, y/z) of distorted coordinates of one shape; NaN where the lens has no such ray.

    None has a ray beyond the radius up to which the model grows, or one that comes back more
    than MAX_ERROR_PX off when it is distorted again.
    """
    distorted_N, ratio_N = _radial_table(model, coefficients)
    bend = _bend(model, coefficients)

    def from_radius(x, y, beyond=np.nan):
        ratio = np.interp(np.sqrt(x * x + y * y), distorted_N, ratio_N, right=beyond)
        return x * ratio, y * ratio

    def within(x, y):
        """The last ray for what lies beyond it: a guess may where the ray itself does not."""
        less = distorted_N[-1] / np.maximum(np.sqrt(x * x + y * y), distorted_N[-1])
        return from_radius(x * less, y * less, ratio_N[-1])

    if not bend:
        return from_radius(x, y)
    plain_x, plain_y = _untilted(x, y, coefficients)
    ray_x, ray_y = within(plain_x, plain_y)
    for _ in range(ROUNDS):
        before_x, before_y, (bent_x, bent_y) = ray_x, ray_y, bend(ray_x, ray_y)
        ray_x, ray_y = within(plain_x - bent_x, plain_y - bent_y)
        step = np.maximum(np.abs(ray_x - before_x), np.abs(ray_y - before_y))
        if not np.any(step * focal_px > CLOSE_PX):
            break
    back_x, back_y = distort(ray_x, ray_y, model, coefficients)
    off = np.square(back_x - x) + np.square(back_y - y)
    radius2 = np.square(plain_x - bent_x) + np.square(plain_y - bent_y)
    lost = ~((off <= (MAX_ERROR_PX / focal_px) ** 2) & (radius2 <= distorted_N[-1] ** 2))
    ray_x[lost] = ray_y[lost] = np.nan
    return ray_x, ray_y


@np.errstate(over='ignore', invalid='ignore')
def distort(x: np.ndarray, y: np.ndarray, model: str,
            coefficients: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Distorted coordinates of rays (x/z, y/z); NaN beyond the radius up to which they grow."""
    distorted_N, ratio_N = _radial_table(model, coefficients)
    radius = np.sqrt(x * x + y * y)
    inside = radius <= distorted_N[-1] * ratio_N[-1]
    ratio = np.where(inside, _radial_ratio(radius, model, coefficients), np.nan)
    bend = _bend(model, coefficients)
    if not bend:
        return x * ratio, y * ratio
    bent_x, bent_y = bend(x, y)
    return _tilted(x * ratio + bent_x, y * ratio + bent_y, coefficients)


def _radial_ratio(radius: np.ndarray, model: str, coefficients: tuple[float, ...]) -> np.ndarray:
    """Distorted over undistorted radius."""
    if model == 'equidistant':
        angle = np.arctan(radius)
        a2 = angle * angle
        k1, k2, k3, k4 = coefficients
        distorted = angle * (1 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4))))
        return np.divide(distorted, radius, out=np.ones_like(radius), where=radius > 0)
    k1, k2, _, _, k3, k4, k5, k6 = (*coefficients, *(0.0,) * 8)[:8]
    r2 = radius * radius
    return (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))


def _radial_table(model: str, coefficients: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Growing distorted radii, and undistorted over distorted radius at each of them.

    It ends where the distorted radius stops growing: beyond, it belongs to a smaller one too.
    """
    radius_N = np.tan(np.linspace(0, math.radians(MAX_ANGLE_DEG), TABLE_SIZE))
    with np.errstate(divide='ignore', invalid='ignore', over='ignore'):
        distorted_N = radius_N * _radial_ratio(radius_N, model, coefficients)
        grows = np.diff(distorted_N) > 0
    end = TABLE_SIZE if grows.all() else int(np.argmin(grows)) + 1
    ratio_N = np.ones(end)
    ratio_N[1:] = radius_N[1:end] / distorted_N[1:end]
    return distorted_N[:end], ratio_N


def _bend(model: str, coefficients: tuple[float, ...]) -> Callable | None:
    """What is not radial: tangential and thin prism terms of a ray, None where all are zero."""
    numbers = (*coefficients, *(0.0,) * 14)[:14]
    p1, p2 = numbers[2:4]
    s1, s2, s3, s4 = numbers[8:12]
    if model == 'equidistant' or not any((*numbers[2:4], *numbers[8:14])):
        return None

    def bend(x, y):
        r2, xy = x * x + y * y, x * y
        return (2 * p1 * xy + p2 * (r2 + 2 * x * x) + r2 * (s1 + s2 * r2),
                p1 * (r2 + 2 * y * y) + 2 * p2 * xy + r2 * (s3 + s4 * r2))

    return bend


def _tilted(x: np.ndarray, y: np.ndarray, coefficients: tuple[float, ...]):
    """Coordinates on a sensor tilted by the last two of 14 coefficients (OpenCV)."""
    return _mapped(x, y, _tilt(coefficients)) if len(coefficients) == 14 else (x, y)


def _untilted(x: np.ndarray, y: np.ndarray, coefficients: tuple[float, ...]):
    if len(coefficients) < 14:
        return x, y
    return _mapped(x, y, np.linalg.inv(_tilt(coefficients)))


def _mapped(x: np.ndarray, y: np.ndarray, matrix_33: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    u, v, w = (row[0] * x + row[1] * y + row[2] for row in matrix_33)
    return u / w, v / w


def _tilt(coefficients: tuple[float, ...]) -> np.ndarray:
    cos_x, sin_x = math.cos(coefficients[12]), math.sin(coefficients[12])
    cos_y, sin_y = math.cos(coefficients[13]), math.sin(coefficients[13])
    turn = (np.array([[cos_y, 0, -sin_y], [0, 1, 0], [sin_y, 0, cos_y]])
            @ np.array([[1, 0, 0], [0, cos_x, sin_x], [0, -sin_x, cos_x]]))
    return np.array([[turn[2, 2], 0, -turn[0, 2]], [0, turn[2, 2], -turn[1, 2]], [0, 0, 1]]) @ turn
