"""Batches: which samples each step sees, and who makes its views.

Step k depends on (seed, stage, k) alone, so that runs resume.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from torch.utils.data import DataLoader, Dataset

from train.data.data_sets import DataSet
from train.fitting.batch_shapes import BatchShapes
from train.fitting.device_store import fits, load_store
from train.fitting.device_views import rendered, ViewPlans
from train.fitting.views import Key, NO_SAMPLE, TrainingViews, View
from train.interruption import ignore_interrupts
from train.recipes.mixture import Mixture, steps_per_epoch
from train.recipes.recipe import Recipe

FEEDS = ('auto', 'workers', 'device')


class StepKeys:
    """The keys of each step's batch from `first_step` on, in one shuffled epoch after another.

    `part` (rank, size) selects those of one of `size` processes: every size-th key of a batch,
    NO_SAMPLE where the batch has fewer keys than there are processes.
    """

    def __init__(self, mixed: Mixture, batch_size: int, seed: Sequence[int], first_step: int,
                 last_step: int, part: tuple[int, int] = (0, 1),
                 shapes: BatchShapes | None = None):
        self._mixed = mixed
        self._batch_size = batch_size
        self._seed = tuple(seed)
        self._steps = range(first_step, last_step)
        self._rank, self._size = part
        self._shapes = shapes

    def __len__(self) -> int:
        return len(self._steps)

    def __iter__(self) -> Iterator[list[Key]]:
        epoch_length = steps_per_epoch(self._mixed.draws, self._batch_size)
        batches: list[list[Key]] = []
        epoch_of_batches = -1
        for step in self._steps:
            epoch, position = divmod(step, epoch_length)
            if epoch != epoch_of_batches:
                batches, epoch_of_batches = self._epoch(epoch), epoch
            keys = batches[position]
            yield keys[self._rank::self._size] or [(0, NO_SAMPLE, *keys[0][2:])]

    def _epoch(self, epoch: int) -> list[list[Key]]:
        """All batches of an epoch.

        A key's draw is its place over all epochs: a sample drawn twice is seen in two different
        views.
        """
        rng = np.random.default_rng((*self._seed, epoch))
        order = self._mixed.order(rng)
        first = epoch * len(order)
        if self._shapes:
            return [[(first + int(i), int(order[i]), size) for i in positions]
                    for positions, size in self._shapes.batches(order, self._batch_size, rng)]
        keys = [(first + i, int(index)) for i, index in enumerate(order)]
        return [list(keys[start:start + self._batch_size])
                for start in range(0, len(keys), self._batch_size)]


class DataFeed:
    """Where the batches of a run come from: loader processes, or data kept on the device."""

    def __init__(self, sources: Sequence[DataSet], recipe: Recipe, device: str, workers: int,
                 where: str = 'auto'):
        self._sources, self._recipe, self._device = sources, recipe, device
        self._workers = workers
        self._store = load_store(sources, device) if self._on_device(where) else None

    def _on_device(self, where: str) -> bool:
        """Packs that fit into a GPU need no decoding and are kept there, unless told otherwise."""
        if where not in FEEDS:
            raise ValueError(f'--feed is one of {", ".join(FEEDS)}; got {where!r}')
        return where == 'device' or (
            where == 'auto' and self._device.startswith('cuda')
            and all(source.is_packed for source in self._sources)
            and fits(self._sources, self._device))

    def batches(self, keys: StepKeys, stage_index: int) -> Iterable[View]:
        """A batch for every step of `keys`; its samples number those of all sources."""
        pin = self._device.startswith('cuda')
        if not self._store:
            views = TrainingViews(self._sources, self._recipe, stage_index)
            return loader(views, batch_sampler=keys, workers=self._workers, pin=pin)
        plans = ViewPlans(self._store.samples, self._recipe, stage_index)
        # To draw a plan is a hundredth of the work of making a view.
        drawn = loader(plans, batch_sampler=keys, workers=min(self._workers, 2), pin=pin)
        return rendered(drawn, self._store, self._recipe)


def plain_loader(views: Dataset, recipe: Recipe, workers: int = 0,
                 pin: bool = False) -> DataLoader:
    """Whole images (`PlainViews`) in order; one at a time where their shapes may differ."""
    size = 1 if recipe.network.aspect_ratios else recipe.batch_size
    return loader(views, batch_size=size, workers=workers, pin=pin)


def loader(dataset: Dataset, *, batch_sampler=None, batch_size: int = 1, workers: int = 0,
           pin: bool = False) -> DataLoader:
    """A torch loader over `dataset`, in order unless `batch_sampler` says otherwise."""
    return DataLoader(dataset, batch_size=batch_size, batch_sampler=batch_sampler,
                      num_workers=workers, pin_memory=pin, worker_init_fn=ignore_interrupts,
                      prefetch_factor=(4 if pin else 2) if workers else None)
