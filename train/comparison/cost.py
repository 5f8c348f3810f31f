"""What a network costs: parameters, multiply-adds, and milliseconds an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
from pathlib import Path
import re

import numpy as np
import torch
from torch import nn, Tensor
from torch.utils.flop_counter import FlopCounterMode

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_card import ModelCard, NetworkSpec
from mono_depth_ros.model_file import has_weights
from mono_depth_ros.networks.registry import build
from mono_depth_ros.sentences import counted
from train.data.data_sets import DataSet
from train.data.readable_samples import first_readables
from train.data.samples.sample import Sample
from train.evaluation.measurement import load_estimator

TIMED_IMAGES = 5
# TensorProto.DataType of onnx.proto: float, float16, double, bfloat16, and those of quantised
# weights: uint8, int8, uint4, int4. Shapes and indices are of others.
ONNX_WEIGHTS = (1, 10, 11, 16, 2, 3, 21, 22)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Weights to store, and multiply-adds of one image at the network's input size.

    `multiply_adds` is None of a foreign graph, where they are not counted.
    """

    parameters: int
    multiply_adds: int | None

    def texts(self) -> tuple[str, str]:
        """Millions of weights and thousand millions of multiply-adds, as a table shows them."""
        adds = '-' if self.multiply_adds is None else f'{self.multiply_adds / 1e9:.2f} G'
        return f'{self.parameters / 1e6:.2f} M', adds


def cost_of_model(path: Path, card: ModelCard) -> Cost:
    """The cost of a model file; ImportError where that takes a package that is not installed."""
    if has_weights(path):
        return cost_of(card.network)
    try:
        import onnx
    except ImportError as error:
        raise ImportError('the weights of an ONNX graph are counted with the package onnx: '
                          'pip install -r requirements/train.txt') from error
    weights = (tensor for tensor in onnx.load(path).graph.initializer
               if tensor.data_type in ONNX_WEIGHTS)
    return Cost(parameters=sum(math.prod(tensor.dims) for tensor in weights), multiply_adds=None)


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


def ms_by_device(estimators: Sequence[DepthEstimator], source: DataSet,
                 device: str) -> dict[str, list[float]]:
    """Milliseconds of every network on the CPU and, where `device` is one, on the GPU.

    The estimators are on `device`; they get the first TIMED_IMAGES of a data set that
    can be read in turn.
    """
    samples = first_readables(source, TIMED_IMAGES)
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
    return f'{found[1] if found else "CPU"}, {counted(torch.get_num_threads(), "thread")}'
