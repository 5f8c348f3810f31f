"""Depth as compressed_depth_image_transport sends it: inverse depth as PNG of 16 bits (no ROS)."""

from __future__ import annotations

import struct

import cv2
import numpy as np

FORMAT = '32FC1; compressedDepth png'
INVERSE_DEPTH = 0
# Of the plugin's own default, depth_quantization 100: steps of 0.1 mm at 1 m, 1 cm at 10 m.
FINEST = 100 * (100 + 1.0)
# Metres: a nearest depth of 0 (an offset may take it there) would have an infinite inverse.
LEAST_M = 0.01
# Levels above cost more time than they save bytes.
PNG_LEVEL = 1


def compressed_depth(depth_HW: np.ndarray, nearest_m: float, farthest_m: float) -> bytes:
    """Data of a CompressedImage of format FORMAT, of depth (H, W) float32 in metres.

    12 bytes of header, in which a and b of a / z + b, then that as PNG. The farthest depth is 1
    and the nearest, LEAST_M or more, at most 65535; what is not finite or beyond them is 0, which
    a reader takes as NaN.
    """
    nearest_m = max(nearest_m, LEAST_M)
    span = 1 / nearest_m - 1 / farthest_m
    # Above 0 but where limits leave nothing of a model, of which every number is unknown.
    a = min(FINEST, (2**16 - 2) / span) if span > 0 else FINEST
    b = 1 - a / farthest_m
    with np.errstate(divide='ignore', invalid='ignore'):
        inverse_HW = np.float32(a) / depth_HW + np.float32(b)
    known_HW = (depth_HW >= np.float32(nearest_m)) & (depth_HW <= np.float32(farthest_m))
    numbers_HW = np.zeros(depth_HW.shape, np.uint16)
    np.copyto(numbers_HW, np.clip(np.rint(inverse_HW), 1, 2**16 - 1), where=known_HW,
              casting='unsafe')
    _, png = cv2.imencode('.png', numbers_HW, [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    return struct.pack('<iff', INVERSE_DEPTH, a, b) + png.tobytes()
