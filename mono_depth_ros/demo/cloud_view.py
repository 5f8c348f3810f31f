"""A rendering of a point cloud from a viewpoint beside the camera (NumPy only)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

BACKGROUND, GRID, FRUSTUM = (24, 26, 30), (92, 97, 108), (255, 196, 64)
NEAR_M = 0.1


@dataclass(frozen=True, kw_only=True)
class Viewpoint:
    """A pinhole view: `rotation` (3, 3) takes the cloud's axes to the view's, after `eye`."""

    eye: np.ndarray
    rotation: np.ndarray
    focal: float = 1.0
    centre: tuple[float, float] = (0.0, 0.0)

    def project(self, xyz_N3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixel positions (N, 2) and depths (N,) of points; depths may be negative."""
        local = (xyz_N3 - self.eye) @ self.rotation.T
        depth = local[:, 2]
        with np.errstate(divide='ignore', invalid='ignore'):
            pixels = local[:, :2] / depth[:, None] * self.focal
        return pixels + np.array(self.centre), depth


def look_at(eye: np.ndarray, target: np.ndarray) -> Viewpoint:
    """View from `eye` to `target`, y down (optical axes), with a focal length of 1."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(np.array([0.0, 1.0, 0.0]), forward)
    right /= np.linalg.norm(right)
    return Viewpoint(eye=eye, rotation=np.stack([right, np.cross(forward, right), forward]))


def beside(xyz_N3: np.ndarray, frustum_43: np.ndarray, width: int, height: int) -> Viewpoint:
    """View from above and to the right that shows the frustum and 98 % of the cloud."""
    body = np.concatenate([xyz_N3[::max(1, len(xyz_N3) // 5000)], frustum_43, np.zeros((1, 3))])
    low, high = np.percentile(body, [2, 98], axis=0)
    middle, reach = (low + high) / 2, np.linalg.norm(high - low)
    turn, rise = np.radians(50), np.radians(26)
    back = np.array([np.sin(turn) * np.cos(rise), -np.sin(rise), -np.cos(turn) * np.cos(rise)])
    view = look_at(middle + back * reach * 1.3, middle)
    pixels, depth = view.project(body)
    low, high = np.percentile(pixels[depth > NEAR_M], [1, 99], axis=0)
    must = view.project(np.concatenate([frustum_43, np.zeros((1, 3))]))[0]
    low, high = np.minimum(low, must.min(axis=0)), np.maximum(high, must.max(axis=0))
    focal = 0.92 * float(np.min(np.array([width, height]) / (high - low)))
    u, v = np.array([width, height]) / 2 - (low + high) / 2 * focal
    return replace(view, focal=focal, centre=(float(u), float(v)))


def draw_cloud(xyz_N3: np.ndarray, rgb_N3: np.ndarray, frustum_43: np.ndarray, width: int = 960,
               height: int = 720) -> np.ndarray:
    """Picture (height, width, 3) uint8 of a cloud in optical axes, metres.

    With it a floor grid of 1 m under the lowest points and the camera's frustum, given by its
    four corners in order. Points that are not finite are left out.
    """
    known = np.isfinite(xyz_N3).all(axis=1)
    xyz_N3, rgb_N3 = xyz_N3[known], rgb_N3[known]
    picture = np.full((height, width, 3), BACKGROUND, np.uint8)
    depths = np.full((height, width), np.inf, np.float32)
    if len(xyz_N3) == 0:
        return picture
    view = beside(xyz_N3, frustum_43, width, height)
    for lines, colour in ((_grid(xyz_N3), GRID), (_edges(frustum_43), FRUSTUM)):
        colours = np.broadcast_to(np.array(colour, np.uint8), lines.shape)
        _splat(picture, depths, view, lines, colours, 1)
    pixel = _spacing(len(xyz_N3), width * height)
    _splat(picture, depths, view, xyz_N3, rgb_N3, pixel)
    return picture


def _spacing(number: int, pixels: int) -> int:
    # The fewer the points, the wider the gaps between them: draw each larger.
    return int(np.clip(np.ceil(np.sqrt(2.5 * pixels / number)), 2, 8))


def _splat(picture: np.ndarray, depths: np.ndarray, view: Viewpoint, xyz_N3: np.ndarray,
           rgb_N3: np.ndarray, size: int) -> None:
    pixels, depth = view.project(xyz_N3)
    front = depth > NEAR_M
    u, v = np.floor(pixels[front]).astype(np.int64).T
    depth, rgb = depth[front].astype(np.float32), rgb_N3[front]
    for dv in range(size):
        for du in range(size):
            _paint(picture, depths, u + du - size // 2, v + dv - size // 2, depth, rgb)


def _paint(picture: np.ndarray, depths: np.ndarray, u: np.ndarray, v: np.ndarray,
           depth: np.ndarray, rgb: np.ndarray) -> None:
    height, width = depths.shape
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    place = v[inside] * width + u[inside]
    depth, rgb = depth[inside], rgb[inside]
    order = np.argsort(-depth, kind='stable')  # far first: the nearest is written last
    place, depth, rgb = place[order], depth[order], rgb[order]
    nearer = depth < depths.reshape(-1)[place]
    depths.reshape(-1)[place[nearer]] = depth[nearer]
    picture.reshape(-1, 3)[place[nearer]] = rgb[nearer]


def _grid(xyz_N3: np.ndarray) -> np.ndarray:
    low, high = np.percentile(xyz_N3, [2, 98], axis=0)
    floor = high[1]
    x0, x1 = np.floor(low[0]), np.ceil(high[0])
    z1 = np.ceil(high[2])
    step = 1.0 if z1 < 20 else 5.0
    lines = [_line((x, floor, 0), (x, floor, z1)) for x in np.arange(x0, x1 + step / 2, step)]
    lines += [_line((x0, floor, z), (x1, floor, z)) for z in np.arange(0, z1 + step / 2, step)]
    return np.concatenate(lines)


def _edges(frustum_43: np.ndarray) -> np.ndarray:
    corners = [tuple(corner) for corner in frustum_43]
    ring = zip(corners, corners[1:] + corners[:1])
    lines = [_line((0, 0, 0), corner) for corner in corners] + [_line(*pair) for pair in ring]
    return np.concatenate(lines)


def _line(start: tuple, end: tuple, number: int = 1500) -> np.ndarray:
    return np.linspace(start, end, number)
