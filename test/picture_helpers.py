"""Pictures as a phone writes them, turned by their EXIF orientation alone."""

import struct

import cv2
import numpy as np


def turned_jpeg(rgb_HW3, orientation=6):
    """A JPEG with an EXIF orientation (6: to be shown turned a quarter clockwise)."""
    data = cv2.imencode('.jpg', rgb_HW3[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    tiff = b'II*\0' + struct.pack('<IHHHIHHI', 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b'Exif\0\0' + tiff
    return data[:2] + b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + data[2:]


def left_half_red():
    """RGB (48, 64, 3) uint8, red to the left and black to the right."""
    rgb_HW3 = np.zeros((48, 64, 3), np.uint8)
    rgb_HW3[:, :32, 0] = 200
    return rgb_HW3
