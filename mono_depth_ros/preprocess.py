"""Pixels to network input, network output to metres: one way for training and the robot."""

from __future__ import annotations

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.letterbox import Letterbox, to_image_size
from mono_depth_ros.metrics import DELTA
from mono_depth_ros.model_card import Normalisation
from mono_depth_ros.reduction import whole_factor

# A depth this small or its inverse stands for one that the network gives as 0 or below.
LEAST = 1e-9

# What resizing may change at a value that is the same everywhere, with a margin.
ROUNDING = 1e-6


def encode_image(
        rgb_HW3: np.ndarray, letterbox: Letterbox, normalisation: Normalisation) -> np.ndarray:
    """Normalised network input (3, H, W) float32 of an RGB image (H, W, 3) uint8."""
    content = _shrunk(rgb_HW3, letterbox.content_width, letterbox.content_height)
    if content.shape[:2] == (letterbox.input_height, letterbox.input_width):
        return normalise(content, normalisation)
    image_3HW = np.empty((3, letterbox.input_height, letterbox.input_width), np.float32)
    image_3HW[:] = _border(normalisation)
    rows = slice(letterbox.y, letterbox.y + letterbox.content_height)
    columns = slice(letterbox.x, letterbox.x + letterbox.content_width)
    image_3HW[:, rows, columns] = normalise(content, normalisation)
    return image_3HW


def _border(normalisation: Normalisation) -> np.ndarray:
    """Normalised colour (3, 1, 1) of the border."""
    if not normalisation.border:
        return np.zeros((3, 1, 1))
    rgb_3 = np.asarray(normalisation.border) / 255
    return ((rgb_3 - normalisation.mean) / normalisation.std)[:, None, None]


