"""Samples as a network sees them: random views for training, whole images for validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mono_depth_ros.camera import Camera
from mono_depth_ros.letterbox import input_letterbox
from mono_depth_ros.preprocess import encode_depth, encode_image, normalise, with_camera
from train.data.data_sets import DataSet
from train.data.readable_samples import read_sample
from train.data.samples.augmentation import augment
from train.data.samples.geometry import warped, without_edges
from train.data.samples.sample import Sample
from train.fitting.batch_shapes import Size
from train.recipes.recipe import Recipe

# Draw and sample number, and the size of the view where the network takes several.
Key = tuple[int, int] | tuple[int, int, Size]
# In place of a sample: an image without any truth, for a process whose part of a batch is empty.
NO_SAMPLE = -1


class View(NamedTuple):
    """What a network learns from, one image or (collated) a batch of them.

    `image` (3 or 6, H, W), `log_truth` canonical depth (1, H, W) and the `problem` of an image
    that teaches nothing, '' for none.
    """

    image: Tensor
    log_truth: Tensor
    problem: str | Sequence[str]


class TrainingViews(Dataset):
    """Random views of all samples; the key (draw, index) fixes the randomness.

    A sample that cannot be read, or whose view has no known depth, has a truth of NaN: no image
    ends a training, `UnknownDepth` counts them.
    """

    def __init__(self, sources: Sequence[DataSet], recipe: Recipe, stage_index: int):
        self._sources = sources
        self._recipe = recipe
        self._stage_index = stage_index
        self._augmentation = recipe.stages[stage_index].augmentation or recipe.augmentation

    def __len__(self) -> int:
        return sum(len(source) for source in self._sources)

    def __getitem__(self, key: Key) -> View:
        draw, index, *size = key
        recipe, spec = self._recipe, self._recipe.network
        width, height = size[0] if size else (spec.input_width, spec.input_height)
        if index == NO_SAMPLE:
            return blank(width, height, recipe, problem='')
        sample = read(self._sources, index)
        if isinstance(sample, str):
            return blank(width, height, recipe, problem=sample)
        rng = np.random.default_rng((recipe.seed, self._stage_index, draw, index))
        view = augment(sample, self._augmentation, width, height, rng)
        data_set = sample.name.partition('/')[0]
        if data_set in recipe.inpainted:
            view = replace(view, depth=without_edges(view.depth))
        image, log_truth = encoded(view, recipe)
        return View(image, log_truth, problem_of(sample.name, log_truth))


class PlainViews(Dataset):
    """Every sample whole and unchanged, letterboxed as on the robot: for validation."""

    def __init__(self, sources: Sequence[DataSet], recipe: Recipe):
        self._sources = sources
        self._recipe = recipe

    def __len__(self) -> int:
        return sum(len(source) for source in self._sources)

    def __getitem__(self, index: int) -> View:
        recipe, spec = self._recipe, self._recipe.network
        sample = read(self._sources, index)
        if isinstance(sample, str):
            return blank(spec.input_width, spec.input_height, recipe, problem=sample)
        letterbox = input_letterbox(sample.camera.width, sample.camera.height, spec)
        image_3HW = encode_image(sample.rgb, letterbox, recipe.normalisation)
        scale = letterbox.content_width / letterbox.width
        shift = 0.5 * scale - 0.5
        matrix = np.array([[scale, 0, letterbox.x + shift], [0, scale, letterbox.y + shift]])
        view = warped(sample, matrix, scale, letterbox.input_width, letterbox.input_height)
        log_truth = _log_truth(view, recipe)
        return View(_with_camera(image_3HW, letterbox.camera(sample.camera), recipe), log_truth,
                    problem_of(sample.name, log_truth))


def read(sources: Sequence[DataSet], index: int) -> Sample | str:
    """Sample by its number over all sources one after the other; why it cannot be read."""
    for source in sources:
        if index < len(source):
            return read_sample(source, index)
        index -= len(source)
    raise IndexError(index)


def blank(width: int, height: int, recipe: Recipe, problem: str) -> View:
    """A grey view without any truth."""
    planes = 6 if recipe.network.camera_input else 3
    return View(torch.zeros(planes, height, width),
                torch.full((1, height, width), torch.nan), problem)


def problem_of(name: str, log_truth_1HW: Tensor) -> str:
    """Why the view of a sample teaches nothing, '' where it does."""
    return '' if torch.isfinite(log_truth_1HW).any() else f'{name} shows no known depth'


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
