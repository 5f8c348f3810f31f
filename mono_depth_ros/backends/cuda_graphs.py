"""A network on a CUDA GPU, whose kernels are launched all at once: one CUDA graph a shape.

On an H200 `indoor` takes 1.1 ms as a graph and 8.6 ms kernel by kernel, for launching a kernel
takes longer than running it. A graph reads and writes the addresses it was captured with, so it
has buffers and memory of its own, and serves only after it gave what the network gives.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
import math

import numpy as np
import torch
from torch import Tensor

from mono_depth_ros.backends.captures import ALONE, captured, stream_of_its_own
from mono_depth_ros.backends.shape_graphs import Shape, ShapeGraphs

# Share of the cells in which a graph may be farther off than its precision: where two modes are
# nearly as likely, the last bit decides between them (networks/bimodal.py).
FLIPPED = 0.005


class CudaGraphs:
    """A network on a CUDA GPU: images (B, C, H, W) -> planes (B, c, h, w), float32 on the host.

    `run` is the network: float32 images on the device to float32 planes there, in whatever
    precision between; `tolerance` says how far a graph's planes may be off, in log depth. With
    `graphs` False, and for shapes that have none, it runs kernel by kernel; the attribute `graphs`
    knows which have. For one thread at a time, not always the same one. Raises what torch raises;
    the graphs are gone then, or where a batch of several failed on a device that still works,
    those of batches as large.
    """

    def __init__(self, run: Callable[[Tensor], Tensor], device: torch.device, tolerance: float,
                 graphs: bool = True):
        self._run, self._enabled = run, graphs
        self._stream = stream_of_its_own(device)
        # Not a method of this object: the circle would keep its memory until it is collected.
        self.graphs = ShapeGraphs(partial(capture, run, self._stream, tolerance))

    def __call__(self, image_BCHW: np.ndarray) -> np.ndarray:
        """The planes, an array of its own."""
        with torch.cuda.device(self._stream.device):
            try:
                graph = self.graphs.get(image_BCHW.shape) if self._enabled else None
                if graph is None:
                    return self._kernel_by_kernel(image_BCHW)
                with torch.cuda.stream(self._stream):
                    return graph(image_BCHW)
            except RuntimeError:
                self._forget(len(image_BCHW))
                raise

    def _kernel_by_kernel(self, image_BCHW: np.ndarray) -> np.ndarray:
        image = torch.from_numpy(image_BCHW).to(self._stream.device)
        with ALONE:
            planes = self._run(image)
        return planes.cpu().numpy()

    def _forget(self, images: int) -> None:
        """Give memory of graphs back, as far as a device can on which so many images failed.

        Where it still answers it was a matter of their number: graphs of fewer images stay.
        """
        fewest = images
        try:
            self._stream.synchronize()
        except RuntimeError:
            fewest = 1
        self.graphs.clear(fewest)
        with suppress(RuntimeError):
            torch.cuda.empty_cache()


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The kernels of one pass, and the buffers they read and write, each with one on the host.

    Called with `stream` as the current one, on which copies and kernels follow each other.
    """

    kernels: torch.cuda.CUDAGraph
    stream: torch.cuda.Stream
    image: Tensor
    planes: Tensor
    host_image: Tensor
    host_planes: Tensor

    def __call__(self, image_BCHW: np.ndarray) -> np.ndarray:
        """The planes, an array of its own: the next call overwrites the buffers."""
        np.copyto(self.host_image.numpy(), image_BCHW)
        self.image.copy_(self.host_image, non_blocking=True)
        self.kernels.replay()
        self.host_planes.copy_(self.planes, non_blocking=True)
        self.stream.synchronize()
        return self.host_planes.numpy().copy()

    def close(self) -> None:
        """Give the kernels and their memory back, whoever still holds this object."""
        with suppress(RuntimeError):
            self.kernels.reset()


# Outside inference mode: torch keeps the state of its random numbers in tensors that the first
# capture of a process makes, and until 2.10 no other could be made outside the mode of the first.
@torch.inference_mode(False)
@torch.no_grad()
def capture(run: Callable[[Tensor], Tensor], stream: torch.cuda.Stream, tolerance: float,
            shape: Shape) -> Graph:
    """A graph of `run` for images of a shape, to be called on `stream`, that gives what it gives.

    Raises ValueError where it does not, else what torch raises; then nothing is left of it.
    """
    images = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype(np.float32)
    stream.wait_stream(torch.cuda.current_stream())  # on which the weights came
    with ALONE, torch.cuda.stream(stream):
        image = torch.zeros(shape, dtype=torch.float32, device=stream.device)
        expected = []
        for image_BCHW in images:  # twice, so that every kernel is chosen and loaded
            image.copy_(torch.from_numpy(image_BCHW))
            planes = run(image)
            expected.append(planes.cpu().numpy())
        static = torch.empty(planes.shape, dtype=torch.float32, device=stream.device)
        static.copy_(planes)
        graph = Graph(
            kernels=captured(lambda: static.copy_(run(image)), stream.device), stream=stream,
            image=image, planes=static, host_image=_pinned(shape),
            host_planes=_pinned(planes.shape))
        _check(graph, images, expected, tolerance)
    return graph


def _check(graph: Graph, images: np.ndarray, expected: list[np.ndarray], tolerance: float) -> None:
    for image_BCHW, planes in zip(images, expected):
        graph.planes.fill_(math.nan)  # what was not written is seen
        wrong = difference(graph(image_BCHW), planes, tolerance)
        if wrong:
            graph.close()
            raise ValueError(f'the graph does not give what the network gives: {wrong}')


def difference(got: np.ndarray, expected: np.ndarray, tolerance: float) -> str:
    """In what planes differ by more than a precision allows; '' where they are alike."""
    if not np.isfinite(expected).all() or not np.isfinite(got).all():
        return (f'{np.isfinite(got).mean():.1%} of its numbers are finite, '
                f"{np.isfinite(expected).mean():.1%} of the network's")
    off = np.abs(got - expected)
    share = float((off > tolerance).mean())
    if share <= FLIPPED:
        return ''
    return f'{share:.1%} of its numbers are off by more than {tolerance:g}, by {off.max():.3g}'


def _pinned(shape: Shape) -> Tensor:
    """A buffer on the host that the GPU reads and writes by itself."""
    return torch.empty(shape, dtype=torch.float32, pin_memory=True)
