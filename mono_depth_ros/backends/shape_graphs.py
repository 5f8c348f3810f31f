"""Which shapes of input have a CUDA graph: when one is made, dropped, tried again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
import math
from typing import Generic, Protocol, TypeVar

import torch

from mono_depth_ros.backends.backend import first_line

Shape = tuple[int, ...]
# Graphs of one network at a time; one gives way to another shape's after so many calls unused.
MOST, IDLE = 8, 300
# Calls until a shape is tried again that found the memory full, or whose device gave up.
RETRY = 1000


class _Closable(Protocol):
    def close(self) -> None: ...


Made = TypeVar('Made', bound=_Closable)


class ShapeGraphs(Generic[Made]):
    """Which shapes have a graph: made by `capture` at a shape's second call, MOST at a time.

    `refused` says of each shape without one why its capture failed. What failed because
    memory was full is tried again after RETRY calls, all else never.
    """

    def __init__(self, capture: Callable[[Shape], Made]):
        self._capture = capture
        self._most, self._idle, self._retry = MOST, IDLE, RETRY
        self._calls = 0
        self._made: OrderedDict[Shape, tuple[Made, int]] = OrderedDict()  # latest used last
        self._due: dict[Shape, float] = {}  # the call from which a shape may have a graph
        self.refused: dict[Shape, str] = {}

    @property
    def shapes(self) -> list[Shape]:
        """Shapes that have a graph, that used last at the end."""
        return list(self._made)

    def get(self, shape: Shape) -> Made | None:
        """The graph for this call; None where it has to do without."""
        self._calls += 1
        if shape in self._made:
            graph = self._made.pop(shape)[0]
        else:
            # An image of a shape that never comes again costs no capture.
            due = self._due.setdefault(shape, self._calls + 1)
            made = self._make(shape) if due <= self._calls and self._has_room() else None
            if made is None:
                return None
            graph = made
        self._made[shape] = graph, self._calls
        return graph

    def clear(self, fewest: int = 1) -> None:
        """Drop all graphs of so many images or more, as after an error of the device.

        None of them is made for RETRY calls.
        """
        for shape in [shape for shape in self._made if shape[0] >= fewest]:
            self._made.pop(shape)[0].close()
        self._due = {shape: max(due, self._calls + self._retry) if shape[0] >= fewest else due
                     for shape, due in self._due.items()}

    def _has_room(self) -> bool:
        """Whether one more may be made, once the least recently used was dropped if it must be.

        Were it dropped whenever a shape comes, nine shapes in turn would be captured every time.
        """
        if len(self._made) < self._most:
            return True
        if not self._made or self._calls - next(iter(self._made.values()))[1] <= self._idle:
            return False
        self._made.popitem(last=False)[1][0].close()
        return True

    def _make(self, shape: Shape) -> Made | None:
        try:
            graph = self._capture(shape)
        except Exception as error:  # whatever a capture runs into costs the graph, not the image
            self.refused[shape] = first_line(error)
            self._due[shape] = self._calls + self._retry if is_memory_full(error) else math.inf
            return None
        self.refused.pop(shape, None)
        return graph


def is_memory_full(error: BaseException | None) -> bool:
    """Whether memory was full, by an error or by one it came from or came after."""
    while error is not None:
        said = str(error).lower()
        if (isinstance(error, torch.cuda.OutOfMemoryError) or 'out of memory' in said
                or 'alloc_failed' in said):
            return True
        error = error.__cause__ or error.__context__
    return False
