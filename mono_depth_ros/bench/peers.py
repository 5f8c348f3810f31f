"""What a plain Python depth node does for a frame: the baseline of the benchmark.

PyTorch in fp32 without any preparation, copies as cv_bridge makes them, a cloud by one matrix
product over all pixels.
"""

from __future__ import annotations

from array import array
from pathlib import Path

import cv2
import numpy as np
from sensor_msgs.msg import Image, PointCloud2, PointField
import torch
from torch.nn import functional

from mono_depth_ros.camera import Camera
from mono_depth_ros.model_file import load_model
from mono_depth_ros.preprocess import focal_ratio


class EagerEstimator:
    """The model's network as torch loads it, with the usual steps around it."""

    def __init__(self, path: Path):
        self._network, self._card = load_model(path)
        norm = self._card.normalisation
        self._mean, self._std = (np.asarray(numbers, np.float32) for numbers in (
            norm.mean, norm.std))

    @torch.inference_mode()
    def estimate(self, rgb_HW3: np.ndarray, camera: Camera) -> np.ndarray:
        """Metres (H, W) float32; the image is stretched to the network's own size."""
        spec, reference = self._card.network, self._card.reference
        small = cv2.resize(rgb_HW3, (spec.input_width, spec.input_height),
                           interpolation=cv2.INTER_AREA)
        planes = ((small.astype(np.float32) / 255 - self._mean) / self._std).transpose(2, 0, 1)
        image = torch.from_numpy(np.ascontiguousarray(planes))[None]
        depth = torch.exp(self._network(image)[:, :1])
        seen = camera.resized(spec.input_width, spec.input_height)
        depth = functional.interpolate(depth, rgb_HW3.shape[:2], mode='bilinear')
        depth = (depth * focal_ratio(seen, reference)).clamp(
            self._card.min_depth_m, self._card.max_depth_m)
        return depth[0, 0].numpy()


def image_array(message: Image) -> np.ndarray:
    """RGB (H, W, 3) of an rgb8 message, converted and copied as cv_bridge does."""
    rgb_HW3 = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
    return cv2.cvtColor(cv2.cvtColor(rgb_HW3, cv2.COLOR_RGB2BGR), cv2.COLOR_BGR2RGB)


def depth_message(depth_HW: np.ndarray, image: Image) -> Image:
    """A new 32FC1 message."""
    height, width = depth_HW.shape
    return Image(header=image.header, height=height, width=width, encoding='32FC1',
                 step=4 * width, data=array('B', depth_HW.tobytes()))


def cloud_message(
        depth_HW: np.ndarray, rgb_HW3: np.ndarray, camera: Camera, image: Image) -> PointCloud2:
    """A new xyzrgb cloud: homogeneous pixels times depth, by one 4x4 matrix for all."""
    height, width = depth_HW.shape
    v, u = np.mgrid[:height, :width]
    pixels_4N = np.stack([u * depth_HW, v * depth_HW, depth_HW, np.ones_like(depth_HW)]).reshape(
        4, -1)
    back_44 = np.linalg.inv(np.array([[camera.fx, 0, camera.cx, 0], [0, camera.fy, camera.cy, 0],
                                      [0, 0, 1, 0], [0, 0, 0, 1]]))
    points_N3 = (back_44 @ pixels_4N)[:3].T.astype(np.float32)
    colour = rgb_HW3.reshape(-1, 3).astype(np.uint32)
    packed_N = (colour[:, 0] << 16 | colour[:, 1] << 8 | colour[:, 2]).view(np.float32)
    data = np.column_stack([points_N3, packed_N]).astype(np.float32)
    fields = [PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
              for i, name in enumerate(('x', 'y', 'z', 'rgb'))]
    return PointCloud2(header=image.header, height=height, width=width, fields=fields,
                       point_step=16, row_step=16 * width, data=array('B', data.tobytes()))
