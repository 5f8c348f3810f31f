"""How often a stage sees each data set: the samples of an epoch, in a random order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import difflib
from typing import Protocol

import numpy as np

from train.recipes.recipe import Recipe, Stage


class Named(Protocol):
    """A data set under the name the user gave it."""

    name: str

    def __len__(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """`counts`: (samples, draws an epoch) of every data set; draws follow whole passes."""

    counts: tuple[tuple[int, int], ...]

    @property
    def draws(self) -> int:
        """Samples seen in an epoch, over all data sets."""
        return sum(draws for _, draws in self.counts)

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Sample numbers (draws,) of one epoch, counted over all data sets one after the other.

        Every sample of a data set is drawn equally often, but for the last, broken pass.
        """
        drawn, first = [], 0
        for samples, draws in self.counts:
            passes, rest = divmod(draws, max(samples, 1))
            drawn.append(first + np.tile(np.arange(samples), passes))
            drawn.append(first + rng.permutation(samples)[:rest] if rest else drawn[-1][:0])
            first += samples
        return rng.permutation(np.concatenate(drawn))


def mixture(sources: Sequence[Named], recipe: Recipe, stage: Stage) -> Mixture:
    """The data sets of `stage`, each seen as often an epoch as the recipe says.

    Raises ValueError for the name of a data set that is not there.
    """
    names = [source.name for source in sources]
    weights = {**dict(recipe.weights), **dict(stage.weights)}
    for name in (*stage.data, *weights, *dict(recipe.caps), *recipe.inpainted):
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
            raise ValueError(f'recipe {recipe.name!r} names data {name!r}, but there is '
                             f'{", ".join(names)}: did you mean --data {near[0]}=DIR?')
    draws = _draws([len(source) if source.name in (stage.data or names) else 0
                    for source in sources], names, weights, recipe)
    counts = tuple(zip((len(source) for source in sources), draws))
    if not any(draws for _, draws in counts):
        raise ValueError(f'recipe {recipe.name!r} leaves no sample to learn from: its weights are '
                         f'{weights}, the data {dict(zip(names, (len(s) for s in sources)))}')
    return Mixture(counts=counts)


def _draws(samples: Sequence[int], names: Sequence[str], weights: dict[str, float],
           recipe: Recipe) -> list[int]:
    """Draws an epoch of every data set: weight * min(samples, cap) ** (1 / temperature).

    Scaled so that an epoch is as long as at temperature 1, where each sample is drawn `weight`
    times (Devlin et al. 2019 balance languages so).
    """
    caps = dict(recipe.caps)
    sizes = [min(count, caps.get(name, count)) for count, name in zip(samples, names)]
    length = sum(weights.get(name, 1.0) * size for size, name in zip(sizes, names))
    shares = [weights.get(name, 1.0) * size ** (1 / recipe.temperature)
              for size, name in zip(sizes, names)]
    return [round(share * (length / (sum(shares) or 1))) for share in shares]


def steps_of(sources: Sequence[Named], recipe: Recipe, stage: Stage) -> int:
    """Steps of a whole stage."""
    return stage.epochs * steps_per_epoch(mixture(sources, recipe, stage).draws,
                                          recipe.batch_size)


def steps_per_epoch(samples: int, batch_size: int) -> int:
    """Whole batches in one pass; data smaller than a batch is one step."""
    return max(1, samples // batch_size)
