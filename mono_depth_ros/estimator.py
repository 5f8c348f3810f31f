"""RGB in, metres out: how node, evaluation and demo use a model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
import os
from pathlib import Path
import time

import numpy as np

from mono_depth_ros.backends.torch_backend import pick_device, pick_precision, TorchBackend
from mono_depth_ros.camera import Camera
from mono_depth_ros.model_card import ModelCard
from mono_depth_ros.model_file import find_model, load_model, sha256_of
from mono_depth_ros.preprocess import (
    decode_confidence,
    decode_depth,
    encode_image,
    focal_ratio,
    input_letterbox,
    Letterbox,
    with_camera,
)

# How far the self-test's mean and deviation of log depth may be off, by precision.
SELF_TEST_TOLERANCE = {'fp32': 2e-3, 'fp16': 2e-2, 'bf16': 6e-2}


@dataclass(frozen=True, kw_only=True)
class Uncertainty:
    """Log uncertainty (h, w) float32 at the network's size, and how the image lies in it."""

    log_uncertainty: np.ndarray
    letterbox: Letterbox


@dataclass(frozen=True, kw_only=True)
class DepthEstimate:
    """Depth of one image.

    `depth` (H, W) float32 metres along the optical axis at the image's size: NaN where unknown,
    -inf nearer and +inf farther than `range_m` (REP 117). `camera` is that of the depth,
    `network_ms` the time inside the network, `uncertainty` what the network says of its own
    error, at its own size.
    """

    depth: np.ndarray
    camera: Camera
    network_ms: float
    uncertainty: Uncertainty | None = None
    range_m: tuple[float, float] = (0.0, np.inf)

    @property
    def clipped(self) -> np.ndarray:
        """The depth (H, W) with the ends of `range_m` for what lies beyond, to measure errors."""
        return np.clip(self.depth, *self.range_m)

    @cached_property
    def confidence(self) -> np.ndarray | None:
        """Chance (H, W) float32 of each pixel to be within 25 % of the truth.

        Calibrated on the model's held-out images; None for a model without uncertainty.
        Computed on first use.
        """
        if self.uncertainty is None:
            return None
        return decode_confidence(self.uncertainty.log_uncertainty, self.uncertainty.letterbox)


class DepthEstimator:
    """A model loaded on one device. Use `load`; call it from one thread at a time.

    `has_confidence` says whether its estimates have one.
    """

    def __init__(self, path: Path, device: str, precision: str):
        network, self.card = load_model(path)
        self.model_path = path
        self.model_sha256 = sha256_of(path)
        self.device = device
        self.precision = precision
        self._network = TorchBackend(network, device, precision)
        self.has_confidence = self._network.has_uncertainty
        _check_self_test(self._network, self.card, precision, path)

    @classmethod
    def load(cls, model: str | os.PathLike = 'indoor', device: str = 'auto',
             precision: str = 'auto') -> DepthEstimator:
        """Model by shipped name or path, on 'auto', 'cpu', 'cuda' or 'cuda:N'.

        Precision 'auto' is fp16 on a GPU and fp32 on a CPU. Raises OSError or ValueError
        that say what is wrong with the file, the device or the precision, and what to do.
        """
        device = pick_device(device)
        return cls(find_model(model), device, pick_precision(precision, device))

    def estimate(self, rgb_HW3: np.ndarray, camera: Camera | None = None) -> DepthEstimate:
        """Depth of an RGB image (H, W, 3) uint8 taken by `camera`.

        Without a camera the model's own field of view is assumed, and the scale of the depth is
        wrong by as much as that is. Raises ValueError for other arrays.
        """
        _check_image(rgb_HW3, camera)
        height, width = rgb_HW3.shape[:2]
        camera = camera or self.reference_camera(width, height)
        letterbox = self._letterbox(width, height)
        image_3HW = encode_image(rgb_HW3, letterbox, self.card.normalisation)
        seen_by = letterbox.camera(camera)
        if self.card.network.camera_input:
            image_3HW = with_camera(image_3HW, seen_by, self.card.reference)
        start = time.perf_counter()
        planes = self._network(image_3HW)
        network_ms = (time.perf_counter() - start) * 1e3
        ratio = focal_ratio(seen_by, self.card.reference)
        depth_HW = decode_depth(
            planes[0], letterbox, ratio, self.card.min_depth_m, self.card.max_depth_m)
        uncertainty = None
        if len(planes) > 1:
            uncertainty = Uncertainty(log_uncertainty=planes[1], letterbox=letterbox)
        return DepthEstimate(
            depth=depth_HW, camera=camera, network_ms=network_ms, uncertainty=uncertainty,
            range_m=(self.card.min_depth_m, self.card.max_depth_m))

    def reference_camera(self, width: int, height: int) -> Camera:
        """The pinhole camera `estimate` assumes for an image whose camera is unknown."""
        letterbox = self._letterbox(width, height)
        focal = self.card.reference.focal * width / letterbox.content_width
        return Camera(fx=focal, fy=focal, cx=(width - 1) / 2, cy=(height - 1) / 2,
                      width=width, height=height)

    def warm_up(self, width: int = 640, height: int = 480) -> None:
        """Run two black images, so that the first real one takes no longer than the tenth."""
        for _ in range(2):
            self.estimate(np.zeros((height, width, 3), np.uint8))

    def _letterbox(self, width: int, height: int) -> Letterbox:
        return _input_letterbox(width, height, self.card.network)


_input_letterbox = lru_cache(maxsize=32)(input_letterbox)


def self_test_image(card: ModelCard) -> np.ndarray:
    """The noise (3, H, W) float32 the card's self-test was written with.

    For a network with `camera_input` the planes of the reference camera lie behind it.
    """
    shape = (3, card.network.input_height, card.network.input_width)
    noise_3HW = np.random.default_rng(card.self_test.seed).uniform(-1, 1, shape)
    if card.network.camera_input:
        return with_camera(noise_3HW, card.reference, card.reference)
    return noise_3HW.astype(np.float32)


def _check_self_test(network: TorchBackend, card: ModelCard, precision: str, path: Path) -> None:
    log_depth = network(self_test_image(card))[0]
    got = (float(log_depth.mean()), float(log_depth.std()))
    expected = (card.self_test.mean, card.self_test.std)
    off = max(abs(g - e) for g, e in zip(got, expected))
    if not off <= SELF_TEST_TOLERANCE[precision]:
        raise ValueError(
            f'{path} fails its self-test in {precision}: log depth has mean and deviation {got}, '
            f'expected {expected}; try precision fp32; if that fails too, the file or '
            'the device is broken')


def _check_image(rgb_HW3: np.ndarray, camera: Camera | None) -> None:
    if rgb_HW3.ndim != 3 or rgb_HW3.shape[2] != 3 or rgb_HW3.dtype != np.uint8:
        raise ValueError(
            f'expected an RGB image (height, width, 3) uint8, got {rgb_HW3.shape} {rgb_HW3.dtype}')
    if 0 in rgb_HW3.shape:
        raise ValueError(f'the image is empty: {rgb_HW3.shape}')
    height, width = rgb_HW3.shape[:2]
    if camera and (camera.width, camera.height) != (width, height):
        raise ValueError(
            f'image is {width}x{height} but its camera {camera.width}x{camera.height}: '
            'use camera.resized(width, height)')
