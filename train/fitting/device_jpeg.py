"""The artefacts of JPEG on a batch of images: libjpeg's tables on 8x8 blocks, 4:2:0 colour."""

from __future__ import annotations

from functools import lru_cache
import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from train.fitting.device_constant import constant

# ITU-T T.81, tables K.1 and K.2.
LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99)
CHROMINANCE = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, *[99] * 32)
# JFIF: rows give Y, Cb, Cr of R, G, B.
YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
BACK = tuple(map(tuple, np.linalg.inv(YCC).tolist()))


def jpeg_artefacts(rgb_B3HW: Tensor, quality_B: Tensor) -> Tensor:
    """Images (B, 3, H, W) in 0..255 as JPEG of that quality (1 to 100) keeps them; 0 is as given.

    The colour channels are in RGB; OpenCV's encoder takes them for BGR, which changes the
    artefacts little.
    """
    height, width = rgb_B3HW.shape[-2:]
    ycc, back = constant(YCC, rgb_B3HW.device), constant(BACK, rgb_B3HW.device)
    planes = torch.einsum('ij,bjhw->bihw', ycc, rgb_B3HW)
    planes = pad(planes, (0, -width % 16, 0, -height % 16), mode='replicate')
    luma = _quantised(planes[:, :1] - 128, _table(LUMINANCE, quality_B)) + 128
    chroma = _quantised(avg_pool2d(planes[:, 1:], 2), _table(CHROMINANCE, quality_B))
    chroma = interpolate(chroma, scale_factor=2, mode='bilinear', align_corners=False)
    planes = torch.cat([luma, chroma], dim=1)[..., :height, :width]
    rgb = torch.einsum('ij,bjhw->bihw', back, planes).round().clamp(0, 255)
    return torch.where(quality_B[:, None, None, None] > 0, rgb, rgb_B3HW)


def _table(base: tuple[int, ...], quality_B: Tensor) -> Tensor:
    """libjpeg's quantisation steps (B, 8, 8) for a quality."""
    quality = quality_B.float().clamp(min=1)[:, None, None]
    percent = torch.where(quality < 50, torch.floor(5000 / quality), 200 - 2 * quality)
    steps = constant(base, quality.device).view(8, 8)
    return torch.floor((steps * percent + 50) / 100).clamp(1, 255)


def _quantised(planes_BCHW: Tensor, table_B88: Tensor) -> Tensor:
    """Planes, sides multiples of 8, after their cosine coefficients were rounded to the table."""
    batch, channels, height, width = planes_BCHW.shape
    blocks = planes_BCHW.view(batch, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
    dct = _cosines(planes_BCHW.device)
    steps = table_B88[:, None, None, None]
    coefficients = torch.round(dct @ blocks @ dct.T / steps) * steps
    return (dct.T @ coefficients @ dct).transpose(3, 4).reshape(planes_BCHW.shape)


@lru_cache(maxsize=4)
def _cosines(device: torch.device) -> Tensor:
    """The orthonormal DCT-II (8, 8): rows are frequencies."""
    k, n = torch.arange(8)[:, None], torch.arange(8)
    matrix = torch.cos(math.pi * (2 * n + 1) * k / 16) / 2
    matrix[0] /= math.sqrt(2)
    return matrix.to(device)
