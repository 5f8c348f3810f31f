"""Random views made in batches on the device that trains, as `TrainingViews` makes them on a CPU.

A loader's processes draw what changes (`draw_change`, the same for the same key as on a CPU);
the pixels are taken from a `DeviceStore` by `render`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from train.data.samples.augmentation import draw_change, ViewChange
from train.data.samples.geometry import seen_through, tilt
from train.fitting.device_constant import constant
from train.fitting.device_pixels import (
    coloured,
    Degradations,
    degraded,
    sampled,
    Shrunk,
    without_edges,
)
from train.fitting.device_store import DeviceStore, Stored
from train.fitting.views import Key, NO_SAMPLE, View
from train.recipes.recipe import Recipe

# What a view is made of, and the shape of each: one row of numbers, as each copy to a GPU takes as
# long as a kernel. `size` (width, height) of the stored image; `source` maps pixels of the view to
# those of the stored image, `frame` to those of the tilted one, `along` to the factor between
# their depths; `scale` is that of the view, `camera` its fx, fy, cx, cy.
PARTS: dict[str, tuple[int, ...]] = {
    'size': (2,), 'source': (3, 3), 'frame': (3, 3), 'along': (3,), 'camera': (4,), 'scale': (),
    'gains': (3,), 'gamma': (), 'tint': (3, 3), 'inpainted': (), 'blur': (), 'noise_level': (),
    'jpeg_quality': (), 'rectangle': (4,), 'rectangle_colour': (3,)}


class ViewPlan(NamedTuple):
    """How a view is made: `numbers` (K,) float32 of PARTS, and `offset` of the stored image.

    The `seed` of a batch's first view is that of its noise. Collated, every item has the batch in
    front: an array and numbers become tensors.
    """

    numbers: Any
    offset: Any
    seed: Any
    view_size: Any
    problem: str | Sequence[str]


class Numbers:
    """The parts of a batch's numbers (B, K), as views of them."""

    def __init__(self, numbers_BK: Tensor):
        parts = numbers_BK.split([math.prod(shape) for shape in PARTS.values()], dim=1)
        self._parts = {name: part.view(-1, *shape)
                       for part, (name, shape) in zip(parts, PARTS.items())}

    def __getattr__(self, name: str) -> Tensor:
        return self._parts[name]

    @property
    def degradations(self) -> Degradations:
        """Those parts that blur, disturb and hide."""
        return Degradations(*(self._parts[name] for name in Degradations._fields))


class ViewPlans(Dataset):
    """The plan of every view; the key (draw, index) fixes the randomness, as in TrainingViews."""

    def __init__(self, samples: Sequence[Stored], recipe: Recipe, stage_index: int):
        self._samples = samples
        self._recipe = recipe
        self._stage_index = stage_index
        self._augmentation = recipe.stages[stage_index].augmentation or recipe.augmentation

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, key: Key) -> ViewPlan:
        draw, index, *size = key
        recipe, spec = self._recipe, self._recipe.network
        width, height = size[0] if size else (spec.input_width, spec.input_height)
        stored = self._samples[max(index, 0)]
        rng = np.random.default_rng((recipe.seed, self._stage_index, draw, max(index, 0)))
        camera = stored.camera
        change = draw_change((camera.width, camera.height), self._augmentation, width, height, rng)
        return _plan(stored, change, (width, height), recipe, seed=int(rng.integers(1 << 31)),
                     empty=index == NO_SAMPLE)


