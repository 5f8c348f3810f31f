"""How kernels are captured as a CUDA graph, and what must be put right where that fails.

One graph at a time: `captured`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock

import torch

# One capture at a time in a process, and no network kernel by kernel meanwhile: a capture clears
# the workspaces of cuBLAS, which such a network may be about to use in another thread.
ALONE = Lock()
# By device; used for nothing but captures: what else runs on it would become part of a graph.
CAPTURE_STREAMS: dict[torch.device, torch.cuda.Stream] = {}
# Captures that CUDA broke off: until torch 2.11 its allocators may still ask them things.
BROKEN: list[torch.cuda.CUDAGraph] = []


def captured(work: Callable[[], object], device: torch.device,
             pool=None) -> torch.cuda.CUDAGraph:
    """The graph of what `work` launches on a device, in memory of its own.

    Or in that of `pool`, which graphs may share of which no two run at once. Call with ALONE held,
    whichever stream and device are current. Raises what `work` and torch raise; then nothing is
    left of the capture.
    """
    kernels, pool = torch.cuda.CUDAGraph(), pool or torch.cuda.graph_pool_handle()
    stream, began = _capture_stream(device), False
    # What runs on another device than the current one would not be captured but done at once, and
    # torch only warns of an empty graph. It also leaves a stream current whose capture failed.
    with torch.cuda.device(device), torch.cuda.stream(stream):
        try:
            # thread_local: what another thread does meanwhile (copies, allocates) does no harm,
            # for the allocator tells streams apart; a forbidden call of this one must end the
            # capture, which 'relaxed' would let pass.
            with _workspaces_of_its_own(), torch.cuda.graph(
                    kernels, pool=pool, stream=stream, capture_error_mode='thread_local'):
                began = True
                work()
        except BaseException:
            _abandon(kernels, pool, device, began)
            raise
    return kernels


@contextmanager
def _workspaces_of_its_own() -> Iterator[None]:
    """Have cuBLAS take workspaces from the memory of the graph captured meanwhile.

    torch keeps one for a thread and stream. One from before is not the graph's: it may be freed,
    and given to others, while the graph still writes there. One from the capture, kept on, would
    be in the next graph too, and both may run at once. Cleared before and after, it lies in
    memory that is the graph's alone for as long as it lives.
    """
    clear_workspaces()
    try:
        yield
    finally:
        clear_workspaces()


def clear_workspaces() -> None:
    """Give back the workspaces that torch keeps for cuBLAS; they are made again as needed."""
    clear = getattr(torch._C, '_cuda_clearCublasWorkspaces', None)
    if clear:
        clear()


def _abandon(kernels: torch.cuda.CUDAGraph, pool: tuple[int, int], device: torch.device,
             began: bool) -> None:
    """Put torch's allocators and random numbers back into order after a capture that failed."""
    try:
        kernels.pool()  # raises where CUDA broke the capture off
        kernels.reset()
    except RuntimeError:
        # torch forgets to: until 2.11 it would take the capture for one still going on, and
        # refuse to give any memory back; until 2.12 it keeps what the capture had. Later ones
        # must not be asked to give it back twice, nor any for a capture that never began.
        before_2_13 = torch.__version__ < '2.13'
        with suppress(RuntimeError):
            torch._C._cuda_endAllocateToPool(device.index, pool)
        if began and before_2_13 and torch.version.hip is None:
            BROKEN.append(kernels)
            with suppress(RuntimeError):
                torch._C._cuda_releasePool(device.index, pool)
        else:
            with suppress(RuntimeError):
                kernels.reset()
        if before_2_13:
            _let_random_numbers_go_on(device)
    with suppress(RuntimeError):
        torch.cuda.synchronize(device)
        torch.cuda.empty_cache()


def _let_random_numbers_go_on(device: torch.device) -> None:
    """Capture something that succeeds: until then torch draws none, as if still in the capture.

    It says 'Offset increment outside graph capture encountered unexpectedly'.
    """
    with suppress(RuntimeError), torch.cuda.graph(
            torch.cuda.CUDAGraph(), stream=_capture_stream(device),
            capture_error_mode='thread_local'):
        torch.zeros(1, device=device)


def _capture_stream(device: torch.device) -> torch.cuda.Stream:
    """The one of a device; call with ALONE held."""
    if device not in CAPTURE_STREAMS:
        CAPTURE_STREAMS[device] = torch.cuda.Stream(device)
    return CAPTURE_STREAMS[device]


def stream_of_its_own(device: torch.device) -> torch.cuda.Stream:
    """A stream for the graphs of one network: never the one for captures.

    torch has 32 streams of a device and gives them out in turn, again and again.
    """
    stream = torch.cuda.Stream(device)
    with ALONE:
        taken = _capture_stream(stream.device)
    return stream if stream != taken else torch.cuda.Stream(device)
