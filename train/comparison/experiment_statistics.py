"""What the figures of several seeds on the same images say: means, intervals, differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

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


@dataclass(frozen=True, kw_only=True)
class SeedDeviation:
    """Standard deviation of an error's mean from training to training of one recipe."""

    deviation: float
    degrees: int


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


def pooled_deviation(networks: Sequence[np.ndarray]) -> SeedDeviation | None:
    """How far trainings lie apart, pooled over the networks (S, N) trained more than once.

    Two or three trainings of one network alone say too little of it. None where all were trained
    once.
    """
    means = [errors_SN.mean(1) for errors_SN in networks]
    degrees = sum(len(mean_S) - 1 for mean_S in means)
    if not degrees:
        return None
    squares = sum(float(np.square(mean_S - mean_S.mean()).sum()) for mean_S in means)
    return SeedDeviation(deviation=(squares / degrees) ** 0.5, degrees=degrees)


def difference(first_SN: np.ndarray, second_TN: np.ndarray,
               of_seeds: SeedDeviation | None = None, second_learned: bool = True) -> Estimate:
    """`first` less `second` on the same images, paired image by image.

    The interval resamples images and, with `of_seeds`, adds what other trainings would change,
    by Student's t with its degrees of freedom; nothing of a `second` that is not learned.
    """
    mean_N = first_SN.mean(0) - second_TN.mean(0)
    drawn_D = _image_weights(len(mean_N)) @ mean_N
    if of_seeds:
        share = 1 / len(first_SN) + (1 / len(second_TN) if second_learned else 0)
        drawn_D += _student(of_seeds.degrees) * (of_seeds.deviation * share ** 0.5)
    low, high = interval(drawn_D)
    return Estimate(mean=float(mean_N.mean()), low=low, high=high)


@lru_cache(maxsize=16)
def _student(degrees: int) -> np.ndarray:
    """DRAWS numbers of Student's t, evenly spread over it and as often above 0 as below."""
    rng = np.random.default_rng(1)
    t_D = np.quantile(rng.standard_t(degrees, 1_000_000), (np.arange(DRAWS) + 0.5) / DRAWS)
    return rng.permutation((t_D - t_D[::-1]) / 2)


@lru_cache(maxsize=4)
def _image_weights(images: int) -> np.ndarray:
    """How much each image counts in every draw (D, N), the same at every call."""
    return np.random.default_rng(0).multinomial(
        images, np.full(images, 1 / images), DRAWS) / images


def conclusion(found: Estimate, rises: bool, margin: float,
               of_seeds: SeedDeviation | None) -> str:
    """Whether a difference is above `margin` (below, unless it `rises`), by its interval.

    Without what trainings differ by nothing can be told: two of one recipe differ as well.
    """
    low, high = (found.low, found.high) if rises else (-found.high, -found.low)
    if not of_seeds:
        return 'cannot be told from one training each'
    return 'holds' if low > margin else 'does not hold' if high < margin else 'cannot be told'
