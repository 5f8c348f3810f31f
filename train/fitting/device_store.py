"""Whole data sets in the memory of the device that trains, for views that are made there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from mono_depth_ros.camera import Camera
from train.data.data_sets import DataSet
from train.data.readable_samples import first_readable
from train.fitting.views import problem_of, read

# Of the free memory of a GPU, what a store may take; the rest is for the network.
LARGEST_SHARE = 0.4
BYTES_A_PIXEL = 5


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Where a sample lies: its first pixel, its camera, name and `problem` as in `View`."""

    offset: int
    camera: Camera
    name: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class DeviceStore:
    """Pixels of all samples one after the other: `rgb` (N, 3) uint8, `depth` (N,) float16 metres.

    As in a pack, depth has steps of 0.05 %.
    """

    rgb: Tensor
    depth: Tensor
    samples: Sequence[Stored]


def fits(sources: Sequence[DataSet], device: str) -> bool:
    """Whether the samples, if all are as large as the first of each set, fit into the device."""
    cameras = [(len(source), first_readable(source).camera) for source in sources]
    needed = BYTES_A_PIXEL * sum(n * camera.width * camera.height for n, camera in cameras)
    return needed < LARGEST_SHARE * torch.cuda.mem_get_info(torch.device(device))[0]


def load_store(sources: Sequence[DataSet], device: str) -> DeviceStore:
    """Read every sample once into the memory of `device`; ValueError where none can be read."""
    total = sum(len(source) for source in sources)
    rgb, depth, offset = [], [], 0
    samples: list[Stored] = []
    for index in tqdm(range(total), desc=f'load data into {device}', unit=' images'):
        sample = read(sources, index)
        if isinstance(sample, str):
            samples.append(Stored(offset=offset, camera=_camera_of(samples), name='',
                                  problem=sample))
            continue
        rgb.append(torch.from_numpy(sample.rgb.reshape(-1, 3)).to(device))
        depth.append(torch.from_numpy(sample.depth.astype(np.float16).reshape(-1)).to(device))
        samples.append(Stored(
            offset=offset, camera=sample.camera, name=sample.name,
            problem=problem_of(sample.name, depth[-1])))
        offset += sample.depth.size
    if not rgb:
        raise ValueError(f'none of the {total} images can be read, the first: '
                         f'{samples[0].problem}')
    return DeviceStore(rgb=torch.cat(rgb), depth=torch.cat(depth), samples=samples)


def _camera_of(samples: Sequence[Stored]) -> Camera:
    """Some camera for a sample that could not be read; its view is blank."""
    return samples[-1].camera if samples else Camera(fx=1, fy=1, cx=0, cy=0, width=1, height=1)
