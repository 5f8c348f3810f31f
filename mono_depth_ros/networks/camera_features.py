"""The camera as an input of a network: where each pixel looks and how long the lens is.

A crop, a zoom and another lens show the same pixels of scenes at other distances; with the camera
beside the image a network can tell them apart (CAM-Convs, Facil et al. 2019; CoordConv, Liu et
al. 2018).
"""

from __future__ import annotations

from torch import nn, Tensor

from .efficientnet_lite import same_size
from .multi_scale import CAMERA_PLANES


class CameraFeatures(nn.Module):
    """Adds what the camera's planes (B, 3, H, W) say to features (B, `width`, h, w).

    The last layer starts at zero: at first, and wherever nothing was learned of the camera, the
    features stay as they are. Added before a convolution this is as general as more channels.
    """

    HIDDEN = 32

    def __init__(self, width: int):
        super().__init__()
        last = nn.Conv2d(self.HIDDEN, width, 1, bias=False)
        nn.init.zeros_(last.weight)
        self.mix = nn.Sequential(nn.Conv2d(CAMERA_PLANES, self.HIDDEN, 1), nn.ReLU(), last)

    def forward(self, features_BChw: Tensor, planes_B3HW: Tensor) -> Tensor:
        # Every plane is linear over the image, so that its value at a cell's centre is its mean.
        return features_BChw + self.mix(same_size(planes_B3HW, features_BChw))
