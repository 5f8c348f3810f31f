"""RGB in, metres out: how node, evaluation and demo use a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
import os
from pathlib import Path
import time

import numpy as np

from mono_depth_ros.backends.backend import BackendSpec
from mono_depth_ros.backends.recovery import RecoveringNetwork
from mono_depth_ros.backends.serve import serve
from mono_depth_ros.camera import Camera, focal_of
from mono_depth_ros.geometry.lens_view import lens_view, LensView
from mono_depth_ros.letterbox import content_of, input_letterbox, Letterbox
from mono_depth_ros.model_file import check_seal, find_model, read_card, sha256_of
from mono_depth_ros.preprocess import (
    confidence_of,
    decode_confidence,
    decode_depth,
    encode_image,
    metres_per_output,
    with_camera,
)
from mono_depth_ros.self_test import intrinsics_of, probe_image


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
    error, at its own size. `lens` is the view the network had of a distorted image, None where
    it had the image itself; what it does not reach is NaN.
    """

    depth: np.ndarray
    camera: Camera
    network_ms: float
    uncertainty: Uncertainty | None = None
    range_m: tuple[float, float] = (0.0, np.inf)
    lens: LensView | None = None

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
        confidence_hw = decode_confidence(
            self.uncertainty.log_uncertainty, self.uncertainty.letterbox)
        return self.lens.to_image(confidence_hw) if self.lens else confidence_hw

    @property
    def mean_confidence(self) -> float | None:
        """Mean confidence over the network's own map of the image, None without uncertainty.

        It is quick to tell, where `confidence` brings every pixel to the image's size.
        """
        if self.uncertainty is None:
            return None
        return float(confidence_of(content_of(
            self.uncertainty.log_uncertainty, self.uncertainty.letterbox)).mean())


@dataclass(frozen=True, kw_only=True)
class _View:
    """An image as the network sees it: planes, the image's camera, and that of the planes.

    `lens` is the undistorted view that the planes were made from, None where it was the image.
    """

    image_CHW: np.ndarray
    camera: Camera
    letterbox: Letterbox
    seen_by: Camera
    lens: LensView | None


