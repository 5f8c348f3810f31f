"""Pixels of many views at once, on a GPU: the batched twin of what OpenCV does to one.

`train/data/samples` describes each change; `test_device_views.py` compares both.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d, pad

from train.data.samples.geometry import BORDER_GREY
from train.fitting.device_constant import constant
from train.fitting.device_jpeg import jpeg_artefacts
from train.fitting.device_store import DeviceStore

# Radius of OpenCV's kernel for the strongest blur, 1.2 pixels.
BLUR_RADIUS = 4
# A view that shows the image smaller is sampled that finely at most, and averaged.
FINEST = 4
# Of a point's four pixels (x, y), from the first.
CORNERS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))


class Degradations(NamedTuple):
    """`Degradation` of every view as numbers; the noise itself is drawn on the device."""

    blur: Tensor
    noise_level: Tensor
    jpeg_quality: Tensor
    rectangle: Tensor
    rectangle_colour: Tensor

    def some(self) -> frozenset[str]:
        """Which of them any view has; asked on the CPU, so that nothing waits."""
        return frozenset(name for name in ('blur', 'noise_level', 'jpeg_quality', 'rectangle')
                         if getattr(self, name).any())


class Shrunk(NamedTuple):
    """The numbers (N,) of the views that show the image smaller; `finer` points a pixel."""

    numbers: Tensor
    finer: int

    @classmethod
    def of(cls, scale_B: Tensor, device: torch.device) -> Shrunk:
        """Those of a scale below 1; `scale_B` is on the CPU, so that nothing waits."""
        numbers = (scale_B < 1).nonzero().flatten()
        finer = min(FINEST, math.ceil(1 / float(scale_B.min())))
        return cls(numbers=numbers.to(device, non_blocking=True), finer=finer)


def sampled(store: DeviceStore, offset_B: Tensor, size_B2: Tensor, source_B33: Tensor,
            frame_B33: Tensor, along_B3: Tensor, shrunk: Shrunk,
            shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Colour (B, 3, H, W) in 0..255 and depth (B, H, W) in metres of the views.

    Outside the stored image, and outside the tilted one, colour is grey and depth NaN. The
    colour of views that show the image smaller is averaged.
    """
    pixels = _grid(shape, 1, offset_B.device)
    inside = _inside(_mapped(frame_B33, pixels), size_B2)
    at = _mapped(source_B33, pixels)
    depth = _nearest(store.depth, at, offset_B, size_B2)
    depth = torch.where(inside, depth, torch.nan) / _product(along_B3[:, None], pixels)[:, 0]
    colour = _bilinear(store.rgb, at, offset_B, size_B2)
    some = shrunk.numbers
    if len(some):
        fine = _mapped(source_B33[some], _grid(shape, shrunk.finer, offset_B.device))
        fine = _bilinear(store.rgb, fine, offset_B[some], size_B2[some])
        colour[some] = avg_pool2d(fine, shrunk.finer)
    return torch.where(inside[:, None], colour, _grey(colour.device)).round(), depth


def _grid(shape: tuple[int, int], finer: int, device: torch.device) -> Tensor:
    """(u, v, 1) of every pixel (3, H, W), or of `finer` x `finer` points of each."""
    height, width = shape
    u = (torch.arange(width * finer, device=device) + 0.5) / finer - 0.5
    v = (torch.arange(height * finer, device=device) + 0.5) / finer - 0.5
    v, u = torch.meshgrid(v, u, indexing='ij')
    return torch.stack([u, v, torch.ones_like(u)])


def _mapped(matrix_B33: Tensor, pixels_3HW: Tensor) -> Tensor:
    """Pixels (B, 2, H, W) through a 3x3 map."""
    x = _product(matrix_B33, pixels_3HW)
    return x[:, :2] / x[:, 2:]


def _product(matrix_B33: Tensor, pixels_3HW: Tensor) -> Tensor:
    """(B, 3, H, W) of 3x3 maps; no matrix product, which on a GPU may be rounded to TF32."""
    columns = matrix_B33[..., None, None].unbind(2)
    return columns[0] * pixels_3HW[0] + columns[1] * pixels_3HW[1] + columns[2] * pixels_3HW[2]


def _inside(at_B2HW: Tensor, size_B2: Tensor) -> Tensor:
    """Whether a point (..., B, 2, H, W) lies on a pixel of an image of its size (..., B, H, W)."""
    nearest = at_B2HW.round()
    return ((nearest >= 0) & (nearest < size_B2[:, :, None, None])).all(-3)


def _index(x: Tensor, y: Tensor, offset_B: Tensor, size_B2: Tensor) -> Tensor:
    """Number in the store of the pixel nearest to the integers x, y within the image."""
    width, height = (side[:, None, None] for side in size_B2.unbind(1))
    x, y = x.long().clamp(min=0), y.long().clamp(min=0)
    x, y = torch.minimum(x, (width - 1).clamp(min=0)), torch.minimum(y, (height - 1).clamp(min=0))
    return offset_B[:, None, None] + y * width + x


