"""Batches of one input shape each, for networks that take images of any aspect ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mono_depth_ros.letterbox import input_size
from train.data.data_sets import DataSet
from train.data.readable_samples import first_readable
from train.recipes.recipe import Recipe

# Width and height of the network input, in pixels.
Size = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class BatchShapes:
    """Which input size the samples of each data set are seen at, and how often at another.

    `counts` and `sizes` give the samples and the size of every data set, one after the other;
    with the chance `other` a sample is seen at one of all these sizes instead.
    """

    counts: tuple[int, ...]
    sizes: tuple[Size, ...]
    other: float = 0.0

    def batches(self, order_N: np.ndarray, batch_size: int,
                rng: np.random.Generator) -> list[tuple[np.ndarray, Size]]:
        """The positions in `order_N` of every batch, with its size.

        There are N // batch_size batches, or one of all N. What is left of each size fills
        mixed batches, which take the size of their first sample.
        """
        choices = sorted(set(self.sizes))
        batch_size = min(batch_size, len(order_N))
        own_N = np.array([choices.index(size) for size in self.sizes])[self._set_of(order_N)]
        seen_N = np.where(rng.random(len(order_N)) < self.other,
                          rng.integers(len(choices), size=len(order_N)), own_N)
        whole, rest = [], []
        for choice in range(len(choices)):
            positions = np.flatnonzero(seen_N == choice)
            full = len(positions) // batch_size * batch_size
            whole += list(positions[:full].reshape(-1, batch_size))
            rest.append(positions[full:])
        left = np.sort(np.concatenate(rest))
        whole += list(left[:len(left) // batch_size * batch_size].reshape(-1, batch_size))
        found = [(positions, choices[seen_N[positions[0]]]) for positions in whole]
        return [found[number] for number in rng.permutation(len(found))]

    def _set_of(self, order_N: np.ndarray) -> np.ndarray:
        """Number of the data set each sample number belongs to."""
        return np.searchsorted(np.cumsum(self.counts), order_N, side='right')


def batch_shapes(sources: Sequence[DataSet], recipe: Recipe) -> BatchShapes | None:
    """Each data set at the input size of its first sample; None where the network has but one.

    ValueError where no sample of a set can be read.
    """
    if not recipe.network.aspect_ratios:
        return None
    cameras = [first_readable(source).camera for source in sources]
    return BatchShapes(
        counts=tuple(len(source) for source in sources), other=recipe.other_shapes,
        sizes=tuple(input_size(camera.width, camera.height, recipe.network)
                    for camera in cameras))