class DepthEstimator:
    """A model loaded on one device. Use `load`; call it from one thread at a time.

    `has_confidence` says whether its estimates have a confidence; `backend`, `device` and
    `precision` what runs the network, and `backend_reason` why that, in one sentence;
    `device_error` what its device could not do last, '' while it does all.
    """

    def __init__(self, path: Path, asked: BackendSpec, on_device_error: str = ''):
        self.card = read_card(path)
        self.model_path = path
        check_seal(path)
        self.model_sha256 = sha256_of(path)
        load = partial(serve, path, self.card, self.model_sha256)
        self._network = RecoveringNetwork(load(asked), on_device_error, load)
        self.has_confidence = len(self._network(
            probe_image(self.card), intrinsics_of(self.card.reference))) > 1

    @classmethod
    def load(cls, model: str | os.PathLike = 'indoor', device: str = 'auto',
             precision: str = 'auto', backend: str = 'auto',
             on_device_error: str = '') -> DepthEstimator:
        """Model by shipped name or path, on 'auto', 'cpu', 'cuda' or 'cuda:N'.

        `backend` is 'auto', 'torch', 'openvino', 'onnxruntime' or 'tensorrt'; 'auto' measures
        which of those that are installed and pass the model's self-test is fastest, once for a
        file and machine. Precision 'auto' is fp16 on a GPU; on a CPU bf16 where OpenVINO and a
        CPU that multiplies it make it faster, else fp32. `on_device_error` is 'retry', 'cpu' or
        'fail' (`backends.recovery.NEXT`), '' to leave errors to the caller. Raises OSError,
        ValueError or ModuleNotFoundError whose text says what is wrong with the file, the device
        or the numbers, and what to do.
        """
        asked = BackendSpec(backend=backend, device=device, precision=precision)
        return cls(find_model(model), asked, on_device_error)

    backend = property(lambda self: self._network.spec.backend)
    device = property(lambda self: self._network.spec.device)
    precision = property(lambda self: self._network.spec.precision)
    backend_reason = property(lambda self: self._network.reason)
    device_error = property(lambda self: self._network.error)

    @property
    def together(self) -> int:
        """How many images it pays to give to `estimate_all` at once, 1 where it does not.

        Fewer once the device could not run so many.
        """
        return self._network.together

    def estimate(self, rgb_HW3: np.ndarray, camera: Camera | None = None,
                 size: tuple[int, int] | None = None) -> DepthEstimate:
        """Depth of an RGB image (H, W, 3) uint8 taken by `camera`.

        The network gets an undistorted view of what a lens bent (geometry/lens_view.py). Without
        a camera the model's own field of view is assumed, and the scale of the depth is wrong by
        as much as that is. `size` is the width and height of the depth, and of the camera, where
        the image is a reduced one of those. Raises ValueError for other arrays.
        """
        view = self._view(rgb_HW3, camera, size)
        start = time.perf_counter()
        planes = self._network(view.image_CHW, intrinsics_of(view.seen_by))
        return self._decoded(view, planes, (time.perf_counter() - start) * 1e3)

    def estimate_all(
            self, images: Sequence[tuple[np.ndarray, Camera | None, tuple[int, int] | None]],
    ) -> list[DepthEstimate]:
        """`estimate` of several images: those alike in shape go through the network as batches.

        Of at most `together` images each. Raises ValueError where `together` is 1.
        """
        if self.together == 1:
            raise ValueError(f'{self.backend} on {self.device} takes one image at a time')
        views = [self._view(*image) for image in images]
        start = time.perf_counter()
        answers: dict[int, np.ndarray] = {}
        most = self.together
        for shape in {view.image_CHW.shape for view in views}:
            alike = [i for i, view in enumerate(views) if view.image_CHW.shape == shape]
            for batch in (alike[start:start + most] for start in range(0, len(alike), most)):
                answers |= zip(batch, self._network.batch(
                    np.stack([views[i].image_CHW for i in batch])))
        network_ms = (time.perf_counter() - start) * 1e3
        return [self._decoded(view, answers[i], network_ms) for i, view in enumerate(views)]

    def content_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height at which the network sees an image of this size."""
        letterbox = self._letterbox(width, height)
        return letterbox.content_width, letterbox.content_height

    def _view(self, rgb_HW3: np.ndarray, camera: Camera | None,
              size: tuple[int, int] | None) -> _View:
        width, height = size or rgb_HW3.shape[1::-1]
        _check_image(rgb_HW3, camera, (width, height))
        camera = camera or self.reference_camera(width, height)
        lens = lens_view(camera)
        pinhole, image_HW3 = (lens.camera, lens.image(rgb_HW3)) if lens else (camera, rgb_HW3)
        letterbox = self._letterbox(pinhole.width, pinhole.height)
        image_CHW = encode_image(image_HW3, letterbox, self.card.normalisation)
        seen_by = letterbox.camera(pinhole)
        if self.card.network.camera_input:
            image_CHW = with_camera(image_CHW, seen_by, self.card.reference)
        return _View(image_CHW=image_CHW, camera=camera, letterbox=letterbox, seen_by=seen_by,
                     lens=lens)

    def _decoded(self, view: _View, planes: np.ndarray, network_ms: float) -> DepthEstimate:
        ratio = metres_per_output(
            view.seen_by, self.card.reference, self.card.output, self.card.focal_rule)
        depth_HW = decode_depth(
            planes[0], view.letterbox, ratio, self.card.min_depth_m, self.card.max_depth_m,
            self.card.output)
        if view.lens:
            depth_HW = view.lens.to_image(depth_HW)
        uncertainty = None
        if len(planes) > 1:
            uncertainty = Uncertainty(log_uncertainty=planes[1], letterbox=view.letterbox)
        return DepthEstimate(
            depth=depth_HW, camera=view.camera, network_ms=network_ms, uncertainty=uncertainty,
            range_m=(self.card.min_depth_m, self.card.max_depth_m), lens=view.lens)

    def reference_camera(self, width: int, height: int) -> Camera:
        """The pinhole camera `estimate` assumes for an image whose camera is unknown."""
        focal = (focal_of(self.card.hfov_deg, width) if self.card.hfov_deg else
                 self.card.reference.focal * width / self.content_size(width, height)[0])
        return Camera(fx=focal, fy=focal, cx=(width - 1) / 2, cy=(height - 1) / 2,
                      width=width, height=height)

    def warm_up(self, width: int = 640, height: int = 480) -> None:
        """Run two black images, so that the first real one takes no longer than the tenth."""
        for _ in range(2):
            self.estimate(np.zeros((height, width, 3), np.uint8))

    def _letterbox(self, width: int, height: int) -> Letterbox:
        return _input_letterbox(width, height, self.card.network, self.card.resize)


_input_letterbox = lru_cache(maxsize=32)(input_letterbox)


def _check_image(
        rgb_HW3: np.ndarray, camera: Camera | None, size: tuple[int, int]) -> None:
    if rgb_HW3.ndim != 3 or rgb_HW3.shape[2] != 3 or rgb_HW3.dtype != np.uint8:
        raise ValueError(
            f'expected an RGB image (height, width, 3) uint8, got {rgb_HW3.shape} {rgb_HW3.dtype}')
    if 0 in rgb_HW3.shape:
        raise ValueError(f'the image is empty: {rgb_HW3.shape}')
    if camera and (camera.width, camera.height) != size:
        raise ValueError(
            f'image is {size[0]}x{size[1]} but its camera {camera.width}x{camera.height}: '
            'use camera.resized(width, height)')
