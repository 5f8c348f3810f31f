"""What every backend is: planes in, planes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

BACKENDS = ('torch', 'openvino', 'onnxruntime', 'tensorrt')
AUTO = 'auto'


class Backend(Protocol):
    """A network ready to run; one thread at a time.

    Takes the planes (C, H, W) float32 of `preprocess.encode_image`, and the camera matrix
    (3, 3) float32 of those planes where the network asks for it; gives the network's planes
    (c, h, w) float32, an array of its own for every call.
    """

    def __call__(
            self, image_CHW: np.ndarray, intrinsics_33: np.ndarray | None = None) -> np.ndarray:
        """Run the network once."""
        ...


@dataclass(frozen=True, kw_only=True)
class BackendSpec:
    """Which backend runs a network, where and in which precision.

    As a question each may be 'auto'; as an answer none is: `backend` is one of BACKENDS,
    `device` 'cpu' or 'cuda:N', `precision` 'fp32', 'fp16' or 'bf16'.
    """

    backend: str = AUTO
    device: str = AUTO
    precision: str = AUTO

    def __str__(self) -> str:
        return f'{self.backend} {self.precision} on {self.device}'


class DeviceError(ValueError):
    """A device that could not run the network, though it could before: memory full, lost."""


def first_line(error: BaseException) -> str:
    """The first line of what a runtime says went wrong: their texts run over pages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
