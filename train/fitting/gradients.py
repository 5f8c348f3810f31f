"""Loss and gradients of a batch; on a GPU as one CUDA graph for every shape of batch.

A step of `mobile_lite2` is thousands of kernels of microseconds each, which a core launches more
slowly than a GPU computes them. A graph launches all of them at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
import sys

import torch
from torch import nn, Tensor

# Batches of a shape before it is captured: libraries choose their kernels and get their memory.
EAGER_STEPS = 2
# Shapes beyond these are computed kernel by kernel.
MOST_GRAPHS = 16

Shape = tuple[int, ...]


class Gradients:
    """Loss and gradients of a batch, kernel by kernel.

    `learner` gives the loss of an image and its truth, `scale` is applied to it before it goes
    backward; `weights` are those that learn.
    """

    def __init__(self, learner: nn.Module, weights: Sequence[nn.Parameter],
                 scale: Callable[[Tensor], Tensor] = lambda loss: loss):
        self._learner, self._weights, self._scale = learner, weights, scale

    def __call__(self, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        """Set `grad` of every weight that took part; the loss, detached."""
        for weight in self._weights:
            weight.grad = None
        return self.added(image_BCHW, log_truth_B1HW)

    def added(self, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        """Add the gradients to those there are; the loss, detached."""
        loss = self._learner(image_BCHW, log_truth_B1HW)
        self._scale(loss).backward()
        return loss.detach()

    def clear(self) -> None:
        """Set the gradients there are to zero, where they lie."""
        there = [weight.grad for weight in self._weights if weight.grad is not None]
        if there:
            torch._foreach_zero_(there)


class GraphedGradients:
    """What `Gradients` does, as one CUDA graph for every shape of batch after its first steps.

    All graphs write the same gradients and share their memory, as no two run at a time. Random
    numbers are those of the step's seed, as without graphs. Where a capture fails, all goes on
    kernel by kernel, and `problem` says why.
    """

    def __init__(self, plain: Gradients):
        self.problem = ''
        self._plain = plain
        self._seen: Counter[Shape] = Counter()
        self._graphs: dict[Shape, _Graph] = {}

    def __call__(self, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        """Set `grad` of every weight that took part; the loss, detached."""
        if self.problem:
            return self._plain(image_BCHW, log_truth_B1HW)
        shape = tuple(image_BCHW.shape)
        self._seen[shape] += 1
        if shape not in self._graphs and EAGER_STEPS < self._seen[shape] \
                and len(self._graphs) < MOST_GRAPHS:
            self._capture(shape, image_BCHW, log_truth_B1HW)
        if shape in self._graphs:
            return self._graphs[shape].replay(image_BCHW, log_truth_B1HW)
        # A graph goes on writing the gradients it was captured with: none may be replaced.
        self._plain.clear()
        return self._plain.added(image_BCHW, log_truth_B1HW)

    def _capture(self, shape: Shape, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> None:
        pool = next(iter(self._graphs.values())).pool if self._graphs else None
        try:
            self._graphs[shape] = _Graph(self._plain, image_BCHW, log_truth_B1HW, pool)
        except RuntimeError as error:
            self._graphs.clear()
            self.problem = str(error).partition('\n')[0]
            print(f'steps are not captured as CUDA graphs: {self.problem}', file=sys.stderr)


class _Graph:
    """The step of one shape; `pool` is the memory of its intermediate results."""

    def __init__(self, plain: Gradients, image_BCHW: Tensor, log_truth_B1HW: Tensor, pool):
        self._image, self._log_truth = image_BCHW.clone(), log_truth_B1HW.clone()
        self._graph = torch.cuda.CUDAGraph()
        stream = torch.cuda.current_stream(image_BCHW.device)
        try:
            # Threads that pin memory for the next batch may go on: 'global' makes that an error.
            with torch.cuda.graph(self._graph, pool=pool, capture_error_mode='thread_local'):
                plain.clear()
                self._loss = plain.added(self._image, self._log_truth)
        finally:
            torch.cuda.set_stream(stream)  # a capture that fails leaves its own in place
        self.pool = self._graph.pool()

    def replay(self, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        self._image.copy_(image_BCHW)
        self._log_truth.copy_(log_truth_B1HW)
        self._graph.replay()
        return self._loss.clone()
