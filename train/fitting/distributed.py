"""Several processes that train one network: PyTorch DDP as `torchrun` starts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
import os

import torch
from torch import distributed, nn, Tensor

# How long a process may wait for the others, for instance while one of them writes a checkpoint
# to a slow disk. The default of nccl is ten minutes.
TIMEOUT = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class ProcessGroup:
    """This process among all: `rank` of `size`, `local_rank` on its machine.

    `joined` where `torchrun` started it, even alone.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    joined: bool = False

    @property
    def is_main_process(self) -> bool:
        """Whether this process writes files, prints and validates."""
        return self.rank == 0

    def device(self, device: str) -> str:
        """The GPU of this process where `device` is one; all processes use the same CPU."""
        return f'cuda:{self.local_rank}' if device.startswith('cuda') and self.joined else device

    def check_batch(self, size: int) -> None:
        """ValueError for a batch that the processes cannot share evenly.

        DDP averages over processes, so uneven parts would weigh images unequally.
        """
        if size % self.size:
            raise ValueError(f'batch_size {size} is not a multiple of the {self.size} processes: '
                             f'--set batch_size={-(-size // self.size) * self.size}')

    def wrap(self, module: nn.Module) -> nn.Module:
        """`module` with gradients averaged over all processes, batch norms too on GPUs."""
        if not self.joined:
            return module
        device = next(module.parameters()).device
        if device.type == 'cuda':
            module = nn.SyncBatchNorm.convert_sync_batchnorm(module)
        return nn.parallel.DistributedDataParallel(
            module, device_ids=[device.index] if device.type == 'cuda' else None)

    def total(self, tensor: Tensor) -> Tensor:
        """Sum of `tensor` over all processes, without gradient; every process must ask."""
        if self.joined:
            tensor = tensor.detach().clone()
            distributed.all_reduce(tensor)
        return tensor

    def mean(self, total: Tensor, count: Tensor) -> Tensor:
        """What averages over processes to sum of `total` / sum of `count`; 0 where none count.

        `total` keeps its gradient. Every process must ask.
        """
        return self.size * total / self.total(count).clamp(min=1)

    def wait(self) -> None:
        """Return when every process has called this."""
        if self.joined:
            distributed.barrier()


ALONE = ProcessGroup()


@contextmanager
def process_group(device: str) -> Iterator[ProcessGroup]:
    """The processes `torchrun` started, joined for as long as the block lasts; else one alone.

    They communicate by nccl where `device` is a GPU, by gloo on a CPU.
    """
    if 'WORLD_SIZE' not in os.environ:
        yield ALONE
        return
    local_rank = int(os.environ.get('LOCAL_RANK', '0'))
    if device.startswith('cuda'):
        torch.cuda.set_device(local_rank)
    distributed.init_process_group('nccl' if device.startswith('cuda') else 'gloo',
                                   timeout=TIMEOUT)
    try:
        yield ProcessGroup(rank=distributed.get_rank(), size=distributed.get_world_size(),
                           local_rank=local_rank, joined=True)
    finally:
        distributed.destroy_process_group()