def _plan(stored: Stored, change: ViewChange, size: tuple[int, int], recipe: Recipe, seed: int,
          empty: bool) -> ViewPlan:
    camera = stored.camera.flipped() if change.flip else stored.camera
    mirror, tilting, along_3 = np.eye(3), np.eye(3), np.array([0, 0, 1.0])
    if change.flip:
        mirror[0] = -1, 0, camera.width - 1
    if change.tilt_deg:
        camera, tilting, along_3 = tilt(camera, *change.tilt_deg)
    frame = np.linalg.inv(np.vstack([change.matrix, (0, 0, 1)]))
    seen = seen_through(camera, change.matrix, change.scale, *size)
    colours, spoilt = change.colours, change.degradation
    *rectangle, colour = spoilt.erased or (0, 0, 0, 0, (0, 0, 0))  # an empty one hides nothing
    # A size of 0 has no pixel: the view is blank.
    stored_size = (0, 0) if empty or not stored.name else (camera.width, camera.height)
    parts: dict[str, Any] = {
        'size': stored_size, 'source': mirror @ np.linalg.inv(tilting) @ frame, 'frame': frame,
        'along': along_3 @ frame, 'camera': (seen.fx, seen.fy, seen.cx, seen.cy),
        'scale': change.scale, 'gains': colours.gains, 'gamma': colours.gamma,
        'tint': np.eye(3) if colours.tint is None else colours.tint,
        'inpainted': stored.name.partition('/')[0] in recipe.inpainted, 'blur': spoilt.blur,
        'noise_level': spoilt.noise_level, 'jpeg_quality': spoilt.jpeg_quality,
        'rectangle': rectangle, 'rectangle_colour': colour}
    numbers = np.concatenate([np.ravel(parts[name]) for name in PARTS]).astype(np.float32)
    return ViewPlan(numbers=numbers, offset=stored.offset, seed=seed, view_size=size,
                    problem='' if empty else stored.problem)


def rendered(plans: Iterable[ViewPlan], store: DeviceStore, recipe: Recipe) -> Iterator[View]:
    """The views of collated plans, on the device of `store`."""
    for plan in plans:
        yield render(plan, store, recipe)


@torch.no_grad()
def render(plan: ViewPlan, store: DeviceStore, recipe: Recipe) -> View:
    """The views of a collated plan, on the device of `store`."""
    device = store.rgb.device
    width, height = (int(side[0]) for side in plan.view_size)  # all views of a batch have one size
    there, here = Numbers(plan.numbers), Numbers(plan.numbers.to(device, non_blocking=True))
    shrunk = Shrunk.of(there.scale, device)
    offset = plan.offset.to(device, non_blocking=True)
    rgb, depth = sampled(store, offset, here.size.long(), here.source, here.frame, here.along,
                         shrunk, (height, width))
    rgb = degraded(coloured(rgb, here.gains, here.gamma, here.tint), here.degradations,
                   there.degradations.some(), int(plan.seed[0]))
    if there.inpainted.any():
        depth = torch.where(here.inpainted[:, None, None] > 0, without_edges(depth), depth)
    image = _normalised(rgb, recipe)
    if recipe.network.camera_input:
        image = torch.cat([image, _camera_planes(here.camera, height, width, recipe)], dim=1)
    return View(image, _log_truth(depth, here.camera, recipe), plan.problem)


def _normalised(rgb_B3HW: Tensor, recipe: Recipe) -> Tensor:
    normal = recipe.normalisation
    mean, std = (constant(values, rgb_B3HW.device)[:, None, None]
                 for values in (normal.mean, normal.std))
    return (rgb_B3HW / 255 - mean) / std


def _log_truth(depth_BHW: Tensor, camera_B4: Tensor, recipe: Recipe) -> Tensor:
    """Log canonical depth (B, 1, H, W), NaN where it is unknown or beyond the recipe's range."""
    known = (depth_BHW > 0) & (depth_BHW <= recipe.max_depth_m)
    metres = torch.where(known, depth_BHW, torch.nan)
    if recipe.sky_m:
        metres = torch.where(depth_BHW == torch.inf, recipe.sky_m, metres)
    return (metres.log() - _log_ratio(camera_B4, recipe)[:, None, None])[:, None]


def _log_ratio(camera_B4: Tensor, recipe: Recipe) -> Tensor:
    """Logarithm (B,) of the focal length over that of the reference camera."""
    return camera_B4[:, :2].log().mean(1) - float(np.log(recipe.reference.focal))


def _camera_planes(camera_B4: Tensor, height: int, width: int, recipe: Recipe) -> Tensor:
    """As `with_camera`: x/z, y/z and the log focal ratio of every pixel (B, 3, H, W)."""
    fx, fy, cx, cy = (item[:, None, None] for item in camera_B4.unbind(1))
    u = torch.arange(width, device=camera_B4.device)
    v = torch.arange(height, device=camera_B4.device)[:, None]
    planes = torch.broadcast_tensors((u - cx) / fx, (v - cy) / fy,
                                     _log_ratio(camera_B4, recipe)[:, None, None])
    return torch.stack(planes, dim=1)