def _shrunk(rgb_HW3: np.ndarray, width: int, height: int) -> np.ndarray:
    """The image at width x height, averaged over whole pixels first, then bilinear."""
    size = rgb_HW3.shape[1], rgb_HW3.shape[0]
    factor = whole_factor(size, (width, height))
    if factor > 1:
        rgb_HW3 = cv2.resize(rgb_HW3, (size[0] // factor, size[1] // factor),
                             interpolation=cv2.INTER_AREA)
    return cv2.resize(rgb_HW3, (width, height), interpolation=cv2.INTER_LINEAR)


def normalise(rgb_HW3: np.ndarray, normalisation: Normalisation) -> np.ndarray:
    """Normalised planes (3, H, W) float32 of RGB (H, W, 3) uint8."""
    scale = (1 / (255 * np.asarray(normalisation.std))).astype(np.float32)
    offset = (np.asarray(normalisation.mean) / np.asarray(normalisation.std)).astype(np.float32)
    planes = np.empty((3, *rgb_HW3.shape[:2]), np.float32)
    # Splitting and converting first takes two thirds of the time of strided products.
    for channel, (plane, values) in enumerate(zip(planes, cv2.split(rgb_HW3))):
        np.copyto(plane, values)
        plane *= scale[channel]
        plane -= offset[channel]
    return planes


def with_camera(image_3HW: np.ndarray, camera: Camera, reference: Camera) -> np.ndarray:
    """The image (6, H, W) float32 with its camera behind it, for networks with `camera_input`.

    `camera` is that of these pixels, of which the pinhole counts. The planes are x/z and y/z of
    the ray of every pixel, and the logarithm of `focal_ratio` everywhere.
    """
    planes_6HW = np.empty((6, *image_3HW.shape[1:]), np.float32)
    planes_6HW[:3] = image_3HW
    planes_6HW[3] = (np.arange(camera.width) - camera.cx) / camera.fx
    planes_6HW[4] = ((np.arange(camera.height) - camera.cy) / camera.fy)[:, None]
    planes_6HW[5] = np.log(focal_ratio(camera, reference))
    return planes_6HW


def focal_ratio(camera: Camera, reference: Camera) -> float:
    """Metres per canonical metre for a camera at network input size."""
    return camera.focal / reference.focal


def metres_per_output(camera: Camera, reference: Camera, output: str,
                      focal_rule: str = 'fx') -> float:
    """What depth of a network is multiplied by for the camera of its input.

    `output` is one of model_card.OUTPUTS. Our own networks count both focal lengths, foreign
    ones as `focal_rule` says that of x (Metric3D, Depth Pro) or the mean of both (Depth Anything
    3); a network for the image's own camera needs none.
    """
    if output == 'log_canonical_depth':
        return focal_ratio(camera, reference)
    if 'canonical' not in output:
        return 1.0
    if focal_rule == 'mean':
        return (camera.fx + camera.fy) / (reference.fx + reference.fy)
    return camera.fx / reference.fx


def encode_depth(depth_HW: np.ndarray, camera: Camera, reference: Camera) -> np.ndarray:
    """Log canonical depth (H, W) float32 of metres; NaN where depth is not finite or not above 0.

    `camera` is that of the pixels the network sees.
    """
    known = np.isfinite(depth_HW) & (depth_HW > 0)
    log_HW = np.full(depth_HW.shape, np.nan, np.float32)
    np.log(depth_HW, out=log_HW, where=known)
    return log_HW - np.float32(np.log(focal_ratio(camera, reference)))


def depth_of(plane_hw: np.ndarray, output: str) -> np.ndarray:
    """Canonical depth or depth (h, w) float32 in metres, of a plane as `output` says.

    `output` is one of model_card.OUTPUTS. A depth of 0 or below is nearest, an inverse depth of 0
    or below farthest, and infinity a number like others: a depth beyond every range, such as sky,
    or an inverse depth of what is nearest. NaN and -infinity are unknown, as is an infinite
    logarithm: no network of ours means it, its numbers overflowed.
    """
    if output == 'log_canonical_depth':
        return np.exp(np.where(np.isinf(plane_hw), np.float32(np.nan), plane_hw))
    known_hw = np.where(np.isneginf(plane_hw), np.float32(np.nan), plane_hw)
    positive = np.maximum(known_hw, np.float32(LEAST))
    return 1 / positive if 'inverse' in output else positive


def decode_depth(plane_hw: np.ndarray, letterbox: Letterbox, ratio: float, min_depth_m: float,
                 max_depth_m: float, output: str = 'log_canonical_depth') -> np.ndarray:
    """Metres (H, W) float32 at the image's size, of a network's first plane.

    `output` says what it is (model_card.OUTPUTS), `ratio` is `metres_per_output` of the image's
    camera in the network input. Nearer than min_depth_m is -inf, farther than max_depth_m +inf
    (REP 117); what `depth_of` does not know is NaN, and everything where no number is finite.
    """
    if not np.isfinite(plane_hw).any():  # an overflow, no sky
        plane_hw = np.full_like(plane_hw, np.nan)
    depth_hw = depth_of(plane_hw, output)
    depth_hw *= np.float32(ratio)
    nearer, farther = (depth_hw < min_depth_m).any(), (depth_hw > max_depth_m).any()
    # Clipped before it is resized: between infinity and a number there is no mean.
    np.clip(depth_hw, min_depth_m, max_depth_m, out=depth_hw)
    if 'inverse' in output:  # resized as it came: the mean of depth is not that of its inverse
        depth_HW = 1 / to_image_size(1 / depth_hw, letterbox)
    else:
        depth_HW = to_image_size(depth_hw, letterbox)
    if nearer:
        np.copyto(depth_HW, np.float32(-np.inf), where=depth_HW <= min_depth_m * (1 + ROUNDING))
    if farther:
        np.copyto(depth_HW, np.float32(np.inf), where=depth_HW >= max_depth_m * (1 - ROUNDING))
    return depth_HW


def confidence_of(log_uncertainty_hw: np.ndarray) -> np.ndarray:
    """Chance (h, w) float32 that depth is within 25 % of the truth, of log uncertainty (h, w).

    That of a Laplace distribution: 1 - exp(-log 1.25 / uncertainty). Averaged over pixels it is
    the delta1 to expect.
    """
    return -np.expm1(np.float32(-np.log(DELTA)) * np.exp(-log_uncertainty_hw))


def decode_confidence(log_uncertainty_hw: np.ndarray, letterbox: Letterbox) -> np.ndarray:
    """The chance of `confidence_of` (H, W) float32 at the image's size."""
    return to_image_size(confidence_of(log_uncertainty_hw), letterbox)
