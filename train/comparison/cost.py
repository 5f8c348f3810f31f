"""What a network costs: parameters, multiply-adds, and milliseconds an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import re

import numpy as np
import torch
from torch import nn, Tensor
from torch.utils.flop_counter import FlopCounterMode

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_card import NetworkSpec
from mono_depth_ros.networks.registry import build
from train.data.samples.sample import Sample
from train.evaluation.measurement import load_estimator


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Weights to store, and multiply-adds of one image at the network's input size."""

    parameters: int
    multiply_adds: int


def cost_of(spec: NetworkSpec) -> Cost:
    """The cost of a network, which is built without memory for that."""
    with torch.device('meta'):
        network = build(spec).eval()
        image = torch.zeros(1, network.input_planes, spec.input_height, spec.input_width)
    return Cost(parameters=sum(weight.numel() for weight in network.parameters()),
                multiply_adds=multiply_adds(network, image))


@torch.no_grad()
def multiply_adds(network: nn.Module, image_B3HW: Tensor) -> int:
    """Multiply-adds of convolutions and matrix products in one pass, as PyTorch counts them.

    Biases, norms, activations, pooling and resizing are not counted, as is usual.
    """
    with FlopCounterMode(display=False) as counter:
        network(image_B3HW)
    return counter.get_total_flops() // 2  # it counts a multiplication and an addition as two


def network_ms(estimators: Sequence[DepthEstimator], samples: Sequence[Sample],
               rounds: int = 20) -> list[float]:
    """Median milliseconds inside each network, batch 1, interleaved.

    In every round each network takes one image, so that other load on the machine slows all
    of them equally. One round before those that count warms up.
    """
    taken = np.empty((rounds + 1, len(estimators)))
    for number, row in enumerate(taken):
        sample = samples[number % len(samples)]
        row[:] = [estimator.estimate(sample.rgb, sample.camera).network_ms
                  for estimator in estimators]
    return np.median(taken[1:], axis=0).tolist()


def ms_by_device(estimators: Sequence[DepthEstimator], samples: Sequence[Sample],
                 device: str) -> dict[str, list[float]]:
    """Milliseconds of every network on the CPU and, where `device` is one, on the GPU.

    The estimators are on `device`.
    """
    times = {}
    for place in dict.fromkeys(('cpu', device)):
        there = estimators if place == device else [
            load_estimator(estimator.model_path, place) for estimator in estimators]
        times[place] = network_ms(there, samples)
    return times


def machine(device: str) -> str:
    """Name of the processor or graphics card that a device is."""
    if device.startswith('cuda'):
        return torch.cuda.get_device_name(device)
    facts = Path('/proc/cpuinfo')
    found = re.search(r'model name\s*: (.*)', facts.read_text()) if facts.is_file() else None
    threads = torch.get_num_threads()
    return f'{found[1] if found else "CPU"}, {threads} thread{"s" if threads > 1 else ""}'
