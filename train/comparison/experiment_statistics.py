"""What the figures of several seeds on the same images say: means, intervals, differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mono_depth_ros.metrics import interval

DRAWS = 2000
# Errors and roughness of every image by its name, as measured_run.figures_of gives them.
Images = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over images and seeds, its 95 % interval, and the mean of every seed."""

    mean: float
    low: float
    high: float
    seeds: tuple[float, ...] = ()


def table_of(seeds: Sequence[Images], error: str) -> np.ndarray:
    """One error (S, N) of all seeds and images, in the order of their names.

    Raises ValueError where the seeds were measured on other images.
    """
    names = sorted(seeds[0])
    if any(sorted(seed) != names for seed in seeds):
        raise ValueError('these trainings were measured on different images: measure them again')
    return np.array([[seed[name][error] for name in names] for seed in seeds])


def estimate(errors_SN: np.ndarray) -> Estimate:
    """The mean and, by resampling images (Efron 1979), its interval."""
    drawn_D = _image_weights(errors_SN.shape[1]) @ errors_SN.mean(0)
    low, high = interval(drawn_D)
    return Estimate(mean=float(errors_SN.mean()), low=low, high=high,
                    seeds=tuple(errors_SN.mean(1).tolist()))


def difference(first_SN: np.ndarray, second_TN: np.ndarray) -> Estimate:
    """`first` less `second` on the same images, paired image by image.

    The interval resamples images, and of each the seeds: two networks differ where trainings and
    images drawn anew would say so too.
    """
    weight_DN = _image_weights(first_SN.shape[1])
    drawn_D = _drawn(first_SN, weight_DN, 1) - _drawn(second_TN, weight_DN, 2)
    low, high = interval(drawn_D)
    return Estimate(mean=float(first_SN.mean() - second_TN.mean()), low=low, high=high)


def _drawn(errors_SN: np.ndarray, weight_DN: np.ndarray, number: int) -> np.ndarray:
    seeds = len(errors_SN)
    weight_DS = np.random.default_rng(number).multinomial(
        seeds, np.full(seeds, 1 / seeds), len(weight_DN)) / seeds
    return np.einsum('ds,sn,dn->d', weight_DS, errors_SN, weight_DN)


def _image_weights(images: int) -> np.ndarray:
    """How much each image counts in every draw (D, N), the same at every call."""
    return np.random.default_rng(0).multinomial(
        images, np.full(images, 1 / images), DRAWS) / images


def conclusion(found: Estimate, rises: bool, margin: float, seeds: int) -> str:
    """Whether a difference is above `margin` (below, unless it `rises`), by its interval.

    Of one training each nothing can be told: two of one recipe differ as well.
    """
    low, high = (found.low, found.high) if rises else (-found.high, -found.low)
    if seeds < 2:
        return 'cannot be told from one training each'
    return 'holds' if low > margin else 'does not hold' if high < margin else 'cannot be told'