def _nearest(values_N: Tensor, at_B2HW: Tensor, offset_B: Tensor, size_B2: Tensor) -> Tensor:
    x, y = at_B2HW.round().unbind(1)
    values = values_N[_index(x, y, offset_B, size_B2)].float()
    return torch.where(_inside(at_B2HW, size_B2), values, torch.nan)


def _bilinear(rgb_N3: Tensor, at_B2HW: Tensor, offset_B: Tensor, size_B2: Tensor) -> Tensor:
    """Colour (B, 3, H, W) between pixels; those outside the image are grey.

    The four pixels around a point are an axis in front: a quarter of the kernels.
    """
    first = at_B2HW.floor()
    part_x, part_y = (at_B2HW - first).unbind(1)
    corner = first + constant(CORNERS, first.device)[:, None, :, None, None]
    x, y = corner.unbind(2)
    colour = rgb_N3[_index(x, y, offset_B, size_B2)].float()
    colour = torch.where(_inside(corner, size_B2)[..., None], colour,
                         _grey(rgb_N3.device)[:, 0, 0])
    right, below = torch.stack([1 - part_x, part_x]), torch.stack([1 - part_y, part_y])
    share = (below[:, None] * right).flatten(0, 1)
    return (colour * share[..., None]).sum(0).permute(0, 3, 1, 2)


def _grey(device: torch.device) -> Tensor:
    """The colour (3, 1, 1) of what lies outside an image."""
    return constant(tuple(map(float, BORDER_GREY)), device)[:, None, None]


def coloured(rgb_B3HW: Tensor, gains_B3: Tensor, gamma_B: Tensor, tint_B33: Tensor) -> Tensor:
    """As `augmentation.coloured`, with whole numbers between its steps."""
    levels = (rgb_B3HW / 255) ** gamma_B[:, None, None, None]
    levels = (255 * levels * gains_B3[..., None, None]).clamp(0, 255).floor()
    return torch.einsum('bij,bjhw->bihw', tint_B33, levels).round().clamp(0, 255)


def degraded(rgb_B3HW: Tensor, change: Degradations, some: frozenset[str], seed: int) -> Tensor:
    """As `augmentation.degraded`, by those changes that `some` view has; `seed` is the noise's."""
    rgb = _blurred(rgb_B3HW, change.blur).round() if 'blur' in some else rgb_B3HW
    if 'noise_level' in some:
        level = change.noise_level[:, None, None, None]
        draws = torch.Generator(rgb.device).manual_seed(seed)
        noise = torch.randn(rgb.shape, generator=draws, device=rgb.device)
        noisy = (rgb + level * noise).clamp(0, 255).floor()
        rgb = torch.where(level > 0, noisy, rgb)
    if 'jpeg_quality' in some:
        rgb = jpeg_artefacts(rgb, change.jpeg_quality)
    return _erased(rgb, change) if 'rectangle' in some else rgb


def _erased(rgb_B3HW: Tensor, change: Degradations) -> Tensor:
    top, left, tall, wide = change.rectangle[..., None, None].unbind(1)
    v = torch.arange(rgb_B3HW.shape[2], device=rgb_B3HW.device)[:, None]
    u = torch.arange(rgb_B3HW.shape[3], device=rgb_B3HW.device)
    hidden = (v >= top) & (v < top + tall) & (u >= left) & (u < left + wide)
    return torch.where(hidden[:, None], change.rectangle_colour[..., None, None], rgb_B3HW)


def _blurred(rgb_B3HW: Tensor, sigma_B: Tensor) -> Tensor:
    """Each image blurred by its own Gaussian, or not at all where sigma is 0."""
    batch, channels, height, width = rgb_B3HW.shape
    x = torch.arange(-BLUR_RADIUS, BLUR_RADIUS + 1, device=rgb_B3HW.device)
    kernel = torch.exp(-0.5 * (x / sigma_B.clamp(min=1e-3)[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)[:, None]
    flat = pad(rgb_B3HW, [BLUR_RADIUS] * 4, mode='reflect').flatten(0, 1)[None]
    flat = conv2d(flat, kernel[:, :, None], groups=batch * channels)
    return conv2d(flat, kernel[..., None], groups=batch * channels).view(
        batch, channels, height, width)


def without_edges(depth_BHW: Tensor, factor: float = 1.2) -> Tensor:
    """As `geometry.without_edges`."""
    known = torch.isfinite(depth_BHW)
    farthest = max_pool2d(torch.where(known, depth_BHW, 0), 3, 1, 1)
    nearest = -max_pool2d(torch.where(known, -depth_BHW, -torch.inf), 3, 1, 1)
    return torch.where(farthest / factor > nearest, torch.nan, depth_BHW)
