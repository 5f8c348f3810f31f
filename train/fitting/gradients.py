"""Loss and gradients of a batch; on a GPU as one CUDA graph for every shape of batch.

A step of `mobile_lite2` is thousands of kernels of microseconds each, which a core launches more
slowly than a GPU computes them. A graph launches all of them at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
import math
import sys

import torch
from torch import nn, Tensor

from mono_depth_ros.backends.backend import first_line
from mono_depth_ros.backends.captures import ALONE, captured

# Batches of a shape before it is captured: libraries choose their kernels and get their memory.
EAGER_STEPS = 2
# Shapes beyond these are computed kernel by kernel.
MOST_GRAPHS = 16
# By what share the loss of a graph, and the norms of its gradients, may be off. Computed in bf16
# instead of float32, steps of `indoor` had losses up to 0.9 % off and norms up to 19 %.
LOSS_OFF, NORMS_OFF = 0.05, 0.5

Shape = tuple[int, ...]
Step = Callable[[Tensor, Tensor], Tensor]


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
        return self._added(image_BCHW, log_truth_B1HW)

    def in_place(self, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        """As a call, but the gradients there are keep their place in memory."""
        there = self.there()
        if there:
            torch._foreach_zero_(there)
        return self._added(image_BCHW, log_truth_B1HW)

    def there(self) -> list[Tensor]:
        """The gradients there are."""
        return [weight.grad for weight in self._weights if weight.grad is not None]

    @contextmanager
    def on_trial(self, device: torch.device) -> Iterator[None]:
        """Have a step leave nothing but gradients: batch norms and random numbers are put back."""
        buffers = list(self._learner.buffers())
        kept = [buffer.clone() for buffer in buffers]
        try:
            with torch.random.fork_rng([device] if device.type == 'cuda' else []):
                yield
        finally:
            if buffers:
                torch._foreach_copy_(buffers, kept)

    def _added(self, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        loss = self._learner(image_BCHW, log_truth_B1HW)
        self._scale(loss).backward()
        return loss.detach()


class GraphedGradients:
    """What `Gradients` does, as one CUDA graph for every shape of batch after its first steps.

    All graphs write the same gradients and share their memory, as no two run at a time. Random
    numbers are those of the step's seed, as without graphs. A graph is used only if it gives what
    the step gives without. Where one cannot be made, or leaves too little memory for a shape
    without, all goes on kernel by kernel, and `problem` says why.
    """

    def __init__(self, plain: Gradients):
        self.problem = ''
        self._plain = plain
        self._seen: Counter[Shape] = Counter()
        self._graphs: dict[Shape, _Graph] = {}

    def __call__(self, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        """Set `grad` of every weight that took part; the loss, detached."""
        shape = tuple(image_BCHW.shape)
        self._seen[shape] += 1
        if shape not in self._graphs and EAGER_STEPS < self._seen[shape] \
                and len(self._graphs) < MOST_GRAPHS and not self.problem:
            self._capture(shape, image_BCHW, log_truth_B1HW)
        if shape in self._graphs:
            return self._graphs[shape].replay(image_BCHW, log_truth_B1HW)
        if not self.problem:
            try:
                # A graph goes on writing the gradients it was captured with: none is replaced.
                return self._plain.in_place(image_BCHW, log_truth_B1HW)
            except torch.cuda.OutOfMemoryError as error:
                if not self._graphs:
                    raise
                self._give_up(error)
        return self._plain(image_BCHW, log_truth_B1HW)

    def _capture(self, shape: Shape, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> None:
        pool = next(iter(self._graphs.values())).pool if self._graphs else None
        try:
            expected = self._tried(self._plain.in_place, image_BCHW, log_truth_B1HW)
            graph = _Graph(self._plain, image_BCHW, log_truth_B1HW, pool)
            for grad in self._plain.there():
                grad.fill_(math.nan)  # what is not written is seen
            if not _alike(self._tried(graph.replay, image_BCHW, log_truth_B1HW), expected):
                raise RuntimeError('a graph does not give what the step gives without')
        except RuntimeError as error:
            self._give_up(error)
        else:
            self._graphs[shape] = graph

    def _tried(self, step: Step, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        """Loss and the norm of every gradient of a step that leaves no other trace."""
        with self._plain.on_trial(image_BCHW.device):
            loss = step(image_BCHW, log_truth_B1HW)
        return torch.stack([loss, *torch._foreach_norm(self._plain.there())])

    def _give_up(self, error: RuntimeError) -> None:
        self._graphs.clear()
        self.problem = first_line(error)
        print(f'steps are not captured as CUDA graphs: {self.problem}', file=sys.stderr)


class _Graph:
    """The step of one shape; `pool` is the memory of its intermediate results."""

    def __init__(self, plain: Gradients, image_BCHW: Tensor, log_truth_B1HW: Tensor, pool):
        self._image, self._log_truth = image_BCHW.clone(), log_truth_B1HW.clone()
        losses: list[Tensor] = []
        with ALONE:
            self._graph = captured(
                lambda: losses.append(plain.in_place(self._image, self._log_truth)),
                image_BCHW.device, pool)
        self._loss = losses[0].fill_(math.nan)
        self.pool = self._graph.pool()

    def replay(self, image_BCHW: Tensor, log_truth_B1HW: Tensor) -> Tensor:
        self._image.copy_(image_BCHW)
        self._log_truth.copy_(log_truth_B1HW)
        self._graph.replay()
        return self._loss.clone()


def _alike(got: Tensor, expected: Tensor) -> bool:
    """Whether losses and norms of gradients differ by no more than rounding; NaN never does."""
    off = (got - expected).abs()
    return bool((off[0] <= LOSS_OFF * expected[0].abs().clamp(min=1))
                & (off[1:].norm() <= NORMS_OFF * expected[1:].norm()))
