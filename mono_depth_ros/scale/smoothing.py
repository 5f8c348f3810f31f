"""Depth smoothed over time where nothing moves, at once where something does.

An exponential mean of log depth. What moves is told from the images: their difference over their
gradient is how many pixels the picture has moved. All of it is done on a grid of 160x120 or so,
which holds what a network says; the correction is then brought to the depth's size.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

# Width of the grid, at most.
COLUMNS = 160
# Movement (grid pixels, image to image) from which the past counts no more.
MOVED_PX = 0.35
# Differences up to this many of 255 are noise of the camera; gradients have at least that.
NOISE = 2.0
# Width of the window in which movement is told, in grid pixels.
WINDOW = 9
# Past depth that differs by more than this (log) is of something else.
OTHER = 0.25
LONGEST_GAP_S = 1.0


class Smoother:
    """Smooths depth image by image; `weight` (0 to 1) is that of the past on a still scene.

    Starts anew after a cut, which moves everything, after a gap of more than a second, and with
    another image size. One thread at a time.
    """

    def __init__(self) -> None:
        self._grey_hw = np.empty((0, 0), np.float32)
        self._log_hw = np.empty((0, 0), np.float32)
        self._now_s = math.nan

    def smooth(self, depth_HW: np.ndarray, rgb_HW3: np.ndarray, now_s: float,
               weight: float) -> np.ndarray:
        """Smooth depth (H, W) float32 metres in place and return it; `now_s` is the image's stamp.

        Pixels that are not finite stay as they are.
        """
        height, width = depth_HW.shape
        columns = min(COLUMNS, width)  # never finer than the image, however narrow that is
        size = (columns, max(1, round(columns * height / width)))
        grey_hw = _grey(rgb_HW3, size)
        with np.errstate(divide='ignore', invalid='ignore'):
            log_hw = np.log(cv2.resize(depth_HW, size, interpolation=cv2.INTER_NEAREST_EXACT))
        past_hw = self._past_weight(grey_hw, now_s, weight)
        if past_hw is not None:
            with np.errstate(invalid='ignore'):  # infinity less infinity
                change_hw = self._log_hw - log_hw
            alike_hw = np.abs(change_hw) < OTHER
            change_hw = np.where(alike_hw, change_hw * past_hw, np.float32(0))
            log_hw += change_hw
            depth_HW *= cv2.resize(np.exp(change_hw), (width, height))
        self._grey_hw, self._log_hw, self._now_s = grey_hw, log_hw, now_s
        return depth_HW

    def _past_weight(self, grey_hw: np.ndarray, now_s: float, weight: float) -> np.ndarray | None:
        """Weight of the past (h, w), None where there is none to use."""
        if (grey_hw.shape != self._grey_hw.shape
                or not 0 <= now_s - self._now_s <= LONGEST_GAP_S):
            return None
        change_hw = np.abs(grey_hw - self._grey_hw)
        return weight * (1 - np.minimum(_movement(change_hw, grey_hw) / MOVED_PX, 1))


def _grey(rgb_HW3: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The green plane on the grid, averaged, as float32: what most of a camera's pixels see."""
    step = max(1, rgb_HW3.shape[1] // (4 * size[0]))
    green = cv2.extractChannel(rgb_HW3[::step, ::step], 1)
    return cv2.resize(green, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _movement(change_hw: np.ndarray, grey_hw: np.ndarray) -> np.ndarray:
    """How far the picture has moved (h, w), in grid pixels: of the window or of all, the larger.

    A camera that moves shows it where there is texture; what has none moves with the rest.
    """
    change_hw = np.maximum(change_hw - NOISE, 0)
    gradient_hw = np.abs(cv2.Sobel(grey_hw, cv2.CV_32F, 1, 0, scale=0.125))
    gradient_hw += np.abs(cv2.Sobel(grey_hw, cv2.CV_32F, 0, 1, scale=0.125))
    gradient_hw += NOISE
    everywhere = float(change_hw.mean() / gradient_hw.mean())
    window = (WINDOW, WINDOW)
    here_hw = cv2.blur(change_hw, window) / cv2.blur(gradient_hw, window)
    return np.maximum(here_hw, everywhere)
