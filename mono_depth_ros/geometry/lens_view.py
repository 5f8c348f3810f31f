"""An undistorted view of a distorted image, and its depth brought back to the image's pixels.

A network learned from pinhole images. The view is a pinhole at the same place that looks the
same way, so depth along the optical axis is that of the distorted pixel with the same ray.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

import cv2
import numpy as np

from mono_depth_ros.bytes_cache import BytesCache
from mono_depth_ros.camera import Camera, rays
from mono_depth_ros.distortion import distort

# What `lens_view` may keep, all together.
VIEW_BYTES = 200_000_000
# Widest view in degrees across and down; a pinhole's pixels stretch with 1 / cos^2 of the angle.
WIDEST_DEG = 100.0
# A view with a smaller share of the image's pixels would give next to no depth.
LEAST_REACHED = 0.01
OFF_AXIS = ('the image lies outside the {:g} degrees around the axis of its lens that a network '
            'is shown: use the whole image of the camera, not a region at its edge')
# The view has about this many pixels on its longer side; images of twice as many are averaged.
SIDE_PX = 640
# A lens that moves no pixel by more than this share of the image's longer side needs no view.
NEGLIGIBLE = 0.01
# Pixels of the grid on which a lens is looked at.
GRID = 65


@dataclass(frozen=True, kw_only=True)
class LensView:
    """The view of one lens: `camera` is its pinhole, `reached` the share of pixels it covers.

    Call `image` for what a network sees, and `to_image` for its answer at the image's pixels.
    """

    camera: Camera
    reached: float
    shrink: int
    image_maps: tuple[np.ndarray, np.ndarray]
    depth_maps: tuple[np.ndarray, np.ndarray]
    outside: np.ndarray

    @property
    def told(self) -> str:
        """Degrees across and down, and how much of the image that is, for an operator."""
        across, down = (2 * math.degrees(math.atan(side / 2 / self.camera.fx))
                        for side in (self.camera.width, self.camera.height))
        return f'{across:.0f} x {down:.0f} degrees, {self.reached:.0%} of the pixels'

    @property
    def nbytes(self) -> int:
        """Bytes of the maps."""
        return sum(part.nbytes for part in (*self.image_maps, *self.depth_maps, self.outside))

    def image(self, rgb_HW3: np.ndarray) -> np.ndarray:
        """The view (h, w, 3) uint8 of a distorted image, uint8: (H, W, 3), or a reduced one."""
        full = self.outside.shape
        height, width = (side // self.shrink for side in full)
        if rgb_HW3.shape[:2] == full:  # whole factors: eight times as fast as others
            rgb_HW3 = rgb_HW3[:height * self.shrink, :width * self.shrink]
        if rgb_HW3.shape[:2] != (height, width):
            rgb_HW3 = cv2.resize(rgb_HW3, (width, height), interpolation=cv2.INTER_AREA)
        return cv2.remap(rgb_HW3, *self.image_maps, cv2.INTER_LINEAR,
                         borderMode=cv2.BORDER_REPLICATE)

    def to_image(self, map_hw: np.ndarray) -> np.ndarray:
        """A map of the view (h, w) float32 at the pixels (H, W) of the distorted image.

        Bilinear; NaN where the view does not reach. Where one of the four neighbours is not
        finite, the nearest one counts: between infinity and a number there is no mean.
        """
        map_HW = self._remapped(map_hw, cv2.INTER_LINEAR)
        if not math.isfinite(map_hw.sum(dtype=np.float64)):
            np.copyto(map_HW, self._remapped(map_hw, cv2.INTER_NEAREST),
                      where=~np.isfinite(map_HW))
        map_HW[self.outside] = np.nan
        return map_HW

    def _remapped(self, map_hw: np.ndarray, how: int) -> np.ndarray:
        return cv2.remap(map_hw, *self.depth_maps, how, borderMode=cv2.BORDER_REPLICATE)


def bends(camera: Camera) -> bool:
    """Whether a lens moves pixels from where its pinhole has them by more than NEGLIGIBLE."""
    x_hw, y_hw, seen = _grid(camera)
    pinhole = rays(replace(seen, distortion=()))
    moved = np.hypot((x_hw - pinhole.x) * seen.fx, (y_hw - pinhole.y) * seen.fy)
    return not np.nanmax(moved, initial=0) <= NEGLIGIBLE * max(seen.width, seen.height)


def view_camera(camera: Camera, widest_deg: float = WIDEST_DEG) -> Camera:
    """The pinhole that sees what a lens sees across and down the axis, up to `widest_deg`.

    Not more: of a lens that bends lines outwards, corners beyond that rectangle would leave the
    view without picture on its sides, and with a fifth of it empty the error of depth was 1.3
    times as large. It has square pixels and about SIDE_PX on the longer side, as many as the
    image where that has fewer. ValueError for an image of which it would see nothing.
    """
    x_hw, y_hw, seen = _grid(camera)
    limit = math.tan(math.radians(widest_deg) / 2)
    row, column = (int(np.clip(round(at), 0, size - 1))
                   for at, size in ((seen.cy, seen.height), (seen.cx, seen.width)))
    left, right, top, bottom = (
        float(np.clip(edge(line), -limit, limit))
        for line in (x_hw[row], y_hw[:, column]) for edge in (np.nanmin, np.nanmax))
    if not (left < right and top < bottom):
        raise ValueError(OFF_AXIS.format(widest_deg))
    longer = max(camera.width, camera.height) // _shrink(camera)
    focal = longer / max(right - left, bottom - top)
    width, height = (max(1, round(focal * size)) for size in (right - left, bottom - top))
    return Camera(fx=focal, fy=focal, cx=-left * focal - 0.5, cy=-top * focal - 0.5,
                  width=width, height=height)


def _grid(camera: Camera) -> tuple[np.ndarray, np.ndarray, Camera]:
    """Rays x/z and y/z of a coarse image (h, w) of the same view, and its camera.

    It has a pixel more on every side, for the centres of its outermost ones lie within the image.
    """
    scale = min(1.0, GRID / max(camera.width, camera.height))
    width, height = (max(1, round(side * scale)) for side in (camera.width, camera.height))
    seen = camera.resized(width, height).cropped(-1, -1, width + 2, height + 2)
    found = rays(seen)
    return found.x, found.y, seen


def _shrink(camera: Camera) -> int:
    shorter, longer = sorted((camera.width, camera.height))
    return max(1, min(longer // SIDE_PX, shorter))


def _made(camera: Camera) -> LensView:
    view, n = view_camera(camera), _shrink(camera)
    width, height = camera.width // n, camera.height // n
    small = camera.cropped(0, 0, width * n, height * n).resized(width, height)
    x_hw, y_hw = np.broadcast_arrays(rays(view).x, rays(view).y)
    u_hw, v_hw = distort(x_hw, y_hw, camera.distortion_model, camera.distortion)
    image_maps = cv2.convertMaps(_known(u_hw * small.fx + small.cx, -2),
                                 _known(v_hw * small.fy + small.cy, -2), cv2.CV_16SC2)
    seen = rays(camera)
    u_HW, v_HW = seen.x * view.fx + view.cx, seen.y * view.fy + view.cy
    inside = (u_HW >= 0) & (v_HW >= 0) & (u_HW <= view.width - 1) & (v_HW <= view.height - 1)
    if inside.mean() < LEAST_REACHED:
        raise ValueError(OFF_AXIS.format(WIDEST_DEG))
    return LensView(
        camera=view, reached=float(inside.mean()), shrink=n, image_maps=image_maps,
        depth_maps=(_known(u_HW, 0), _known(v_HW, 0)), outside=~inside)


def _known(at_hw: np.ndarray, otherwise: float) -> np.ndarray:
    """Pixel positions as remap takes them, float32; far off or unknown ones are `otherwise`."""
    return np.where(np.abs(at_hw) < 1e4, at_hw, otherwise).astype(np.float32)


def _view(camera: Camera) -> LensView | None:
    return _made(camera) if camera.distortion and bends(camera) else None


# The view for a network of a camera's images; None where its distortion is negligible.
lens_view = BytesCache(_view, lambda view: view.nbytes if view else 0, VIEW_BYTES)
