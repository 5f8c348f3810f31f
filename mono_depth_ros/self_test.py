"""The self-test in a model file: two inputs, and what the network must answer on any backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.model_card import ModelCard, SelfTest
from mono_depth_ros.preprocess import depth_of, normalise, with_camera

# How far log depth may be off, by precision: mean and deviation for noise, every part of the
# probe. (A relative error of depth: 0.06 is 6 %.) Neither input is like an image: `outdoor` in
# bf16 is off by 0.07 here, on real streets by 0.005 in the median. A wrong input (colours in
# another order, halved, upside down) is off by 0.16 and more.
TOLERANCE = {'fp32': 2e-3, 'fp16': 2e-2, 'bf16': 0.12}
PARTS = 4
# Of the noise in the files that are written today.
SEED = 20140

Network = Callable[..., np.ndarray]


def self_test_image(card: ModelCard) -> np.ndarray:
    """Planes (3, H, W) float32 of the noise the card's self-test was written with.

    For a network with `camera_input` the planes of the reference camera lie behind it.
    """
    shape = (3, card.network.input_height, card.network.input_width)
    return _complete(np.random.default_rng(card.self_test.seed).uniform(-1, 1, shape), card)


def probe_image(card: ModelCard) -> np.ndarray:
    """Planes (3, H, W) float32 like those of an image: a shaded floor, walls, edges, texture."""
    height, width = card.network.input_height, card.network.input_width
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    rows, columns = rows / height, columns / width
    floor = np.where(rows > 0.6, 2 * rows - 1.5, 0.3 - 0.5 * rows)
    box = (abs(columns - 0.35) < 0.12) & (abs(rows - 0.55) < 0.2)
    texture = 0.2 * np.sin(2 * np.pi * 9 * columns) * np.sin(2 * np.pi * 7 * rows)
    planes = [np.where(box, tone, floor + 0.4 * (columns - 0.5)) + texture
              for tone in (1.2, -0.4, -1.0)]
    return _complete(np.stack(planes), card)


def intrinsics_of(camera: Camera) -> np.ndarray:
    """Camera matrix (3, 3) float32 of a camera."""
    with np.errstate(over='ignore'):  # of a calibration that is no good, which is told elsewhere
        return camera.matrix.astype(np.float32)


def measured(network: Network, card: ModelCard) -> SelfTest:
    """The card's self-test with what `network` answers now."""
    noise, probe = (log_depth(network, card, make(card)) for make in (
        self_test_image, probe_image))
    parts = tuple(float(part.mean()) for band in np.array_split(probe, PARTS, axis=0)
                  for part in np.array_split(band, PARTS, axis=1))
    return replace(card.self_test, mean=float(noise.mean()), std=float(noise.std()), probe=parts)


def check(network: Network, card: ModelCard, precision: str) -> None:
    """ValueError, with the numbers, where `network` does not answer as the card says."""
    got, expected = measured(network, card), card.self_test
    off = float(np.max(np.abs([got.mean - expected.mean, got.std - expected.std, *(
        g - e for g, e in zip(got.probe, expected.probe))])))  # NaN where any is
    if not off <= TOLERANCE[precision]:
        raise ValueError(
            f'it fails its self-test in {precision}: log depth has mean and deviation '
            f'{(got.mean, got.std)}, expected {(expected.mean, expected.std)}; off by up to '
            f'{off:.3g}, allowed {TOLERANCE[precision]:g}')


def log_depth(network: Network, card: ModelCard, image_CHW: np.ndarray) -> np.ndarray:
    """Log depth (h, w) of the planes of an image, as the card's self-test means it."""
    plane_hw = network(image_CHW, intrinsics_of(card.reference))[0]
    if card.output == 'log_canonical_depth' and card.self_test.version == 1:
        return plane_hw
    depth_hw = depth_of(plane_hw, card.output)
    return np.log(np.clip(depth_hw, card.min_depth_m, card.max_depth_m))


def _complete(image_3HW: np.ndarray, card: ModelCard) -> np.ndarray:
    """The input of the network of a picture whose black is -1 and whose white is 1."""
    if card.self_test.version > 1:
        rgb_3HW = np.rint(np.clip(127.5 * (image_3HW + 1), 0, 255)).astype(np.uint8)
        image_3HW = normalise(rgb_3HW.transpose(1, 2, 0), card.normalisation)
    elif card.graph.image_type == 'uint8':  # planes of 0 to 255: -1 to 1 would be black
        image_3HW = np.clip(127.5 * (image_3HW + 1), 0, 255)
    if card.network.camera_input:
        return with_camera(image_3HW, card.reference, card.reference)
    return image_3HW.astype(np.float32)
