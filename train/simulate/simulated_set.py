"""What a simulated training set holds: frame k follows from (seed, k), world b from (seed, b)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.simulation.rendering.renderer import camera_with_fov
from mono_depth_ros.simulation.worlds import WORLDS

# Raised whenever the same seed would draw other images, so that no set mixes two generations.
GENERATION = 3
FRAMES_A_WORLD = {'room': 16, 'street': 20}
# Metres of one step of the 16-bit depth: 65 m of room, 131 m of street.
DEPTH_UNIT_M = {'room': 0.001, 'street': 0.002}
FOV_DEG = (50.0, 110.0)
# Height over width of the images of a world, beside what was asked for.
SHAPES = (9 / 16, 2 / 3, 3 / 4, 4 / 5)
VAL_EVERY, VAL_WORLD = 10, 1
WORLD_STREAM, FRAME_STREAM = 0, 1


@dataclass(frozen=True, kw_only=True)
class SimulatedSet:
    """One simulated set: which world, its seed, and the largest image size in pixels."""

    world: str
    seed: int
    width: int
    height: int
    generation: int = GENERATION

    def __post_init__(self):
        if self.seed < 0:
            raise ValueError(f'--seed must be 0 or more, got {self.seed}')
        if not (32 <= self.width <= 2048 and 32 <= self.height <= 2048):
            raise ValueError('--width and --height must be 32 to 2048 pixels, got '
                             f'{self.width}x{self.height}')

    @property
    def frames_a_world(self) -> int:
        """Frames drawn of each world before the next is built."""
        return FRAMES_A_WORLD[self.world]

    def world_rng(self, block: int) -> np.random.Generator:
        """Generator of world number `block`."""
        return np.random.default_rng((self.seed, WORLDS.index(self.world), WORLD_STREAM, block))

    def frame_rng(self, frame: int) -> np.random.Generator:
        """Generator of a frame's camera and sensor."""
        return np.random.default_rng((self.seed, WORLDS.index(self.world), FRAME_STREAM, frame))

    def image_size(self, rng: np.random.Generator) -> tuple[int, int]:
        """(width, height) of a world's images: mostly as asked for, else less high."""
        shape = float(rng.choice(SHAPES))
        if rng.random() < 0.6:
            return self.width, self.height
        return self.width, max(32, min(self.height, round(self.width * shape / 2) * 2))


def key_of(frame: int) -> str:
    """Key of a frame."""
    return f'{frame:06d}'


def split_of(simulated_set: SimulatedSet, frame: int, frames: int) -> str:
    """'train' or 'val': whole worlds, one in ten; of the first alone the last tenth is val.

    `frames` is one more than the number of the last frame there is.
    """
    if frames <= simulated_set.frames_a_world:
        return 'val' if frames > 1 and frame >= frames - max(1, frames // 10) else 'train'
    block = frame // simulated_set.frames_a_world
    return 'val' if block % VAL_EVERY == VAL_WORLD else 'train'


def random_camera(rng: np.random.Generator, width: int, height: int) -> Camera:
    """Pinhole of a field of view within FOV_DEG, its centre up to 3 % off the middle."""
    plain = camera_with_fov(width, height, rng.uniform(*FOV_DEG))
    off_x, off_y = rng.uniform(-0.03, 0.03, 2)
    return Camera(fx=plain.fx, fy=plain.fy * rng.uniform(0.99, 1.01),
                  cx=plain.cx + off_x * width, cy=plain.cy + off_y * height,
                  width=width, height=height)
