"""Distillation: a network learns the mean output of several teachers besides the truth.

Networks trained alike on few images make different errors; the error of their mean is below that
of any of them. One network learns that mean on its own random views, and on CutMix images of them
that have no truth (Beyer et al. 2022, "A good teacher is patient and consistent").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
import math

import torch
from torch import nn, Tensor
from torch.nn.functional import interpolate, pad

from mono_depth_ros.backends.torch_backend import fuse_norms
from mono_depth_ros.model_file import find_model, load_model
from mono_depth_ros.networks.efficientnet_lite import same_size
from mono_depth_ros.preprocess import input_letterbox, Letterbox
from train.fitting.regularisation import keep_depthwise_in_float32
from train.recipes.recipe import Recipe

# The numbers (N,) of the images of a batch that follow the teachers, and the teachers' log depth
# of those (N, 1, H, W).
Distilled = tuple[Tensor, Tensor]


class Teacher(nn.Module):
    """A frozen model file: images (B, 3, H, W) -> log canonical depth (B, 1, H, W).

    Images are letterboxed into its input as on the robot; its depth is converted to the reference
    camera of `recipe`. Raises ValueError for a model of another normalisation, or one that takes
    the camera as input where the recipe's network does not, or is of another size.
    """

    def __init__(self, model: str, recipe: Recipe):
        super().__init__()
        network, card = load_model(find_model(model))
        if card.normalisation != recipe.normalisation:
            raise ValueError(f'--teacher {model} normalises images as '
                             f'{card.normalisation}, recipe {recipe.name!r} as '
                             f'{recipe.normalisation}: they must agree')
        if card.network.camera_input and recipe.network != replace(card.network,
                                                                   name=recipe.network.name):
            raise ValueError(f'--teacher {model} takes the camera beside the image: so must the '
                             f'network of recipe {recipe.name!r}, at the same input size, but it '
                             f'is {recipe.network}')
        self.network, self.spec = fuse_norms(network.eval()).requires_grad_(False), card.network
        keep_depthwise_in_float32(self.network)
        self.log_ratio = math.log(recipe.reference.focal / card.reference.focal)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        height, width = image_BCHW.shape[-2:]
        letterbox = input_letterbox(width, height, self.spec)
        shift = self.log_ratio + math.log(letterbox.content_width / width)
        image = letterboxed(image_BCHW[:, :self.network.input_planes], letterbox)
        if self.network.camera_input:  # the focal length beside that of its own reference
            image[:, 5] += shift
        log_depth = self.network(image)[:, :1].float()
        return unletterboxed(log_depth, letterbox, (height, width)) + shift


class Teachers(nn.Module):
    """Several teachers: images (B, 3, H, W) -> their mean log canonical depth (B, 1, H, W).

    Every other one sees the images flipped left to right.
    """

    def __init__(self, models: Sequence[str], recipe: Recipe):
        super().__init__()
        self.each = nn.ModuleList(Teacher(model, recipe) for model in models)

    @torch.no_grad()
    def forward(self, image_BCHW: Tensor) -> Tensor:
        outputs = [teacher(mirrored(image_BCHW)).flip(-1) if number % 2 else teacher(image_BCHW)
                   for number, teacher in enumerate(self.each)]
        return torch.stack(outputs).mean(0)


def mirrored(image_BCHW: Tensor) -> Tensor:
    """Images flipped left to right, the x/z of their cameras too where they have them."""
    image_BCHW = image_BCHW.flip(-1)
    if image_BCHW.shape[1] > 3:
        image_BCHW[:, 3] *= -1
    return image_BCHW


def letterboxed(image_B3HW: Tensor, letterbox: Letterbox) -> Tensor:
    """Images as a network of another input size sees them, border 0."""
    content = interpolate(image_B3HW, (letterbox.content_height, letterbox.content_width),
                          mode='bilinear', align_corners=False, antialias=True)
    right = letterbox.input_width - letterbox.x - letterbox.content_width
    below = letterbox.input_height - letterbox.y - letterbox.content_height
    return pad(content, (letterbox.x, right, letterbox.y, below)).contiguous(
        memory_format=torch.channels_last)


def unletterboxed(map_B1hw: Tensor, letterbox: Letterbox, size: Sequence[int]) -> Tensor:
    """The part of a map under the content, at `size` (height, width)."""
    full = interpolate(map_B1hw, (letterbox.input_height, letterbox.input_width), mode='bilinear',
                       align_corners=False)
    rows = slice(letterbox.y, letterbox.y + letterbox.content_height)
    columns = slice(letterbox.x, letterbox.x + letterbox.content_width)
    return interpolate(full[..., rows, columns], tuple(size), mode='bilinear',
                       align_corners=False)


def cut_mix(image_B3HW: Tensor, log_truth_B1HW: Tensor,
            distilled: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Images of which every second one, if it is distilled, holds a rectangle of the one before.

    The truth of such an image is unknown everywhere: no camera took it (CutMix, Yun et al.
    2019). New tensors; randomness from torch's global state.
    """
    image, truth = image_B3HW.clone(), log_truth_B1HW.clone()
    size = torch.tensor(image.shape[-2:])
    for i in range(1, len(image), 2):
        if i in distilled:
            tall, wide = (size * (0.3 + 0.5 * torch.rand(2))).int().tolist()
            top, left = (torch.rand(2) * (size - torch.tensor([tall, wide]) + 1)).int().tolist()
            image[i, :, top:top + tall, left:left + wide] = image_B3HW[
                i - 1, :, top:top + tall, left:left + wide]
            truth[i] = torch.nan
    return image, truth


def distillation_loss(log_depth_B1hw: Tensor, distilled: Distilled) -> Tensor:
    """Mean |log depth - log depth of the teachers| of every distilled image (N,)."""
    numbers_N, log_teacher_N1HW = distilled
    log_teacher = same_size(log_teacher_N1HW, log_depth_B1hw)
    return (log_depth_B1hw[numbers_N].float() - log_teacher).abs().mean((1, 2, 3))
