"""What every backend is: planes in, planes out."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Protocol

import numpy as np

BACKENDS = ('torch', 'openvino', 'onnxruntime', 'tensorrt')
AUTO = 'auto'
# Where in OpenVINO's source an error arose.
SOURCE_PLACE = re.compile(r"(Exception from|Check '.*' failed at) \S+:\d+:?")
# How OpenVINO lists operations it lacks, and ONNX Runtime sizes it did not expect.
LIST_ITEMS = ('-- ', 'index: ')


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
    """The first line of what a runtime says went wrong: their texts run over pages.

    Places in a runtime's own source are no reason; what a line announces (a colon at its end,
    items of a list) belongs to it.
    """
    lines = [line for line in map(str.strip, str(error).splitlines()) if line]
    lines = [line for line in lines if not SOURCE_PLACE.fullmatch(line)] or lines
    if not lines:
        return type(error).__name__
    end = next((n for n, line in enumerate(lines, 1) if not line.endswith(':')), len(lines))
    items = [line for line in lines[end:] if line.startswith(LIST_ITEMS)]
    return ' '.join([*lines[:end], *items])[:300]
