"""Trains a recipe stage by stage; can be stopped and resumed at any step."""

from __future__ import annotations

from collections.abc import Sequence
import gc
from pathlib import Path

import cv2
import torch

from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from mono_depth_ros.networks.registry import build
from train.data.data_sets import DataSet
from train.fitting.batches import DataFeed
from train.fitting.checkpoint import fitting_in, load_checkpoint, load_weights
from train.fitting.ema import Ema
from train.fitting.regularisation import (
    add_regularisation,
    keep_depthwise_in_float32,
    keep_statistics,
)
from train.fitting.run_log import forget_after, TrainingSummary
from train.fitting.stage import check_frozen_parts
from train.fitting.stage_run import RunContext, StageRun
from train.fitting.start_weights import load_imagenet, load_start
from train.fitting.validation import Validation
from train.recipes.mixture import mixture
from train.recipes.recipe import Recipe

# Of a checkpoint, what a run goes on with beside the weights that are exported.
RESUMED = ('network', 'optimiser', 'schedule')


def fit(recipe: Recipe, training: Sequence[DataSet], validation: Sequence[DataSet],
        context: RunContext, resume: bool = False, start: str = '',
        summary: TrainingSummary | None = None) -> TrainingSummary:
    """Train all stages of `recipe`; leaves a finished checkpoint in `context.folder`.

    `start` is the model, by path or shipped name, whose weights it begins with; `summary` is
    filled in and returned. Ctrl-C saves first. Raises ValueError where a loss is not finite,
    naming step and images, and where too few views have known depth.
    """
    prepare(context.device)
    for stage in recipe.stages:
        mixture(training, recipe, stage)
    torch.manual_seed(recipe.seed)
    saved = load_checkpoint(context.folder, RESUMED) if resume else None
    first_stage, first_step = (saved['stage'], saved['step']) if saved else (0, 0)
    if context.group.is_main_process:
        forget_after(context.folder, first_stage, first_step)
    network = _first_network(recipe, saved, start, context.folder)
    network.to(context.device).to(
        memory_format=torch.channels_last)  # type: ignore[call-overload]
    with fitting_in(context.folder):
        ema = Ema(network, recipe.ema_decay, saved and saved['ema'])
    feed = DataFeed(training, recipe, context.device, context.workers, context.feed)
    held_out = Validation(validation, recipe, context.workers, context.group)
    summary = summary or TrainingSummary()
    for index in range(first_stage, len(recipe.stages)):
        StageRun(recipe, index, network, ema, training, context,
                 saved if index == first_stage else None).run(feed, held_out, summary)
        # A circle may hold the stage, and with it the memory of its optimiser and graphs.
        gc.collect()
    return summary


def prepare(device: str) -> None:
    """Set OpenCV for loader processes, and a GPU for float32 where three digits are enough.

    cuDNN's benchmark stays off: on an H200 it took 65 s before the fourth step of `mobile_lite2`.
    """
    # Loader processes need no OpenCV threads, and a process forked from one that has them hangs
    # as soon as it changes their number.
    cv2.setNumThreads(1)
    if device.startswith('cuda'):
        # TF32 where autocast leaves float32: three digits are enough for gradients.
        torch.backends.cudnn.allow_tf32 = True
        torch.set_float32_matmul_precision('high')


def _first_network(recipe: Recipe, saved: dict | None, start: str,
                   folder: Path) -> MultiScaleNetwork:
    """The network with the weights it begins with, and the layers that only training has."""
    network = build(recipe.network)
    if saved:
        with fitting_in(folder):
            load_weights(network, saved['network'])
    elif start:
        load_start(network, recipe, start)
    elif recipe.imagenet_stem:
        load_imagenet(network.get_submodule('coarse.stem'))
    for stage in recipe.stages:
        check_frozen_parts(network, stage)
    keep_statistics(network, recipe, start)
    add_regularisation(network, recipe)
    keep_depthwise_in_float32(network)
    return network
