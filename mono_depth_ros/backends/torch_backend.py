"""Runs a network with PyTorch on the CPU or on a CUDA GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import copy
from functools import partial

import numpy as np
import torch
from torch import nn, Tensor
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mono_depth_ros.backends.backend import DeviceError, first_line
from mono_depth_ros.backends.cuda_graphs import CudaGraphs
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from mono_depth_ros.self_test import TOLERANCE

DTYPES = {'fp32': torch.float32, 'fp16': torch.float16, 'bf16': torch.bfloat16}
NO_SUCH_DEVICE = "device must be 'auto', 'cpu', 'cuda' or 'cuda:N', got {!r}"


def pick_device(asked: str) -> str:
    """'cpu' or 'cuda:N' for 'auto', 'cpu', 'cuda' or 'cuda:N'; ValueError where it cannot be."""
    if asked == 'auto':
        return 'cuda:0' if torch.cuda.is_available() else 'cpu'
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise ValueError(NO_SUCH_DEVICE.format(asked)) from error
    if device.type == 'cuda':
        return _pick_cuda(device.index or 0)
    if device.type != 'cpu':
        raise ValueError(NO_SUCH_DEVICE.format(asked))
    return 'cpu'


def _pick_cuda(index: int) -> str:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if index >= count:
        raise ValueError(
            f'device cuda:{index} was asked for but torch {torch.__version__} sees {count} CUDA '
            "devices here: use device 'cpu' or 'auto', or install a CUDA build and its driver")
    return f'cuda:{index}'


class TorchBackend:
    """A network of `networks/` ready to run; see `backend.Backend`.

    Its first plane is log canonical depth; its second, where the network has one, log
    uncertainty. A GPU is not filled by one image: `together` is how many to give to `batch`. On
    a GPU it runs as a CUDA graph unless `graphs` is False.
    """

    def __init__(self, network: MultiScaleNetwork, device: str, precision: str,
                 graphs: bool = True):
        self._device = torch.device(device)
        self._dtype = DTYPES[precision]
        self.together = 8 if self._device.type == 'cuda' else 1
        fused = fuse_norms(copy.deepcopy(network).eval())
        with enough_memory(device):
            fused.to(self._device, self._dtype).to(
                memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = fused.requires_grad_(False)
        if self._device.type == 'cuda' and self._dtype is torch.float32:
            # For the whole process. By default convolutions are TF32, whose errors are fp16's.
            torch.backends.cudnn.allow_tf32 = False
        self._on_gpu: CudaGraphs | None = None
        if self._device.type == 'cuda':
            with enough_memory(device):
                self._on_gpu = CudaGraphs(partial(planes_of, self._network, self._dtype),
                                          self._device, TOLERANCE[precision], graphs)

    @property
    def without_graph(self) -> dict[tuple[int, ...], str]:
        """Shapes of images that run kernel by kernel on a GPU, and why they have no graph."""
        return self._on_gpu.graphs.refused if self._on_gpu else {}

    def __call__(
            self, image_CHW: np.ndarray, intrinsics_33: np.ndarray | None = None) -> np.ndarray:
        return self.batch(image_CHW[None])[0]

    @torch.inference_mode()
    def batch(self, image_BCHW: np.ndarray) -> np.ndarray:
        """The planes (B, c, h, w) float32 of several images of one size."""
        with enough_memory(str(self._device)):
            if self._on_gpu:
                return self._on_gpu(image_BCHW)
            return planes_of(self._network, self._dtype, torch.from_numpy(image_BCHW)).numpy()


def planes_of(network: nn.Module, dtype: torch.dtype, image_BCHW: Tensor) -> Tensor:
    """The network's planes (B, c, h, w) float32 of images on its device."""
    image = image_BCHW.to(dtype).contiguous(memory_format=torch.channels_last)
    return network(image).float()


@contextmanager
def enough_memory(device: str) -> Iterator[None]:
    """Turn a GPU's error, on which torch writes a page, into one sentence."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise DeviceError(f'the memory of {device} is full: end other programs that use it '
                          '(nvidia-smi lists them), or use a smaller batch or the cpu') from error
    except RuntimeError as error:
        if not device.startswith('cuda'):
            raise
        raise DeviceError(f'{device} fails: {first_line(error)}') from error


def fuse_norms(network: nn.Module) -> nn.Module:
    """Fold every batch norm that follows a convolution in a Sequential into it, in place."""
    for module in network.modules():
        if isinstance(module, nn.Sequential):
            for i in range(len(module) - 1):
                conv, norm = module[i], module[i + 1]
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module[i] = fuse_conv_bn_eval(conv, norm)
                    module[i + 1] = nn.Identity()
    return network
