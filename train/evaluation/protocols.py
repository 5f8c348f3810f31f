"""Evaluation protocols: which view is predicted and which pixels count.

Results of different protocols are not comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
import math

import cv2
import numpy as np

from mono_depth_ros.metrics import depth_errors, DepthErrors, mean_errors, pooled_errors
from train.data.data_set_facts import facts_called, NYU
from train.data.samples.augmentation import ZOOMS
from train.data.samples.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How one line of a table is measured.

    `window` is top, bottom, left, right as shares of the truth's size, in `whole` pixels; truth
    counts within (min_depth_m, max_depth_m) and the prediction is clipped to it; `view` changes
    the sample before anything is predicted; with `pooled` all pixels count alike, else all images.
    """

    name: str
    window: tuple[float, float, float, float] = (0, 1, 0, 1)
    whole: Callable[[float], int] = round
    min_depth_m: float = 1e-3
    max_depth_m: float = 10.0
    view: Callable[[Sample], Sample] = lambda sample: sample
    pooled: bool = False

    def combine(self, errors: Sequence[DepthErrors]) -> DepthErrors:
        """One figure of all images'; ValueError for none."""
        return pooled_errors(errors) if self.pooled else mean_errors(errors)

    def counted(self, prediction_HW: np.ndarray,
                truth_HW: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predicted and true metres (N,) of the pixels that count; predictions are clipped.

        Raises ValueError for another size, or a prediction that is unknown where truth counts.
        """
        if prediction_HW.shape != truth_HW.shape:
            raise ValueError(f'prediction {prediction_HW.shape} and truth {truth_HW.shape} differ '
                             'in size')
        truth, prediction = self.windowed(truth_HW), self.windowed(prediction_HW)
        counts = (truth > self.min_depth_m) & (truth < self.max_depth_m)
        if np.isnan(prediction[counts]).any():
            raise ValueError('the prediction has unknown pixels where the truth is known')
        return np.clip(prediction[counts], self.min_depth_m, self.max_depth_m), truth[counts]

    def known_share(self, truth_HW: np.ndarray) -> float:
        """Share of the window's pixels whose truth is known, at any distance; sky (+inf) is."""
        return float(np.mean(self.windowed(truth_HW) > 0))

    def errors(self, prediction_HW: np.ndarray, truth_HW: np.ndarray) -> DepthErrors:
        """Errors of one image; ValueError as `counted`, or where no pixel counts."""
        return depth_errors(*self.counted(prediction_HW, truth_HW))

    def windowed(self, map_HW: np.ndarray) -> np.ndarray:
        """The part of a map inside the window, a view."""
        height, width = map_HW.shape
        top, bottom, left, right = self.window
        return map_HW[self.whole(top * height):self.whole(bottom * height),
                      self.whole(left * width):self.whole(right * width)]


def fast_depth_view(sample: Sample) -> Sample:
    """FastDepth's: image and depth to 250 rows of 480, centre 304x228, squeezed to 224x224."""
    camera = sample.camera
    height = round(camera.height * 250 / 480)
    width = round(camera.width * 250 / 480)
    x, y = (width - 304) // 2, (height - 228) // 2
    if x < 0 or y < 0:
        raise ValueError(f'fast-depth needs a 304x228 centre; {camera.width}x{camera.height} is '
                         'too small')
    camera = camera.resized(width, height).cropped(x, y, 304, 228).resized(224, 224)

    def seen(image: np.ndarray, how: int) -> np.ndarray:
        whole = cv2.resize(image, (width, height), interpolation=how)
        return cv2.resize(whole[y:y + 228, x:x + 304], (224, 224), interpolation=how)

    return replace(sample, rgb=seen(sample.rgb, cv2.INTER_LINEAR),
                   depth=seen(sample.depth, cv2.INTER_NEAREST_EXACT), camera=camera)


def zoomed(protocol: Protocol, factor: float) -> Protocol:
    """`protocol` on the middle of every view, as by a lens of `factor` times the focal length.

    The scene then seems that much nearer: this measures how a model does up close. ValueError
    for a factor below 1 or above augmentation.ZOOMS.
    """
    if not 1 <= factor <= ZOOMS[1]:
        raise ValueError('a zoom shows a part of an image, and enough of it: at least 1, got '
                         f'{factor:g}; at most {ZOOMS[1]:g}')

    def middle(sample: Sample) -> Sample:
        sample = protocol.view(sample)
        camera = sample.camera
        width, height = (max(1, round(side / factor)) for side in (camera.width, camera.height))
        x, y = (camera.width - width) // 2, (camera.height - height) // 2
        part = slice(y, y + height), slice(x, x + width)
        return replace(sample, rgb=np.ascontiguousarray(sample.rgb[part]),
                       depth=sample.depth[part], camera=camera.cropped(x, y, width, height))
    return replace(protocol, name=f'{protocol.name} {factor:g}x', view=middle)


def without_frame(protocol: Protocol, window: tuple[float, float, float, float]) -> Protocol:
    """`protocol` on images whose frame outside `window` is the mirror image of what is beside it.

    `window` as top, bottom, left, right in shares of the image. NYU-Depth-v2 has a white frame
    from which a network may read that it sees NYU, and so the scale: this measures without.
    """
    def mirrored(sample: Sample) -> Sample:
        height, width = sample.depth.shape
        # Two pixels of the picture go with the frame, for resizing and JPEG mixed both.
        top, left = (math.ceil(share * side) + 2 for share, side in (
            (window[0], height), (window[2], width)))
        bottom, right = (math.floor(share * side) - 2 for share, side in (
            (window[1], height), (window[3], width)))
        picture = sample.rgb[top:bottom, left:right]
        rgb_HW3 = cv2.copyMakeBorder(picture, top, height - bottom, left, width - right,
                                     cv2.BORDER_REFLECT)
        return protocol.view(replace(sample, rgb=np.asarray(rgb_HW3)))
    return replace(protocol, name=f'{protocol.name} no frame', view=mirrored)


PROTOCOLS = {protocol.name: protocol for protocol in (
    # Eigen's crop as BTS, AdaBins and ZoeDepth use it on NYU-Depth-v2: rows 45:471, columns
    # 41:601 of 480x640, scaled to the truth's size.
    Protocol(name='eigen-crop', window=(45 / 480, 471 / 480, 41 / 640, 601 / 640)),
    Protocol(name='fast-depth', view=fast_depth_view),
    # DenseDepth's crop, rows 20:459, columns 24:615, all pixels of all images pooled.
    Protocol(name='dense-depth', window=(20 / 480, 459 / 480, 24 / 640, 615 / 640),
             pooled=True),
    Protocol(name='full'),
    Protocol(name='outdoor', max_depth_m=80.0),
    # Garg et al. 2016, with the shares that Monodepth, BTS and others use on KITTI, cut off to
    # whole pixels: rows 153:371, columns 44:1197 of 375x1242.
    Protocol(name='garg-crop', window=(0.40810811, 0.99189189, 0.03594771, 0.96405229),
             whole=math.floor, max_depth_m=80.0),
)}
INDOOR, OUTDOOR, WHOLE = 'eigen-crop', 'outdoor', 'full'


def usual_protocol(name: str, max_depth_m: float) -> str:
    """How a model that reaches `max_depth_m` is measured on data called `name` if nobody says.

    The window of eigen-crop is that of NYU's images: of others it would cut off the borders.
    """
    if max_depth_m > PROTOCOLS[WHOLE].max_depth_m:
        return OUTDOOR
    return INDOOR if facts_called(name) is NYU else WHOLE
