"""Sources -> batches; the content of step k depends on (seed, stage, k) alone, so runs resume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from mono_depth_ros.camera import Camera
from mono_depth_ros.preprocess import (
    encode_depth,
    encode_image,
    input_letterbox,
    normalise,
    with_camera,
)
from train.data.samples.augmentation import augment
from train.data.samples.geometry import warped, without_edges
from train.data.samples.sample import Sample, SampleSource
from train.fitting.batch_shapes import BatchShapes, Size
from train.interruption import ignore_interrupts
from train.recipes.mixture import Mixture, steps_per_epoch
from train.recipes.recipe import Recipe

# Draw and sample number, and the size of the view where the network takes several.
Key = tuple[int, int] | tuple[int, int, Size]


class TrainingViews(Dataset):
    """Random views of all samples; the key (draw, index) fixes the randomness."""

    def __init__(self, sources: Sequence[SampleSource], recipe: Recipe, stage_index: int):
        self._sources = sources
        self._recipe = recipe
        self._stage_index = stage_index
        self._augmentation = recipe.stages[stage_index].augmentation or recipe.augmentation

    def __len__(self) -> int:
        return sum(len(source) for source in self._sources)

    def __getitem__(self, key: Key) -> tuple[Tensor, Tensor, bool]:
        """Image (3 or 6, H, W), log canonical depth (1, H, W), whether it is distilled."""
        draw, index, *size = key
        recipe, spec = self._recipe, self._recipe.network
        rng = np.random.default_rng((recipe.seed, self._stage_index, draw, index))
        sample = sample_at(self._sources, index)
        width, height = size[0] if size else (spec.input_width, spec.input_height)
        view = augment(sample, self._augmentation, width, height, rng)
        data_set = sample.name.partition('/')[0]
        if data_set in recipe.inpainted:
            view = replace(view, depth=without_edges(view.depth))
        closer = view.camera.focal / recipe.reference.focal
        distilled = (data_set in recipe.distilled
                     and closer <= recipe.distilled_zoom)
        return *encoded(view, recipe), distilled


class PlainViews(Dataset):
    """Every sample whole and unchanged, letterboxed as on the robot: for validation."""

    def __init__(self, sources: Sequence[SampleSource], recipe: Recipe):
        self._sources = sources
        self._recipe = recipe

    def __len__(self) -> int:
        return sum(len(source) for source in self._sources)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        recipe = self._recipe
        sample = sample_at(self._sources, index)
        letterbox = input_letterbox(sample.camera.width, sample.camera.height, recipe.network)
        image_3HW = encode_image(sample.rgb, letterbox, recipe.normalisation)
        scale = letterbox.content_width / letterbox.width
        shift = 0.5 * scale - 0.5
        matrix = np.array([[scale, 0, letterbox.x + shift], [0, scale, letterbox.y + shift]])
        view = warped(sample, matrix, scale, letterbox.input_width, letterbox.input_height)
        camera = letterbox.camera(sample.camera)
        return _with_camera(image_3HW, camera, recipe), _log_truth(view, recipe)


def sample_at(sources: Sequence[SampleSource], index: int) -> Sample:
    """Sample by its number over all sources, one after the other."""
    for source in sources:
        if index < len(source):
            return source[index]
        index -= len(source)
    raise IndexError(index)


def encoded(view: Sample, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Network input and truth of a view that has the network's input size."""
    image_3HW = normalise(view.rgb, recipe.normalisation)
    return _with_camera(image_3HW, view.camera, recipe), _log_truth(view, recipe)


def _with_camera(image_3HW: np.ndarray, camera: Camera, recipe: Recipe) -> Tensor:
    """The image, with its camera behind it where the recipe's network takes that."""
    if recipe.network.camera_input:
        image_3HW = with_camera(image_3HW, camera, recipe.reference)
    return torch.from_numpy(image_3HW)


def _log_truth(view: Sample, recipe: Recipe) -> Tensor:
    depth_HW = np.where(view.depth <= recipe.max_depth_m, view.depth, np.nan)
    if recipe.sky_m:
        depth_HW[view.depth == np.inf] = recipe.sky_m
    return torch.from_numpy(encode_depth(depth_HW, view.camera, recipe.reference))[None]


class StepKeys:
    """The keys of each step's batch from `first_step` on, in one shuffled epoch after another.

    `part` (rank, size) selects those of one of `size` processes: every size-th key of a batch.
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
            yield batches[position][self._rank::self._size]

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


def plain_loader(views: PlainViews, recipe: Recipe, workers: int = 0) -> DataLoader:
    """Whole images in order; one at a time where they may have different shapes."""
    size = 1 if recipe.network.aspect_ratios else recipe.batch_size
    return loader(views, batch_size=size, workers=workers)


def loader(dataset: Dataset, *, batch_sampler=None, batch_size: int = 1, workers: int = 0,
           pin: bool = False) -> DataLoader:
    """A torch loader over `dataset`, in order unless `batch_sampler` says otherwise."""
    return DataLoader(dataset, batch_size=batch_size, batch_sampler=batch_sampler,
                      num_workers=workers, pin_memory=pin, worker_init_fn=ignore_interrupts)
