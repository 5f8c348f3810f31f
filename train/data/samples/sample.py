"""One training pair: a photograph, its true depth, and the camera that took both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mono_depth_ros.camera import Camera


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`rgb` (H, W, 3) uint8; `depth` (H, W) float32 metres along z, NaN unknown, +inf sky."""

    rgb: np.ndarray
    depth: np.ndarray
    camera: Camera
    name: str


class SampleSource(Protocol):
    """Samples by number, read when asked for; what every kind of data set looks like.

    A sample's `name` is its key.
    """

    @property
    def keys(self) -> Sequence[str]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


def spread_numbers(length: int, count: int) -> list[int]:
    """`count` numbers spread evenly over range(length), the first and the last among them.

    All of them where `count` is below 1 or above `length`.
    """
    count = length if count < 1 else min(count, length)
    return np.unique(np.linspace(0, length - 1, count).round().astype(int)).tolist()
