"""Layers that several of the networks share."""

from __future__ import annotations

from torch import nn

from .multi_scale import MultiScaleNetwork

# Where a log depth starts: e^1 = 2.7 canonical metres, the middle of a room.
FIRST_LOG_DEPTH = 1.0
# "Same" padding of kernels 11/4 and 9/2 on sizes they divide is uneven: 3 before, 4 after.
SAME_STRIDED = (3, 4, 3, 4)


def conv(width: int, out: int, kernel: int) -> list[nn.Module]:
    """A "same" convolution of odd kernel and stride 1, then ReLU."""
    return [nn.Conv2d(width, out, kernel, padding=kernel // 2), nn.ReLU()]


def strided_conv(width: int, out: int, kernel: int, stride: int) -> list[nn.Module]:
    """The "same" 11/4 or 9/2 convolution of the input image, then ReLU."""
    return [nn.ZeroPad2d(SAME_STRIDED), nn.Conv2d(width, out, kernel, stride), nn.ReLU()]


def half() -> nn.Module:
    """Max-pool 3/2, "same": h -> ceil(h / 2)."""
    return nn.MaxPool2d(3, stride=2, padding=1)


def depth_map_head(inputs: int, hidden: int, height: int, width: int,
                   dropout: float = 0.5) -> nn.Sequential:
    """Two fully connected layers from all features to a linear map (B, 1, height, width)."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(hidden, height * width), nn.Unflatten(1, (1, height, width)))


def initialise(network: MultiScaleNetwork) -> None:
    """Begin all layers before a ReLU after He et al. 2015, and every log depth at FIRST_LOG_DEPTH.

    PyTorch's own initialisation is for layers without a ReLU: through these deep stacks without
    batch norms an image became a hundredth of what the biases add, the same for all images.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity='relu')
            start_at(layer, 0.0)
    for stack in network.depth_stacks:
        *_, last = (layer for layer in network.get_submodule(stack).modules()
                    if isinstance(layer, nn.Conv2d | nn.Linear))
        nn.init.zeros_(last.weight)
        start_at(last, FIRST_LOG_DEPTH)


def start_at(layer: nn.Conv2d | nn.Linear, bias: float) -> None:
    """Fill the bias of a layer, if it has one."""
    if layer.bias is not None:
        nn.init.constant_(layer.bias, bias)


def check_size(name: str, got_hw: tuple[int, int], needed_hw: tuple[int, int]) -> None:
    """Raise ValueError where a network of one size is asked for another."""
    if got_hw != needed_hw:
        raise ValueError(f'{name} takes {needed_hw[1]}x{needed_hw[0]} images, got '
                         f'{got_hw[1]}x{got_hw[0]}')
